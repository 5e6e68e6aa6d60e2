package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.script.Script;
import io.doorbell.script.Segment;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Random segments with numbers near the right ones, in every state. Whatever becomes of the connection, the stack must
 * stay sane, and in the end no row, frame or timer may be left.
 */
class HostilePeerTest {
    private static final int SEEDS = 25;
    private static final int SEGMENTS = 200;

    private static Script begin(long seed) {
        Script script = new Script();
        script.seed(seed);
        script.tcp().halfOpenLimit(8).retries(4).synRetries(2).synAckRetries(2);
        script.anyDelivery();
        return script;
    }

    /** Brings a connection into a state, then attacks it; for many seeds. */
    private static void attack(String state, Consumer<Script> path) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Script script = begin(seed);
            path.accept(script);
            try {
                storm(script, new Random(seed));
                script.finish();
            } catch (AssertionError | RuntimeException failure) {
                throw new AssertionError(state + ", seed " + seed + ": " + failure.getMessage(), failure);
            } finally {
                script.release();
            }
        }
    }

    private static void storm(Script script, Random random) {
        for (int i = 0; i < SEGMENTS; i++) {
            byte[] frame = script.frame(segment(random));
            if (random.nextInt(8) == 0) {
                int at = RawFrame.TCP + 4 + random.nextInt(frame.length - RawFrame.TCP - 4);
                frame[at] = (byte) random.nextInt();
                RawFrame.mend(frame);
            }
            script.receiveHostile(frame, "segment " + i);
            switch (random.nextInt(30)) {
                case 0 -> script.advanceHostile(millis(random.nextInt(500)));
                case 1 -> script.advanceHostile(seconds(random.nextInt(40)));
                case 2 -> script.mischief(random);
                default -> { }
            }
        }
    }

    private static Segment segment(Random random) {
        int seq = random.nextInt(3) > 0 ? 1 + random.nextInt(4) : random.nextInt(70_000) - 2000;
        int ack = random.nextInt(3) > 0 ? 1 + random.nextInt(4) : random.nextInt(8000) - 2000;
        Segment segment = data(seq, random.nextInt(2) == 0 ? 0 : random.nextInt(1400)).ack(ack);
        segment = random.nextInt(12) == 0 ? segment.noAck() : segment;
        segment = random.nextInt(6) == 0 ? segment.fin() : segment;
        segment = random.nextInt(12) == 0 ? segment.syn().seq(random.nextInt(3)) : segment;
        segment = random.nextInt(60) == 0 ? segment.rst() : segment;
        segment = random.nextInt(6) == 0 ? segment.timestamps(random.nextInt(300), random.nextInt()) : segment;
        segment = random.nextInt(3) == 0 ? segment.sack(blocks(random)) : segment;
        return segment.win(random.nextInt(3) == 0 ? random.nextInt(3) * 700 : 65_535);
    }

    /** One or two blocks, most of them possible. */
    private static int[] blocks(Random random) {
        int[] edges = new int[2 + 2 * random.nextInt(2)];
        for (int i = 0; i < edges.length; i += 2) {
            edges[i] = random.nextInt(5) == 0 ? random.nextInt() : 1 + 1460 * random.nextInt(12);
            edges[i + 1] = edges[i] + (random.nextInt(5) == 0 ? random.nextInt(9000) - 1000 : 1460 * random.nextInt(5));
        }
        return edges;
    }

    private static void finWait1(Script script) {
        script.establish();
        script.send(3000).takeAll();
        script.close().takeAll();
    }

    @Test
    void rfc9293_3_10_7_2_listen() {
        attack("LISTEN", script -> script.listen(80));
    }

    @Test
    void rfc9293_3_10_7_1_closed() {
        attack("CLOSED", Script::flow);
    }

    @Test
    void rfc9293_3_10_7_3_synSent() {
        attack("SYN-SENT", script -> {
            script.connect(80);
            script.takeAll();
        });
    }

    @Test
    void rfc9293_3_10_7_4_synReceived() {
        attack("SYN-RECEIVED", script -> {
            script.listen(80);
            script.receive(syn(0).mss(1460).wscale(3).timestamps(10, 0)).takeAll();
        });
    }

    @Test
    void rfc9293_3_10_7_4_synReceivedAfterASimultaneousOpen() {
        attack("SYN-RECEIVED, active", script -> {
            script.connect(80);
            script.takeAll();
            script.receive(syn(0).mss(1000)).takeAll();
        });
    }

    @Test
    void rfc9293_3_10_7_4_established() {
        attack("ESTABLISHED", script -> script.establish().send(20_000).takeAll());
    }

    @Test
    void rfc9293_3_10_7_4_establishedWithOptions() {
        attack("ESTABLISHED", script ->
                script.establish(syn(0).mss(1460).wscale(3).timestamps(10, 0)).send(20_000).takeAll());
    }

    @Test
    void rfc9293_3_10_7_4_establishedWithSack() {
        attack("ESTABLISHED, SACK", script -> script.establish(syn(0).mss(1460).sackOk()).send(20_000).takeAll());
    }

    @Test
    void rfc9293_3_10_7_4_establishedWithSackAndTimestamps() {
        attack("ESTABLISHED, SACK and timestamps", script ->
                script.establish(syn(0).mss(1460).sackOk().timestamps(10, 0)).send(20_000).takeAll());
    }

    @Test
    void rfc9293_3_10_7_4_establishedWithASlowReader() {
        attack("ESTABLISHED", script -> {
            script.tcp().receiveWindowBytes(5000);
            script.initialAppetite(700);
            script.establish().send(20_000).takeAll();
        });
    }

    @Test
    void rfc9293_3_10_7_4_finWait1() {
        attack("FIN-WAIT-1", HostilePeerTest::finWait1);
    }

    @Test
    void rfc9293_3_10_7_4_finWait2() {
        attack("FIN-WAIT-2", script -> {
            script.establish().closeOutput().takeAll();
            script.receive(ack(2));
        });
    }

    @Test
    void rfc9293_3_10_7_4_closeWait() {
        attack("CLOSE-WAIT", script -> {
            script.establish().receive(fin(1)).takeAll();
            script.send(5000).takeAll();
        });
    }

    @Test
    void rfc9293_3_10_7_4_closing() {
        attack("CLOSING", script -> {
            script.establish().close().takeAll();
            script.receive(fin(1).ack(1)).takeAll();
        });
    }

    @Test
    void rfc9293_3_10_7_4_lastAck() {
        attack("LAST-ACK", script -> {
            script.establish().receive(fin(1)).takeAll();
            script.close().takeAll();
        });
    }

    @Test
    void rfc9293_3_10_7_4_timeWait() {
        attack("TIME-WAIT", script -> {
            script.establish().close().takeAll();
            script.receive(fin(1).ack(2)).takeAll();
        });
    }
}
