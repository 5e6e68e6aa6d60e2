package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/**
 * How much one bulk connection carries, for some losses, round trips and algorithms. On the virtual clock the figures
 * are always the same: a table that is kept shows in review what a change costs or gains.
 */
public final class GoodputGrid {
    private static final double[] LOSSES = {0, 0.001, 0.01, 0.05};
    private static final long[] ROUND_TRIPS_MILLIS = {1, 20, 100};
    private static final long RATE = 20_000_000;
    private static final int SEEDS = 4;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long RUN_NANOS = 5_000 * NANOS_PER_MILLI;
    private static final int BUFFER_BYTES = 1 << 20;

    private GoodputGrid() {
    }

    /** The table, in Mbit/s, each cell the mean of some seeds. */
    public static String table() {
        StringBuilder text = new StringBuilder();
        text.append("# Goodput in Mbit/s of one connection that sends for 5 s of virtual time over 20 Mbit/s, means of ")
                .append(SEEDS).append(" seeds.\n")
                .append("# The queue holds one round trip or 64 KB. Losses are independent, in both directions.\n")
                .append("# Made anew by: tools/sim --goodput > docs/goodput.txt\n\n")
                .append(String.format(Locale.ROOT, "%-20s %9s", "algorithm", "rtt ms"));
        for (double loss : LOSSES) {
            text.append(String.format(Locale.ROOT, " %8s", "" + loss * 100 + " %"));
        }
        text.append('\n');
        for (CongestionAlgorithm algorithm : CongestionAlgorithm.values()) {
            rows(text, algorithm, true);
        }
        rows(text, CongestionAlgorithm.NEW_RENO, false);
        return text.toString();
    }

    private static void rows(StringBuilder text, CongestionAlgorithm algorithm, boolean sack) {
        for (long roundTrip : ROUND_TRIPS_MILLIS) {
            text.append(String.format(Locale.ROOT, "%-20s %9d", algorithm + (sack ? "" : ", no SACK"), roundTrip));
            for (double loss : LOSSES) {
                text.append(String.format(Locale.ROOT, " %8.2f", megabits(algorithm, sack, roundTrip, loss)));
            }
            text.append('\n');
        }
    }

    private static double megabits(CongestionAlgorithm algorithm, boolean sack, long roundTripMillis, double loss) {
        long bytes = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            bytes += bytes(seed, algorithm, sack, roundTripMillis * NANOS_PER_MILLI, loss);
        }
        return bytes * 8e3 / SEEDS / RUN_NANOS;
    }

    private static long bytes(long seed, CongestionAlgorithm algorithm, boolean sack, long roundTripNanos, double loss) {
        int queue = (int) Math.max(65_536, RATE / 8 * roundTripNanos / 1_000_000_000L);
        Impairment path = Impairment.builder().seed(seed).loss(loss).delayNanos(roundTripNanos / 2).rate(RATE, queue)
                .build();
        TcpConfig config = TcpConfig.builder().congestionControl(algorithm).sack(sack).sendBufferBytes(BUFFER_BYTES)
                .receiveWindowBytes(BUFFER_BYTES).build();
        Sink sink = new Sink();
        try (TwoStacks two = new TwoStacks(seed, config, path, PipeLink.options().frames(2048))) {
            two.server.listen(80, c -> sink);
            two.client.connect(TwoStacks.SERVER, 80, new Source());
            while (two.now < TwoStacks.START_NANOS + RUN_NANOS) {
                two.step();
            }
            return sink.received;
        }
    }

    /** Sends as long as it may. */
    private static final class Source implements ConnectionHandler {
        private final MemorySegment bytes = MemorySegment.ofArray(new byte[1 << 16]);

        @Override
        public void connected(Connection c) {
            writable(c);
        }

        @Override
        public void writable(Connection c) {
            int accepted;
            do {
                accepted = c.write(bytes, 0, (int) bytes.byteSize());
            } while (accepted == bytes.byteSize());
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return length;
        }
    }

    /** Takes everything. */
    private static final class Sink implements ConnectionHandler {
        private long received;

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            received += length;
            return length;
        }
    }
}
