package io.doorbell.tools.bench;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.doorbell.tools.cli.UserError;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class StreamPatternTest {
    private final StreamPattern pattern = new StreamPattern();

    private MemorySegment stream(long position, int length) {
        MemorySegment copy = Arena.ofAuto().allocate(length);
        MemorySegment.copy(pattern.block(), pattern.indexOf(position), copy, 0, length);
        return copy;
    }

    @Property(tries = 200)
    void whatIsInPlacePassesWhereverItIsCut(@ForAll @LongRange(min = 0, max = 1L << 40) long position,
                                            @ForAll @IntRange(min = 1, max = 9000) int length) {
        assertDoesNotThrow(() -> pattern.check(stream(position, length), 0, length, position));
    }

    @Property(tries = 200)
    void whatIsOutOfPlaceIsNoticed(@ForAll @LongRange(min = 0, max = 1L << 40) long position,
                                   @ForAll @IntRange(min = 1, max = 65_520) int shift) {
        MemorySegment late = stream(position + shift, 1448);
        assertThrows(UserError.class, () -> pattern.check(late, 0, 1448, position));
    }

    @Test
    void aWrongByteInASampleIsNoticed() {
        MemorySegment bytes = stream(0, 1024);
        bytes.setAtIndex(ValueLayout.JAVA_BYTE, 519,
                (byte) ~bytes.getAtIndex(ValueLayout.JAVA_BYTE, 519));
        assertThrows(UserError.class, () -> pattern.check(bytes, 0, 1024, 0));
    }
}
