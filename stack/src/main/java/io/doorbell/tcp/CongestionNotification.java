package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Seq;
import io.doorbell.wire.TcpHeader;

/**
 * Explicit Congestion Notification (RFC 3168): what is agreed on in the handshake, which segments say what, and what
 * the peer says. How the window answers is {@link LossRecovery}'s.
 */
final class CongestionNotification {
    /** The codepoints of the IP header's ECN field (RFC 3168 section 5). */
    static final int NOT_ECT = 0;
    static final int ECT_0 = 2;
    static final int CE = 3;

    private static final int BOTH = TcpHeader.ECE | TcpHeader.CWR;

    private CongestionNotification() {
    }

    /** RFC 3168 section 6.1.1: an ECN-setup SYN is sent once; if it gets no answer, ECN may be why. */
    static boolean asks(Tcb c, TcpConfig config) {
        return config.ecn() == EcnMode.ON && c.retries == 0;
    }

    /** Whether the SYN that is about to be sent again is the first that does not ask any more. */
    static boolean fallsBack(Tcb c, TcpConfig config) {
        return config.ecn() == EcnMode.ON && c.state == TcpState.SYN_SENT && c.retries == 1;
    }

    /**
     * Whether a peer's SYN asks for ECN and is to have it. A SYN that is marked in the IP header is not believed, as in
     * Linux: section 6.1.1 forbids it, so somebody on the path has changed what the peer sent.
     */
    static boolean accepts(TcpConfig config, InboundSegment syn) {
        return config.ecn() != EcnMode.OFF && (syn.flags & BOTH) == BOTH && syn.ecn == NOT_ECT;
    }

    /** Section 6.1.1: an ECN-setup SYN-ACK has ECE and not CWR; some old hosts send all flags back. */
    static boolean accepted(Tcb c, TcpConfig config, InboundSegment synAck) {
        return asks(c, config) && (synAck.flags & BOTH) == TcpHeader.ECE;
    }

    static void agree(Tcb c, Counters counters) {
        c.seldom().ecn = true;
        counters.increment(Counter.TCP_ECN_AGREED);
    }

    static boolean agreed(Tcb c) {
        return c.seldom != null && c.seldom.ecn;
    }

    /**
     * Sections 6.1.4 to 6.1.6: only new data may be marked: no retransmission, no pure ACK and no probe of a closed
     * window. What fills a hole is new although it lies before SND.NXT; a connection with holes probes without data.
     */
    static boolean marks(Tcb c, int seq, int length) {
        boolean fresh = c.partial == null ? !c.persisting && Seq.ge(seq, c.sndNxt) : c.partial.isLeaving(seq);
        return c.seldom.ecn && length > 0 && fresh;
    }

    /** The ECN flags of a segment that is not a SYN; {@code marked} is what {@link #marks} says of it. */
    static int flags(Tcb c, int otherFlags, boolean marked) {
        SeldomUsed s = c.seldom;
        int echo = s.echoOwed && (otherFlags & TcpHeader.RST) == 0 ? TcpHeader.ECE : 0;
        return echo | (marked && s.reductionUntold ? TcpHeader.CWR : 0);
    }

    /** A segment has left that {@link #marks} allowed to be marked. */
    static void sent(Tcb c) {
        c.seldom.reductionUntold = false;
    }

    /** Section 6.1.3: an acceptable data segment has come in. One that says CWR may be marked itself, so CWR is first. */
    static void dataArrived(Tcb c, InboundSegment segment, Counters counters) {
        SeldomUsed s = c.seldom;
        if (!s.ecn) {
            return;
        }
        // Where it carries several parts of the stream, it is still one packet, and says each thing once.
        if (segment.has(TcpHeader.CWR)) {
            s.echoOwed = false;
            segment.flags &= ~TcpHeader.CWR;
        }
        if (segment.ecn == CE) {
            segment.ecn = ECT_0;
            counters.increment(Counter.TCP_ECN_CE_IN);
            if (!s.echoOwed) {
                s.echoOwed = true;
                // The sooner the sender hears of it the shorter the queue.
                c.ackNow = true;
            }
        }
    }

    /** Section 6.1.2: whether an ACK says that data of ours was marked. Not on a SYN, where the flag means another thing. */
    static boolean echoed(Tcb c, InboundSegment segment) {
        SeldomUsed s = c.seldom;
        if (s.reduced && Seq.gt(c.sndUna, s.reducedEnd)) {
            s.reduced = false;
        }
        s.echoing = s.ecn && segment.has(TcpHeader.ECE) && !segment.has(TcpHeader.SYN);
        return s.echoing;
    }

    /** Section 6.1.2: an ACK with ECE does not let the window grow. */
    static boolean forbidsGrowth(Tcb c) {
        return c.seldom != null && c.seldom.echoing;
    }

    /** Whether the window was reduced for this window of data already: once is enough (section 6.1.2). */
    static boolean alreadyReduced(Tcb c) {
        return c.seldom != null && c.seldom.reduced;
    }

    /** The window was reduced for the peer's ECE. */
    static void reduced(Tcb c) {
        c.seldom.reduced = true;
        c.seldom.reducedEnd = c.sndNxt;
        c.seldom.reductionUntold = true;
    }

    /** The window was reduced for a loss: section 6.1.2 has it told for whatever reason it was. */
    static void reducedForLoss(Tcb c) {
        if (agreed(c)) {
            c.seldom.reductionUntold = true;
        }
    }
}
