package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.wire.TcpHeader;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Floods: who is connected goes on, who wants to connect can, and nothing grows without bound. */
class FloodTest {
    private static final long SEED = Long.getLong("flood.seed", 1);
    private static final int SPOOFED_SYNS = Integer.getInteger("flood.syns", 1_000_000);
    private static final int OTHERS = 200_000;
    /** What the attacker sends in one tick, of the 192 frames that the server can take. */
    private static final int PER_TICK = 96;
    private static final int BOTS = 8;
    private static final int ROUNDS = 4;
    private static final int TICKS = 1_000;
    private static final int SEGMENT = 1460;
    private static final long MOST_HEAP_BYTES = 8 << 20;
    private static final TcpConfig CONFIG = TcpConfig.builder().receiveWindowBytes(65_000).timestamps(false).build();

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final Siege siege = new Siege(CONFIG);
    private final Siege.Stream sender = new Siege.Stream(true);
    private final Siege.Stream receiver = new Siege.Stream(false);
    private Connection connection;
    private int sink;

    /** Sends one packet of a flood. */
    private interface Shot {
        boolean fire(int number);
    }

    private void begin() {
        siege.server.listen(Siege.PORT, c -> c.remotePort() == sink ? receiver : new Siege.Stream(false));
        connection = siege.connect(sender);
        sink = connection.localPort();
        ticks(2_000);
        assertTrue(receiver.received > 0, "nothing arrives even in peace");
    }

    private void ticks(int count) {
        for (int i = 0; i < count; i++) {
            siege.tick();
        }
    }

    private int flood(int shots, Shot shot) {
        int ticks = 0;
        for (int fired = 0; fired < shots; ticks++) {
            for (int i = 0; i < PER_TICK && shot.fire(fired); i++) {
                fired++;
            }
            siege.tick();
        }
        return ticks;
    }

    /** Compares rates in peace and under fire, in turns, by simulated time: by how many frames the server can take. */
    private void survive(String name, int shots, Shot shot) {
        long peace = 0;
        long peaceNanos = 0;
        long war = 0;
        long warNanos = 0;
        int warTicks = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long before = receiver.received;
            siege.serverNanos = 0;
            ticks(TICKS);
            peace += receiver.received - before;
            peaceNanos += siege.serverNanos;
            before = receiver.received;
            siege.serverNanos = 0;
            warTicks += flood(shots / ROUNDS, shot);
            war += receiver.received - before;
            warNanos += siege.serverNanos;
        }
        double rate = ((double) war / warTicks) / ((double) peace / (ROUNDS * TICKS));
        double nanosPerByte = (double) peaceNanos / peace;
        System.out.printf("%s: %.2f of the rate is left; one costs as much time as %.1f segments of data%n", name, rate,
                (warNanos - war * nanosPerByte) / shots / (nanosPerByte * SEGMENT));
        assertTrue(rate >= 0.5, name + " leave " + rate + " of the rate, seed " + SEED);
        assertWhole(name);
    }

    private void assertWhole(String name) {
        assertEquals("ESTABLISHED", connection.state(), name);
        assertNull(receiver.fault, name);
        assertNull(receiver.closed, name);
    }

    /** Everything that was sent has arrived, and the stack is as it was. */
    private void end(long heapBefore) {
        sender.running = false;
        siege.rest(5_000_000_000L);
        assertWhole("in the end");
        assertEquals(sender.sent, receiver.received, "bytes were lost");
        assertTrue(siege.server.halfOpen() <= CONFIG.halfOpenLimit(), siege.server.halfOpen() + " half-open rows");
        long grown = IdleConnectionsTest.usedBytes() - heapBefore;
        assertTrue(grown < MOST_HEAP_BYTES, "the heap has grown by " + grown + " bytes");
        siege.close();
    }

    private int stranger() {
        return 0x0b00_0000 | random.nextInt(1 << 24);
    }

    private int anyPort() {
        return 1 + random.nextInt(65_535);
    }

    @Test
    void rfc4987_3_6_aMillionSpoofedSynsHarmNobody() {
        begin();
        long heap = IdleConnectionsTest.usedBytes();
        survive("SYNs", SPOOFED_SYNS, i -> siege.attacker.segment(stranger(), anyPort(), Siege.PORT, random.nextInt(), 0,
                TcpHeader.SYN, 0));
        assertTrue(siege.server.counters().get(Counter.TCP_SYN_COOKIES_SENT) > SPOOFED_SYNS / 2, "hardly any cookies");

        Siege.Stream late = new Siege.Stream(true);
        Connection latecomer = siege.connect(late);
        long accepted = siege.server.counters().get(Counter.TCP_SYN_COOKIES_ACCEPTED);
        flood(PER_TICK * 1_000, i -> siege.attacker.segment(stranger(), anyPort(), Siege.PORT, random.nextInt(), 0,
                TcpHeader.SYN, 0));
        assertTrue(late.connected, "nobody can connect in a flood of SYNs");
        assertEquals(accepted + 1, siege.server.counters().get(Counter.TCP_SYN_COOKIES_ACCEPTED));
        assertTrue(late.sent > 1_000_000, "only " + late.sent + " bytes were sent on a connection made by a cookie");
        latecomer.abort();
        end(heap);
    }

    @Test
    void rfc4987_3_6_floodsOfAcksAndResetsHarmNobody() {
        begin();
        long heap = IdleConnectionsTest.usedBytes();
        // With cookies out, every ACK of a stranger is tried.
        flood(5_000, i -> siege.attacker.segment(stranger(), anyPort(), Siege.PORT, random.nextInt(), 0,
                TcpHeader.SYN, 0));
        survive("ACKs of strangers", OTHERS, i -> siege.attacker.segment(stranger(), anyPort(), Siege.PORT,
                random.nextInt(), random.nextInt(), TcpHeader.ACK, 0));
        assertTrue(siege.server.counters().get(Counter.TCP_SYN_COOKIES_REJECTED) > OTHERS / 2, "no ACK was tried");
        survive("RSTs of strangers", OTHERS, i -> siege.attacker.segment(stranger(), anyPort(), Siege.PORT,
                random.nextInt(), random.nextInt(), TcpHeader.RST, 0));
        survive("blind ACKs", OTHERS, i -> siege.attacker.segment(Siege.CLIENT, sink, Siege.PORT, random.nextInt(),
                random.nextInt(), TcpHeader.ACK, 0));
        survive("blind RSTs", OTHERS, i -> siege.attacker.segment(Siege.CLIENT, sink, Siege.PORT, random.nextInt(),
                random.nextInt(), TcpHeader.RST, 0));
        assertTrue(siege.server.counters().get(Counter.DROP_TCP_BLIND_RST) > OTHERS / 2, "RSTs were not counted");
        end(heap);
    }

    @Test
    void rfc9293_3_10_7_4_tinySegmentsOutOfOrderOnOtherConnectionsHarmNobody() {
        begin();
        Connection[] bots = new Connection[BOTS];
        for (int i = 0; i < BOTS; i++) {
            bots[i] = siege.connect(new Siege.Stream(false));
        }
        ticks(1_000);
        long heap = IdleConnectionsTest.usedBytes();
        survive("tiny segments out of order", OTHERS, i -> {
            int port = bots[i % BOTS].localPort();
            int gap = 2 + 2 * random.nextInt(30_000);
            return siege.attacker.segment(Siege.CLIENT, port, Siege.PORT, siege.next[port] + gap,
                    siege.acknowledged[port], TcpHeader.ACK, 1);
        });
        assertTrue(siege.server.counters().get(Counter.TCP_OUT_OF_ORDER_IN) > OTHERS / 2, "the segments were not taken");
        assertTrue(siege.framesInUse() < siege.server.link().frames().capacity() / 2, siege.framesInUse() + " frames held");
        for (Connection bot : bots) {
            bot.abort();
        }
        end(heap);
        assertEquals(0, siege.framesInUse(), "frames of connections that were reset are still held");
    }
}
