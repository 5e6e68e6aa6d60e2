package io.doorbell.tools.pcap;

import io.doorbell.wire.Seq;
import io.doorbell.wire.TcpHeader;
import java.util.Arrays;

/** What one side of a connection did, as its segments show it. Filled while a capture is read. */
public final class DirectionSummary {
    /** RFC 7323 section 2.3. */
    private static final int MOST_SCALE = 14;

    private boolean seen;
    private int first;
    private int next;
    private long highestNanos;
    /** Holes below the highest sequence number seen: first of each, and behind its last. */
    private int[] holes = {};
    private int holeCount;

    private long segments;
    private long payloadBytes;
    private long retransmissions;
    private long outOfOrder;
    private long keepalives;
    private long zeroWindows;
    private long selectiveAcks;
    private boolean syn;
    private boolean fin;
    private boolean reset;
    private int maxSegmentSize;
    private int windowScale = -1;
    private boolean sackPermitted;
    private boolean timestamps;

    void add(PacketDecoder segment, long timeNanos, long roundTripNanos) {
        segments++;
        if ((segment.flags & TcpHeader.RST) != 0) {
            reset = true;
            return;
        }
        if ((segment.flags & TcpHeader.SYN) != 0) {
            syn = true;
            maxSegmentSize = segment.options.maxSegmentSize;
            windowScale = segment.options.windowScale < 0 ? -1 : Math.min(MOST_SCALE, segment.options.windowScale);
            sackPermitted = segment.options.sackPermitted;
            timestamps = segment.options.timestamps;
        } else if (segment.window == 0) {
            zeroWindows++;
        }
        if (segment.options.sackBlocks > 0) {
            selectiveAcks++;
        }
        fin |= (segment.flags & TcpHeader.FIN) != 0;
        account(segment, timeNanos, roundTripNanos);
    }

    private void account(PacketDecoder segment, long timeNanos, long roundTripNanos) {
        int start = segment.seq;
        int end = start + segment.sequenceLength();
        if (!seen) {
            seen = true;
            first = start;
            next = end;
            highestNanos = timeNanos;
            return;
        }
        if (segment.payloadLength <= 1 && start == next - 1 && (segment.flags & (TcpHeader.SYN | TcpHeader.FIN)) == 0) {
            // One before the next, with no or one byte: a question whether the other is still there.
            keepalives++;
            return;
        }
        if (start == end) {
            return;
        }
        if (Seq.ge(start, next)) {
            if (start != next) {
                addHole(next, start);
            }
            next = end;
            highestNanos = timeNanos;
            return;
        }
        boolean filled = fillHoles(start, end);
        if (filled && timeNanos - highestNanos < roundTripNanos) {
            outOfOrder++;
        } else {
            retransmissions++;
        }
        if (Seq.gt(end, next)) {
            next = end;
            highestNanos = timeNanos;
        }
    }

    private void addHole(int start, int end) {
        if (holes.length == 2 * holeCount) {
            holes = Arrays.copyOf(holes, Math.max(4, 2 * holes.length));
        }
        holes[2 * holeCount] = start;
        holes[2 * holeCount + 1] = end;
        holeCount++;
    }

    private boolean fillHoles(int start, int end) {
        boolean filled = false;
        for (int i = holeCount - 1; i >= 0; i--) {
            int from = holes[2 * i];
            int to = holes[2 * i + 1];
            if (Seq.ge(start, to) || Seq.le(end, from)) {
                continue;
            }
            filled = true;
            System.arraycopy(holes, 2 * i + 2, holes, 2 * i, 2 * (holeCount - i - 1));
            holeCount--;
            if (Seq.lt(from, start)) {
                addHole(from, start);
            }
            if (Seq.lt(end, to)) {
                addHole(end, to);
            }
        }
        return filled;
    }

    /** Called once, when the capture has been read. */
    void complete() {
        // What the sequence numbers say, so that bytes that the capture missed count too; SYN and FIN are no bytes.
        payloadBytes = seen ? Math.max(0, Integer.toUnsignedLong(next - first) - (syn ? 1 : 0) - (fin ? 1 : 0)) : 0;
        holes = new int[] {};
    }

    public long segments() {
        return segments;
    }

    /** Bytes of the stream, each once. */
    public long payloadBytes() {
        return payloadBytes;
    }

    /** Segments that came again, or so late that only a loss explains it. */
    public long retransmissions() {
        return retransmissions;
    }

    /** Segments that came behind later ones, within a round-trip time. */
    public long outOfOrder() {
        return outOfOrder;
    }

    /** Keepalives, and probes of a closed window that look like them. */
    public long keepalives() {
        return keepalives;
    }

    /** Segments that offered no window at all. */
    public long zeroWindows() {
        return zeroWindows;
    }

    /** Segments with SACK blocks. */
    public long selectiveAcks() {
        return selectiveAcks;
    }

    public boolean syn() {
        return syn;
    }

    public boolean fin() {
        return fin;
    }

    public boolean reset() {
        return reset;
    }

    /** The SYN's options, in words. */
    public String options() {
        if (!syn) {
            return "no SYN seen";
        }
        StringBuilder text = new StringBuilder(maxSegmentSize == 0 ? "no MSS" : "MSS " + maxSegmentSize);
        text.append(windowScale < 0 ? "" : ", scale " + windowScale);
        text.append(sackPermitted ? ", SACK" : "").append(timestamps ? ", timestamps" : "");
        return text.toString();
    }

    /** 0 if the SYN had none. */
    public int maxSegmentSize() {
        return maxSegmentSize;
    }

    /** -1 if the SYN had none. */
    public int windowScale() {
        return windowScale;
    }

    public boolean sackPermitted() {
        return sackPermitted;
    }

    public boolean timestamps() {
        return timestamps;
    }
}
