package io.doorbell.tcp;

import io.doorbell.counters.CongestionPhase;
import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.counters.SendLimit;

/** Writes what a connection is into its row: the one place that knows both the fields and the row. */
final class RowCopy {
    private static final ConnectionField[] OUT_OF_ORDER = {ConnectionField.OUT_OF_ORDER_1, ConnectionField.OUT_OF_ORDER_2,
        ConnectionField.OUT_OF_ORDER_3, ConnectionField.OUT_OF_ORDER_4};

    private RowCopy() {
    }

    /** What does not change while the connection lives. */
    static void identity(Tcb c, InspectionBlock block, long row, long id, long now) {
        block.set(row, ConnectionField.ID, id);
        block.set(row, ConnectionField.LOCAL_ADDRESS, c.localAddress & 0xffff_ffffL);
        block.set(row, ConnectionField.REMOTE_ADDRESS, c.remoteAddress & 0xffff_ffffL);
        block.set(row, ConnectionField.LOCAL_PORT, c.localPort());
        block.set(row, ConnectionField.REMOTE_PORT, c.remotePort());
        block.set(row, ConnectionField.OPENED_NANOS, now);
        block.set(row, ConnectionField.PASSIVE, c.listenPort == null ? 0 : 1);
    }

    static void state(Tcb c, InspectionBlock block, long row, long now) {
        block.set(row, ConnectionField.WRITTEN_NANOS, now);
        block.set(row, ConnectionField.STATE, c.state.ordinal());
        block.set(row, ConnectionField.FLAGS, flags(c));
        block.set(row, ConnectionField.LIMIT, limit(c).ordinal());
        sending(c, block, row);
        receiving(c, block, row);
        recovery(c, block, row);
    }

    private static void sending(Tcb c, InspectionBlock block, long row) {
        block.set(row, ConnectionField.ISS, c.iss & 0xffff_ffffL);
        block.set(row, ConnectionField.SND_UNA, c.sndUna & 0xffff_ffffL);
        block.set(row, ConnectionField.SND_NXT, c.sndNxt & 0xffff_ffffL);
        block.set(row, ConnectionField.SND_WND, c.sndWnd);
        block.set(row, ConnectionField.SND_WL1, c.sndWl1 & 0xffff_ffffL);
        block.set(row, ConnectionField.SND_WL2, c.sndWl2 & 0xffff_ffffL);
        block.set(row, ConnectionField.SND_MAX_WND, c.sndMaxWnd);
        block.set(row, ConnectionField.SND_END, c.sndEnd & 0xffff_ffffL);
        block.set(row, ConnectionField.SND_MSS, c.mss);
        block.set(row, ConnectionField.SND_SCALE, c.sndScale);
        block.set(row, ConnectionField.SEND_QUEUE, c.state.sends() || c.finQueued ? c.unacknowledged() - granted(c) : 0);
        block.set(row, ConnectionField.SEND_BUFFER, c.options.sendBufferBytes());
        block.set(row, ConnectionField.PARTIAL_MESSAGES, partialMessages(c));
        templates(c, block, row);
        grant(c, block, row);
    }

    /** Reserved for an engine: no data yet. */
    private static int granted(Tcb c) {
        return c.granted == null ? 0 : c.granted.rest;
    }

    private static void grant(Tcb c, InspectionBlock block, long row) {
        Grant g = c.granted;
        block.set(row, ConnectionField.GRANTED_BYTES, granted(c));
        block.set(row, ConnectionField.GRANT_SENT_BYTES, g == null ? 0 : g.sentBytes);
        block.set(row, ConnectionField.GRANT_LIMIT, g == null ? 0 : g.limitedBy.ordinal());
    }

    private static void templates(Tcb c, InspectionBlock block, long row) {
        int open = 0;
        long fast = 0;
        long queued = 0;
        for (MessageTemplate each = c.templates; each != null; each = each.next) {
            open++;
            fast += each.sentFast;
            queued += each.sentQueued;
        }
        block.set(row, ConnectionField.TEMPLATES, open);
        block.set(row, ConnectionField.TEMPLATES_SENT_FAST, fast);
        block.set(row, ConnectionField.TEMPLATES_SENT_QUEUED, queued);
    }

    private static int partialMessages(Tcb c) {
        int count = 0;
        for (PartialMessage each = c.partial == null ? null : c.partial.first; each != null; each = each.next) {
            count++;
        }
        return count;
    }

    private static void receiving(Tcb c, InspectionBlock block, long row) {
        boolean known = c.state.isSynchronized();
        block.set(row, ConnectionField.IRS, c.irs & 0xffff_ffffL);
        block.set(row, ConnectionField.RCV_NXT, c.rcvNxt & 0xffff_ffffL);
        block.set(row, ConnectionField.RCV_WND, c.rcvWnd());
        block.set(row, ConnectionField.RCV_USER, c.rcvUser & 0xffff_ffffL);
        block.set(row, ConnectionField.RCV_MSS, c.rcvMss);
        block.set(row, ConnectionField.RCV_SCALE, c.rcvScale);
        block.set(row, ConnectionField.UNREAD_BYTES, known ? c.unread() : 0);
        outOfOrder(c.received, block, row);
        block.set(row, ConnectionField.RECEIVE_FRAMES, c.received == null ? 0 : c.received.allocated());
    }

    /** Nearly always there are none, and were none: then nothing is written. */
    private static void outOfOrder(ReceiveSpace received, InspectionBlock block, long row) {
        int count = received == null ? 0 : received.ranges();
        if (count == 0 && block.get(row, ConnectionField.OUT_OF_ORDER_RANGES) == 0) {
            return;
        }
        block.set(row, ConnectionField.OUT_OF_ORDER_RANGES, count);
        for (int i = 0; i < OUT_OF_ORDER.length; i++) {
            block.set(row, OUT_OF_ORDER[i], i >= count ? 0
                    : (long) received.rangeStart(i) << 32 | received.rangeEnd(i) & 0xffff_ffffL);
        }
    }

    private static void recovery(Tcb c, InspectionBlock block, long row) {
        Flight flight = c.flight;
        block.set(row, ConnectionField.CONGESTION_ALGORITHM, c.options.congestionControl().ordinal());
        block.set(row, ConnectionField.CWND, c.cwnd);
        block.set(row, ConnectionField.SSTHRESH, c.ssthresh);
        block.set(row, ConnectionField.IN_FLIGHT, flight == null ? 0 : flight.inFlight);
        block.set(row, ConnectionField.LOST_SEGMENTS, flight == null ? 0 : flight.lostSegments);
        block.set(row, ConnectionField.SACKED_SEGMENTS, flight == null ? 0 : flight.sackedSegments);
        block.set(row, ConnectionField.SRTT_NANOS, c.srttNanos);
        block.set(row, ConnectionField.RTTVAR_NANOS, c.rttvarNanos);
        block.set(row, ConnectionField.MIN_RTT_NANOS, c.minRttNanos);
        block.set(row, ConnectionField.RTO_NANOS, c.rtoNanos);
        block.set(row, ConnectionField.RETRIES, c.retries);
        block.set(row, ConnectionField.RETRANSMISSIONS, c.retransmissions);
        block.set(row, ConnectionField.RETRANSMIT_DEADLINE_NANOS, c.retransmitDeadline);
        block.set(row, ConnectionField.ACK_DEADLINE_NANOS, c.ackDeadline);
        repairs(c.repairs, block, row);
        congestion(c, block, row);
    }

    private static void repairs(Repairs r, InspectionBlock block, long row) {
        block.set(row, ConnectionField.RETRANSMITTED_FAST, r == null ? 0 : r.fast);
        block.set(row, ConnectionField.RETRANSMITTED_TIMEOUT, r == null ? 0 : r.timeout);
        block.set(row, ConnectionField.RETRANSMITTED_PROBE, r == null ? 0 : r.probe);
        block.set(row, ConnectionField.RECOVERIES_UNDONE, r == null ? 0 : r.undone);
    }

    /** What only one algorithm keeps is 0 with the other, and while nothing is out: RFC 5681 has it forgotten then. */
    private static void congestion(Tcb c, InspectionBlock block, long row) {
        Flight f = c.flight;
        boolean cubic = f != null && c.options.congestionControl() == CongestionAlgorithm.CUBIC;
        block.set(row, ConnectionField.CONGESTION_PHASE, phase(c, cubic).ordinal());
        block.set(row, ConnectionField.CUBIC_W_MAX, cubic ? (long) ((double) f.cubicMax * c.mss) : 0);
        block.set(row, ConnectionField.CUBIC_K_NANOS, cubic ? (long) (f.cubicK * 1e9) : 0);
        block.set(row, ConnectionField.CUBIC_EPOCH_NANOS, cubic ? f.cubicEpochNanos : Tcb.NO_DEADLINE);
        block.set(row, ConnectionField.CUBIC_W_EST, cubic ? (long) ((double) f.cubicRenoEstimate * c.mss) : 0);
        block.set(row, ConnectionField.NEWRENO_ACKED, f == null || cubic ? 0 : f.ackedInAvoidance);
    }

    private static CongestionPhase phase(Tcb c, boolean cubic) {
        if (c.flight != null && c.flight.timedOut) {
            return CongestionPhase.LOSS_RECOVERY;
        }
        if (c.flight != null && c.flight.recovering) {
            return CongestionPhase.FAST_RECOVERY;
        }
        if (c.cwnd >= c.ssthresh) {
            return CongestionPhase.CONGESTION_AVOIDANCE;
        }
        return cubic && c.flight.conservativeRounds > 0 ? CongestionPhase.CONSERVATIVE_SLOW_START
                : CongestionPhase.SLOW_START;
    }

    private static long flags(Tcb c) {
        SeldomUsed s = c.seldom;
        Flight flight = c.flight;
        return ConnectionFlag.SACK.bit(c.sackOk) | ConnectionFlag.TIMESTAMPS.bit(c.timestamps)
                | ConnectionFlag.WINDOW_SCALING.bit(c.scaled) | ConnectionFlag.ECN.bit(s != null && s.ecn)
                | ConnectionFlag.FIN_QUEUED.bit(c.finQueued) | ConnectionFlag.FIN_SENT.bit(c.finSent)
                | ConnectionFlag.FIN_RECEIVED.bit(c.finReceived) | ConnectionFlag.RECOVERY.bit(flight != null && flight.recovering)
                | ConnectionFlag.LOSS.bit(flight != null && flight.timedOut) | ConnectionFlag.PERSIST.bit(c.persisting)
                | ConnectionFlag.USER_CLOSED.bit(c.userClosed) | ConnectionFlag.CORKED.bit(s != null && s.corked)
                | ConnectionFlag.MULTI_SEGMENT.bit(c.multi != null && c.multi.isAgreed())
                | ConnectionFlag.WANTS_WRITABLE.bit(c.wantsWritable) | ConnectionFlag.DATA_LEFT.bit(c.dataLeft)
                | grantFlags(c.granted);
    }

    private static long grantFlags(Grant g) {
        return g == null || g.over ? 0 : ConnectionFlag.GRANTED.bit(true) | ConnectionFlag.GRANT_RECALLED.bit(g.recalled);
    }

    /** What the emitter would meet first if it were to send the next segment now. */
    private static SendLimit limit(Tcb c) {
        boolean onlyGranted = granted(c) > 0 && c.sndEnd - c.sndNxt == granted(c);
        if (c.sendUnsent == Tcb.NONE || onlyGranted) {
            return c.state.sends() ? c.awaitsFrames ? SendLimit.FRAMES : SendLimit.APPLICATION : SendLimit.STATE;
        }
        int next = Math.min(c.mss, c.sndEnd - c.sndNxt);
        if (c.sndUna + c.sndWnd - c.sndNxt < next) {
            return SendLimit.RECEIVER_WINDOW;
        }
        if ((c.flight == null ? 0 : c.flight.inFlight) + next > c.cwnd) {
            return SendLimit.CONGESTION_WINDOW;
        }
        boolean paced = c.seldom != null && c.seldom.paceDeadline != Tcb.NO_DEADLINE;
        return paced || next < c.mss ? SendLimit.HELD_BACK : SendLimit.FRAMES;
    }
}
