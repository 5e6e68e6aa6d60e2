package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a share of random losses leaves of a path that has no other limit. A sender that takes more than the response
 * function of its algorithm takes it from those that share the path.
 */
class ResponseFunctionTest {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final long ROUND_TRIPS = 4_000;
    private static final int FRAMES = 4096;
    /** Payload of a full segment with timestamps. */
    private static final double SEGMENT_BYTES = 1448;

    @ParameterizedTest
    @CsvSource({
            "CUBIC, 0.001, 2, 0, 1", "CUBIC, 0.01, 2, 0, 2", "CUBIC, 0.05, 2, 0, 3",
            "CUBIC, 0.01, 20, 0, 4", "CUBIC, 0.05, 20, 0, 5", "CUBIC, 0.01, 100, 0, 6", "CUBIC, 0.05, 100, 0, 7",
            "NEW_RENO, 0.01, 20, 0, 8", "NEW_RENO, 0.05, 20, 0, 9", "NEW_RENO, 0.01, 100, 0, 10",
            "NEW_RENO, 0.05, 100, 0, 11",
            "CUBIC, 0.001, 2, 300, 12", "CUBIC, 0.01, 2, 300, 13", "CUBIC, 0.05, 2, 300, 14"})
    void rfc9438_5_1_randomLossesLeaveNoMoreThanTheResponseFunction(CongestionAlgorithm algorithm, double loss,
            long roundTripMillis, long laterMicros, long seed) {
        double roundTripSeconds = roundTripMillis / 1e3;
        double expected = Math.sqrt(1.5 / loss);
        if (algorithm == CongestionAlgorithm.CUBIC) {
            expected = Math.max(expected, 1.054 * Math.pow(roundTripSeconds / loss, 0.75));
        }
        double ratio = meanWindow(algorithm, loss, roundTripMillis * 1_000_000, laterMicros * 1_000, seed) / expected;
        assertTrue(ratio > 0.5 && ratio < 1.3, "seed " + seed + ": " + ratio + " of " + expected + " segments");
    }

    /** Segments that arrive in each round trip; one in a hundred is late if {@code laterNanos} is not 0. */
    private static double meanWindow(CongestionAlgorithm algorithm, double loss, long roundTripNanos, long laterNanos,
            long seed) {
        Impairment there = Impairment.builder().seed(seed).delayNanos(roundTripNanos / 2).loss(loss)
                .reorder(laterNanos == 0 ? 0 : 0.01, laterNanos).build();
        Impairment back = Impairment.builder().delayNanos(roundTripNanos / 2).build();
        TcpConfig config = TcpConfig.builder().congestionControl(algorithm).sendBufferBytes(BUFFER_BYTES)
                .receiveWindowBytes(BUFFER_BYTES).build();
        Bulk sink = new Bulk(false);
        try (TwoStacks two = new TwoStacks(seed, config, config, there, back, PipeLink.options().frames(FRAMES), null,
                null)) {
            two.server.listen(80, c -> sink);
            two.client.connect(TwoStacks.SERVER, 80, new Bulk(true));
            two.run(ROUND_TRIPS * roundTripNanos);
            return (double) sink.received / ROUND_TRIPS / SEGMENT_BYTES;
        }
    }

    /** Sends as long as it may, and takes everything. */
    private static final class Bulk implements ConnectionHandler {
        private final MemorySegment bytes = MemorySegment.ofArray(new byte[1 << 16]);
        private final boolean sends;
        private long received;

        private Bulk(boolean sends) {
            this.sends = sends;
        }

        @Override
        public void connected(Connection c) {
            writable(c);
        }

        @Override
        public void writable(Connection c) {
            while (sends && c.write(bytes, 0, (int) bytes.byteSize()) == bytes.byteSize()) {
                continue;
            }
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            received += length;
            return length;
        }
    }
}
