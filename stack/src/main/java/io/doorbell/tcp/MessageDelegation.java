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

/**
 * The stack's side of granted messages ({@link MessageGrant}). What an engine has completed is copied into the message's
 * own segments, which were reserved when it was begun; from then on they are as if the owner had completed it and they had
 * left.
 */
final class MessageDelegation {
    private static final int SLOTS = 2;

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
    /** All granted messages. */
    final EngineRights rights;

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
        this.rights = new EngineRights(memory, lifecycle, clock, counters);
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
        Tcb c = g.connection;
        message.grant = g;
        c.partial.delegated(g.total);
        rights.opened(g);
        follow(g, false);
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
        rights.handOut(g);
        try {
            return new GrantedMessage(g.block, pool.memory(), 0, engineLink);
        } catch (IllegalArgumentException | IllegalStateException e) {
            GrantedMessage.decline(g.block);
            throw e;
        }
    }

    /** The message is open no more, and the engine has not completed it. */
    void ended(MessageGrant g) {
        if (!g.over) {
            finish(g);
            EngineRights.change(g, GrantBlock.ENDED);
        }
    }

    // ---- what the engine is told

    void follow(MessageGrant g, boolean wasOpen) {
        Tcb c = g.connection;
        LeaseTerms t = g.terms;
        long mac = ipv4.readyMac(c.nextHop);
        boolean multi = c.multi != null && c.multi.sends() && !(c.ackNow && c.sndNxt == c.iss + 1);
        boolean changed = !wasOpen || multi != t.multiSegment || Leases.isStale(t, c, mac);
        if (changed && wasOpen) {
            rights.withdraw(g, GrantBlock.SUSPENDED);
        }
        if (g.over) {
            return;
        }
        show(g, c, mac);
        if (changed) {
            Leases.terms(t, c, mac, link.mac(), config);
            t.seq = g.message.seq;
            t.multiSegment = multi;
            t.sendKey = multi ? c.multi.sendKey() : 0;
            t.iss = c.iss;
            rights.lease(g);
        }
    }

    private void show(MessageGrant g, Tcb c, long mac) {
        Leases.show(g);
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

    void collect(MessageGrant g) {
        if (g.over) {
            return;
        }
        if (GrantBlock.published(g.block.control()) == 0) {
            g.lookedNanos = clock.nanos();
        } else if (g.block.length(0) != g.total || GrantBlock.published(g.block.control()) != 1) {
            rights.misused(g);
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
        EngineRights.change(g, GrantBlock.ENDED);
        if (posted) {
            if (together) {
                c.multi.sent(block.headerSeq(), g.total);
                counters.increment(Counter.TCP_MULTI_SEGMENTS_OUT);
            }
            counters.increment(Counter.GRANT_SEGMENTS_OUT);
            counters.increment(Counter.TCP_SEGMENTS_OUT);
            counters.add(Counter.TCP_PAYLOAD_BYTES_OUT, g.total);
            int clockSent = block.clock(0);
            if (GrantedRight.isCredible(clockSent, output.timestampClock())) {
                c.partial.sentClock(clockSent);
            }
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
        long sentAt = g.sentAtNanos(0, clock.nanos());
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

    void finish(MessageGrant g) {
        g.over = true;
        if (g.connection.partial != null) {
            g.connection.partial.delegated(-g.total);
        }
        lifecycle.touch(g.connection);
    }

    /** The engine will not touch its slot any more. */
    void reclaim(MessageGrant g) {
        pool.release(g.slot);
    }
}
