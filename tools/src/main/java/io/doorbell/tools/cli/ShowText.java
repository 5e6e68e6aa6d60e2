package io.doorbell.tools.cli;

import static java.util.Map.entry;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.ip.Ipv4Address;
import io.doorbell.tools.inspect.ConnectionRow;
import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Everything that a row tells as people read it: by concern, what limits the connection first. */
final class ShowText {
    private static final List<Map.Entry<String, List<ConnectionField>>> SECTIONS = List.of(
            entry("identity", List.of(ConnectionField.ID, ConnectionField.LOCAL_ADDRESS, ConnectionField.LOCAL_PORT,
                    ConnectionField.REMOTE_ADDRESS, ConnectionField.REMOTE_PORT, ConnectionField.PASSIVE,
                    ConnectionField.STATE, ConnectionField.OPENED_NANOS, ConnectionField.WRITTEN_NANOS)),
            entry("sending", List.of(ConnectionField.ISS, ConnectionField.SND_UNA, ConnectionField.SND_NXT,
                    ConnectionField.SND_END, ConnectionField.SEND_QUEUE, ConnectionField.SEND_BUFFER,
                    ConnectionField.SND_WND, ConnectionField.SND_MAX_WND, ConnectionField.SND_WL1,
                    ConnectionField.SND_WL2, ConnectionField.SND_SCALE, ConnectionField.SND_MSS)),
            entry("receiving", List.of(ConnectionField.IRS, ConnectionField.RCV_USER, ConnectionField.RCV_NXT,
                    ConnectionField.UNREAD_BYTES, ConnectionField.OUT_OF_ORDER_RANGES, ConnectionField.RECEIVE_FRAMES,
                    ConnectionField.RCV_WND, ConnectionField.RCV_SCALE, ConnectionField.RCV_MSS)),
            entry("congestion and loss", List.of(ConnectionField.CONGESTION_ALGORITHM, ConnectionField.CONGESTION_PHASE,
                    ConnectionField.CWND, ConnectionField.SSTHRESH, ConnectionField.IN_FLIGHT,
                    ConnectionField.LOST_SEGMENTS, ConnectionField.SACKED_SEGMENTS, ConnectionField.RETRANSMISSIONS,
                    ConnectionField.RETRANSMITTED_FAST, ConnectionField.RETRANSMITTED_TIMEOUT,
                    ConnectionField.RETRANSMITTED_PROBE, ConnectionField.RECOVERIES_UNDONE, ConnectionField.CUBIC_W_MAX,
                    ConnectionField.CUBIC_W_EST, ConnectionField.CUBIC_K_NANOS, ConnectionField.CUBIC_EPOCH_NANOS,
                    ConnectionField.NEWRENO_ACKED)),
            entry("times and timers", List.of(ConnectionField.SRTT_NANOS, ConnectionField.RTTVAR_NANOS,
                    ConnectionField.MIN_RTT_NANOS, ConnectionField.RTO_NANOS, ConnectionField.RETRIES,
                    ConnectionField.RETRANSMIT_DEADLINE_NANOS, ConnectionField.ACK_DEADLINE_NANOS)),
            entry("messages and templates", List.of(ConnectionField.PARTIAL_MESSAGES, ConnectionField.TEMPLATES,
                    ConnectionField.TEMPLATES_SENT_FAST, ConnectionField.TEMPLATES_SENT_QUEUED)));
    /** Told in other words. */
    private static final Set<ConnectionField> ELSEWHERE = EnumSet.of(ConnectionField.FLAGS, ConnectionField.LIMIT,
            ConnectionField.OUT_OF_ORDER_1, ConnectionField.OUT_OF_ORDER_2, ConnectionField.OUT_OF_ORDER_3,
            ConnectionField.OUT_OF_ORDER_4, ConnectionField.GRANTED_BYTES, ConnectionField.GRANT_SENT_BYTES,
            ConnectionField.GRANT_LIMIT);

    private final ConnectionRow row;
    private final long nowNanos;
    private final PrintWriter out;

    private ShowText(ConnectionRow row, long nowNanos, PrintWriter out) {
        this.row = row;
        this.nowNanos = nowNanos;
        this.out = out;
    }

    /** @param nowNanos by the stack's clock */
    static void print(ConnectionRow row, long nowNanos, PrintWriter out) {
        ShowText text = new ShowText(row, nowNanos, out);
        out.printf(Locale.ROOT, "%s -> %s  %s%n", row.local(), row.remote(), row.state());
        text.line("limited by", row.limit() + ": " + text.reason());
        text.line("agreed and under way", row.flags().isEmpty() ? "nothing" : String.join(" ", row.flags()));
        if (row.has(ConnectionFlag.GRANTED)) {
            text.line("sends by an engine", text.grant());
        }
        SECTIONS.forEach(section -> text.section(section.getKey(), section.getValue()));
        text.others();
        out.flush();
    }

    private void section(String name, List<ConnectionField> fields) {
        out.printf("%n%s%n", name);
        for (ConnectionField field : fields) {
            line(field.label(), value(field));
            if (field == ConnectionField.OUT_OF_ORDER_RANGES) {
                ranges();
            }
        }
    }

    /** What a later stack tells and this stack-cli knows nothing about. */
    private void others() {
        List<String> known = java.util.Arrays.stream(ConnectionField.values()).map(ConnectionField::label).toList();
        boolean first = true;
        for (int i = 0; i < row.names().size(); i++) {
            if (!known.contains(row.names().get(i))) {
                if (first) {
                    out.printf("%nothers%n");
                    first = false;
                }
                line(row.names().get(i), Long.toString(row.value(i)));
            }
        }
    }

    /** The fields that no section shows; none may be forgotten. */
    static Set<ConnectionField> notShown() {
        Set<ConnectionField> left = EnumSet.allOf(ConnectionField.class);
        SECTIONS.forEach(section -> section.getValue().forEach(left::remove));
        left.removeAll(ELSEWHERE);
        return left;
    }

    private void line(String name, String value) {
        out.printf("  %-28s%s%n", name, value);
    }

    private void ranges() {
        long next = row.get(ConnectionField.RCV_NXT);
        List<ConnectionRow.SequenceRange> ranges = row.outOfOrder();
        for (ConnectionRow.SequenceRange range : ranges) {
            line("", "RCV.NXT + " + (range.start() - next & 0xffff_ffffL) + " to " + (range.end() - next & 0xffff_ffffL)
                    + ", " + (range.end() - range.start() & 0xffff_ffffL) + " bytes");
        }
        long more = row.get(ConnectionField.OUT_OF_ORDER_RANGES) - ranges.size();
        if (!ranges.isEmpty() && more > 0) {
            line("", "and " + more + " more");
        }
    }

    private String grant() {
        return String.format(Locale.ROOT, "%d bytes granted, limited by %s, %d sent%s", row.get(ConnectionField.GRANTED_BYTES),
                row.grantLimit(), row.get(ConnectionField.GRANT_SENT_BYTES),
                row.has(ConnectionFlag.GRANT_RECALLED) ? ", recalled" : "");
    }

    private String reason() {
        long inFlight = row.get(ConnectionField.IN_FLIGHT);
        return switch (row.limit()) {
            case "state" -> "it does not send in this state";
            case "application" -> "all that was handed over is sent";
            case "receiver-window" -> "the peer takes " + row.get(ConnectionField.SND_WND) + " bytes, "
                    + (row.get(ConnectionField.SND_NXT) - row.get(ConnectionField.SND_UNA) & 0xffff_ffffL)
                    + " are not acknowledged";
            case "congestion-window" -> "cwnd is " + row.get(ConnectionField.CWND) + " bytes, " + inFlight + " are in flight";
            case "held-back" -> "pacing, corking or Nagle's algorithm keeps a segment back";
            case "frames" -> "no frame is free, or the link is full";
            default -> "not known to this stack-cli";
        };
    }

    private String value(ConnectionField field) {
        long value = row.get(field);
        return switch (field) {
            case LOCAL_ADDRESS, REMOTE_ADDRESS -> Ipv4Address.format((int) value);
            case PASSIVE -> value == 0 ? "no, this side opened it" : "yes, the peer opened it";
            case STATE -> row.state();
            case CONGESTION_ALGORITHM -> row.algorithm();
            case CONGESTION_PHASE -> row.phase();
            case SND_UNA, SND_NXT, SND_END, SND_WL2 -> since(value, "ISS", ConnectionField.ISS);
            case RCV_NXT, RCV_USER, SND_WL1 -> since(value, "IRS", ConnectionField.IRS);
            case SSTHRESH -> value == Integer.MAX_VALUE ? "none yet" : segments(value);
            case CWND, IN_FLIGHT, CUBIC_W_MAX, CUBIC_W_EST -> segments(value);
            case RETRANSMIT_DEADLINE_NANOS, ACK_DEADLINE_NANOS -> value == Long.MAX_VALUE ? "off"
                    : "in " + millis(value - nowNanos);
            case CUBIC_EPOCH_NANOS -> value == Long.MAX_VALUE ? "none" : ago(value);
            case OPENED_NANOS, WRITTEN_NANOS -> ago(value);
            default -> field.label().endsWith(".nanos") ? millis(value) : Long.toString(value);
        };
    }

    private String since(long value, String name, ConnectionField first) {
        return value + "  (" + name + " + " + (value - row.get(first) & 0xffff_ffffL) + ")";
    }

    private String segments(long bytes) {
        long mss = row.get(ConnectionField.SND_MSS);
        return bytes == 0 || mss <= 0 ? Long.toString(bytes)
                : String.format(Locale.ROOT, "%d  (%.1f segments)", bytes, (double) bytes / mss);
    }

    private String ago(long timeNanos) {
        return String.format(Locale.ROOT, "%.3f s ago", (nowNanos - timeNanos) / 1e9);
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.3f ms", nanos / 1e6);
    }
}
