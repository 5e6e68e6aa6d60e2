package io.doorbell.tools.replay;

import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A segment with its numbers counted from the initial ones of both sides, as a capture tool shows it, so that those of a
 * capture and those of a stack can be compared.
 */
record RelativeSegment(CapturedSegment segment, int own, int other) {
    private static final int COMPARED_FLAGS = TcpHeader.SYN | TcpHeader.FIN | TcpHeader.RST | TcpHeader.ACK;

    /** Relative to the sender's initial number. */
    int seq() {
        return segment.seq() - own;
    }

    /** Relative to the other side's initial number; 0 without ACK. */
    int ack() {
        return segment.has(TcpHeader.ACK) ? segment.ack() - other : 0;
    }

    /** Relative to the other side's initial number. */
    int[] sackBlocks() {
        int[] blocks = segment.sackBlocks();
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] -= other;
        }
        return blocks;
    }

    boolean sameSack(RelativeSegment that) {
        return Arrays.equals(sackBlocks(), that.sackBlocks());
    }

    /** Whether they are the same as {@link Strictness#SEGMENTS} understands it. */
    boolean isLike(RelativeSegment that) {
        CapturedSegment one = segment;
        CapturedSegment two = that.segment;
        return (one.flags() & COMPARED_FLAGS) == (two.flags() & COMPARED_FLAGS) && sameSeq(that) && ack() == that.ack()
                && one.payloadLength() == two.payloadLength() && sameSack(that)
                && one.hasTimestamps() == two.hasTimestamps() && sameSynOptions(two) && sameWindow(two)
                && samePayload(two);
    }

    /** A RST from nobody's connection has a number that is not relative to anything. */
    boolean sameSeq(RelativeSegment that) {
        return seq() == that.seq() || segment.has(TcpHeader.RST) && segment.seq() == that.segment.seq();
    }

    private boolean sameSynOptions(CapturedSegment that) {
        return !segment.has(TcpHeader.SYN) || segment.maxSegmentSize() == that.maxSegmentSize()
                && segment.windowScale() < 0 == that.windowScale() < 0
                && segment.sackPermitted() == that.sackPermitted();
    }

    private boolean sameWindow(CapturedSegment that) {
        return segment.has(TcpHeader.RST) || segment.window() == 0 == (that.window() == 0);
    }

    private boolean samePayload(CapturedSegment that) {
        MemorySegment one = segment.payload();
        MemorySegment two = that.payload();
        long both = Math.min(one.byteSize(), two.byteSize());
        for (long i = 0; i < both; i++) {
            if (one.get(ValueLayout.JAVA_BYTE, i) != two.get(ValueLayout.JAVA_BYTE, i)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(flags());
        text.append(" seq ").append(Integer.toUnsignedString(seq()));
        if (segment.has(TcpHeader.ACK)) {
            text.append(" ack ").append(Integer.toUnsignedString(ack()));
        }
        text.append(" win ").append(segment.window()).append(" len ").append(segment.payloadLength());
        if (segment.has(TcpHeader.SYN)) {
            text.append(segment.maxSegmentSize() == 0 ? "" : " mss " + segment.maxSegmentSize())
                    .append(segment.windowScale() < 0 ? "" : " scale " + segment.windowScale())
                    .append(segment.sackPermitted() ? " sackOK" : "").append(segment.hasTimestamps() ? " ts" : "");
        }
        int[] blocks = sackBlocks();
        for (int i = 0; i < blocks.length; i += 2) {
            text.append(i == 0 ? " sack {" : " {").append(Integer.toUnsignedString(blocks[i])).append(':')
                    .append(Integer.toUnsignedString(blocks[i + 1])).append('}');
        }
        return text.toString();
    }

    private String flags() {
        if (segment.isIcmpError()) {
            return "ICMP " + segment.icmpType() + "/" + segment.icmpCode() + " about";
        }
        StringBuilder flags = new StringBuilder();
        String names = "SFRPA";
        int[] bits = {TcpHeader.SYN, TcpHeader.FIN, TcpHeader.RST, TcpHeader.PSH, TcpHeader.ACK};
        for (int i = 0; i < bits.length; i++) {
            if (segment.has(bits[i])) {
                flags.append(bits[i] == TcpHeader.ACK ? '.' : names.charAt(i));
            }
        }
        return "[" + flags + "]";
    }
}
