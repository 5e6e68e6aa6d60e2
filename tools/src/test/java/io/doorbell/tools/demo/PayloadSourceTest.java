package io.doorbell.tools.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.doorbell.tools.http.DigestSink;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Any part of the payload can be made again at any time. */
class PayloadSourceTest {
    private static final int LENGTH = 301;

    @Property
    void everyPartIsThatPartOfTheWhole(@ForAll long seed, @ForAll @IntRange(max = LENGTH) int from,
                                       @ForAll @IntRange(max = LENGTH) int count) {
        PayloadSource source = new PayloadSource(seed, LENGTH);
        byte[] whole = new byte[LENGTH];
        assertEquals(LENGTH, source.fill(ByteBuffer.wrap(whole), 0));
        int expected = Math.min(count, LENGTH - from);
        ByteBuffer part = ByteBuffer.allocate(count + 3).position(3);
        assertEquals(expected, source.fill(part, from));
        assertEquals(3 + expected, part.position());
        assertArrayEquals(Arrays.copyOfRange(whole, from, from + expected), Arrays.copyOfRange(part.array(), 3, 3 + expected));
    }

    @Property(tries = 20)
    void theDigestIsThatOfTheBytes(@ForAll long seed, @ForAll @IntRange(max = 200_000) int length) {
        byte[] whole = new byte[length];
        PayloadSource source = new PayloadSource(seed, length);
        source.fill(ByteBuffer.wrap(whole), 0);
        assertEquals(HexFormat.of().formatHex(DigestSink.sha256().digest(whole)), source.hex());
        if (length > 8) {
            assertNotEquals(new PayloadSource(seed + 1, length).hex(), source.hex());
        }
    }
}
