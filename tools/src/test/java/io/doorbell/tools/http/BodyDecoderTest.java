package io.doorbell.tools.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies by length and in chunks, whole and in pieces. */
class BodyDecoderTest {
    private static final String CHUNKED = "4\r\nWiki\r\n5;name=\"v\"\r\npedia\r\n00E\r\n in\r\n\r\nchunks.\r\n0\r\nTrailer: x\r\n\r\n";
    private static final String CONTENT = "Wikipedia in\r\n\r\nchunks.";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final BodyDecoder decoder = new BodyDecoder();

    private int feed(String text, int from, int to) {
        MemorySegment memory = MemorySegment.ofArray(text.getBytes(StandardCharsets.ISO_8859_1));
        return decoder.decode(memory, from, to - from, new StreamSink(out));
    }

    private void check() {
        assertTrue(decoder.done());
        assertEquals(CONTENT, out.toString(StandardCharsets.ISO_8859_1));
        assertEquals(CONTENT.length(), decoder.bytes());
        out.reset();
    }

    @Test
    @DisplayName("RFC 9112 7.1: chunks with extensions and trailers, at every split")
    void chunksAreTheSameByteByByteAndAtEverySplit() {
        String input = CHUNKED + "next";
        for (int split = 0; split <= CHUNKED.length(); split++) {
            decoder.startChunked();
            assertEquals(split, feed(input, 0, split));
            assertEquals(CHUNKED.length() - split, feed(input, split, input.length()));
            check();
        }
        decoder.startChunked();
        for (int i = 0; i < CHUNKED.length(); i++) {
            assertFalse(decoder.done());
            assertEquals(1, feed(input, i, i + 1));
        }
        check();
    }

    @Test
    void aBodyOfKnownLengthEndsThere() {
        decoder.startLength(5);
        assertEquals(2, feed("hello, next", 0, 2));
        assertEquals(3, feed("hello, next", 2, 11));
        assertTrue(decoder.done());
        assertEquals("hello", out.toString(StandardCharsets.ISO_8859_1));
        assertEquals(5, decoder.bytes());
    }

    @Test
    void anEmptyBodyIsDoneAtOnce() {
        decoder.startLength(0);
        assertTrue(decoder.done());
    }

    @ParameterizedTest
    @ValueSource(strings = {"\r\n", "g\r\n", "-1\r\n", "1234567890abcdef\r\n", "4\rX", "4\r\nWikiX", "4\r\nWiki\rX"})
    void malformedChunksAreRefused(String text) {
        decoder.startChunked();
        assertEquals(BodyDecoder.MALFORMED, feed(text, 0, text.length()));
    }

    @Test
    void endlessFramingIsRefused() {
        decoder.startChunked();
        String extension = "1;" + "x".repeat(2000);
        assertEquals(BodyDecoder.MALFORMED, feed(extension, 0, extension.length()));
        decoder.startChunked();
        String trailer = "0\r\n" + "T: x\r\n".repeat(3000);
        assertEquals(BodyDecoder.MALFORMED, feed(trailer, 0, trailer.length()));
    }

    @Test
    void aSinkThatRefusesEndsTheBody() {
        decoder.startLength(3);
        BodySink refusing = (memory, offset, length) -> false;
        assertEquals(BodyDecoder.REFUSED, decoder.decode(MemorySegment.ofArray(new byte[3]), 0, 3, refusing));
    }
}
