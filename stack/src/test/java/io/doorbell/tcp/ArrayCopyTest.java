package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArrayCopyTest {
    private static final int MOST = 1 << 16;

    @ParameterizedTest
    @CsvSource({"10, 0, 10", "10, 0, 0", "10, 10, 0", "10, 3, 7", "65536, 0, 65536", "65537, 1, 65536"})
    void whatLiesWithinTheArrayIsTaken(int size, int offset, int length) {
        assertEquals(true, ArrayCopy.takes(new byte[size], offset, length));
        byte[] source = new byte[size];
        for (int i = 0; i < size; i++) {
            source[i] = (byte) (31 * i + 7);
        }
        byte[] copy = new ArrayCopy().of(source, offset, length).asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        assertArrayEquals(Arrays.copyOfRange(source, offset, offset + length), copy);
    }

    @ParameterizedTest
    @CsvSource({"10, -1, 5", "10, 0, -1", "10, -1, -1", "10, 4, 7", "10, 11, 0", "10, 2147483647, 1", "10, 1, 2147483647",
            "65537, 0, 65537"})
    void otherRangesAreLeftToOthers(int size, int offset, int length) {
        assertEquals(false, ArrayCopy.takes(new byte[size], offset, length));
    }

    @Test
    void theNextCallTakesTheSamePlace() {
        ArrayCopy copy = new ArrayCopy();
        copy.of(new byte[] {1, 2}, 0, 2);
        assertEquals(3, copy.of(new byte[] {3}, 0, 1).get(ValueLayout.JAVA_BYTE, 0));
        assertEquals(MOST, copy.of(new byte[0], 0, 0).byteSize());
    }
}
