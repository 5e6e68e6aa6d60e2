package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.grant.GrantedSender;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** More grants than a link has frames for take turns, and none keeps a frame that is of no use to it. */
class GrantFramesTest {
    private static final int CONNECTIONS = 3;
    private static final int MESSAGES = 20;

    @Test
    void grantsThatHaveOneFrameEachDoNotWaitForEachOther() {
        TcpConfig config = TcpConfig.builder().delayedAckNanos(0).build();
        try (TwoStacks two = new TwoStacks(1, config, Impairment.NONE, PipeLink.options().frames(64))) {
            two.admitEngines();
            ReceivedBytes reader = new ReceivedBytes();
            two.server().listen(80, c -> reader);
            List<Connection> connections = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                connections.add(two.client().connect(TwoStacks.SERVER, 80, new ReceivedBytes()));
                for (int step = 0; step < 100; step++) {
                    two.step();
                }
            }
            // Somebody else has all but three: two for the first grant, one for the second, none for the third.
            while (connections.getFirst().sendSpace() >= 4 * connections.getFirst().segmentSize()) {
                two.client().link().frames().allocate();
            }
            EngineLink link = new EngineLink(new PromptEngine(), two, two.client(), 64);
            List<GrantedSender> engines = new ArrayList<>();
            for (Connection connection : connections) {
                Grant grant = connection.grant(GrantOptions.of(100).withSegments(2));
                assertNotNull(grant, connection::toString);
                engines.add(grant.sender(link));
            }
            MemorySegment message = MemorySegment.ofArray(new byte[100]);
            for (int round = 0; round < 5_000 && reader.count < 100L * CONNECTIONS * MESSAGES; round++) {
                for (GrantedSender engine : engines) {
                    engine.send(message, 0, 100, two.nowNanos());
                }
                link.receive(null, 0, 0);
                two.step();
            }
            assertTrue(reader.count >= 100L * CONNECTIONS * MESSAGES, "stood still at " + reader.count);
        }
    }
}
