package io.doorbell.tools.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.doorbell.counters.ConnectionField;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.WaitingRow;
import java.io.IOException;

/** A connection as people and programs read it. */
final class ConnectionText {
    private ConnectionText() {
    }

    /** Milliseconds with three decimals. */
    static String millis(ConnectionRow row, ConnectionField field) {
        long micros = Math.floorDiv(row.get(field) + 500, 1000);
        if (micros < 0) {
            return "-" + Long.toUnsignedString(-micros / 1000) + "." + Long.toString(1000 + -micros % 1000).substring(1);
        }
        return micros / 1000 + "." + Long.toString(1000 + micros % 1000).substring(1);
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
        out.writeArrayFieldStart("outOfOrder");
        for (ConnectionRow.SequenceRange range : row.outOfOrder()) {
            out.writeStartObject();
            out.writeNumberField("start", range.start());
            out.writeNumberField("end", range.end());
            out.writeEndObject();
        }
        out.writeEndArray();
        out.writeArrayFieldStart("flagNames");
        for (String flag : row.flags()) {
            out.writeString(flag);
        }
        out.writeEndArray();
        out.writeEndObject();
    }
}
