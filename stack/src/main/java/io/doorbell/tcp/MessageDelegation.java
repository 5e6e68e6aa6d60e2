package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantDirectory;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.grant.LeaseTerms;
import io.doorbell.grant.PackedMessage;
import io.doorbell.ip.Clock;
import io.doorbell.ip.Ipv4;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The stack's side of granted messages ({@link MessageGrant}). What an engine has completed is copied into the message's
 * own segments, which were reserved when it was begun; from then on they are as if the owner had completed it and they had
 * left.
 */
final class MessageDelegation {
    /** How much later than the running duty cycle began a segment may have been sent that is acknowledged within it. */
    private static final long LAG_NANOS = 10_000;
    /** How long what an engine has completed may go without a timer. */
    private static final long COLLECT_NANOS = 1_000_000;
    private static final int SLOTS = 2;
    private static final int MOST_TICKS_AHEAD = 1 << 16;

    private final Link link;
    private final FramePool pool;
    private final SegmentTable segments;
    private final GrantMemory memory;
    private final SendSpace sendSpace;
    private final Scoreboard scoreboard;
    private final Holes holes;
    private final SegmentOutput output;
    private final LossRecovery recovery;
    private final Lifecycle lifecycle;
    private final Ipv4 ipv4;
    private final TcpConfig config;
    private final Counters counters;
    private final Clock clock;
    private final PackedMessage packed = new PackedMessage();
    private MessageGrant[] grants = new MessageGrant[4];
    private int count;

    MessageDelegation(Link link, SegmentTable segments, GrantMemory memory, SendSpace sendSpace, Scoreboard scoreboard,
                      Holes holes, SegmentOutput output, LossRecovery recovery, Lifecycle lifecycle, Ipv4 ipv4,
                      TcpConfig config, Counters counters) {
        this.link = link;
        this.pool = link.frames();
        this.segments = segments;
        this.memory = memory;
        this.sendSpace = sendSpace;
        this.scoreboard = scoreboard;
        this.holes = holes;
        this.output = output;
        this.recovery = recovery;
        this.lifecycle = lifecycle;
        this.ipv4 = ipv4;
        this.config = config;
        this.counters = counters;
        this.clock = ipv4.clock();
    }

    // ---- the owner's calls

    /**
     * @return null, counted, if the message is not open or granted already, if more is missing than one segment carries,
     *         or if no block or frame is free
     */
    MessageGrant open(PartialMessage message) {
        if (!message.isOpen() || message.isGranted() || !pack(message)) {
            counters.increment(Counter.GRANTS_REFUSED);
            return null;
        }
        int place = memory.place(SLOTS);
        if (place == GrantMemory.NONE || !memory.hasFrame(place)) {
            if (place != GrantMemory.NONE) {
                memory.release(place);
            }
            counters.increment(Counter.GRANTS_REFUSED);
            return null;
        }
        long slot = memory.allocate(place) + SendSpace.HEADROOM;
        MessageGrant g = new MessageGrant(this, message, memory.block(place, SLOTS), place, slot, packed.total());
        copyOut(g);
        packed.write(pool.memory(), slot);
        g.block.message(slot, g.total);
        g.lookedNanos = clock.nanos();
        Tcb c = g.connection;
        message.grant = g;
        c.partial.delegated(g.total);
        if (count == grants.length) {
            grants = Arrays.copyOf(grants, 2 * count);
        }
        grants[count++] = g;
        counters.increment(Counter.GRANTS_OPENED);
        lifecycle.touch(c);
        follow(g);
        memory.offer(place, GrantDirectory.MESSAGE, c, SLOTS, GrantDirectory.NO_TEMPLATE);
        return g;
    }

    /** What has not been let go of a message: those of its segments in which something is missing. */
    private boolean pack(PartialMessage message) {
        packed.clear(message.length());
        int end = message.endSeq();
        for (int s = message.hole; s != Tcb.NONE && Seq.lt(segments.seq(s), end); s = segments.next(s)) {
            if (!segments.has(s, SegmentTable.READY)) {
                packed.range(segments.seq(s) - message.seq, segments.length(s));
            }
        }
        int known = 0;
        for (int run = 0; run < message.runs(); run++) {
            if (message.runStart(run) > known) {
                packed.hole(known, message.runStart(run) - known);
            }
            known = message.runEnd(run);
        }
        if (known < message.length()) {
            packed.hole(known, message.length() - known);
        }
        return packed.total() <= message.connection.mss
                && packed.packedBytes() <= pool.frameSize() - SendSpace.HEADROOM;
    }

    private void copyOut(MessageGrant g) {
        PartialMessage message = g.message;
        MemorySegment region = pool.memory();
        long to = g.slot;
        for (int s = message.hole; s != Tcb.NONE && Seq.lt(segments.seq(s), message.endSeq()); s = segments.next(s)) {
            if (!segments.has(s, SegmentTable.READY)) {
                MemorySegment.copy(region, segments.payload(s), region, to, segments.length(s));
                to += segments.length(s);
            }
        }
    }

    GrantedMessage engine(MessageGrant g, Link engineLink) {
        if (g.over || g.handedOut) {
            throw new IllegalStateException(g.over ? "this grant is over: grant the message again, if it is open"
                    : "this grant was handed out before: one engine for each");
        }
        memory.claim(g.place, false);
        g.handedOut = true;
        try {
            return new GrantedMessage(g.block, pool.memory(), 0, engineLink);
        } catch (IllegalArgumentException | IllegalStateException e) {
            GrantedMessage.decline(g.block);
            throw e;
        }
    }

    int claimedBy(MessageGrant g) {
        return g.released ? 0 : memory.claimedBy(g.place);
    }

    void recall(MessageGrant g, long deadlineNanos) {
        if (!g.over) {
            g.recalled = true;
            g.recallDeadline = deadlineNanos;
            g.block.recall();
            counters.increment(Counter.GRANTS_RECALLED);
            lifecycle.touch(g.connection);
        }
    }

    void fence(MessageGrant g) {
        if (!g.over) {
            change(g, GrantBlock.FENCED);
            collect(g);
            if (!g.over) {
                counters.increment(Counter.GRANTS_FENCED);
                finish(g);
            }
        }
    }

    /** The message is open no more, and the engine has not completed it. */
    void ended(MessageGrant g) {
        if (!g.over) {
            finish(g);
            change(g, GrantBlock.ENDED);
        }
    }

    // ---- a duty cycle

    void begin() {
        for (int i = 0; i < count; i++) {
            collect(grants[i]);
        }
    }

    /** What engines have completed on this connection: to be called before an acknowledgement is looked at. */
    void collect(Tcb c) {
        for (int i = 0; i < count; i++) {
            if (grants[i].connection == c) {
                collect(grants[i]);
            }
        }
    }

    void settle() {
        for (int i = count - 1; i >= 0; i--) {
            MessageGrant g = grants[i];
            settle(g);
            if (g.over && (g.engineEnded || g.block.hasLetGo() || !g.handedOut && memory.withdraw(g.place))) {
                pool.release(g.slot);
                g.released = true;
                memory.release(g.place);
                grants[i] = grants[--count];
                grants[count] = null;
            }
        }
    }

    private void settle(MessageGrant g) {
        // In this order, as it may have been completed just before.
        int state = GrantBlock.state(g.block.control());
        collect(g);
        if (g.over) {
            return;
        }
        if (state == GrantBlock.RETURNED) {
            counters.increment(Counter.GRANTS_RETURNED);
            finish(g);
        } else if (g.recallDeadline <= clock.nanos()) {
            fence(g);
        } else {
            follow(g);
        }
    }

    long nextDeadlineNanos() {
        long earliest = Tcb.NO_DEADLINE;
        for (int i = 0; i < count; i++) {
            if (!grants[i].over) {
                earliest = Math.min(earliest, Math.min(grants[i].recallDeadline, clock.nanos() + COLLECT_NANOS));
            }
        }
        return earliest;
    }

    /** Frames that slots have. */
    int frames() {
        return count;
    }

    // ---- what the engine is told

    private void follow(MessageGrant g) {
        Tcb c = g.connection;
        LeaseTerms t = g.terms;
        boolean open = GrantBlock.state(g.block.control()) == GrantBlock.OPEN;
        long mac = ipv4.readyMac(c.nextHop);
        boolean multi = c.multi != null && c.multi.sends() && !(c.ackNow && c.sndNxt == c.iss + 1);
        boolean changed = !open || mac != t.destinationMac || c.mss != t.mss || multi != t.multiSegment
                || Leases.dscpEcn(c) != t.dscpEcn;
        if (changed && open) {
            change(g, GrantBlock.SUSPENDED);
            collect(g);
        }
        if (g.over) {
            return;
        }
        show(g, c, mac);
        if (changed) {
            t.destinationMac = mac;
            t.sourceMac = link.mac();
            t.seq = g.message.seq;
            t.multiSegment = multi;
            t.sendKey = multi ? c.multi.sendKey() : 0;
            t.iss = c.iss;
            Leases.terms(t, c, config);
            g.block.lease(t);
            change(g, GrantBlock.OPEN);
            counters.increment(Counter.GRANT_LEASES);
        }
    }

    private void show(MessageGrant g, Tcb c, long mac) {
        long answer = Leases.answer(c);
        if (answer != g.answer) {
            g.answer = answer;
            g.block.answer(answer);
        }
        if (c.tsRecent != g.echo) {
            g.echo = c.tsRecent;
            g.block.echo(c.tsRecent);
        }
        int edge = mac != Ipv4.NO_MAC && fitsCongestionWindow(g, c) && !Pacer.wouldHold(c, clock.nanos()) ? c.sndUna + c.sndWnd : c.sndUna;
        long limit = (long) c.sndUna << 32 | edge & 0xffff_ffffL;
        if (limit != g.limit) {
            g.limit = limit;
            g.block.limit(c.sndUna, edge);
        }
    }

    /** What the peer's stream waits for is never held back: nothing else can move the windows. */
    private boolean fitsCongestionWindow(MessageGrant g, Tcb c) {
        int outstanding = recovery.outstanding(c);
        int delegated = c.partial.delegatedBytes();
        return g.message.holeSeq == c.sndUna || outstanding + delegated <= c.cwnd || outstanding == 0 && delegated == g.total;
    }

    // ---- what the engine has done

    private void collect(MessageGrant g) {
        if (g.over) {
            return;
        }
        if (GrantBlock.published(g.block.control()) == 0) {
            g.lookedNanos = clock.nanos();
        } else if (g.block.length(0) != g.total || GrantBlock.published(g.block.control()) != 1) {
            // Nobody can know what the peer was sent.
            counters.increment(Counter.GRANTS_MISUSED);
            lifecycle.reset(g.connection, CloseReason.ABORTED);
        } else {
            take(g);
        }
    }

    private void take(MessageGrant g) {
        Tcb c = g.connection;
        GrantBlock block = g.block;
        boolean posted = block.isPosted();
        boolean together = posted && block.isTogether() && c.multi != null;
        g.completed = true;
        if (posted && c.flight != null && !scoreboard.awaitsAck(c) && c.restNanos() <= clock.nanos()) {
            recovery.rest(c);
        }
        fill(g, c, posted, together);
        finish(g);
        change(g, GrantBlock.ENDED);
        if (posted) {
            if (together) {
                c.multi.sent(block.headerSeq(), g.total);
                counters.increment(Counter.TCP_MULTI_SEGMENTS_OUT);
            }
            counters.increment(Counter.GRANT_SEGMENTS_OUT);
            counters.increment(Counter.TCP_SEGMENTS_OUT);
            counters.add(Counter.TCP_PAYLOAD_BYTES_OUT, g.total);
            noteClock(c, block.clock(0));
            if (block.ack(0) == c.rcvNxt) {
                TemplateOutput.acknowledged(c);
            }
            c.flight.tailProbeDue = true;
            ipv4.used(c.nextHop);
        }
        lifecycle.touch(c);
        g.message.learnAll();
        holes.completed(c, g.message);
        output.schedule(c, !posted);
        lifecycle.wantOutput(c);
    }

    /** However the segments were cut meanwhile: what had not been let go then is what is filled now. */
    private void fill(MessageGrant g, Tcb c, boolean posted, boolean together) {
        PartialMessage message = g.message;
        MemorySegment region = pool.memory();
        long sentAt = Math.min(Math.max(g.lookedNanos, g.block.sentAtNanos(0)), clock.nanos() - LAG_NANOS);
        long from = g.slot;
        for (int s = message.hole; s != Tcb.NONE && Seq.lt(segments.seq(s), message.endSeq()); s = segments.next(s)) {
            if (segments.has(s, SegmentTable.READY)) {
                continue;
            }
            int length = segments.length(s);
            segments.sum(s, Checksum.fold(Checksum.copyAndSum(region, from, region, segments.payload(s), length)));
            from += length;
            segments.set(s, SegmentTable.PUSH);
            sendSpace.release(s);
            if (posted) {
                left(c, s, sentAt, together);
            }
        }
    }

    private void left(Tcb c, int s, long sentAtNanos, boolean together) {
        if (together) {
            segments.set(s, SegmentTable.MULTI);
        }
        holes.leaves(c, s);
        output.advance(c, segments.end(s));
        long sentAt = sentAtNanos;
        if (c.flight.lastSent != Tcb.NONE) {
            sentAt = Math.max(sentAt, segments.sentAtNanos(c.flight.lastSent));
        }
        scoreboard.sent(c, s, sentAt);
        holes.left(c, s);
        recovery.sent(c, segments.length(s));
        if (c.seldom != null) {
            Pacer.sent(c, segments.length(s));
        }
    }

    /** An engine's clock may be ahead of the running duty cycle's, but not by long: what is not credible is ignored. */
    private void noteClock(Tcb c, int clock) {
        if (clock - output.timestampClock() <= MOST_TICKS_AHEAD) {
            c.partial.sentClock(clock);
        }
    }

    private void finish(MessageGrant g) {
        g.over = true;
        if (g.connection.partial != null) {
            g.connection.partial.delegated(-g.total);
        }
        lifecycle.touch(g.connection);
    }

    /** Enters a new generation; a right that was given back stays given back. */
    private static void change(MessageGrant g, int state) {
        long control = g.block.control();
        while (GrantBlock.state(control) != GrantBlock.RETURNED && !g.block.change(control, GrantBlock.control(
                GrantBlock.generation(control) + 1, state, GrantBlock.published(control)))) {
            control = g.block.control();
        }
    }
}
