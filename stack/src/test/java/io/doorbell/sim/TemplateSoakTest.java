package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.counters.Counter;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.Tcb;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A thousand armed templates on one connection, sent in random order among ordinary sends, over a link that loses, to a
 * peer that now and then closes its window. {@code -Ddoorbell.template.sends=...} makes it longer,
 * {@code -Ddoorbell.seed=...} repeats it.
 */
class TemplateSoakTest {
    private static final int TEMPLATES = 1_000;
    private static final long SENDS = Long.getLong("doorbell.template.sends", 1_000_000);
    private static final long SEED = Long.getLong("doorbell.seed", 20_260_704);
    /** Length, identity, number; then a pattern of the identity. */
    private static final int HEAD = 16;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final MessageTemplate[] templates = new MessageTemplate[TEMPLATES];
    private final MemorySegment buffer = MemorySegment.ofArray(new byte[8192]);
    private long number;
    private long ordinary;
    private long fast;
    private long queued;

    private static int lengthOf(int identity) {
        return identity % 50 == 0 ? 2000 + identity : HEAD + identity * 7 % 300;
    }

    private void message(int identity) {
        Bytes.put32(buffer, 0, lengthOf(identity));
        Bytes.put32(buffer, 4, identity);
        for (int i = HEAD; i < lengthOf(identity); i++) {
            Bytes.put8(buffer, i, PatternedPeer.at(identity + i));
        }
    }

    private void arm(Connection connection) {
        for (int i = 0; i < TEMPLATES; i++) {
            templates[i] = connection.template(lengthOf(i));
            message(i);
            templates[i].known(0, buffer, 0, 8);
            assertEquals(8, templates[i].known(HEAD, buffer, HEAD, lengthOf(i) - HEAD));
        }
    }

    /** Sends one message with the next number, by template or not; false if there was no room. */
    private boolean send(Connection connection, long now) {
        int identity = random.nextInt(TEMPLATES);
        int result;
        if (random.nextInt(5) == 0) {
            message(identity);
            Bytes.put64(buffer, 8, number);
            result = connection.send(buffer, 0, lengthOf(identity));
            ordinary += result > 0 ? 1 : 0;
        } else {
            MessageTemplate template = templates[identity];
            assertEquals(0, template.update64(8, number));
            result = template.send(now, random.nextInt(3) == 0 ? MessageTemplate.POST_ONLY : 0);
            fast += result == MessageTemplate.FAST ? 1 : 0;
            queued += result == MessageTemplate.QUEUED ? 1 : 0;
        }
        assertTrue(result >= 0 || result == Tcb.BACKPRESSURE, "send answered " + result);
        number += result >= 0 ? 1 : 0;
        return result >= 0;
    }

    @Test
    void everyMessageArrivesWholeAndInOrderAndAllFramesComeBack() {
        Reader reader = new Reader();
        Impairment losses = Impairment.builder().seed(SEED).loss(0.005).reorder(0.005, 300_000).delayNanos(50_000).build();
        TcpConfig config = TcpConfig.builder().sendBufferBytes(1 << 19).receiveWindowBytes(1 << 17).build();
        try (TwoStacks two = new TwoStacks(SEED, config, losses, PipeLink.options().frames(8192))) {
            two.server.listen(80, c -> reader);
            Ends ends = new Ends();
            Connection connection = two.client.connect(TwoStacks.SERVER, 80, ends);
            while (!ends.connected) {
                two.step();
            }
            int before = TwoStacks.pool(two.client).available();
            arm(connection);
            assertTrue(before - TwoStacks.pool(two.client).available() >= TEMPLATES);
            while (fast + queued < SENDS) {
                for (int burst = random.nextInt(12); burst > 0 && send(connection, two.now); burst--) {
                    assertNull(ends.reason, seed());
                }
                two.step();
                reader.mood(random.nextInt(3_000), two);
            }
            reader.mood(0, two);
            connection.close();
            for (long until = two.now + 600_000_000_000L; ends.reason == null && two.now < until;) {
                two.step();
                reader.mood(0, two);
            }
            assertEquals(CloseReason.NORMAL, ends.reason, seed());
            assertNull(reader.fault, seed());
            assertEquals(number, reader.number, seed());
            assertEquals(number, fast + queued + ordinary, seed());
            assertTrue(fast > SENDS / 30 && queued > SENDS / 10 && ordinary > SENDS / 10,
                    fast + " fast, " + queued + " queued, " + ordinary + " ordinary");
            assertTrue(two.client.counters().get(Counter.TCP_WINDOW_PROBES) > 0, "the window was never closed");
            assertTrue(two.client.counters().get(Counter.TCP_RETRANSMITTED_SEGMENTS) > 100, "nothing was lost");
            assertEquals(0, two.server.counters().get(Counter.DROP_TCP_CHECKSUM), seed());
            assertEquals(MessageTemplate.CLOSED, templates[0].send(two.now));
            two.run(200_000_000_000L);
            assertTrue(two.framesAreBack(), two.frames() + ", " + seed());
        }
    }

    private static String seed() {
        return "-Ddoorbell.seed=" + SEED;
    }

    /** Updates and sends allocate nothing. */
    @Test
    void anUpdateAndASendAllocateNothing() {
        try (TwoStacks two = new TwoStacks(1, TcpConfig.defaults(), Impairment.NONE)) {
            two.server.listen(80, c -> (connection, memory, offset, length) -> length);
            Ends ends = new Ends();
            Connection connection = two.client.connect(TwoStacks.SERVER, 80, ends);
            while (!ends.connected) {
                two.step();
            }
            MessageTemplate template = connection.template(3000);
            template.known(0, new byte[2992]);
            sends(two, template, 60_000);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            sends(two, template, 20_000);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 16_384, allocated + " bytes for 20000 sends");
        }
    }

    private static void sends(TwoStacks two, MessageTemplate template, int count) {
        for (int i = 0; i < count; i++) {
            template.send(two.now, MessageTemplate.WARM);
            template.update64(2992, i);
            int result = template.send(two.now);
            if (result < 0) {
                throw new AssertionError("answered " + result);
            }
            poll(two);
            poll(two);
        }
    }

    private static void poll(TwoStacks two) {
        two.now += 1_000;
        two.client.poll(two.now);
        two.server.poll(two.now);
    }

    /** The sending end's events. */
    private static final class Ends implements ConnectionHandler {
        private boolean connected;
        private CloseReason reason;

        @Override
        public void connected(Connection c) {
            connected = true;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return length;
        }

        @Override
        public void closed(Connection c, CloseReason why) {
            reason = why;
        }
    }

    /** The receiving end: takes the stream apart again, or takes nothing for a while. */
    private static final class Reader implements ConnectionHandler {
        private final MemorySegment head = MemorySegment.ofArray(new byte[HEAD]);
        private Connection connection;
        private int position;
        private int length = HEAD;
        private int identity;
        private long number;
        private boolean asleep;
        private long wakeAt;
        private String fault;

        /** With 1 it falls asleep for half a second; it wakes up when that is over, or with 0. */
        void mood(int mood, TwoStacks two) {
            if (!asleep && mood == 1) {
                asleep = true;
                wakeAt = two.now + 500_000_000L;
            } else if (asleep && (mood == 0 || two.now > wakeAt)) {
                asleep = false;
                connection.resume();
            }
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int bytes) {
            connection = c;
            if (asleep) {
                return 0;
            }
            for (int i = 0; i < bytes; i++) {
                take(Bytes.u8(memory, offset + i));
            }
            return bytes;
        }

        private void take(int value) {
            if (position < HEAD) {
                Bytes.put8(head, position, value);
            } else if (value != PatternedPeer.at(identity + position) && fault == null) {
                fault = "a wrong byte at " + position + " of message " + number;
            }
            position++;
            if (position == HEAD) {
                length = Bytes.u32(head, 0);
                identity = Bytes.u32(head, 4);
                if (fault == null && (Bytes.u64(head, 8) != number || length != lengthOf(identity))) {
                    fault = "message " + Bytes.u64(head, 8) + " where " + number + " was due";
                }
            }
            if (position >= HEAD && position >= length) {
                position = 0;
                number++;
            }
        }
    }
}
