package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.CaptureLink;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.TcpConfig;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.SplittableRandom;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

/** A capture at the peer: with and without rehearsals at every step, the same frames come at the same times. */
class WarmSimulationTest {
    private static final int STEPS = 6_000;
    private static final MemorySegment MESSAGE = MemorySegment.ofArray(new byte[4000]);
    private int rehearsed;
    private boolean established;

    @Property(tries = 20)
    void rehearsalsLeaveNoTraceOnTheWire(@ForAll @LongRange(min = 1, max = 1_000_000) long seed) {
        byte[] without = run(seed, false);
        // Three lost ARP frames in a row, and there is no connection to rehearse on.
        Assume.that(established);
        rehearsed = 0;
        byte[] with = run(seed, true);
        assertTrue(rehearsed > 1_000, "only " + rehearsed + " rehearsals, seed " + seed);
        assertTrue(without.length > 100_000, "only " + without.length + " bytes, seed " + seed);
        assertArrayEquals(without, with, "seed " + seed);
    }

    private byte[] run(long seed, boolean warm) {
        ByteArrayOutputStream capture = new ByteArrayOutputStream();
        Impairment losses = Impairment.builder().seed(seed).loss(0.02).reorder(0.02, 2_000_000).delayNanos(1_000_000)
                .build();
        PipeLink.Pair pair = PipeLink.pair();
        Link left = new ImpairedLink(pair.left(), Impairment.NONE, losses);
        Link right = new CaptureLink(new ImpairedLink(pair.right(), Impairment.NONE, losses),
                Channels.newChannel(capture));
        int frames = left.frames().available();
        ConnectionHandler taker = (c, memory, offset, length) -> length;
        Connection[] accepted = new Connection[1];
        SplittableRandom random = new SplittableRandom(seed);
        TcpConfig config = TcpConfig.defaults();
        try (left; right; TcpStack client = TcpStack.on(left).address("10.1.0.1/24").tcp(config).seed(seed).build();
             TcpStack server = TcpStack.on(right).address("10.1.0.2/24").tcp(config).seed(seed + 1).build()) {
            server.listen(80, c -> {
                accepted[0] = c;
                return taker;
            });
            Connection connection = client.connect("10.1.0.2", 80, taker);
            MessageTemplate template = connection.template(500);
            long now = 1_000_000_000L;
            for (int i = 0; i < STEPS; i++) {
                if (random.nextInt(4) == 0) {
                    connection.send(MESSAGE, 0, random.nextInt(4000));
                }
                if (random.nextInt(8) == 0 && accepted[0] != null) {
                    accepted[0].send(MESSAGE, 0, random.nextInt(2000));
                }
                int work = client.poll(now);
                rehearse(warm, connection, template, now);
                work += server.poll(now);
                now += work > 0 ? 1_000 : Math.clamp(Math.min(client.nextDeadlineNanos(), server.nextDeadlineNanos())
                        - now, 1_000, 1_000_000_000L);
            }
            established = connection.state().equals("ESTABLISHED");
            connection.abort();
            client.flush(now);
            assertEquals(frames, left.frames().available(), "seed " + seed);
        }
        return capture.toByteArray();
    }

    private void rehearse(boolean warm, Connection connection, MessageTemplate template, long now) {
        if (warm) {
            rehearsed += template.send(now, MessageTemplate.WARM) == MessageTemplate.FAST ? 1 : 0;
            rehearsed += connection.send(MESSAGE, 0, 4000, MessageTemplate.WARM) > 0 ? 1 : 0;
            rehearsed += connection.warmReceive(MESSAGE, 0, 1000) > 0 ? 1 : 0;
        }
    }
}
