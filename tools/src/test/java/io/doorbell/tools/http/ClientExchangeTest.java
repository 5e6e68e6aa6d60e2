package io.doorbell.tools.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tools.TwoStacks;
import io.doorbell.tools.demo.DemoSite;
import io.doorbell.tools.demo.PayloadSource;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The client, against our server and against servers that misbehave. */
class ClientExchangeTest {
    private final TwoStacks stacks = new TwoStacks();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    @AfterEach
    void close() {
        stacks.close();
    }

    private void serve() {
        stacks.server.listen(80, new HttpServer(new DemoSite(1L << 40), (c, request, status, received, sent) -> { }));
    }

    /** A server that answers whatever it is asked with {@code text}, then closes or not. */
    private void serveText(String text, boolean close) {
        stacks.server.listen(80, connection -> new ConnectionHandler() {
            @Override
            public int data(Connection c, MemorySegment memory, long offset, int length) {
                byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
                c.send(bytes, 0, bytes.length);
                if (close) {
                    c.close();
                }
                return length;
            }
        });
    }

    private ClientExchange run(ClientExchange exchange) {
        stacks.client.connect(TwoStacks.SERVER, 80, exchange);
        stacks.until("done", exchange::done);
        return exchange;
    }

    private ClientExchange get() {
        return run(new ClientExchange("GET", TwoStacks.SERVER, "/", null, new StreamSink(body)));
    }

    @Test
    void aPayloadComesDownWhole() {
        serve();
        DigestSink sink = new DigestSink();
        ClientExchange exchange = run(new ClientExchange("GET", TwoStacks.SERVER, "/payload?seed=4&size=5000000", null, sink));
        assertNull(exchange.failure());
        assertEquals(200, exchange.status());
        assertEquals(5_000_000, exchange.received());
        assertEquals(new PayloadSource(4, 5_000_000).hex(), sink.hex());
    }

    @Test
    void aPayloadGoesUpWhole() {
        serve();
        PayloadSource payload = new PayloadSource(6, 5_000_000);
        ClientExchange exchange = run(new ClientExchange("PUT", TwoStacks.SERVER, "/upload", payload, new StreamSink(body)));
        assertNull(exchange.failure());
        assertEquals(5_000_000, exchange.sent());
        assertEquals(payload.hex() + " 5000000\n", body.toString(StandardCharsets.UTF_8));
    }

    @Test
    void chunksAndInterimResponsesAreUnderstood() {
        serveText("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n", false);
        ClientExchange exchange = get();
        assertNull(exchange.failure());
        assertEquals(200, exchange.status());
        assertEquals("abcde", body.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aBodyMayEndWithTheConnection() {
        serveText("HTTP/1.0 200 OK\r\n\r\nall there is", true);
        ClientExchange exchange = get();
        assertNull(exchange.failure());
        assertEquals("all there is", body.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aShortBodyIsAFailure() {
        serveText("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", true);
        assertTrue(get().failure().contains("before its response was complete"));
    }

    @Test
    void whatIsNotHttpIsAFailure() {
        serveText("SSH-2.0-OpenSSH_9.2\r\n\r\n", false);
        assertTrue(get().failure().contains("not HTTP/1.1"));
    }

    @Test
    void aPortWhereNobodyListensIsAFailureThatSaysSo() {
        ClientExchange exchange = get();
        assertEquals(0, exchange.status());
        assertNotNull(exchange.failure());
        assertTrue(exchange.failure().contains("refused"), exchange.failure());
    }

    @Test
    void aLongTransferAllocatesNoMoreThanAShortOne() {
        serve();
        long first = allocatedBy(2_000_000);
        long shortOne = allocatedBy(2_000_000);
        long longOne = allocatedBy(60_000_000);
        assertTrue(longOne - shortOne < 64 * 1024,
                "bytes allocated: first " + first + ", short " + shortOne + ", long " + longOne);
    }

    private long allocatedBy(int size) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        DigestSink sink = new DigestSink();
        long before = threads.getCurrentThreadAllocatedBytes();
        run(new ClientExchange("GET", TwoStacks.SERVER, "/payload?seed=1&size=" + size, null, sink));
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(size, sink.bytes());
        return allocated;
    }
}
