package io.doorbell.tools.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Heads of requests, whole and in pieces. */
class HeadTest {
    private static final String REQUEST = "\r\nPUT /a%20b+c?x=1&y=%C3%A4 HTTP/1.1\r\nHost: 10.0.0.2\r\n"
            + "Content-Length: 12\r\nX-One: a\r\nx-one:  b \r\nExpect: 100-Continue\r\n\r\n";

    private static Request parse(String text) throws HttpProblem {
        HeadBuffer buffer = new HeadBuffer();
        MemorySegment memory = memory(text);
        assertEquals(text.length(), buffer.feed(memory, 0, text.length()));
        assertTrue(buffer.complete());
        return Request.of(buffer.take());
    }

    private static MemorySegment memory(String text) {
        return MemorySegment.ofArray(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void check(Request request) {
        assertEquals("PUT", request.method());
        assertEquals("/a b+c", request.path());
        assertEquals("1", request.query("x"));
        assertEquals("\u00e4", request.query("y"));
        assertNull(request.query("z"));
        assertEquals(12, request.bodyLength());
        assertEquals("a, b", request.field("X-ONE"));
        assertTrue(request.expectsContinue());
        assertTrue(request.keepAlive());
    }

    @Test
    void aRequestIsReadWhole() throws HttpProblem {
        check(parse(REQUEST));
    }

    @Test
    @DisplayName("RFC 9112 2.2: a line may end with LF alone")
    void aRequestWithBareLineFeedsIsReadTheSame() throws HttpProblem {
        check(parse(REQUEST.replace("\r", "")));
    }

    @Test
    void aRequestIsTheSameByteByByteAndAtEverySplit() throws HttpProblem {
        MemorySegment memory = memory(REQUEST);
        int length = REQUEST.length();
        HeadBuffer buffer = new HeadBuffer();
        for (int i = 0; i < length; i++) {
            assertFalse(buffer.complete());
            assertEquals(1, buffer.feed(memory, i, 1));
        }
        check(Request.of(buffer.take()));
        for (int split = 0; split <= length; split++) {
            assertEquals(split, buffer.feed(memory, 0, split));
            assertEquals(length - split, buffer.feed(memory, split, length - split));
            assertTrue(buffer.complete());
            check(Request.of(buffer.take()));
        }
    }

    @Test
    void whatFollowsAHeadIsNotTaken() throws HttpProblem {
        String head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        HeadBuffer buffer = new HeadBuffer();
        assertEquals(head.length(), buffer.feed(memory(head + "GET /next"), 0, head.length() + 9));
        assertEquals("/", Request.of(buffer.take()).path());
        assertTrue(buffer.empty());
    }

    @Test
    void aHeadIsBounded() {
        HeadBuffer buffer = new HeadBuffer();
        String endless = "GET / HTTP/1.1\r\nX: " + "a".repeat(HeadBuffer.LIMIT);
        assertEquals(HeadBuffer.LIMIT, buffer.feed(memory(endless), 0, endless.length()));
        assertTrue(buffer.overflown());
    }

    @Test
    @DisplayName("RFC 9112 3.2.2: the absolute form is accepted")
    void theAbsoluteFormIsAccepted() throws HttpProblem {
        assertEquals("/x", parse("GET http://10.0.0.2:80/x HTTP/1.1\r\nHost: a\r\n\r\n").path());
        assertEquals("/", parse("GET http://10.0.0.2 HTTP/1.1\r\nHost: a\r\n\r\n").path());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "GET / HTTP/1.1                                                             | 400",
        "GET / HTTP/1.1~Host: a~Host: b                                             | 400",
        "GET / HTTP/2.0~Host: a                                                     | 505",
        "GET / FTP/1.1~Host: a                                                      | 400",
        "GET /~Host: a                                                              | 400",
        "GET  / HTTP/1.1~Host: a                                                    | 400",
        "G(T / HTTP/1.1~Host: a                                                     | 400",
        "GET x HTTP/1.1~Host: a                                                     | 400",
        "GET /%4 HTTP/1.1~Host: a                                                   | 400",
        "GET / HTTP/1.1~Host : a                                                    | 400",
        "GET / HTTP/1.1~Host: a~ folded                                             | 400",
        "GET / HTTP/1.1~Host: a~no colon                                            | 400",
        "GET / HTTP/1.1~Host: a~: nameless                                          | 400",
        "PUT / HTTP/1.1~Host: a~Content-Length: 1~Content-Length: 2                 | 400",
        "PUT / HTTP/1.1~Host: a~Content-Length: -1                                  | 400",
        "PUT / HTTP/1.1~Host: a~Content-Length: 99999999999999999999                | 400",
        "PUT / HTTP/1.1~Host: a~Content-Length:                                     | 400",
        "PUT / HTTP/1.1~Host: a~Content-Length: 1~Transfer-Encoding: chunked        | 400",
        "PUT / HTTP/1.1~Host: a~Transfer-Encoding: gzip, chunked                    | 501",
    })
    void malformedHeadsAreRefusedWithTheirStatus(String text, int status) {
        HttpProblem problem = assertThrows(HttpProblem.class, () -> parse(text.strip().replace("~", "\r\n") + "\r\n\r\n"));
        assertEquals(status, problem.status(), problem.getMessage());
    }

    @Test
    @DisplayName("RFC 9112 6.3: the same length said twice is one length")
    void theSameLengthTwiceIsOneLength() throws HttpProblem {
        assertEquals(7, parse("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nContent-Length: 7\r\n\r\n").bodyLength());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8, 11, 31, 127})
    void controlCharactersAreRefused(int character) {
        String text = "GET / HTTP/1.1\r\nHost: a" + (char) character + "b\r\n\r\n";
        assertEquals(400, assertThrows(HttpProblem.class, () -> parse(text)).status());
    }

    @Test
    void keepAliveFollowsVersionAndField() throws HttpProblem {
        assertFalse(parse("GET / HTTP/1.0\r\n\r\n").keepAlive());
        assertTrue(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keepAlive());
        assertFalse(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").keepAlive());
    }
}
