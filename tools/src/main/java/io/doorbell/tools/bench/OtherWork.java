package io.doorbell.tools.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Work that has nothing to do with sending: it reads and writes more memory than caches hold, in no order that a
 * prefetcher follows, and runs code of several kinds. It allocates nothing. One thread's.
 */
final class OtherWork {
    private static final long BYTES = 64 << 20;
    private static final int LINE = 64;
    private static final int STEPS = 64;
    private static final int NUMBERS = 128;

    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, LINE);
    private final int[] numbers = new int[NUMBERS];
    private final CRC32C checksum = new CRC32C();
    private long state = 1;
    private double sum;

    /** Works until {@link System#nanoTime} says so. */
    void until(long nanos) {
        do {
            walk();
            sort();
            checksum.update(numbers[0]);
            sum += Math.sin(sum + state) * Math.log(2 + Math.abs(sum));
        } while (System.nanoTime() - nanos < 0);
    }

    /** What came of it, so that no compiler drops it. */
    long result() {
        return state ^ checksum.getValue() ^ Double.doubleToLongBits(sum);
    }

    private void walk() {
        for (int i = 0; i < STEPS; i++) {
            state = state * 6_364_136_223_846_793_005L + 1_442_695_040_888_963_407L;
            long at = (state >>> 20) % (BYTES / LINE) * LINE;
            long found = memory.get(ValueLayout.JAVA_LONG, at);
            memory.set(ValueLayout.JAVA_LONG, at, found + state);
            state ^= found;
        }
    }

    private void sort() {
        for (int i = 0; i < NUMBERS; i++) {
            numbers[i] = (int) (state >>> i % 32) * i;
        }
        Arrays.sort(numbers);
    }
}
