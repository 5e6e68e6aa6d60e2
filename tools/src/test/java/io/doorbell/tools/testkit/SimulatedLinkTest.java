package io.doorbell.tools.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.link.Impairment;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class SimulatedLinkTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLISECOND = 1_000_000L;

    /** Sends a number of bytes, then closes; counts what comes. */
    private static class Sender implements ConnectionHandler {
        private final byte[] bytes;
        private int sent;
        private int received;
        private Connection connection;
        private CloseReason reason;

        Sender(int length) {
            bytes = new byte[length];
        }

        @Override
        public void connected(Connection to) {
            connection = to;
            writable(to);
        }

        @Override
        public void writable(Connection to) {
            sent += Math.max(0, to.write(MemorySegment.ofArray(bytes), sent, bytes.length - sent));
            if (sent == bytes.length) {
                to.closeOutput();
            }
        }

        @Override
        public int data(Connection from, MemorySegment memory, long offset, int length) {
            received += length;
            return length;
        }

        @Override
        public void peerClosed(Connection from) {
            // This side closes when it has sent everything.
        }

        @Override
        public void closed(Connection from, CloseReason why) {
            reason = why;
        }
    }

    @SimulatedLink(rtt = "80ms")
    void theRoundTripTakesAsLongAsAsked(SimulatedNetwork network) {
        network.server().listen(7, connection -> new Sender(0));
        Sender first = new Sender(1);
        network.client().connect(SimulatedNetwork.SERVER, 7, first);
        assertTrue(network.until(10 * SECOND, () -> first.connection != null));
        // The first one had to ask for the server's Ethernet address before.
        Sender second = new Sender(1);
        network.client().connect(SimulatedNetwork.SERVER, 7, second);
        long began = network.nowNanos();
        assertTrue(network.until(10 * SECOND, () -> second.connection != null));
        long took = network.nowNanos() - began;
        assertTrue(took >= 80 * MILLISECOND && took < 81 * MILLISECOND, took + " ns");
    }

    /** 200 000 bytes are eight round trips in slow start: a clock that skips over frames would show here. */
    @SimulatedLink(rtt = "10ms")
    void aTransferTakesTheRoundTripsThatItNeeds(SimulatedNetwork network) {
        Sender server = new Sender(0);
        network.server().listen(7, connection -> server);
        network.client().connect(SimulatedNetwork.SERVER, 7, new Sender(200_000));
        long began = network.nowNanos();
        assertTrue(network.until(SECOND, () -> server.received == 200_000));
        assertTrue(network.nowNanos() - began < 150 * MILLISECOND, network.nowNanos() - began + " ns");
    }

    private static String transfer(long seed) {
        StringBuilder log = new StringBuilder();
        Impairment bad = Impairment.builder().seed(seed).loss(0.05).duplicate(0.02).delayNanos(5 * MILLISECOND).build();
        try (SimulatedNetwork network = new SimulatedNetwork(bad, seed)) {
            Sender server = new Sender(0);
            network.server().listen(7, connection -> server);
            Sender client = new Sender(200_000);
            network.client().connect(SimulatedNetwork.SERVER, 7, client);
            assertTrue(network.until(120 * SECOND, () -> client.reason != null), "seed " + seed);
            assertEquals(200_000, server.received, "seed " + seed);
            log.append(network.nowNanos()).append(' ').append(network.client().link().statistics().txFrames);
        }
        return log.toString();
    }

    @Test
    void theSameSeedGivesTheSameFrames() {
        assertEquals(transfer(5), transfer(5));
        assertNotEquals(transfer(5), transfer(6), "another seed is another path");
    }

    @SimulatedLink(rtt = "10ms")
    void aScriptedPeerConnectsSendsAndCloses(ScriptedPeer peer) {
        Sender server = new Sender(0);
        peer.stack().listen(7, connection -> server);
        peer.connect(7).send("hello, world");
        // The stack closed its half at once; its FIN acknowledges what was there then.
        peer.expect(TcpHeader.FIN);
        peer.send(TcpHeader.FIN | TcpHeader.ACK);
        assertTrue(peer.run(SECOND).stack().connections() <= 1);
        assertEquals(12, server.received);
        assertEquals(CloseReason.NORMAL, server.reason);
    }

    @SimulatedLink(rtt = "10ms")
    void aScriptedPeerIsConnectedTo(ScriptedPeer peer) {
        Sender client = new Sender(3000);
        peer.stack().connect(ScriptedPeer.ADDRESS, 80, client);
        peer.accept();
        CapturedSegment first = peer.expect(TcpHeader.ACK);
        assertEquals(1460, first.payloadLength());
        peer.run(20 * MILLISECOND).expect(TcpHeader.FIN);
        peer.send(TcpHeader.RST, peer.next(), 0, new byte[0]);
        peer.expectNothing(100 * MILLISECOND);
        assertEquals(CloseReason.RESET_BY_PEER, client.reason);
    }

    @SimulatedLink
    void whatDoesNotComeIsMissed(ScriptedPeer peer) {
        peer.stack().listen(7, connection -> new Sender(0));
        peer.connect(7);
        AssertionError missing = assertThrows(AssertionError.class, () -> peer.expect(TcpHeader.RST));
        assertTrue(missing.getMessage().contains("within a second"), missing.getMessage());
        peer.send("something");
        assertThrows(AssertionError.class, () -> peer.expectNothing(SECOND));
    }

    @Test
    void aTimeHasAUnit() {
        assertEquals(20_000_000L, SimulatedLinkExtension.nanos("20ms"));
        assertEquals(150_000L, SimulatedLinkExtension.nanos("150 us"));
        assertEquals(SECOND, SimulatedLinkExtension.nanos("1s"));
        IllegalArgumentException problem = assertThrows(IllegalArgumentException.class,
                () -> SimulatedLinkExtension.nanos("20"));
        assertTrue(problem.getMessage().contains("write a number with us, ms or s"), problem.getMessage());
    }
}
