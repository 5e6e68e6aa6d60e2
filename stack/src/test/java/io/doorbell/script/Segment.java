package io.doorbell.script;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One segment of a script, to be received by the stack or expected from it.
 *
 * <p>Received, everything that is not said takes what a sane peer would send: its next sequence number, its last
 * acknowledgment and window, and timestamps if they were agreed on. Expected, only what is said is compared, and what
 * holds for every segment (checksums, window, stream content, options agreed on) is checked anyway. PSH is compared
 * only if {@link #psh()} or {@link #noPsh()} asks for it.
 */
public final class Segment {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int PSH = 8;
    static final int ACK = 16;
    static final int URG = 32;
    static final int ECE = 64;
    static final int CWR = 128;

    /** By the value of the IP header's ECN field (RFC 3168 section 5). */
    static final String[] ECN_NAMES = {"Not-ECT", "ECT(1)", "ECT(0)", "CE"};

    int flags;
    Integer seq;
    boolean anySeq;
    Integer ack;
    Integer window;
    Integer windowAtLeast;
    int streamLength;
    byte[] text;
    Integer mss;
    Integer windowScale;
    Boolean sackPermitted;
    /** Left and right edges in turn, relative; null if nothing is said of blocks. */
    int[] sackEdges;
    Boolean timestamps;
    Long tsVal;
    Long tsEcr;
    Boolean push;
    Integer urgentPointer;
    byte[] rawOptions;
    boolean noOptions;
    Integer dataOffsetWords;
    boolean badChecksum;
    Integer ecn;
    Flow flow;
    private final List<String> notes = new ArrayList<>();

    Segment(int flags) {
        this.flags = flags;
    }

    public Segment seq(int relative) {
        seq = relative;
        return this;
    }

    /** Expected: any sequence number will do. */
    public Segment anySeq() {
        anySeq = true;
        return this;
    }

    public Segment ack(int relative) {
        ack = relative;
        flags |= ACK;
        return this;
    }

    public Segment noAck() {
        ack = null;
        flags &= ~ACK;
        return this;
    }

    public Segment fin() {
        flags |= FIN;
        return this;
    }

    public Segment syn() {
        flags |= SYN;
        return this;
    }

    public Segment rst() {
        flags |= RST;
        return this;
    }

    public Segment psh() {
        push = true;
        return this;
    }

    public Segment noPsh() {
        push = false;
        return this;
    }

    /** ECN-Echo (RFC 3168 section 6.1). Expected: the flag must be there if, and only if, this was said. */
    public Segment ece() {
        flags |= ECE;
        return this;
    }

    /** Congestion Window Reduced (RFC 3168 section 6.1). Expected: as {@link #ece}. */
    public Segment cwr() {
        flags |= CWR;
        return this;
    }

    /** The IP header says Not-ECT (RFC 3168 section 5); what is received does so unless told otherwise. */
    public Segment notEct() {
        ecn = 0;
        return this;
    }

    /** The IP header says ECT(0). */
    public Segment ect0() {
        ecn = 2;
        return this;
    }

    /** The IP header says CE: a router on the path has marked the packet. */
    public Segment ce() {
        ecn = 3;
        return this;
    }

    /** URG with a pointer. */
    public Segment urg(int pointer) {
        flags |= URG;
        urgentPointer = pointer;
        return this;
    }

    /** The window field as it stands on the wire: not scaled. A peer keeps it until it says another. */
    public Segment win(int field) {
        window = field;
        return this;
    }

    public Segment winAtLeast(int field) {
        windowAtLeast = field;
        return this;
    }

    Segment stream(int length) {
        streamLength = length;
        return this;
    }

    public Segment text(String payload) {
        text = payload.getBytes(StandardCharsets.ISO_8859_1);
        return this;
    }

    public Segment mss(int value) {
        mss = value;
        return this;
    }

    public Segment wscale(int shift) {
        windowScale = shift;
        return this;
    }

    /** Expected: there is no window scale option. */
    public Segment noWscale() {
        windowScale = -1;
        return this;
    }

    public Segment sackOk() {
        sackPermitted = true;
        return this;
    }

    /** Expected: SACK is not offered. */
    public Segment noSackOk() {
        sackPermitted = false;
        return this;
    }

    /** SACK blocks (RFC 2018 section 3): left and right edges in turn. Expected: exactly these; without any, none. */
    public Segment sack(int... edges) {
        sackEdges = edges;
        return this;
    }

    /** Received: both as they stand. Expected: compared, TSval only if it is not negative. */
    public Segment timestamps(long val, long ecr) {
        timestamps = true;
        tsVal = val < 0 ? null : val;
        tsEcr = ecr;
        return this;
    }

    /** Received: this TSval, and the TSval heard last from the stack as TSecr. */
    public Segment tsVal(long val) {
        timestamps = true;
        tsVal = val;
        return this;
    }

    /** Expected: a timestamps option that echoes {@code ecr}. */
    public Segment echo(long ecr) {
        return timestamps(-1, ecr);
    }

    public Segment noTimestamps() {
        timestamps = false;
        return this;
    }

    /** Received: exactly these option bytes, padded with zero to a multiple of four, instead of all others. */
    public Segment options(int... bytes) {
        rawOptions = new byte[(bytes.length + 3) & ~3];
        for (int i = 0; i < bytes.length; i++) {
            rawOptions[i] = (byte) bytes[i];
        }
        return this;
    }

    /** Expected: a header of 20 bytes. */
    public Segment noOptions() {
        noOptions = true;
        return this;
    }

    /** Received: a header length field that may be a lie. */
    public Segment dataOffset(int words) {
        dataOffsetWords = words;
        notes.add("offset " + words);
        return this;
    }

    public Segment badChecksum() {
        badChecksum = true;
        notes.add("bad checksum");
        return this;
    }

    /** On which connection, if not the script's current one. */
    public Segment on(Flow other) {
        flow = other;
        return this;
    }

    int length() {
        return text != null ? text.length : streamLength;
    }

    /** What the segment takes of the sequence space (RFC 9293 section 3.4). */
    int sequenceLength() {
        return length() + ((flags & SYN) != 0 ? 1 : 0) + ((flags & FIN) != 0 ? 1 : 0);
    }

    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(flagNames(flags | (push != null && push ? PSH : 0)));
        line.append(" seq ").append(anySeq ? "*" : seq == null ? "next" : seq.toString());
        if (length() > 0) {
            line.append(" len ").append(length());
        }
        if ((flags & ACK) != 0) {
            line.append(" ack ").append(ack == null ? "*" : ack.toString());
        }
        if (window != null) {
            line.append(" win ").append(window);
        }
        if (windowAtLeast != null) {
            line.append(" win>=").append(windowAtLeast);
        }
        if ((flags & URG) != 0) {
            line.append(" urg ").append(urgentPointer);
        }
        String options = optionText();
        if (!options.isEmpty()) {
            line.append(" <").append(options).append('>');
        }
        if (ecn != null) {
            line.append(" [").append(ECN_NAMES[ecn]).append(']');
        }
        for (String note : notes) {
            line.append(" [").append(note).append(']');
        }
        return line.toString();
    }

    private String optionText() {
        List<String> options = new ArrayList<>();
        if (rawOptions != null) {
            options.add("raw " + java.util.HexFormat.ofDelimiter(" ").formatHex(rawOptions));
        }
        if (noOptions) {
            options.add("none");
        }
        if (mss != null) {
            options.add("mss " + mss);
        }
        if (windowScale != null) {
            options.add(windowScale < 0 ? "no wscale" : "wscale " + windowScale);
        }
        if (sackPermitted != null) {
            options.add(sackPermitted ? "sackOK" : "no sackOK");
        }
        if (sackEdges != null) {
            options.add("sack " + java.util.Arrays.toString(sackEdges));
        }
        if (timestamps != null) {
            options.add(timestamps ? "ts " + (tsVal == null ? "*" : tsVal) + " ecr " + (tsEcr == null ? "*" : tsEcr)
                    : "no ts");
        }
        return String.join(", ", options);
    }

    static String flagNames(int flags) {
        StringBuilder names = new StringBuilder();
        append(names, flags, SYN, "SYN");
        append(names, flags, FIN, "FIN");
        append(names, flags, RST, "RST");
        append(names, flags, PSH, "PSH");
        append(names, flags, ACK, "ACK");
        append(names, flags, URG, "URG");
        append(names, flags, ECE, "ECE");
        append(names, flags, CWR, "CWR");
        return names.isEmpty() ? "none" : names.toString();
    }

    private static void append(StringBuilder names, int flags, int flag, String name) {
        if ((flags & flag) != 0) {
            names.append(names.isEmpty() ? "" : " ").append(name);
        }
    }
}
