package io.doorbell.tools.demo;

import java.util.List;
import java.util.Locale;

/** The demo's result as people read it. */
final class DemoReport {
    private static final String ROW = "  %-34s %15s %15s%n";

    private final StringBuilder text = new StringBuilder();
    private boolean good = true;

    /** A line of "what: how". */
    DemoReport line(String what, String how) {
        text.append(String.format(Locale.ROOT, "  %-34s %s%n", what, how));
        return this;
    }

    /** Something that must hold. */
    DemoReport verdict(String what, boolean holds, String how) {
        good &= holds;
        return line(what, (holds ? "yes: " : "NO: ") + how);
    }

    /** One column for each direction. */
    DemoReport transfers(List<Transfer> transfers, List<ExchangeRecord> exchanges) {
        Transfer down = transfers.get(0);
        Transfer up = transfers.get(1);
        StackFigures d = down.figures();
        StackFigures u = up.figures();
        text.append(String.format(Locale.ROOT, ROW, "", down.name(), up.name()));
        row("bytes", down.bytes(), up.bytes());
        row("connections", d.connections(), u.connections());
        row("segments sent by Doorbell", d.segmentsOut(), u.segmentsOut());
        row("segments received", d.segmentsIn(), u.segmentsIn());
        row("retransmitted by Doorbell", d.retransmitted(), u.retransmitted());
        row("arrived out of order", d.outOfOrder(), u.outOfOrder());
        row("frames dropped, all reasons", d.drops(), u.drops());
        row("doorbells", d.doorbells(), u.doorbells());
        row("doorbells per 1000 segments sent", "%.1f", d.doorbellsPerThousandSegments(),
                u.doorbellsPerThousandSegments());
        row("smoothed RTT, us", "%.1f", exchanges.get(0).rttNanos() / 1e3, exchanges.get(1).rttNanos() / 1e3);
        row("seconds", "%.3f", down.seconds(), up.seconds());
        row("rate, Mbit/s", "%.0f", down.megabitsPerSecond(), up.megabitsPerSecond());
        for (Transfer each : transfers) {
            verdict("SHA-256 of the " + each.name() + " agrees", each.agrees(), each.agrees() ? each.sentHex()
                    : "sent " + each.sentHex() + ", received " + each.receivedHex());
        }
        return this;
    }

    private void row(String what, long first, long second) {
        text.append(String.format(Locale.ROOT, ROW, what, first, second));
    }

    private void row(String what, String format, double first, double second) {
        text.append(String.format(Locale.ROOT, ROW, what, String.format(Locale.ROOT, format, first),
                String.format(Locale.ROOT, format, second)));
    }

    /** Whether every verdict holds. */
    boolean good() {
        return good;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
