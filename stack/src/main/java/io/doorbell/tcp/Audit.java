package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Ipv4;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Seq;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Recounts a stack's books: everything that TCP keeps as a count, an order or a promise is derived anew and compared.
 *
 * <p>For tests, between two polls: it looks at every segment of every connection and costs accordingly. It changes
 * nothing in the stack and remembers what it saw, so that it also notices what only ever may grow.
 */
public final class Audit {
    private static final Flight NOTHING = new Flight();

    static {
        NOTHING.clear();
    }

    private final FramePool pool;
    private final Ipv4 ipv4;
    private final SegmentTable segments;
    private final Scoreboard scoreboard;
    private final ConnectionTable table;
    private final TimerQueue timers;
    private final ReceiveWindow window;
    private final TcpConfig config;
    private final TemplateReferences references;
    private final ReadyHeaders headers;
    private final Delegation delegation;
    private final Counters counters;
    private final int takenBefore;
    private final int[] referencedIn;
    private final int[] sharedIn;
    private final int[] sharers;
    private final Map<Tcb, Seen> seen = new IdentityHashMap<>();
    private int round;
    private int frames;
    /** Bytes that the other end reported to this one by SACK, and does not have. */
    private long missing;
    private String fault;

    /** What a connection looked like the last time. */
    private static final class Seen {
        private int round;
        private int sndUna;
        private int sndNxt;
        private int rcvUser;
        private int rcvNxt;
        private int rcvEdge;
    }

    /** @param takenBefore frames of the pool that others have taken for good */
    Audit(FramePool pool, Ipv4 ipv4, SegmentTable segments, ConnectionTable table, TimerQueue timers,
          ReceiveWindow window, TcpConfig config, TemplateReferences references, ReadyHeaders headers,
          Delegation delegation, Counters counters, int takenBefore) {
        this.pool = pool;
        this.ipv4 = ipv4;
        this.segments = segments;
        this.scoreboard = new Scoreboard(segments, new Flights(0));
        this.table = table;
        this.timers = timers;
        this.window = window;
        this.config = config;
        this.references = references;
        this.headers = headers;
        this.delegation = delegation;
        this.counters = counters;
        this.takenBefore = takenBefore;
        this.referencedIn = new int[pool.total()];
        this.sharedIn = new int[pool.total()];
        this.sharers = new int[pool.total()];
    }

    /**
     * Looks at everything.
     *
     * @param ended connections that have left the table and may still keep bytes that their users did not read; others
     *              in it do not matter
     * @return the first thing that is wrong, null if nothing is
     */
    public String check(Iterable<? extends Tcb> ended) {
        round++;
        frames = references.frames() + delegation.frames();
        fault = null;
        int connections = 0;
        for (Tcb c = table.after(null); c != null && fault == null; c = table.after(c)) {
            connections++;
            connection(c);
        }
        for (Tcb c : ended) {
            if (c.state == TcpState.CLOSED && fault == null) {
                expect(c, c.sendHead == Tcb.NONE && c.timerIndex == Tcb.NONE, "an ended connection keeps something");
                pages(c);
            }
        }
        if (fault == null) {
            frames();
        }
        if (seen.size() > 2 * connections) {
            seen.values().removeIf(s -> s.round != round);
        }
        return fault;
    }

    private void expect(Tcb c, boolean condition, String otherwise) {
        if (!condition) {
            fail(c, otherwise, "");
        }
    }

    /** The same with a number, so that no text is made where nothing is wrong. */
    private void expect(Tcb c, boolean condition, String otherwise, int number) {
        if (!condition) {
            fail(c, otherwise, " " + number);
        }
    }

    private void fail(Tcb c, String what, String number) {
        if (fault == null) {
            fault = what + number + ": " + describe(c);
        }
    }

    /** The numbers of a connection, relative to its initial sequence numbers. */
    public static String describe(Tcb c) {
        return c.state() + " ports " + c.localPort() + "/" + c.remotePort()
                + " una " + (c.sndUna - c.iss) + " nxt " + (c.sndNxt - c.iss) + " end " + (c.sndEnd - c.iss)
                + " wnd " + c.sndWnd + " cwnd " + c.cwnd + " inFlight " + flight(c).inFlight + " lost " + flight(c).lostSegments
                + " sacked " + flight(c).sackedSegments + " fin " + c.finQueued + "/" + c.finSent + "/" + c.finLost
                + " rcvUser " + (c.rcvUser - c.irs) + " rcvNxt " + (c.rcvNxt - c.irs) + " rcvEdge " + (c.rcvEdge - c.irs)
                + " finReceived " + c.finReceived + " left " + c.dataLeft + " events " + c.events + "/" + c.eventsHeld
                + " recovering " + flight(c).recovering + "/" + flight(c).timedOut + "/" + c.persisting + " retries " + c.retries
                + " rto " + c.rtoNanos + " mss " + c.mss + " kept " + (c.received == null ? -1 : c.received.ranges());
    }

    /** What a connection without a flight has out. */
    private static Flight flight(Tcb c) {
        return c.flight == null ? NOTHING : c.flight;
    }

    private void connection(Tcb c) {
        expect(c, c.firstPiece == Tcb.NONE, "a piece of a burst was not delivered");
        sequences(c);
        queue(c);
        templates(c);
        transmissions(c);
        armed(c);
        scheduled(c);
        if (c.state.isSynchronized()) {
            receive(c);
            history(c);
        }
        pages(c);
    }

    // ---- SND.*

    private void sequences(Tcb c) {
        expect(c, Seq.le(c.sndUna, c.sndNxt), "SND.UNA is beyond SND.NXT");
        expect(c, Seq.le(c.sndNxt, c.finSent ? c.sndEnd + 1 : c.sndEnd), "SND.NXT is beyond what the user handed over");
        expect(c, !c.finSent || c.finQueued && c.sndNxt == c.sndEnd + 1, "a FIN was sent, and SND.NXT is not behind it");
        expect(c, c.flight != null || c.sndNxt == c.sndUna || !c.state.isSynchronized(), "something is out without a flight");
        expect(c, !c.finLost || c.finSent, "a FIN is lost that was not sent");
        // RFC 6298 sections 2.4, 2.5 and 5.7.
        expect(c, c.srttNanos == 0 || c.rtoNanos >= config.minRtoNanos(), "the RTO is below its bound");
        expect(c, c.rtoNanos <= Math.max(config.maxRtoNanos(), config.initialRtoNanos()), "the RTO is above its bound");
        expect(c, c.unacknowledged() <= Math.max(1, config.sendBufferBytes()), "the send buffer's bound is exceeded");
    }

    /** The queue covers SND.UNA to the last byte without a gap, what was sent first, and the counts are its sums. */
    private void queue(Tcb c) {
        int at = c.sndUna;
        int last = Tcb.NONE;
        int flight = 0;
        int lost = 0;
        int sacked = 0;
        boolean unsent = false;
        int frontier = c.sendHead;
        for (int s = c.sendHead; s != Tcb.NONE && fault == null; s = segments.next(s)) {
            boolean sent = segments.has(s, SegmentTable.SENT);
            boolean isLost = segments.has(s, SegmentTable.LOST);
            boolean isSacked = segments.has(s, SegmentTable.SACKED);
            expect(c, segments.seq(s) == at && segments.length(s) > 0, "a gap in the send queue at", at - c.iss);
            expect(c, !isLost || !isSacked, "a segment is both lost and reported");
            expect(c, sent || !isLost && !isSacked, "a segment is lost or reported that was not sent");
            expect(c, !sent || Seq.le(segments.end(s), c.sndNxt), "a segment was sent that is beyond SND.NXT");
            unsent |= !sent;
            frontier = sent ? segments.next(s) : frontier;
            expect(c, !sent || !unsent || c.partial != null, "a segment was sent behind one that was not");
            flight += sent && !isLost && !isSacked ? segments.length(s) : 0;
            lost += isLost ? 1 : 0;
            sacked += isSacked ? 1 : 0;
            at = segments.end(s);
            last = s;
            referenced(c, s);
            // Counted with the users' buffers already.
            frames -= segments.has(s, SegmentTable.LENT) ? 1 : 0;
            if (segments.has(s, SegmentTable.SHARED)) {
                shares(c, s);
            }
        }
        expect(c, c.sendTail == last, "the send queue's tail is not its last segment");
        expect(c, c.sendUnsent == frontier, "the first segment behind all that were sent is another");
        expect(c, c.sendHead == Tcb.NONE ? Seq.ge(at, c.sndEnd) || !c.state.isSynchronized() : at == c.sndEnd,
                "the send queue does not end where the user's bytes do");
        expect(c, flight == flight(c).inFlight, "bytes in flight recounted:", flight);
        expect(c, lost == flight(c).lostSegments, "lost segments recounted:", lost);
        expect(c, sacked == flight(c).sackedSegments && (sacked == 0 || c.sackOk), "reported segments recounted:", sacked);
    }

    /** Armed templates have frames of their own, whose sums are right, in a chain of the connection's, and its next header. */
    private void templates(Tcb c) {
        expect(c, c.ready == null || headers.isTrue(c), "a header that was made ahead is out of date");
        MessageTemplate before = null;
        for (MessageTemplate t = c.templates; t != null && fault == null; t = t.next) {
            expect(c, !t.isClosed() && t.connection == c && t.previous == before, "the chain of templates is torn");
            int bytes = 0;
            for (int i = 0; i < t.count && fault == null; i++) {
                referenced(c, pool.indexOf(t.payload(i)));
                bytes += t.length(i);
                expect(c, t.last == null || t.count == 1 && t.last.template == t, "a template's buffer is another's");
                int sum = Checksum.fold(Checksum.sum(pool.memory(), t.payload(i), t.length(i)));
                expect(c, (t.sum(i) + 0xffff - Checksum.word(sum)) % 0xffff == 0,
                        "a template's sum is wrong in segment", i);
            }
            expect(c, bytes == t.length, "a template's segments are not its length but", bytes);
            before = t;
        }
    }

    /** The chain in the order of transmission holds exactly the segments in the network. */
    private void transmissions(Tcb c) {
        int bytes = 0;
        int before = Tcb.NONE;
        for (int s = flight(c).firstSent; s != Tcb.NONE && fault == null; s = segments.later(s)) {
            expect(c, segments.earlier(s) == before, "the order of transmission is torn");
            expect(c, segments.has(s, SegmentTable.SENT) && !segments.has(s, SegmentTable.LOST | SegmentTable.SACKED),
                    "a segment is in the order of transmission and not in the network");
            bytes += segments.length(s);
            expect(c, bytes <= flight(c).inFlight, "the order of transmission holds more than is in flight");
            before = s;
        }
        expect(c, flight(c).lastSent == before, "the last segment sent is another");
        expect(c, bytes == flight(c).inFlight, "bytes in the order of transmission:", bytes);
    }

    /** Whatever waits for the peer waits no longer than a timer. */
    private void armed(Tcb c) {
        if (c.outputPending) {
            return;
        }
        boolean out = scoreboard.awaitsAck(c);
        boolean held = c.partial != null ? pastHoles(c)
                : c.sendUnsent == Tcb.NONE ? c.endsWithFin() && !c.finSent : segments.has(c.sendUnsent, SegmentTable.READY);
        boolean paced = c.seldom != null && Math.min(c.seldom.paceDeadline, c.seldom.corkDeadline) != Tcb.NO_DEADLINE;
        expect(c, !out || c.retransmitDeadline != Tcb.NO_DEADLINE, "no timer runs for what is out");
        expect(c, !held || paced || c.retransmitDeadline != Tcb.NO_DEADLINE, "no timer runs for what is held back");
        expect(c, !c.ackNow && c.duplicateAcksOwed == 0, "an ACK is due and nobody will send it");
        expect(c, !c.state.isSynchronized() || c.rcvNxt == c.lastAckSent || c.ackDeadline != Tcb.NO_DEADLINE,
                "no timer runs for an ACK that is owed");
    }

    /** Whether something waits to leave beside the holes of partial messages. */
    private boolean pastHoles(Tcb c) {
        boolean complete = true;
        for (int s = c.sendHead; s != Tcb.NONE; s = segments.next(s)) {
            boolean sent = segments.has(s, SegmentTable.SENT);
            if (!sent && segments.has(s, SegmentTable.READY)) {
                return true;
            }
            complete &= sent;
        }
        return complete && c.endsWithFin() && !c.finSent;
    }

    private void scheduled(Tcb c) {
        long deadline = c.nextDeadline();
        expect(c, deadline == Tcb.NO_DEADLINE || c.outputPending || c.timerIndex != Tcb.NONE && c.timerKey <= deadline
                && timers.earliestNanos() <= c.timerKey, "a deadline is not in the timer queue");
    }

    // ---- RCV.*

    private void receive(Tcb c) {
        expect(c, Seq.le(c.rcvUser, c.rcvDataEnd()), "the user was given more than came");
        expect(c, Seq.le(c.rcvDataEnd(), c.rcvEdge), "RCV.NXT is beyond the window's right edge");
        expect(c, c.rcvEdge - c.rcvUser <= Math.max(window.span(), 0xffff), "the window is larger than it may be");
        ReceiveSpace space = c.received;
        int behind = c.rcvNxt;
        for (int i = 0; space != null && i < space.ranges() && fault == null; i++) {
            expect(c, Seq.gt(space.rangeStart(i), behind), "ranges out of order overlap, adjoin or are not sorted");
            expect(c, Seq.lt(space.rangeStart(i), space.rangeEnd(i)), "an empty range out of order");
            behind = space.rangeEnd(i);
            expect(c, Seq.le(behind, c.rcvEdge), "a range out of order beyond the window");
        }
        expect(c, space == null || !space.isEmpty(), "an empty receive space is kept");
        expect(c, space != null || c.unread() == 0 || c.userClosed, "unread bytes are nowhere");
    }

    private void pages(Tcb c) {
        for (int i = 0; c.received != null && i < c.received.pages() && fault == null; i++) {
            if (c.received.page(i) != Tcb.NONE) {
                referenced(c, c.received.page(i));
            }
        }
    }

    private void history(Tcb c) {
        Seen s = seen.computeIfAbsent(c, key -> new Seen());
        if (s.round != 0) {
            expect(c, Seq.le(s.sndUna, c.sndUna) && Seq.le(s.sndNxt, c.sndNxt), "SND.UNA or SND.NXT moved back");
            expect(c, Seq.le(s.rcvNxt, c.rcvNxt) && Seq.le(s.rcvUser, c.rcvUser), "RCV.NXT or the user's moved back");
            expect(c, Seq.le(s.rcvEdge, c.rcvEdge), "the window's right edge moved left");
        }
        s.round = round;
        s.sndUna = c.sndUna;
        s.sndNxt = c.sndNxt;
        s.rcvUser = c.rcvUser;
        s.rcvNxt = c.rcvNxt;
        s.rcvEdge = c.rcvEdge;
    }

    // ---- frames

    private void referenced(Tcb c, int frame) {
        expect(c, referencedIn[frame] != round, "a frame belongs to two:", frame);
        expect(c, pool.holds(pool.addressOf(frame)) > 0, "a frame is in use and free:", frame);
        referencedIn[frame] = round;
        frames++;
    }

    /** What several connections send is still what it was, and held for each of their segments. */
    private void shares(Tcb c, int segment) {
        long payload = segments.payload(segment);
        int frame = pool.indexOf(payload);
        if (sharedIn[frame] != round) {
            referenced(c, frame);
            sharedIn[frame] = round;
            sharers[frame] = 0;
        }
        sharers[frame]++;
        expect(c, pool.holds(payload) >= sharers[frame], "a frame is held less often than segments refer to it:", frame);
        int sum = Checksum.fold(Checksum.sum(pool.memory(), payload, segments.length(segment)));
        expect(c, (segments.sum(segment) + 0xffff - sum) % 0xffff == 0, "a shared payload has changed in frame", frame);
    }

    /** Every frame that is not free is reachable: from a connection, or held for a neighbour that has not answered. */
    private void frames() {
        int unexplained = pool.total() - pool.available() - pool.availableApart() - takenBefore - frames;
        if (unexplained < 0 || unexplained > ipv4.framesHeld()) {
            fault = unexplained + " frames are taken that nothing refers to, of " + pool.capacity() + "; "
                    + ipv4.framesHeld() + " wait for a neighbour";
        }
    }

    // ---- both ends

    /**
     * Compares the connections of two stacks that talk to each other: nothing is acknowledged or reported that the
     * other does not have, and nothing was sent beyond the window that the other offered.
     *
     * @return the first thing that is wrong, null if nothing is
     */
    public static String checkEnds(Audit left, Audit right) {
        String wrong = left.checkAgainst(right);
        return wrong != null ? wrong : right.checkAgainst(left);
    }

    private String checkAgainst(Audit other) {
        fault = null;
        missing = 0;
        for (Tcb c = table.after(null); c != null && fault == null; c = table.after(c)) {
            Tcb peer = other.table.find(c.remoteAddress, c.localAddress, Integer.rotateLeft(c.ports, 16));
            if (peer != null && isOpen(c) && isOpen(peer) && c.iss == peer.irs && peer.iss == c.irs) {
                ends(c, peer, other.counters.get(Counter.TCP_PRUNED_BYTES));
            }
        }
        return fault;
    }

    private static boolean isOpen(Tcb c) {
        return c.state.isSynchronized();
    }

    /** @param pruned bytes that the other end has given up in all: RFC 2018 section 8 permits it when memory runs out */
    private void ends(Tcb c, Tcb peer, long pruned) {
        expect(c, Seq.le(c.sndUna, peer.rcvNxt), "what counts as acknowledged did not arrive");
        boolean delegated = c.partial != null && c.partial.delegatedBytes() > 0;
        int sentEnd = delegated ? c.sndEnd : c.sndNxt + GrantSpace.uncollected(c.granted);
        expect(c, Seq.le(peer.rcvNxt, sentEnd), "the peer has more than was sent");
        // RFC 9293 section 3.8.6.1: one byte beyond a closed window probes it.
        expect(c, c.sndNxt - peer.rcvEdge <= 1, "beyond the peer's window was sent", c.sndNxt - peer.rcvEdge);
        for (int s = flight(c).sackedSegments > 0 ? c.sendHead : Tcb.NONE; s != Tcb.NONE && fault == null; s = segments.next(s)) {
            if (segments.has(s, SegmentTable.SACKED)) {
                missing += missing(peer, Seq.max(segments.seq(s), peer.rcvNxt), segments.end(s));
                expect(c, missing <= pruned, "the peer does not have what counts as reported by SACK");
            }
        }
    }

    private static int missing(Tcb peer, int start, int end) {
        if (Seq.ge(start, end)) {
            return 0;
        }
        int range = peer.received == null ? Tcb.NONE : peer.received.firstOverlap(start, end);
        return end - start - (range == Tcb.NONE ? 0 : peer.received.overlap(range, start, end));
    }
}
