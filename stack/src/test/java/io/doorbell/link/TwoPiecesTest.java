package io.doorbell.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A frame that lies in two places arrives as one, through every link that takes it. */
class TwoPiecesTest {
    private static final int FIRST = 61;
    private static final int REST = 1_237;

    private byte[] received;

    private static byte at(int position) {
        return (byte) (position * 37 + 5);
    }

    private static byte[] whole() {
        byte[] bytes = new byte[FIRST + REST];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = at(i);
        }
        return bytes;
    }

    private static void write(Link link, long address, int from, int length) {
        for (int i = 0; i < length; i++) {
            link.frames().memory().set(ValueLayout.JAVA_BYTE, address + i, at(from + i));
        }
    }

    /** Sends one frame through what is made of the left end, and sees that all frames come back. */
    private void send(UnaryOperator<Link> decorated) {
        try (PipeLink.Pair pair = PipeLink.options().scatter(true).pair(); Link left = decorated.apply(pair.left())) {
            assertTrue(left.scatter());
            FramePool pool = left.frames();
            int available = pool.available();
            long first = pool.allocate();
            long rest = pool.allocate();
            write(left, first + 3, 0, FIRST);
            write(left, rest + 200, FIRST, REST);
            assertTrue(left.transmit(first + 3, FIRST, rest + 200, REST, 1_000));
            pool.release(first);
            pool.release(rest);
            left.flush(1_000);
            left.receive((memory, offset, length) -> { }, 1, 2_000_000);
            left.flush(2_000_000);
            assertEquals(1, pair.right().receive(this::keep, 10, 2_000_000));
            assertArrayEquals(whole(), received);
            assertEquals(available, pool.available());
        }
    }

    private void keep(MemorySegment memory, long offset, int length) {
        received = memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void aPipeJoinsThem() {
        send(link -> link);
    }

    @Test
    void anImpairedLinkJoinsWhatItDelays() {
        send(link -> new ImpairedLink(link, Impairment.builder().delayNanos(500_000).build(), Impairment.NONE));
        send(link -> new ImpairedLink(link, Impairment.NONE));
    }

    @Test
    void aCaptureHasTheWhole() {
        ByteArrayOutputStream capture = new ByteArrayOutputStream();
        send(link -> new CaptureLink(link, Channels.newChannel(capture)));
        byte[] bytes = capture.toByteArray();
        assertArrayEquals(whole(), Arrays.copyOfRange(bytes, bytes.length - FIRST - REST, bytes.length));
    }

    @Test
    void aLinkThatTakesNoneSaysSo() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            assertFalse(pair.left().scatter());
            Link other = new PlainLink(pair.left());
            assertFalse(other.scatter());
            assertThrows(UnsupportedOperationException.class, () -> other.transmit(0, 60, 2_048, 60, 0));
        }
    }

    @Test
    void aRehearsalLeavesNothingBehind() {
        try (PipeLink.Pair pair = PipeLink.options().scatter(true).pair()) {
            PipeLink left = pair.left();
            assertTrue(left.warm(true));
            assertTrue(left.transmit(0, FIRST, 2_048, REST, 0));
            left.warm(false);
            left.flush(0);
            assertEquals(0, pair.right().receive(this::keep, 10, 0));
            assertEquals(0, left.statistics().txFrames);
        }
    }

    /** A link with nothing but what a link must have. */
    private record PlainLink(Link link) implements Link {
        @Override
        public FramePool frames() {
            return link.frames();
        }

        @Override
        public int mtu() {
            return link.mtu();
        }

        @Override
        public long mac() {
            return link.mac();
        }

        @Override
        public int receive(FrameReceiver receiver, int limit, long nowNanos) {
            return link.receive(receiver, limit, nowNanos);
        }

        @Override
        public boolean transmit(long address, int length, long nowNanos) {
            return link.transmit(address, length, nowNanos);
        }

        @Override
        public void flush(long nowNanos) {
            link.flush(nowNanos);
        }

        @Override
        public LinkStatistics statistics() {
            return link.statistics();
        }

        @Override
        public void close() {
            link.close();
        }
    }
}
