package io.doorbell.script;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** One packet that the stack sent, decoded without the stack's own code. Sequence numbers are relative. */
public final class Sent {
    /** Since the script's time 0. */
    public final long timeNanos;
    /** The whole frame. */
    public final byte[] bytes;
    public final int protocol;
    public final int ttl;
    /** The IP header's ECN field (RFC 3168 section 5). */
    public final int ecn;
    /** The Differentiated Services field. */
    public final int dscp;
    public final int source;
    public final int destination;
    public int sourcePort;
    public int destinationPort;
    public int flags;
    public int rawSeq;
    public int rawAck;
    public int seq;
    public int ack;
    /** As it stands on the wire. */
    public int window;
    public int urgentPointer;
    public int mss = -1;
    public int windowScale = -1;
    public boolean sackPermitted;
    /** SACK blocks, left and right edges in turn; relative once the connection is known. */
    public int[] sackEdges = {};
    public boolean hasTimestamps;
    public long tsVal;
    public long tsEcr;
    public int optionBytes;
    /** The whole of the option of kind 253; null if there is none. */
    public byte[] experiment;
    public byte[] payload = {};
    public int icmpType = -1;
    public int icmpCode = -1;
    /** What is wrong with the packet itself; empty if nothing. */
    final List<String> faults = new ArrayList<>();
    Flow flow;

    Sent(long timeNanos, byte[] bytes) {
        this.timeNanos = timeNanos;
        this.bytes = bytes;
        ByteBuffer frame = ByteBuffer.wrap(bytes);
        protocol = frame.get(23) & 0xff;
        ttl = frame.get(22) & 0xff;
        ecn = frame.get(15) & 3;
        dscp = frame.get(15) >>> 2 & 0x3f;
        source = frame.getInt(26);
        destination = frame.getInt(30);
        int total = frame.getShort(16) & 0xffff;
        fault(frame.get(14) != 0x45, "the IP header is not 20 bytes of version 4");
        fault(ecn == 1 || ecn == 3, "the IP header says " + Segment.ECN_NAMES[ecn] + " (RFC 3168 section 6.1.2)");
        fault(total + 14 > bytes.length || total + 14 < bytes.length && bytes.length > 60,
                "the IP total length is " + total + " in a frame of " + bytes.length);
        fault(SlowChecksum.of(bytes, 14, 20, 0) != 0, "the IP header checksum is wrong");
        fault((frame.getShort(20) & 0xffff) != 0x4000, "DF is not set, or it is a fragment");
        fault(ttl < 32, "the TTL is " + ttl);
        int body = Math.min(total, bytes.length - 14) - 20;
        if (protocol == 6) {
            decodeTcp(frame, body);
        } else if (protocol == 1) {
            icmpType = frame.get(34) & 0xff;
            icmpCode = frame.get(35) & 0xff;
            fault(SlowChecksum.of(bytes, 34, body, 0) != 0, "the ICMP checksum is wrong");
        } else {
            faults.add("the protocol is " + protocol);
        }
    }

    private void fault(boolean wrong, String what) {
        if (wrong) {
            faults.add(what);
        }
    }

    private void decodeTcp(ByteBuffer frame, int length) {
        int tcp = 34;
        sourcePort = frame.getShort(tcp) & 0xffff;
        destinationPort = frame.getShort(tcp + 2) & 0xffff;
        rawSeq = frame.getInt(tcp + 4);
        rawAck = frame.getInt(tcp + 8);
        int word = frame.getShort(tcp + 12) & 0xffff;
        int headerLength = (word >> 12) * 4;
        flags = word & 0xff;
        window = frame.getShort(tcp + 14) & 0xffff;
        urgentPointer = frame.getShort(tcp + 18) & 0xffff;
        fault((word & 0x0f00) != 0, "reserved header bits are set");
        fault(SlowChecksum.of(bytes, tcp, length, SlowChecksum.pseudo(source, destination, 6, length)) != 0,
                "the TCP checksum is wrong");
        if (headerLength < 20 || headerLength > length) {
            faults.add("the TCP header length is " + headerLength);
            return;
        }
        optionBytes = headerLength - 20;
        decodeOptions(frame, tcp + 20, tcp + headerLength);
        payload = java.util.Arrays.copyOfRange(bytes, tcp + headerLength, tcp + length);
        fault(ecn != 0 && (payload.length == 0 || (flags & Segment.SYN) != 0),
                "a segment without data or with SYN is ECN-capable (RFC 3168 sections 6.1.1 and 6.1.4)");
        fault((flags & Segment.ACK) == 0 && rawAck != 0, "there is an acknowledgment number without ACK");
        fault((flags & Segment.SYN) != 0 && (flags & (Segment.FIN | Segment.RST)) != 0, "SYN goes with FIN or RST");
        fault((flags & Segment.RST) != 0 && payload.length > 0, "a RST carries data");
        fault(hasTimestamps && (flags & Segment.ACK) == 0 && (flags & Segment.RST) == 0 && tsEcr != 0,
                "TSecr is not zero without ACK (RFC 7323 section 3.2)");
        fault((flags & Segment.SYN) == 0 && (mss >= 0 || windowScale >= 0), "a SYN-only option is on another segment");
    }

    private void decodeOptions(ByteBuffer frame, int from, int end) {
        int at = from;
        while (at < end) {
            int kind = frame.get(at) & 0xff;
            if (kind == 0) {
                return;
            }
            if (kind == 1) {
                at++;
                continue;
            }
            int length = at + 1 < end ? frame.get(at + 1) & 0xff : 0;
            if (length < 2 || at + length > end) {
                faults.add("option " + kind + " has an impossible length");
                return;
            }
            decodeOption(frame, at, kind, length);
            at += length;
        }
    }

    private void decodeOption(ByteBuffer frame, int at, int kind, int length) {
        switch (kind) {
            case 2 -> {
                fault(length != 4, "the MSS option's length is " + length);
                mss = frame.getShort(at + 2) & 0xffff;
            }
            case 3 -> {
                fault(length != 3, "the window scale option's length is " + length);
                windowScale = frame.get(at + 2) & 0xff;
                fault(windowScale > 14, "the window scale is " + windowScale);
            }
            case 4 -> sackPermitted = true;
            case 5 -> {
                fault(length < 10 || (length - 2) % 8 != 0, "the SACK option's length is " + length);
                sackEdges = new int[(length - 2) / 4];
                for (int i = 0; i < sackEdges.length; i++) {
                    sackEdges[i] = frame.getInt(at + 2 + 4 * i);
                }
            }
            case 8 -> {
                fault(length != 10, "the timestamps option's length is " + length);
                hasTimestamps = true;
                tsVal = frame.getInt(at + 2) & 0xffff_ffffL;
                tsEcr = frame.getInt(at + 6) & 0xffff_ffffL;
            }
            case 253 -> experiment = java.util.Arrays.copyOfRange(bytes, at, at + length);
            default -> {
                // Later options are none of these scripts' business.
            }
        }
    }

    public boolean is(int flag) {
        return (flags & flag) != 0;
    }

    public boolean isRst() {
        return is(Segment.RST);
    }

    public boolean isSyn() {
        return is(Segment.SYN);
    }

    /** Behind the last sequence number that the segment takes. */
    public int end() {
        return seq + payload.length + (is(Segment.SYN) ? 1 : 0) + (is(Segment.FIN) ? 1 : 0);
    }

    void relativeTo(Flow owner) {
        flow = owner;
        if (is(Segment.SYN) && !isRst()) {
            owner.stackSendsSyn(this);
        }
        seq = rawSeq - owner.stackIsn;
        ack = rawAck - owner.peerIsn;
        for (int i = 0; i < sackEdges.length; i++) {
            sackEdges[i] -= owner.peerIsn;
        }
    }

    /** The first thing that differs from what a script expects; null if nothing does. */
    String differenceTo(Segment expected) {
        if (protocol != 6) {
            return "it is ICMP, not TCP";
        }
        int compared = ~Segment.PSH;
        if ((flags & compared) != (expected.flags & compared)) {
            return "flags are " + Segment.flagNames(flags & compared) + ", not "
                    + Segment.flagNames(expected.flags & compared);
        }
        if (!expected.anySeq && seq != expected.seq) {
            return "seq is " + seq + ", not " + expected.seq;
        }
        if (expected.ack != null && ack != expected.ack) {
            return "ack is " + ack + ", not " + expected.ack;
        }
        if (payload.length != expected.length()) {
            return "the payload has " + payload.length + " bytes, not " + expected.length();
        }
        if (expected.text != null && !java.util.Arrays.equals(payload, expected.text)) {
            return "the payload is \"" + printable(payload) + "\", not \"" + printable(expected.text) + '"';
        }
        if (expected.ecn != null && ecn != expected.ecn) {
            return "the IP header says " + Segment.ECN_NAMES[ecn] + ", not " + Segment.ECN_NAMES[expected.ecn];
        }
        if (expected.push != null && expected.push != is(Segment.PSH)) {
            return expected.push ? "PSH is missing" : "PSH is set";
        }
        if (expected.window != null && window != expected.window) {
            return "the window is " + window + ", not " + expected.window;
        }
        if (expected.windowAtLeast != null && window < expected.windowAtLeast) {
            return "the window is " + window + ", less than " + expected.windowAtLeast;
        }
        return optionDifference(expected);
    }

    private String optionDifference(Segment expected) {
        if (expected.noOptions && optionBytes > 0) {
            return "there are " + optionBytes + " bytes of options";
        }
        if (expected.mss != null && mss != expected.mss) {
            return "mss is " + mss + ", not " + expected.mss;
        }
        if (expected.windowScale != null && windowScale != expected.windowScale) {
            return "wscale is " + windowScale + ", not " + expected.windowScale;
        }
        if (expected.sackPermitted != null && expected.sackPermitted != sackPermitted) {
            return sackPermitted ? "SACK is offered" : "SACK is not offered";
        }
        if (expected.sackEdges != null && !java.util.Arrays.equals(expected.sackEdges, sackEdges)) {
            return "the SACK blocks are " + java.util.Arrays.toString(sackEdges) + ", not "
                    + java.util.Arrays.toString(expected.sackEdges);
        }
        if (expected.timestamps != null && expected.timestamps != hasTimestamps) {
            return hasTimestamps ? "there are timestamps" : "timestamps are missing";
        }
        if (expected.tsVal != null && tsVal != expected.tsVal) {
            return "TSval is " + tsVal + ", not " + expected.tsVal;
        }
        if (expected.tsEcr != null && tsEcr != expected.tsEcr) {
            return "TSecr is " + tsEcr + ", not " + expected.tsEcr;
        }
        return null;
    }

    static String printable(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < Math.min(bytes.length, 32); i++) {
            text.append(bytes[i] >= 32 && bytes[i] < 127 ? (char) bytes[i] : '.');
        }
        return bytes.length > 32 ? text + "..." : text.toString();
    }

    @Override
    public String toString() {
        if (protocol != 6) {
            return "ICMP type " + icmpType + " code " + icmpCode;
        }
        StringBuilder line = new StringBuilder(Segment.flagNames(flags)).append(" seq ").append(seq);
        if (payload.length > 0) {
            line.append(" len ").append(payload.length);
        }
        if (is(Segment.ACK)) {
            line.append(" ack ").append(ack);
        }
        line.append(" win ").append(window);
        if (ecn != 0) {
            line.append(" [").append(Segment.ECN_NAMES[ecn]).append(']');
        }
        List<String> options = new ArrayList<>();
        if (mss >= 0) {
            options.add("mss " + mss);
        }
        if (windowScale >= 0) {
            options.add("wscale " + windowScale);
        }
        if (sackPermitted) {
            options.add("sackOK");
        }
        if (sackEdges.length > 0) {
            options.add("sack " + java.util.Arrays.toString(sackEdges));
        }
        if (hasTimestamps) {
            options.add("ts " + tsVal + " ecr " + tsEcr);
        }
        return options.isEmpty() ? line.toString() : line + " <" + String.join(", ", options) + ">";
    }
}
