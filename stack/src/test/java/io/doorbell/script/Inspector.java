package io.doorbell.script;

import java.util.List;

/**
 * What must hold for every segment that the stack sends, whatever the script is about. Follows the connection as the
 * peer sees it.
 */
final class Inspector {
    /** Below this a peer's MSS need not be obeyed: it is an attack on the packet rate. */
    private static final int SMALLEST_MSS = 64;
    /** RFC 7323 section 5.5: after 24 days at 1 ms a tick, timestamps can't be compared. */
    private static final long TS_COMPARABLE_NANOS = 24L * 86_400 * 1_000_000_000L;

    private final int mtu;

    Inspector(int mtu) {
        this.mtu = mtu;
    }

    /** Adds what is wrong to the segment's faults and takes note of what it says. */
    void look(Sent sent) {
        List<String> faults = sent.faults;
        require(faults, sent.bytes.length <= mtu + 14, "the packet exceeds the MTU of " + mtu);
        require(faults, sent.source == FrameWriter.STACK_ADDRESS, "the source address is not the stack's");
        if (sent.protocol != 6 || sent.flow == null) {
            return;
        }
        Flow flow = sent.flow;
        boolean syn = sent.is(Segment.SYN);
        if (sent.isRst() || !flow.stackIsnKnown) {
            return;
        }
        require(faults, sent.hasTimestamps == flow.timestamps || syn,
                flow.timestamps ? "the timestamps agreed on are missing (RFC 7323 section 3.2)"
                        : "there are timestamps that were not agreed on (RFC 7323 section 3.2)");
        require(faults, syn || sent.payload.length + sent.optionBytes <= Math.max(flow.peerMss, SMALLEST_MSS),
                "data and options exceed the peer's MSS of " + flow.peerMss + " (RFC 9293 section 3.7.1)");
        require(faults, sent.ecn == 0 || sent.seq == flow.stackNext || flow.holes,
                "what was sent before is ECN-capable (RFC 3168 section 6.1.5)");
        require(faults, flow.stackNext - sent.seq >= 0 || syn || flow.holes, "a sequence number was skipped");
        if (sent.is(Segment.ACK)) {
            acknowledgment(sent, flow);
        }
        // A zero-window probe is one byte, and a FIN is not data: both may lie behind the window.
        require(faults, syn || sent.end() - flow.peerRightEdge <= 1,
                "it ends at " + sent.end() + ", the peer's window at " + flow.peerRightEdge);
        content(sent, flow);
        if (sent.end() - flow.stackNext > 0) {
            flow.stackNext = sent.end();
        }
        if (sent.hasTimestamps) {
            boolean comparable = !syn && sent.timeNanos - flow.stackTsNanos < TS_COMPARABLE_NANOS;
            require(faults, !comparable || (int) (sent.tsVal - flow.stackTsVal) >= 0,
                    "the timestamp clock runs backwards");
            flow.stackTsVal = sent.tsVal;
            flow.stackTsNanos = sent.timeNanos;
        }
    }

    private static void acknowledgment(Sent sent, Flow flow) {
        require(sent.faults, sent.ack - flow.peerNext <= 0, "it acknowledges " + sent.ack
                + ", but the peer sent up to " + flow.peerNext);
        require(sent.faults, !flow.stackAcked || sent.ack - flow.stackAck >= 0, "it acknowledges " + sent.ack
                + " after " + flow.stackAck);
        flow.stackAcked = true;
        flow.stackAck = sent.ack;
        boolean scaled = !sent.is(Segment.SYN) && flow.stackScale >= 0;
        int shift = scaled ? flow.stackScale : 0;
        int edge = sent.ack + (sent.window << shift);
        // RFC 9293 section 3.8.6: the right edge must not move to the left; RFC 7323 section 2.4: but for rounding.
        require(sent.faults, !flow.stackAllowed || edge - flow.stackRightEdge > -(1 << shift) || sent.is(Segment.SYN),
                "the window's right edge moved back from " + flow.stackRightEdge + " to " + edge);
        flow.stackAllowed = true;
        if (edge - flow.stackRightEdge > 0) {
            flow.stackRightEdge = edge;
        }
    }

    /** Every byte must be the one that the application wrote at that position, each time it is sent. */
    private static void content(Sent sent, Flow flow) {
        boolean severalParts = sent.experiment != null;
        if (sent.payload.length == 0 || flow.application == null || severalParts) {
            return;
        }
        byte[] stream = flow.application.sentBytes();
        for (int i = 0; i < sent.payload.length; i++) {
            int position = sent.seq - 1 + i;
            if (position < 0) {
                continue;
            }
            if (position >= stream.length) {
                sent.faults.add("it carries bytes that the application never sent");
                return;
            }
            if (stream[position] != sent.payload[i]) {
                sent.faults.add("the byte at sequence number " + (position + 1) + " is wrong");
                return;
            }
        }
    }

    private static void require(List<String> faults, boolean holds, String otherwise) {
        if (!holds) {
            faults.add(otherwise);
        }
    }
}
