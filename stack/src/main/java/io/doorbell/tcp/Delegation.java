package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantDirectory;
import io.doorbell.grant.LeaseTerms;
import io.doorbell.grant.PackedTemplate;
import io.doorbell.ip.Clock;
import io.doorbell.ip.Ipv4;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;

/**
 * The stack's side of all grants: it takes what engines have published into the send space ({@link GrantSpace}), and
 * gives, moves and takes away their allowance.
 */
public final class Delegation {
    private final Link link;
    private final FramePool pool;
    private final SegmentTable segments;
    private final GrantMemory memory;
    private final GrantSpace space;
    private final MessageDelegation messages;
    private final SegmentOutput output;
    private final LossRecovery recovery;
    private final Lifecycle lifecycle;
    private final Ipv4 ipv4;
    private final TcpConfig config;
    private final Counters counters;
    private final Clock clock;
    /** All grants. */
    final EngineRights rights;

    Delegation(Link link, SegmentTable segments, SendSpace sendSpace, Scoreboard scoreboard, SegmentOutput output,
               LossRecovery recovery, Lifecycle lifecycle, WritableWaiters waiters, Ipv4 ipv4, Holes holes, TcpConfig config,
               Counters counters) {
        this.link = link;
        this.pool = link.frames();
        this.segments = segments;
        this.memory = new GrantMemory(link, sendSpace);
        this.space = new GrantSpace(pool, memory, segments, sendSpace, scoreboard, output, recovery, lifecycle, waiters,
                counters);
        this.messages = new MessageDelegation(link, segments, memory, sendSpace, scoreboard, holes, output, recovery,
                lifecycle, ipv4, config, counters);
        this.output = output;
        this.recovery = recovery;
        this.lifecycle = lifecycle;
        this.ipv4 = ipv4;
        this.config = config;
        this.counters = counters;
        this.clock = ipv4.clock();
        this.rights = new EngineRights(memory, lifecycle, clock, counters);
    }

    /** The part for messages that engines complete. */
    MessageDelegation messages() {
        return messages;
    }

    MemorySegment region() {
        return pool.memory();
    }

    // ---- the owner's calls

    /** @return null, counted, if the connection does not send, has partial messages open, or is granted already */
    public Grant open(Tcb c, GrantOptions options, MessageTemplate... templates) {
        PackedTemplate[] packed = memory.pack(templates);
        boolean possible = c.takesSends() && c.partial == null && c.granted == null
                && memory.hasFrames(packed.length);
        int place = possible ? memory.place(options.segments()) : GrantMemory.NONE;
        if (place == GrantMemory.NONE) {
            counters.increment(Counter.GRANTS_REFUSED);
            return null;
        }
        Grant g = new Grant(this, c, options, memory.block(place, options.segments()), place, packed);
        g.lastClock = output.timestampClock();
        c.granted = g;
        rights.opened(g);
        rights.settle(g);
        memory.offer(place, GrantDirectory.NEXT_BYTES, c, options.segments(), memory.share(g));
        return g;
    }

    /** RFC 7323 section 5.3: never less than what an engine, whose clock may be ahead of this duty cycle's, has sent. */
    static int clock(Tcb c, int clock) {
        if (c.granted != null) {
            return Seq.max(clock, c.granted.lastClock);
        }
        return c.partial == null ? clock : c.partial.clock(clock);
    }

    /** Whether the connection's grant has its owner send nothing. */
    static boolean refuses(Tcb c) {
        return c.granted != null && !c.granted.over && c.granted.options.ownerSends() == OwnerSends.REFUSE;
    }

    /** The owner is about to send: 0 if he may. */
    int ownerSends(Tcb c) {
        Grant g = c.granted;
        if (g.over || g.options.ownerSends() == OwnerSends.WAIT) {
            return 0;
        }
        if (refuses(c)) {
            return Tcb.GRANTED;
        }
        if (g.rest > 0) {
            suspend(g);
            space.shrink(g, 0);
        }
        return 0;
    }

    /** The owner closes the connection's output. */
    void closing(Tcb c) {
        if (c.granted != null && c.granted.options.closeRecallNanos() >= 0) {
            rights.recall(c.granted, clock.nanos() + c.granted.options.closeRecallNanos());
        }
    }

    /** The connection sends nothing any more: what was published and not seen yet has no meaning. */
    void ended(Grant g) {
        g.connection.granted = null;
        if (!g.over) {
            g.over = true;
            EngineRights.change(g, GrantBlock.ENDED);
            if (g.placeholder != Tcb.NONE) {
                space.unlink(g);
            }
            g.rest = 0;
        }
    }

    // ---- a duty cycle

    /** Begins one: what engines have published until now is in the send space. */
    void begin() {
        rights.begin();
        messages.rights.begin();
    }

    /** Ends one: allowances follow what has become of windows, neighbours and paths. */
    void settle() {
        messages.rights.settle();
        rights.settle();
    }

    long nextDeadlineNanos() {
        return Math.min(messages.rights.nextDeadlineNanos(), rights.nextDeadlineNanos());
    }

    /** Frames that slots have, but for those whose records are in a send queue. */
    int frames() {
        return messages.rights.frames() + rights.frames();
    }

    /** Takes what was published into the send space. To be called before an acknowledgement is looked at. */
    void collect(Grant g) {
        if (g.over) {
            return;
        }
        int fresh = GrantBlock.slotsBetween(g.collected, GrantBlock.published(g.block.control()));
        if (fresh == 0) {
            g.lookedNanos = clock.nanos();
            return;
        }
        Tcb c = g.connection;
        if (c.flight != null && c.sndNxt == c.sndUna && c.restNanos() <= clock.nanos()) {
            recovery.rest(c);
        }
        for (; fresh > 0; fresh--) {
            if (!GrantSpace.isSane(g)) {
                rights.misused(g);
                return;
            }
            space.adopt(g, c, clock.nanos());
        }
        g.lookedNanos = clock.nanos();
        lifecycle.touch(c);
        output.schedule(c, false);
        ipv4.used(c.nextHop);
    }

    // ---- allowance

    void follow(Grant g, boolean wasOpen) {
        Tcb c = g.connection;
        if (c.finQueued && g.rest == 0) {
            rights.withdraw(g, GrantBlock.ENDED);
            finish(g);
        } else {
            follow(g, c, wasOpen);
        }
    }

    private void follow(Grant g, Tcb c, boolean wasOpen) {
        boolean open = wasOpen;
        long most = allowed(g, c);
        long mac = ipv4.readyMac(c.nextHop);
        if (open && (g.rest > most || Leases.isStale(g.terms, c, mac))) {
            suspend(g);
            open = false;
            most = allowed(g, c);
        }
        if (g.over) {
            return;
        }
        if (!open && g.rest > most) {
            space.shrink(g, (int) Math.max(0, most));
        }
        ask(g);
        if (open && g.wanting && g.rest > 0 && segments.next(g.placeholder) != Tcb.NONE) {
            // What is left is too little for the engine: it would wait for more, and the owner's sends for the engine.
            suspend(g);
            open = false;
            space.shrink(g, 0);
        }
        if (g.over) {
            return;
        }
        grow(g, c, allowed(g, c), mac);
        if (open && g.rest > 0 && segments.seq(g.placeholder) != g.position) {
            suspend(g);
            open = false;
        }
        Leases.show(g);
        if (g.rest > 0 && mac != Ipv4.NO_MAC && !g.over) {
            limit(g);
            if (!open) {
                lease(g, c, mac);
            }
        }
    }

    /**
     * Bytes that may be out beyond what is: what the peer's window and the congestion window leave. An engine sends whole
     * messages: with nothing out and a congestion window smaller than the one that waits it would wait for ever, as no
     * acknowledgement comes. Only for such a message more is allowed than RFC 5681 section 4.1 has for a restart, the lesser
     * of initial and congestion window: as much as it needs, within the initial window.
     */
    private long allowed(Grant g, Tcb c) {
        int outstanding = recovery.outstanding(c);
        g.waitingBytes = outstanding == 0 ? g.waitingBytes : 0;
        long congestion = g.waitingBytes <= c.cwnd ? (long) c.cwnd - outstanding
                : Math.max(c.cwnd, Math.min(g.waitingBytes, CongestionWindow.initial(c, config.initialWindowSegments())));
        return Math.min(c.sndUna + c.sndWnd - c.sndNxt, congestion);
    }

    private void ask(Grant g) {
        long asked = g.block.asked();
        int asks = (int) (asked >>> 32);
        if (g.options.renewed() && asks != g.asksSeen) {
            g.asksSeen = asks;
            g.wanting = true;
            boolean waits = GrantBlock.waits(asked);
            g.waitingBytes = waits ? GrantBlock.bytes(asked) : 0;
            g.target = waits ? Math.max(g.options.bytes(), g.waitingBytes) : GrantBlock.bytes(asked);
            counters.increment(Counter.GRANTS_ASKED);
        }
    }

    private void grow(Grant g, Tcb c, long most, long mac) {
        int wish = g.target - g.rest;
        g.limitedBy = GrantLimit.NONE;
        if (wish <= 0) {
            g.target = g.options.renewed() ? 0 : g.target;
            space.fillSlots(g, g.rest > 0);
            return;
        }
        boolean behindOthers = g.rest > 0 ? segments.next(g.placeholder) != Tcb.NONE : c.sendUnsent != Tcb.NONE;
        if (c.finQueued || g.recalled) {
            g.limitedBy = GrantLimit.CLOSING;
        } else if (behindOthers) {
            g.limitedBy = GrantLimit.EARLIER_DATA;
        } else if (mac == Ipv4.NO_MAC) {
            g.limitedBy = GrantLimit.NEIGHBOUR;
        } else {
            int more = more(g, c, wish, most - g.rest);
            // RFC 9293 section 3.8.6.2.1: no slivers, unless it is all that is wished, or nothing is out: a whole message
            // may leave then, and if it does not fit no acknowledgement comes that would bring more.
            if (more == wish || more > 0 && (more >= Math.min(c.mss, c.sndMaxWnd / 2) || recovery.outstanding(c) == 0)) {
                space.extend(g, c, more);
                g.wanting = false;
                g.probeDeadline = Tcb.NO_DEADLINE;
            }
        }
        probe(g, c);
    }

    /** How many bytes of a wish can be granted. */
    private int more(Grant g, Tcb c, int wish, long windows) {
        long most = wish;
        if (windows < most) {
            most = windows;
            g.limitedBy = c.sndUna + c.sndWnd - c.sndNxt - g.rest <= windows ? GrantLimit.PEER_WINDOW
                    : GrantLimit.CONGESTION_WINDOW;
        }
        long buffer = c.options.sendBufferBytes() - c.unacknowledged();
        if (buffer < most) {
            most = buffer;
            g.limitedBy = GrantLimit.SEND_BUFFER;
        }
        if (most > 0 && !space.fillSlots(g, true)) {
            most = 0;
            g.limitedBy = GrantLimit.FRAMES;
        }
        return (int) Math.max(0, most);
    }

    private void lease(Grant g, Tcb c, long mac) {
        LeaseTerms t = g.terms;
        Leases.terms(t, c, mac, link.mac(), config);
        t.seq = segments.seq(g.placeholder);
        t.renewBytes = g.options.renewed() ? g.options.bytes() : 0;
        g.position = t.seq;
        rights.lease(g);
    }

    private void limit(Grant g) {
        // One slot stays behind: its record is the placeholder's when all others are published.
        long limit = (long) (g.held - 1) << 32 | segments.seq(g.placeholder) + g.rest & 0xffff_ffffL;
        if (limit != g.limit) {
            g.limit = limit;
            lifecycle.touch(g.connection);
            g.block.limit((int) (limit >>> 32), (int) limit);
        }
    }

    /**
     * A closed window is probed for data of the engine's, too, that this side has not got (RFC 9293 section 3.8.6.1): with
     * a segment that is old.
     */
    private void probe(Grant g, Tcb c) {
        boolean closed = g.limitedBy == GrantLimit.PEER_WINDOW && g.rest == 0 && c.sndNxt == c.sndUna
                && c.sendUnsent == Tcb.NONE;
        if (!closed) {
            g.probeDeadline = Tcb.NO_DEADLINE;
        } else if (g.probeDeadline == Tcb.NO_DEADLINE) {
            g.probeWaitNanos = c.rtoNanos;
            g.probeDeadline = clock.nanos() + c.rtoNanos;
        } else if (g.probeDeadline <= clock.nanos()) {
            output.sendKeepalive(c);
            g.probeWaitNanos = Math.min(config.maxRtoNanos(), 2 * g.probeWaitNanos);
            g.probeDeadline = clock.nanos() + g.probeWaitNanos;
        }
    }

    // ---- taking it back

    private void suspend(Grant g) {
        rights.withdraw(g, GrantBlock.SUSPENDED);
    }

    /** The grant is over, and the connection as any other. */
    void finish(Grant g) {
        Tcb c = g.connection;
        space.shrink(g, 0);
        g.over = true;
        g.limitedBy = GrantLimit.CLOSING;
        space.tellOfRoom(c);
        lifecycle.wantOutput(c);
    }

    /** The engine will not touch its frames any more. */
    void reclaim(Grant g) {
        space.reclaim(g);
        memory.unshare(g);
    }
}
