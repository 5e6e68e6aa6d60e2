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
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A connection as it was at one moment. Its numbers come from a file: any may be nonsense. */
public final class ConnectionRow {
    private static final String[] STATES = labels(TcpState.values(), false);
    private static final String[] LIMITS = labels(SendLimit.values(), true);
    private static final String[] GRANT_LIMITS = labels(GrantLimit.values(), true);
    private static final String[] PHASES = labels(CongestionPhase.values(), true);
    private static final String[] ALGORITHMS = Arrays.stream(CongestionAlgorithm.values())
            .map(each -> each.name().toLowerCase(Locale.ROOT).replace("_", "")).toArray(String[]::new);

    private final List<String> names;
    /** Where each field lies in this file, -1 if it has none of that name. */
    private final int[] places;
    private final long[] values;

    ConnectionRow(List<String> names, int[] places, long[] values) {
        this.names = names;
        this.places = places;
        this.values = values;
    }

    /** The same, to keep. */
    ConnectionRow copy() {
        return new ConnectionRow(names, places, values.clone());
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
        return label(STATES, ConnectionField.STATE);
    }

    /** Why it does not send more. */
    public String limit() {
        return label(LIMITS, ConnectionField.LIMIT);
    }

    /** Where its congestion control is: {@code slow-start}. */
    public String phase() {
        return label(PHASES, ConnectionField.CONGESTION_PHASE);
    }

    /** Why an engine is not granted more. */
    public String grantLimit() {
        return label(GRANT_LIMITS, ConnectionField.GRANT_LIMIT);
    }

    /** {@code cubic}, {@code newreno}. */
    public String algorithm() {
        return label(ALGORITHMS, ConnectionField.CONGESTION_ALGORITHM);
    }

    private static String[] labels(Enum<?>[] values, boolean lower) {
        return Arrays.stream(values).map(each -> lower ? each.name().toLowerCase(Locale.ROOT) : each.name())
                .map(each -> each.replace('_', '-')).toArray(String[]::new);
    }

    private String label(String[] labels, ConnectionField field) {
        long ordinal = get(field);
        return ordinal >= 0 && ordinal < labels.length ? labels[(int) ordinal] : "?" + ordinal;
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

    /** Sequence numbers from {@code start} on, before {@code end}. */
    public record SequenceRange(long start, long end) {
    }

    /** What is here beyond RCV.NXT, by sequence number; of many ranges the first few. */
    public List<SequenceRange> outOfOrder() {
        List<SequenceRange> ranges = new ArrayList<>();
        for (ConnectionField field : List.of(ConnectionField.OUT_OF_ORDER_1, ConnectionField.OUT_OF_ORDER_2,
                ConnectionField.OUT_OF_ORDER_3, ConnectionField.OUT_OF_ORDER_4)) {
            long both = get(field);
            if (ranges.size() < get(ConnectionField.OUT_OF_ORDER_RANGES) && both != 0) {
                ranges.add(new SequenceRange(both >>> 32, both & 0xffff_ffffL));
            }
        }
        return ranges;
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
