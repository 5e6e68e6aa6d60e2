package io.doorbell.ip;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Neighbour.State;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * Finding the MAC of a neighbour (RFC 826, RFC 1122 section 2.3.2), keeping it true, and answering for our own address
 * (RFC 5227). Frames for a neighbour that is not known yet are held, bounded, until it answers.
 */
final class Arp {
    /** The most neighbours known at a time: Linux's {@code gc_thresh3}. */
    static final int CAPACITY = 1024;
    /** Requests before giving up, by broadcast as by unicast: Linux's {@code mcast_solicit}, {@code ucast_solicit}. */
    static final int REQUESTS = 3;
    /** Between requests: Linux's {@code retrans_time}; RFC 1122 section 2.3.2.1 allows one per second. */
    static final long REQUEST_INTERVAL_NANOS = 1_000_000_000L;
    /** How long an answer is believed without a check: Linux's {@code base_reachable_time}. */
    static final long REACHABLE_NANOS = 30_000_000_000L;
    /** How long a silent neighbour is not asked again (RFC 1122 section 2.3.2.1: no flood of requests). */
    static final long SILENCE_NANOS = 3_000_000_000L;
    /** A MAC this young is not replaced by another: Linux's {@code locktime}. The first answer wins. */
    static final long LOCK_NANOS = 1_000_000_000L;
    /** Between two defences of our address: DEFEND_INTERVAL of RFC 5227 section 1.1. */
    static final long DEFEND_INTERVAL_NANOS = 10_000_000_000L;

    private final Link link;
    private final FramePool frames;
    private final MemorySegment memory;
    private final Ipv4Config config;
    private final Counters counters;
    private final long mac;
    private final int heldLimit;
    private final int heldReserve;
    private final Neighbours neighbours = new Neighbours(CAPACITY);
    private final Neighbour[] timed = new Neighbour[CAPACITY];
    private int timedCount;
    private int held;
    private long earliestNanos = Link.NEVER;
    private long defendAfterNanos = Long.MIN_VALUE;
    private final Clock clock;
    private Transport transport;
    private boolean warm;

    Arp(Link link, Ipv4Config config, Counters counters, Clock clock) {
        this.link = link;
        this.frames = link.frames();
        this.memory = frames.memory();
        this.config = config;
        this.counters = counters;
        this.clock = clock;
        this.mac = link.mac();
        // Silent neighbours must not take the frames that live connections need.
        this.heldLimit = Math.max(Neighbour.HELD_LIMIT, frames.capacity() / 8);
        this.heldReserve = frames.capacity() / 32;
    }

    void transport(Transport above) {
        this.transport = above;
    }

    /** While on, a neighbour that is due for confirmation is not asked. */
    void warm(boolean on) {
        warm = on;
    }

    // ---- in

    void packet(long arp, int length, MemorySegment from) {
        if (length < ArpPacket.LENGTH || !ArpPacket.isIpv4OverEthernet(from, arp)) {
            counters.increment(Counter.DROP_ARP_MALFORMED);
            return;
        }
        int operation = ArpPacket.operation(from, arp);
        long senderMac = ArpPacket.senderMac(from, arp);
        int sender = ArpPacket.senderAddress(from, arp);
        int target = ArpPacket.targetAddress(from, arp);
        // RFC 1812 section 3.3.2: a group address is never a host's. Nor is a broadcast or multicast IP address.
        if (operation != ArpPacket.REQUEST && operation != ArpPacket.REPLY || senderMac == 0
                || EthernetHeader.isGroup(senderMac) || config.isBroadcast(sender) || Ipv4Address.isMulticast(sender)) {
            counters.increment(Counter.DROP_ARP_MALFORMED);
            return;
        }
        counters.increment(operation == ArpPacket.REQUEST ? Counter.ARP_REQUESTS_IN : Counter.ARP_REPLIES_IN);
        if (senderMac == mac) {
            counters.increment(Counter.DROP_ARP_OWN);
        } else if (sender == config.address()) {
            conflict();
        } else {
            merge(operation, senderMac, sender, target == config.address());
            if (operation == ArpPacket.REQUEST && target == config.address()) {
                // An address probe has sender 0.0.0.0 (RFC 5227 section 1.1); the answer is what defends us.
                if (emit(ArpPacket.REPLY, senderMac, senderMac, sender)) {
                    counters.increment(Counter.ARP_REPLIES_OUT);
                }
            }
        }
    }

    /** RFC 826 "Packet Reception": a known sender is brought up to date, a new one added if it speaks to us. */
    private void merge(int operation, long senderMac, int sender, boolean forUs) {
        Neighbour neighbour = neighbours.find(sender);
        if (neighbour != null) {
            update(neighbour, senderMac, forUs, forUs && operation == ArpPacket.REPLY);
        } else if (operation == ArpPacket.REPLY) {
            counters.increment(Counter.DROP_ARP_UNSOLICITED);
        } else if (forUs && isNextHop(sender)) {
            neighbour = find(sender);
            if (neighbour != null) {
                learn(neighbour, senderMac, true);
            }
        }
    }

    private void update(Neighbour neighbour, long senderMac, boolean forUs, boolean reply) {
        if (!neighbour.isUsable()) {
            learn(neighbour, senderMac, forUs);
        } else if (neighbour.mac == senderMac) {
            if (forUs) {
                confirm(neighbour);
            }
        } else if (clock.nanos() - neighbour.changedNanos < LOCK_NANOS) {
            counters.increment(Counter.DROP_ARP_LOCKED);
        } else {
            // Another MAC that we did not ask for is used, but checked at once (RFC 4861 section 7.2.5).
            learn(neighbour, senderMac, reply && neighbour.state == State.PROBE);
        }
    }

    private void learn(Neighbour neighbour, long senderMac, boolean confirmed) {
        stopTimer(neighbour);
        neighbour.mac = senderMac;
        neighbour.changedNanos = clock.nanos();
        neighbour.confirmedNanos = clock.nanos();
        neighbour.state = confirmed ? State.REACHABLE : State.STALE;
        sendHeld(neighbour);
    }

    /** The neighbour is known to have heard us: from ARP, or from progress that TCP made through it. */
    void confirm(Neighbour neighbour) {
        if (neighbour.isUsable()) {
            neighbour.confirmedNanos = clock.nanos();
            if (neighbour.state != State.REACHABLE) {
                neighbour.state = State.REACHABLE;
                if (neighbour.heldCount == 0) {
                    stopTimer(neighbour);
                }
            }
        }
    }

    /**
     * Nothing comes back through the neighbour: its MAC may be wrong, however lately it was learnt. It stays in use
     * while it is asked by unicast, and is looked for by broadcast if it does not answer. What has been confirmed
     * within the interval of requests is not asked again.
     */
    void doubt(Neighbour neighbour) {
        boolean believed = neighbour.state == State.REACHABLE || neighbour.state == State.STALE;
        if (believed && clock.nanos() - neighbour.confirmedNanos >= REQUEST_INTERVAL_NANOS) {
            counters.increment(Counter.ARP_DOUBTS);
            startRequests(neighbour, State.PROBE);
        }
    }

    /** RFC 5227 section 2.4 (c): we keep the address and say so, but never more often than the interval. */
    private void conflict() {
        counters.increment(Counter.ARP_CONFLICTS);
        if (clock.nanos() >= defendAfterNanos) {
            defendAfterNanos = clock.nanos() + DEFEND_INTERVAL_NANOS;
            announce();
        }
    }

    /** RFC 5227 section 2.3: a request by broadcast whose sender and target are both our address. */
    void announce() {
        emit(ArpPacket.REQUEST, EthernetHeader.BROADCAST, 0, config.address());
    }

    // ---- table

    /** Whether the address is one that we would ever send a frame to directly. */
    private boolean isNextHop(int address) {
        return config.isOnLink(address) && !Ipv4Address.isThisNetwork(address) || address == config.gateway();
    }

    /** The entry for a next hop, made when it is new; null if every entry is pinned. */
    Neighbour find(int address) {
        Neighbour neighbour = neighbours.find(address);
        if (neighbour != null) {
            neighbours.touch(neighbour);
            return neighbour;
        }
        if (neighbours.isFull()) {
            Neighbour victim = neighbours.leastRecentlyUsed();
            if (victim == null) {
                counters.increment(Counter.ARP_TABLE_FULL);
                return null;
            }
            while (victim.heldCount > 0) {
                dropOldest(victim);
                counters.increment(Counter.DROP_HELD_FULL);
            }
            stopTimer(victim);
            neighbours.remove(victim);
        }
        return neighbours.add(address);
    }

    void pin(Neighbour neighbour) {
        neighbours.pin(neighbour);
    }

    void unpin(Neighbour neighbour) {
        neighbours.unpin(neighbour);
    }

    // ---- out

    /**
     * Sends an IPv4 packet that has 14 bytes of room in front of it, or holds it.
     *
     * @param frame  address of that room
     * @param length bytes from there
     * @return a result code of {@link Ipv4}
     */
    int send(Neighbour neighbour, long frame, int length) {
        if (neighbour.heldCount > 0 && neighbour.isUsable()) {
            sendHeld(neighbour);
            if (neighbour.heldCount > 0) {
                counters.increment(Counter.TX_LINK_FULL);
                return Ipv4.LINK_FULL;
            }
        }
        used(neighbour);
        if (neighbour.isUsable()) {
            EthernetHeader.write(memory, frame, neighbour.mac, mac, EthernetHeader.TYPE_IPV4);
            return post(frame, length) ? Ipv4.SENT : Ipv4.LINK_FULL;
        }
        return hold(neighbour, frame, length);
    }

    /** The neighbour's MAC is being relied on: if it was not confirmed for long, that is made up for. */
    void used(Neighbour neighbour) {
        if (warm) {
            return;
        }
        if (neighbour.state == State.REACHABLE && clock.nanos() - neighbour.confirmedNanos > REACHABLE_NANOS) {
            neighbour.state = State.STALE;
        }
        if (neighbour.state == State.STALE) {
            startRequests(neighbour, State.PROBE);
        }
    }

    /** Frames held for all neighbours together. */
    int framesHeld() {
        return held;
    }

    private int hold(Neighbour neighbour, long frame, int length) {
        if (neighbour.state == State.FAILED && clock.nanos() < neighbour.deadlineNanos) {
            counters.increment(Counter.DROP_HELD_UNREACHABLE);
            return Ipv4.DROPPED;
        }
        // RFC 1122 section 2.3.2.2: what is saved is the latest, so the oldest makes room.
        boolean full = held >= heldLimit || held > 0 && frames.available() < heldReserve;
        if (neighbour.heldCount == Neighbour.HELD_LIMIT || full && neighbour.heldCount > 0) {
            dropOldest(neighbour);
            counters.increment(Counter.DROP_HELD_FULL);
        } else if (full) {
            counters.increment(Counter.DROP_HELD_FULL);
            return Ipv4.DROPPED;
        }
        frames.hold(frame);
        neighbour.holdLast(frame, length);
        held++;
        if (neighbour.state != State.INCOMPLETE) {
            startRequests(neighbour, State.INCOMPLETE);
        }
        return Ipv4.HELD;
    }

    private void sendHeld(Neighbour neighbour) {
        while (neighbour.heldCount > 0) {
            long frame = neighbour.heldFrames[neighbour.heldFirst];
            EthernetHeader.write(memory, frame, neighbour.mac, mac, EthernetHeader.TYPE_IPV4);
            if (!post(frame, neighbour.heldLengths[neighbour.heldFirst])) {
                // Nobody else will remember them: the timer tries again in the next duty cycle.
                startTimer(neighbour, clock.nanos());
                return;
            }
            dropOldest(neighbour);
        }
    }

    void dropAllHeld() {
        for (int slot = 0; slot < neighbours.slots(); slot++) {
            Neighbour neighbour = neighbours.at(slot);
            while (neighbour != null && neighbour.heldCount > 0) {
                dropOldest(neighbour);
            }
        }
    }

    private void dropOldest(Neighbour neighbour) {
        frames.release(neighbour.heldFrames[neighbour.heldFirst]);
        neighbour.dropFirst();
        held--;
    }

    private boolean post(long frame, int length) {
        if (!link.transmit(frame, length, clock.nanos())) {
            counters.increment(Counter.TX_LINK_FULL);
            return false;
        }
        counters.increment(Counter.TX_FRAMES);
        counters.add(Counter.TX_BYTES, length);
        return true;
    }

    /** The same for a packet in two pieces. */
    boolean post(long frame, int length, long rest, int restLength) {
        if (!link.transmit(frame, length, rest, restLength, clock.nanos())) {
            counters.increment(Counter.TX_LINK_FULL);
            return false;
        }
        counters.increment(Counter.TX_FRAMES);
        counters.add(Counter.TX_BYTES, length + restLength);
        return true;
    }

    private void startRequests(Neighbour neighbour, State state) {
        neighbour.state = state;
        neighbour.requests = 0;
        request(neighbour);
    }

    /** One that cannot leave, for want of a frame or of room on the link, is none that the neighbour left unanswered. */
    private void request(Neighbour neighbour) {
        boolean known = neighbour.state == State.PROBE;
        if (emit(ArpPacket.REQUEST, known ? neighbour.mac : EthernetHeader.BROADCAST, 0, neighbour.address)) {
            neighbour.requests++;
            counters.increment(Counter.ARP_REQUESTS_OUT);
        }
        neighbour.deadlineNanos = clock.nanos() + REQUEST_INTERVAL_NANOS;
        startTimer(neighbour, neighbour.deadlineNanos);
    }

    /** A lost one is not repeated from here: requests have a timer, and whoever misses a reply asks again. */
    private boolean emit(int operation, long destination, long targetMac, int target) {
        long frame = frames.allocate();
        if (frame == FramePool.NONE) {
            counters.increment(Counter.NO_FRAME);
            return false;
        }
        EthernetHeader.write(memory, frame, destination, mac, EthernetHeader.TYPE_ARP);
        ArpPacket.write(memory, frame + EthernetHeader.LENGTH, operation, mac, config.address(), targetMac, target);
        boolean posted = post(frame, EthernetHeader.LENGTH + ArpPacket.LENGTH);
        frames.release(frame);
        return posted;
    }

    // ---- time

    long nextDeadlineNanos() {
        return earliestNanos;
    }

    /** Moves every neighbour on whose time has come. */
    void expire() {
        if (clock.nanos() < earliestNanos) {
            return;
        }
        // From the end, because an entry that is done is replaced by the last. What the transport does meanwhile may
        // move entries too; then one is looked at twice, which its new deadline makes harmless.
        for (int i = timedCount - 1; i >= 0; i--) {
            if (i < timedCount) {
                expire(timed[i]);
            }
        }
        earliestNanos = Link.NEVER;
        for (int i = 0; i < timedCount; i++) {
            earliestNanos = Math.min(earliestNanos, dueNanos(timed[i]));
        }
    }

    private void expire(Neighbour neighbour) {
        if (neighbour.isUsable() && neighbour.heldCount > 0) {
            sendHeld(neighbour);
        }
        boolean asking = neighbour.state == State.INCOMPLETE || neighbour.state == State.PROBE;
        if (!asking) {
            if (neighbour.heldCount == 0) {
                stopTimer(neighbour);
            }
        } else if (clock.nanos() >= neighbour.deadlineNanos) {
            if (neighbour.requests < REQUESTS) {
                request(neighbour);
            } else if (neighbour.state == State.PROBE) {
                // It was in use: before it is given up, it may be there with another MAC.
                startRequests(neighbour, State.INCOMPLETE);
            } else {
                fail(neighbour);
            }
        }
    }

    private long dueNanos(Neighbour neighbour) {
        if (neighbour.isUsable() && neighbour.heldCount > 0) {
            return clock.nanos();
        }
        return neighbour.deadlineNanos;
    }

    private void fail(Neighbour neighbour) {
        counters.increment(Counter.ARP_FAILURES);
        stopTimer(neighbour);
        neighbour.state = State.FAILED;
        neighbour.deadlineNanos = clock.nanos() + SILENCE_NANOS;
        // What the transport does when it is told may evict others, and must not turn this one into another host.
        neighbours.pin(neighbour);
        while (neighbour.heldCount > 0) {
            long ip = neighbour.heldFrames[neighbour.heldFirst] + EthernetHeader.LENGTH;
            long tcp = ip + Ipv4Header.LENGTH;
            boolean isTcp = Ipv4Header.protocol(memory, ip) == Ipv4Header.PROTOCOL_TCP;
            int source = Ipv4Header.source(memory, ip);
            int destination = Ipv4Header.destination(memory, ip);
            int sourcePort = TcpHeader.sourcePort(memory, tcp);
            int destinationPort = TcpHeader.destinationPort(memory, tcp);
            int seq = TcpHeader.seq(memory, tcp);
            dropOldest(neighbour);
            counters.increment(Counter.DROP_HELD_UNREACHABLE);
            if (isTcp && transport != null) {
                transport.pathError(IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.CODE_HOST_UNREACHABLE, 0, source,
                        destination, sourcePort, destinationPort, seq);
            }
        }
        neighbours.unpin(neighbour);
    }

    private void startTimer(Neighbour neighbour, long dueNanos) {
        earliestNanos = Math.min(earliestNanos, dueNanos);
        if (neighbour.timed < 0) {
            neighbour.timed = timedCount;
            timed[timedCount++] = neighbour;
        }
    }

    private void stopTimer(Neighbour neighbour) {
        if (neighbour.timed >= 0) {
            Neighbour last = timed[--timedCount];
            timed[neighbour.timed] = last;
            last.timed = neighbour.timed;
            timed[timedCount] = null;
            neighbour.timed = -1;
        }
    }
}
