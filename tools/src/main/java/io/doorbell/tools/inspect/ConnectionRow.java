package io.doorbell.tools.inspect;

import io.doorbell.counters.CongestionPhase;
import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.counters.SendLimit;
import io.doorbell.ip.Ipv4Address;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.GrantLimit;
import io.doorbell.tcp.TcpState;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A connection as it was at one moment. Its numbers come from a file: any may be nonsense. */
public final class ConnectionRow {
    private final List<String> names;
    /** Where each field lies in this file, -1 if it has none of that name. */
    private final int[] places;
    private final long[] values;

    ConnectionRow(List<String> names, int[] places, long[] values) {
        this.names = names;
        this.places = places;
        this.values = values;
    }

    /** The names of all fields in the file's order. */
    public List<String> names() {
        return names;
    }

    public long value(int field) {
        return values[field];
    }

    /** A field's number, 0 if the file has no such field. */
    public long get(ConnectionField field) {
        int at = places[field.ordinal()];
        return at < 0 ? 0 : values[at];
    }

    public long id() {
        return get(ConnectionField.ID);
    }

    /** The state in RFC 9293's words. */
    public String state() {
        return nameOf(TcpState.values(), get(ConnectionField.STATE)).replace('_', '-');
    }

    /** Why it does not send more. */
    public String limit() {
        return nameOf(SendLimit.values(), get(ConnectionField.LIMIT)).toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Where its congestion control is: {@code slow-start}. */
    public String phase() {
        return nameOf(CongestionPhase.values(), get(ConnectionField.CONGESTION_PHASE)).toLowerCase(Locale.ROOT)
                .replace('_', '-');
    }

    /** Why an engine is not granted more. */
    public String grantLimit() {
        return nameOf(GrantLimit.values(), get(ConnectionField.GRANT_LIMIT)).toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** {@code cubic}, {@code newreno}. */
    public String algorithm() {
        return nameOf(CongestionAlgorithm.values(), get(ConnectionField.CONGESTION_ALGORITHM)).toLowerCase(Locale.ROOT)
                .replace("_", "");
    }

    private static String nameOf(Enum<?>[] values, long ordinal) {
        return ordinal >= 0 && ordinal < values.length ? values[(int) ordinal].name() : "?" + ordinal;
    }

    public boolean has(ConnectionFlag flag) {
        return (get(ConnectionField.FLAGS) & flag.bit(true)) != 0;
    }

    /** The names of the flags that are set. */
    public List<String> flags() {
        List<String> set = new ArrayList<>();
        for (ConnectionFlag flag : ConnectionFlag.values()) {
            if (has(flag)) {
                set.add(flag.label());
            }
        }
        return set;
    }

    public String localAddress() {
        return Ipv4Address.format((int) get(ConnectionField.LOCAL_ADDRESS));
    }

    public String remoteAddress() {
        return Ipv4Address.format((int) get(ConnectionField.REMOTE_ADDRESS));
    }

    /** Address and port of this side. */
    public String local() {
        return localAddress() + ":" + get(ConnectionField.LOCAL_PORT);
    }

    /** Address and port of the other side. */
    public String remote() {
        return remoteAddress() + ":" + get(ConnectionField.REMOTE_PORT);
    }

    /** Sequence numbers acknowledged by the peer since it began, modulo 2^32. */
    public long acknowledged() {
        return get(ConnectionField.SND_UNA) - get(ConnectionField.ISS) & 0xffff_ffffL;
    }

    /** Sequence numbers received in order since it began, modulo 2^32. */
    public long received() {
        return get(ConnectionField.RCV_NXT) - get(ConnectionField.IRS) & 0xffff_ffffL;
    }
}
