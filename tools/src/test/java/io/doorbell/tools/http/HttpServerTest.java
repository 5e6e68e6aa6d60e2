package io.doorbell.tools.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tools.TwoStacks;
import io.doorbell.tools.demo.DemoSite;
import io.doorbell.tools.demo.PayloadSource;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The server as a client on the wire meets it. */
class HttpServerTest {
    private static final long MOST = 50_000_000;

    private final TwoStacks stacks = new TwoStacks();
    private final List<Integer> statuses = new ArrayList<>();

    HttpServerTest() {
        ExchangeLog log = (connection, request, status, received, sent) -> statuses.add(status);
        stacks.server.listen(80, new HttpServer(new DemoSite(MOST), log));
    }

    @AfterEach
    void close() {
        stacks.close();
    }

    private RawClient connect() {
        RawClient client = new RawClient();
        stacks.client.connect(TwoStacks.SERVER, 80, client);
        stacks.until("connected", () -> client.connection != null);
        return client;
    }

    private static String payload(long seed, int length) {
        byte[] bytes = new byte[length];
        new PayloadSource(seed, length).fill(ByteBuffer.wrap(bytes), 0);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String get(String target) {
        return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }

    private static String answer(String body) {
        return "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body;
    }

    @Test
    void aRequestIsAnsweredWhereverItIsSplit() {
        String request = "PUT /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        String whole = null;
        for (int split = 0; split < request.length(); split++) {
            RawClient client = connect();
            client.send(request.substring(0, split));
            stacks.steps(3);
            assertEquals("", client.text());
            client.send(request.substring(split));
            stacks.until("answer", () -> client.text().endsWith(" 5\n"));
            whole = whole == null ? client.text() : whole;
            assertEquals(whole, client.text());
            client.connection.close();
        }
        assertTrue(whole.startsWith("HTTP/1.1 200 OK\r\n"), whole);
        assertTrue(whole.contains("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 5\n"), whole);
    }

    @Test
    @DisplayName("RFC 9112 9.3.2: pipelined requests are answered in order, however long the answers")
    void pipelinedRequestsAreAnsweredInOrder() {
        int large = 3_000_000;
        RawClient client = connect();
        client.send(get("/payload?size=10&seed=1") + get("/payload?size=" + large + "&seed=2")
                + get("/payload?size=0") + get("/payload?size=7&seed=3"));
        String expected = answer(payload(1, 10)) + answer(payload(2, large)) + answer("") + answer(payload(3, 7));
        stacks.until("four answers", () -> client.received() >= expected.length());
        assertEquals(expected, client.text());
        assertEquals(List.of(200, 200, 200, 200), statuses);
    }

    @Test
    void aReaderThatPausesLosesNothing() {
        int size = 8_000_000;
        RawClient client = connect();
        client.paused = true;
        client.send(get("/payload?seed=5&size=" + size));
        stacks.steps(2000);
        assertEquals(0, client.received());
        assertTrue(statuses.isEmpty(), "the server must wait for room");
        client.paused = false;
        client.connection.resume();
        String expected = answer(payload(5, size));
        stacks.until("the whole answer", () -> client.received() >= expected.length());
        assertTrue(Arrays.equals(expected.getBytes(StandardCharsets.ISO_8859_1), client.bytes()));
    }

    @Test
    void headSaysTheLengthAndSendsNoBody() {
        RawClient client = connect();
        client.send("HEAD /payload?size=99 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/payload?size=0"));
        stacks.until("two answers", () -> client.text().endsWith("Content-Length: 0\r\n\r\n"));
        assertEquals(answer("").replace("Length: 0", "Length: 99") + answer(""), client.text());
    }

    @Test
    @DisplayName("RFC 9110 10.1.1: 100-continue is answered before the body, a refusal instead of it")
    void expectContinueIsAnsweredFirst() {
        String head = "PUT /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ";
        RawClient client = connect();
        client.send(head + "3\r\n\r\n");
        stacks.until("100", () -> client.text().equals("HTTP/1.1 100 Continue\r\n\r\n"));
        client.send("abc");
        stacks.until("200", () -> client.text().endsWith(" 3\n"));
        RawClient greedy = connect();
        greedy.send(head + (MOST + 1) + "\r\n\r\n");
        stacks.until("closed", () -> greedy.peerClosed);
        assertTrue(greedy.text().startsWith("HTTP/1.1 413 "), greedy.text());
    }

    @ParameterizedTest
    @CsvSource({"GET /nothing, 404", "DELETE /upload, 405", "PUT /payload, 405", "GET /payload?size=x, 400",
        "GET /payload?size=-1, 400", "GET, 400"})
    void aBadRequestGetsItsStatus(String line, int status) {
        RawClient client = connect();
        client.send(line + " HTTP/1.1\r\nHost: a\r\n\r\n");
        stacks.until("answer", () -> client.received() > 0);
        assertTrue(client.text().startsWith("HTTP/1.1 " + status + " "), client.text());
    }

    @Test
    void aHeadThatIsTooLongIsRefusedAndTheConnectionEnds() {
        RawClient client = connect();
        client.send("GET / HTTP/1.1\r\nX: " + "x".repeat(20_000));
        stacks.until("end", () -> client.peerClosed);
        assertTrue(client.text().startsWith("HTTP/1.1 431 "), client.text());
        assertTrue(client.text().contains("Connection: close"), client.text());
    }

    @Test
    void anUnwantedBodyIsReadAwaySoThatTheAnswerArrives() {
        RawClient client = connect();
        String body = "x".repeat(500_000);
        client.send("PUT /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
        stacks.until("end", () -> client.peerClosed);
        assertTrue(client.text().startsWith("HTTP/1.1 404 "), client.text());
    }

    @Test
    void aClientThatClosesItsSideStillGetsItsAnswer() {
        RawClient client = connect();
        client.send(get("/payload?size=2000000&seed=9"));
        client.connection.closeOutput();
        String expected = answer(payload(9, 2_000_000));
        stacks.until("the answer", () -> client.received() >= expected.length());
        stacks.until("closed", () -> client.closed != null);
        assertTrue(expected.contentEquals(client.text()));
    }

    @Test
    void aClientThatVanishesInMidTransferLeavesNothing() {
        RawClient client = connect();
        client.send(get("/payload?size=50000000"));
        stacks.until("some", () -> client.received() > 100_000);
        client.connection.abort();
        stacks.until("gone", () -> stacks.server.connections() == 0);
        assertNotNull(client.closed);
        assertFalse(statuses.contains(200));
    }
}
