package io.doorbell.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The ring gives every frame whole and in order, or counts it as lost; and waits for nobody. */
class CaptureRingTest {
    private final MemorySegment memory = Arena.ofAuto().allocate(8192, 64);
    private final MemorySegment frame = Arena.ofAuto().allocate(2048, 8);
    private final CaptureRing ring = new CaptureRing(memory);

    private void write(int value, int length) {
        frame.asSlice(0, length).fill((byte) value);
        ring.write(frame, 0, length, value);
        ring.publish();
    }

    private static void check(MemorySegment bytes, long offset, int kept, long timeNanos) {
        for (int i = 0; i < kept; i++) {
            assertEquals((byte) timeNanos, bytes.get(ValueLayout.JAVA_BYTE, offset + i));
        }
    }

    @Test
    void nothingIsWantedUntilSomebodySaysSoAndNotForLongerThanThat() {
        assertFalse(ring.wanted(0));
        new CaptureRingReader(memory).want(100, 1500);
        assertTrue(ring.wanted(99));
        assertFalse(ring.wanted(100));
    }

    @Test
    void framesOfAnySizeComeOutAsTheyWentInAcrossTheEnd() {
        CaptureRingReader reader = new CaptureRingReader(memory);
        reader.want(100, 1500);
        ring.wanted(1);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            int length = 1 + random.nextInt(1600);
            int value = i & 0x7f;
            write(value, length);
            int read = reader.read((bytes, offset, kept, frameLength, timeNanos) -> {
                assertEquals(length, frameLength, "seed " + seed);
                assertEquals(Math.min(length, 1500), kept, "seed " + seed);
                assertEquals(value, timeNanos, "seed " + seed);
                check(bytes, offset, kept, timeNanos);
            }, 10);
            assertEquals(1, read, "seed " + seed + ", frame " + i);
        }
        assertEquals(0, reader.lost());
    }

    @Test
    void framesAreShownWhenTheyArePublished() {
        CaptureRingReader reader = new CaptureRingReader(memory);
        reader.want(100, 1500);
        ring.wanted(1);
        int[] shown = new int[1];
        for (int i = 0; i < 3; i++) {
            ring.write(frame, 0, 100, i);
            assertEquals(0, reader.read((bytes, offset, kept, length, timeNanos) -> shown[0]++, 10));
        }
        ring.publish();
        assertEquals(3, reader.read((bytes, offset, kept, length, timeNanos) -> shown[0]++, 10));
        assertEquals(3, shown[0]);
    }

    /** Overwrites, before the reader learns whether it may believe them, the frames that it is being shown. */
    @Test
    void whatIsOverwrittenWhileItIsShownIsNotBelieved() {
        CaptureRingReader reader = new CaptureRingReader(memory);
        reader.want(100, 1500);
        ring.wanted(1);
        write(1, 1000);
        write(2, 1000);
        int[] shown = new int[1];
        int answer = reader.read((bytes, offset, kept, length, timeNanos) -> {
            if (shown[0]++ == 0) {
                for (int i = 0; i < 8; i++) {
                    write(3, 1000);
                }
            }
        }, 10);
        assertEquals(CaptureRingReader.OVERTAKEN, answer);
        write(4, 500);
        assertEquals(1, reader.read((bytes, offset, kept, length, timeNanos) -> assertEquals(4, timeNanos), 10));
        assertEquals(10, reader.lost());
    }

    /** What a reader does with frames that it may have to take back. */
    private static final class Believed implements CaptureRingReader.Sink {
        private final long[] values = new long[100];
        private int held;
        private long torn;
        private int read;

        @Override
        public void frame(MemorySegment bytes, long offset, int kept, int frameLength, long timeNanos) {
            for (int i = 0; i < kept && values[held] == 0; i++) {
                if (bytes.get(ValueLayout.JAVA_BYTE, offset + i) != (byte) timeNanos) {
                    values[held] = 1;
                }
            }
            held++;
        }

        void read(CaptureRingReader reader) {
            boolean good = reader.read(this, values.length) != CaptureRingReader.OVERTAKEN;
            for (int i = 0; i < held; i++) {
                torn += good ? values[i] : 0;
                values[i] = 0;
            }
            read += good ? held : 0;
            held = 0;
        }
    }

    @Test
    void aReaderThatIsOvertakenCountsWhatItLost() throws InterruptedException {
        CaptureRingReader reader = new CaptureRingReader(memory);
        reader.want(100, 1500);
        ring.wanted(1);
        int frames = 300_000;
        Thread writer = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < frames; i++) {
                write(i & 0x7f, 60 + (i & 255));
            }
        });
        Believed believed = new Believed();
        while (writer.isAlive()) {
            believed.read(reader);
        }
        writer.join();
        while (reader.unreadBytes() > 0) {
            believed.read(reader);
        }
        assertEquals(0, believed.torn);
        assertEquals(frames, believed.read + reader.lost());
    }

    @Test
    void nonsenseInTheRingIsSkipped() {
        Random random = new Random(5);
        for (int i = 0; i < 2000; i++) {
            CaptureRingReader reader = new CaptureRingReader(memory);
            for (long at = 64; at < 8192; at += 8) {
                memory.set(ValueLayout.JAVA_LONG, at, random.nextLong());
            }
            reader.read((bytes, offset, kept, length, timeNanos) -> assertTrue(offset + kept <= bytes.byteSize()), 100);
        }
    }
}
