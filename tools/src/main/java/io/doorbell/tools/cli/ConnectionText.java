package io.doorbell.tools.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.WaitingRow;
import java.io.IOException;
import java.util.Locale;

/** A connection as people and programs read it. */
final class ConnectionText {
    static final String HEADING = String.format(Locale.ROOT, "%-12s%-8s%-8s%-22s%-22s%s", "State", "Recv-Q", "Send-Q",
            "Local Address:Port", "Peer Address:Port", "Information");

    private ConnectionText() {
    }

    /** One line with the words of {@code ss -ti}; windows in segments and times in milliseconds, as there. */
    static String line(ConnectionRow row) {
        // Without String.format: there may be a hundred thousand lines.
        StringBuilder text = new StringBuilder(300);
        cell(text, shortState(row.state()), 12);
        cell(text, Long.toString(row.get(ConnectionField.UNREAD_BYTES)), 8);
        cell(text, Long.toString(row.get(ConnectionField.SEND_QUEUE)), 8);
        cell(text, row.local(), 22);
        cell(text, row.remote(), 22);
        information(text, row);
        return text.toString();
    }

    private static void cell(StringBuilder text, String content, int width) {
        text.append(content).repeat(' ', Math.max(1, width - content.length()));
    }

    private static void information(StringBuilder text, ConnectionRow row) {
        text.append("id:").append(row.id());
        word(text, row.has(ConnectionFlag.TIMESTAMPS), "ts");
        word(text, row.has(ConnectionFlag.SACK), "sack");
        word(text, row.has(ConnectionFlag.ECN), "ecn");
        text.append(' ').append(row.algorithm());
        if (row.has(ConnectionFlag.WINDOW_SCALING)) {
            text.append(" wscale:").append(row.get(ConnectionField.SND_SCALE)).append(',')
                    .append(row.get(ConnectionField.RCV_SCALE));
        }
        text.append(" rto:").append(millis(row, ConnectionField.RTO_NANOS));
        text.append(" rtt:").append(millis(row, ConnectionField.SRTT_NANOS)).append('/')
                .append(millis(row, ConnectionField.RTTVAR_NANOS));
        long mss = row.get(ConnectionField.SND_MSS);
        text.append(" mss:").append(mss);
        text.append(" cwnd:").append(segments(row.get(ConnectionField.CWND), mss));
        long ssthresh = row.get(ConnectionField.SSTHRESH);
        number(text, " ssthresh:", ssthresh == Integer.MAX_VALUE ? 0 : segments(ssthresh, mss));
        text.append(" bytes_acked:").append(Math.max(0, row.acknowledged() - 1));
        text.append(" bytes_received:").append(Math.max(0, row.received() - 1));
        number(text, " inflight:", row.get(ConnectionField.IN_FLIGHT));
        number(text, " backoff:", row.get(ConnectionField.RETRIES));
        number(text, " retrans:", row.get(ConnectionField.RETRANSMISSIONS));
        number(text, " lost:", row.get(ConnectionField.LOST_SEGMENTS));
        number(text, " sacked:", row.get(ConnectionField.SACKED_SEGMENTS));
        number(text, " rcv_ooo:", row.get(ConnectionField.OUT_OF_ORDER_RANGES));
        text.append(" snd_wnd:").append(row.get(ConnectionField.SND_WND));
        text.append(" rcv_wnd:").append(row.get(ConnectionField.RCV_WND));
        text.append(" minrtt:").append(millis(row, ConnectionField.MIN_RTT_NANOS));
        text.append(" limited:").append(row.limit());
        word(text, row.has(ConnectionFlag.GRANTED), "granted");
        word(text, row.has(ConnectionFlag.GRANT_RECALLED), "recalled");
    }

    private static void word(StringBuilder text, boolean wanted, String word) {
        if (wanted) {
            text.append(' ').append(word);
        }
    }

    private static void number(StringBuilder text, String name, long value) {
        if (value != 0) {
            text.append(name).append(value);
        }
    }

    private static long segments(long bytes, long mss) {
        return mss <= 0 ? 0 : bytes / mss;
    }

    /** Milliseconds with three decimals. */
    static String millis(ConnectionRow row, ConnectionField field) {
        long micros = Math.floorDiv(row.get(field) + 500, 1000);
        if (micros < 0) {
            return "-" + Long.toUnsignedString(-micros / 1000) + "." + Long.toString(1000 + -micros % 1000).substring(1);
        }
        return micros / 1000 + "." + Long.toString(1000 + micros % 1000).substring(1);
    }

    /** A connection that has no row: what waits for its time. */
    static String line(WaitingRow row, long nowNanos) {
        StringBuilder text = new StringBuilder(100);
        cell(text, shortState(row.state()), 12);
        cell(text, "0", 8);
        cell(text, "0", 8);
        cell(text, row.local(), 22);
        cell(text, row.remote(), 22);
        return text.append("timer:(").append(row.state().equals("TIME-WAIT") ? "timewait" : "on").append(',')
                .append(Math.max(0, row.deadlineNanos() - nowNanos) / 1_000_000).append("ms,").append(row.retries())
                .append(')').toString();
    }

    static void json(WaitingRow row, long nowNanos, JsonGenerator out) throws IOException {
        out.writeStartObject();
        out.writeStringField("local", row.local());
        out.writeStringField("remote", row.remote());
        out.writeStringField("stateName", row.state());
        out.writeNumberField("snd.nxt", row.sequence());
        out.writeNumberField("rcv.nxt", row.acknowledged());
        out.writeNumberField("retries", row.retries());
        out.writeNumberField("timer.nanos", row.deadlineNanos() - nowNanos);
        out.writeEndObject();
    }

    private static String shortState(String state) {
        return switch (state) {
            case "ESTABLISHED" -> "ESTAB";
            case "SYN-RECEIVED" -> "SYN-RECV";
            default -> state;
        };
    }

    /** Everything that the row tells, under the file's names. */
    static void json(ConnectionRow row, JsonGenerator out) throws IOException {
        out.writeStartObject();
        for (int i = 0; i < row.names().size(); i++) {
            out.writeNumberField(row.names().get(i), row.value(i));
        }
        out.writeStringField("local", row.local());
        out.writeStringField("remote", row.remote());
        out.writeStringField("stateName", row.state());
        out.writeStringField("limitName", row.limit());
        out.writeStringField("grantLimitName", row.grantLimit());
        out.writeStringField("algorithm", row.algorithm());
        out.writeStringField("phase", row.phase());
        out.writeArrayFieldStart("flagNames");
        for (String flag : row.flags()) {
            out.writeString(flag);
        }
        out.writeEndArray();
        out.writeEndObject();
    }
}
