package io.doorbell.ip;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;

/**
 * IPv4 over Ethernet: every frame in comes through {@link #frame}, every frame out leaves through {@link #send}.
 *
 * <p>One thread, the stack's. Nothing is allocated after construction, nothing is thrown for what the network does: a
 * frame that is not right is dropped and counted by its reason. Received frames are read in place; fragments are put
 * together in memory of their own, which is taken when it is first needed. Outgoing packets carry DF and are never
 * fragmented (RFC 1191 section 3), but for the answers to echo requests that were fragments themselves.
 */
public final class Ipv4 implements FrameReceiver {
    /** The frame was posted to the link, which holds it until the wire no longer needs it. */
    public static final int SENT = 0;
    /** The next hop's MAC is being asked for; the frame is held here and must not change until its holds are back. */
    public static final int HELD = 1;
    /** The link takes nothing now: try again after the next receive. */
    public static final int LINK_FULL = -1;
    /** No route, or a next hop that does not answer, or too much is held already. Counted by its reason. */
    public static final int DROPPED = -2;

    /** RFC 1700's recommendation, and Linux's {@code ip_default_ttl}. */
    private static final int DEFAULT_TTL = 64;
    /** The room that {@link #send} needs in front of a transport segment, in the same frame. */
    public static final int HEADROOM = EthernetHeader.LENGTH + Ipv4Header.LENGTH;

    private static final int PROTOCOL_UDP = 17;
    private static final int UDP_HEADER_LENGTH = 8;

    private final Ipv4Config config;
    private final Counters counters;
    private final MemorySegment frameMemory;
    private final long mac;
    private final Arp arp;
    private final Icmp icmp;
    private final Reassembly reassembly;
    private final Clock clock = new Clock();
    private Transport transport;
    private int timeToLive = DEFAULT_TTL;
    private int identification;
    private int identificationBefore;

    /**
     * IPv4 on a link.
     *
     * @param link     outlives this; its MAC is read once
     * @param config   our address and route
     * @param counters where everything is counted
     */
    public Ipv4(Link link, Ipv4Config config, Counters counters) {
        this.config = config;
        this.counters = counters;
        this.frameMemory = link.frames().memory();
        this.mac = link.mac();
        this.arp = new Arp(link, config, counters, clock);
        this.icmp = new Icmp(this, link, counters, clock);
        this.reassembly = new Reassembly(config, counters, icmp, clock);
    }

    /** Sets what takes TCP segments and path errors. Once, before the first frame; without it TCP is dropped. */
    public void transport(Transport above) {
        this.transport = above;
        arp.transport(above);
        icmp.transport(above);
    }

    /** Sets the TTL of all packets that are sent (RFC 1122 section 3.2.1.7), 1 to 255; 64 if it is never called. */
    public void timeToLive(int hops) {
        timeToLive = hops;
    }

    /** Begins a duty cycle: the time that everything until the next call happens at. It never runs backwards. */
    public void now(long nowNanos) {
        clock.now(nowNanos);
        reassembly.begin();
    }

    /** What shows that time. */
    public Clock clock() {
        return clock;
    }

    /** Tells the neighbours our MAC, unasked (an ARP announcement, RFC 5227 section 2.3). For when the link is new. */
    public void announce() {
        arp.announce();
    }

    // ---- in

    /** An Ethernet frame in; {@code memory} is only read, and only during the call. */
    @Override
    public void frame(MemorySegment memory, long offset, int length) {
        counters.increment(Counter.RX_FRAMES);
        counters.add(Counter.RX_BYTES, length);
        if (length < EthernetHeader.LENGTH) {
            counters.increment(Counter.DROP_ETHERNET_SHORT);
            return;
        }
        long destination = EthernetHeader.destination(memory, offset);
        boolean group = EthernetHeader.isGroup(destination);
        if (destination != mac && !group) {
            counters.increment(Counter.DROP_ETHERNET_DESTINATION);
            return;
        }
        int type = EthernetHeader.type(memory, offset);
        long payload = offset + EthernetHeader.LENGTH;
        int payloadLength = length - EthernetHeader.LENGTH;
        if (type == EthernetHeader.TYPE_IPV4) {
            packet(memory, payload, payloadLength, group);
        } else if (type == EthernetHeader.TYPE_ARP) {
            arp.packet(payload, payloadLength, memory);
        } else {
            counters.increment(Counter.DROP_ETHERNET_TYPE);
        }
    }

    /** RFC 1122 section 3.2.1: the header is checked before anything in it is believed. */
    private void packet(MemorySegment memory, long ip, int available, boolean group) {
        if (available < Ipv4Header.LENGTH) {
            counters.increment(Counter.DROP_IP_SHORT);
            return;
        }
        long first = Ipv4Header.first(memory, ip);
        Counter reason = headerFault(memory, ip, first, available);
        if (reason == null) {
            reason = addressFault(Ipv4Header.source(memory, ip), Ipv4Header.destination(memory, ip), group);
        }
        if (reason != null) {
            counters.increment(reason);
            return;
        }
        if (Ipv4Header.isFragment(first)) {
            PartialDatagram whole = reassembly.fragment(memory, ip, Ipv4Header.totalLength(first));
            if (whole != null) {
                deliver(whole.memory(), whole.ip(), whole.totalLength());
            }
            return;
        }
        deliver(memory, ip, Ipv4Header.totalLength(first));
    }

    private static Counter headerFault(MemorySegment memory, long ip, long first, int available) {
        if (Ipv4Header.version(first) != 4) {
            return Counter.DROP_IP_VERSION;
        }
        int headerLength = Ipv4Header.headerLength(first);
        if (headerLength < Ipv4Header.LENGTH || headerLength > available) {
            return Counter.DROP_IP_HEADER_LENGTH;
        }
        int totalLength = Ipv4Header.totalLength(first);
        if (totalLength < headerLength || totalLength > available) {
            return Counter.DROP_IP_TOTAL_LENGTH;
        }
        return Ipv4Header.checksumValid(memory, ip, headerLength) ? null : Counter.DROP_IP_CHECKSUM;
    }

    private Counter addressFault(int source, int destination, boolean group) {
        if (destination != config.address()) {
            return config.isBroadcast(destination) ? Counter.IP_BROADCASTS_IGNORED : Counter.DROP_IP_DESTINATION;
        }
        // RFC 1122 section 3.3.6: one host's address in a frame for a whole group.
        if (group) {
            return Counter.DROP_IP_LINK_BROADCAST;
        }
        // RFC 1122 section 3.2.1.3: none of these can be a sender.
        if (source == config.address() || Ipv4Address.isThisNetwork(source) || Ipv4Address.isLoopback(source)
                || Ipv4Address.isMulticast(source) || config.isBroadcast(source)) {
            return Counter.DROP_IP_SOURCE;
        }
        return null;
    }

    /** A whole datagram for us. Options are skipped (RFC 1122 section 3.2.1.8 leaves them to the receiver). */
    private void deliver(MemorySegment memory, long ip, int totalLength) {
        long first = Ipv4Header.first(memory, ip);
        int headerLength = Ipv4Header.headerLength(first);
        long payload = ip + headerLength;
        int length = totalLength - headerLength;
        int protocol = Ipv4Header.protocol(memory, ip);
        if (protocol == Ipv4Header.PROTOCOL_TCP && transport != null) {
            transport.segment(memory, payload, length, Ipv4Header.source(memory, ip), Ipv4Header.destination(memory, ip),
                    Ipv4Header.ecn(first));
        } else if (protocol == Ipv4Header.PROTOCOL_ICMP) {
            icmp.message(memory, ip, payload, length);
        } else if (protocol == PROTOCOL_UDP) {
            counters.increment(Counter.DROP_UDP_PORT);
            if (length >= UDP_HEADER_LENGTH) {
                icmp.portUnreachable(memory, ip, totalLength);
            }
        } else {
            counters.increment(Counter.DROP_IP_PROTOCOL);
            icmp.protocolUnreachable(memory, ip, totalLength);
        }
    }

    // ---- addresses and routes

    /** Whether the address is one of the stack's. */
    public boolean isLocal(int address) {
        return address == config.address();
    }

    /** The stack's own address, big-endian. */
    public int address() {
        return config.address();
    }

    /**
     * The next hop for a destination: the destination itself when it is on the link, the gateway otherwise. Pinned
     * until {@link #release}: a pinned neighbour is never evicted. Nothing is sent yet.
     *
     * @return null, counted, if there is no route, if the destination is no single host (broadcast, multicast,
     *         loopback, ourselves), or if the table is full of pinned neighbours
     */
    public Neighbour nextHop(int destination) {
        Neighbour neighbour = find(destination);
        if (neighbour != null) {
            arp.pin(neighbour);
        }
        return neighbour;
    }

    /** Gives back what {@link #nextHop} handed out, once for each time. */
    public void release(Neighbour neighbour) {
        arp.unpin(neighbour);
    }

    /**
     * The next hop is known to be alive because the other end acknowledged new data (RFC 1122 section 2.3.2.1 (4),
     * advice from above): spares the unicast check when its reachable time is over. Optional, and cheap.
     */
    public void confirm(Neighbour neighbour) {
        arp.confirm(neighbour);
    }

    /**
     * The next hop may be dead, or not where we send: repeated retransmissions got no answer (RFC 1122 section
     * 3.3.1.4, negative advice from above). Its MAC is checked at once, by unicast and then by broadcast; it is used
     * meanwhile.
     */
    public void doubt(Neighbour neighbour) {
        arp.doubt(neighbour);
    }

    /** The same for what belongs to no connection and has pinned no next hop. */
    public void doubt(int destination) {
        Neighbour neighbour = find(destination);
        if (neighbour != null) {
            arp.doubt(neighbour);
        }
    }

    private Neighbour find(int destination) {
        int hop = config.isOnLink(destination) ? destination : config.gateway();
        if (hop == 0 || destination == config.address() || config.isBroadcast(destination)
                || Ipv4Address.isMulticast(destination) || Ipv4Address.isThisNetwork(destination)
                || Ipv4Address.isLoopback(destination)) {
            counters.increment(Counter.DROP_IP_NO_ROUTE);
            return null;
        }
        return arp.find(hop);
    }

    // ---- out

    /**
     * Puts IPv4 (with DF) and Ethernet headers in front of a transport segment in the link's frame region and posts
     * it. A next hop whose MAC is not known is asked for, and the frame is held meanwhile; the bound per neighbour drops
     * the oldest frame held, not this one (RFC 1122 section 2.3.2.2). The caller keeps its own hold in all cases.
     *
     * @param transport address of the segment's first byte, {@link #HEADROOM} bytes of room before it in the same frame
     * @param length    bytes of the segment; with the IP header no more than the link's MTU
     * @param protocol  IP protocol number
     * @param dscpEcn   the second byte of the IP header as it is to be
     * @param nextHop   from {@link #nextHop}
     * @return {@link #SENT}, {@link #HELD}, {@link #LINK_FULL} or {@link #DROPPED}
     */
    public int send(long transport, int length, int protocol, int source, int destination, int dscpEcn,
                    Neighbour nextHop) {
        // RFC 6864 section 4.1: with DF set the identification means nothing; counting makes captures easier to read.
        Ipv4Header.write(frameMemory, transport - Ipv4Header.LENGTH, dscpEcn, length + Ipv4Header.LENGTH,
                nextIdentification(), Ipv4Header.DONT_FRAGMENT, timeToLive, protocol, source, destination);
        return arp.send(nextHop, transport - HEADROOM, length + HEADROOM);
    }

    /** What {@link #readyMac} answers when frames to a neighbour can't be posted right away. */
    public static final long NO_MAC = -1;

    /**
     * The MAC that a frame to the neighbour may be posted to without asking or waiting; {@link #NO_MAC} if it is not
     * known, or if other frames wait for it. Whoever posts such a frame then calls {@link #used}.
     */
    public long readyMac(Neighbour neighbour) {
        return neighbour.heldCount == 0 && neighbour.isUsable() ? neighbour.mac : NO_MAC;
    }

    /** While on, {@link #send} changes nothing, provided that the link is told to {@link Link#warm} too. */
    public void warm(boolean on) {
        arp.warm(on);
        if (on) {
            identificationBefore = identification;
        } else {
            identification = identificationBefore;
        }
    }

    /** A frame was posted to the MAC that {@link #readyMac} gave: it is confirmed again if that is due. */
    public void used(Neighbour neighbour) {
        arp.used(neighbour);
    }

    /**
     * Puts the headers in front of a segment that is posted later, and by somebody else. Since the packet has DF set,
     * its identification means nothing and may serve for several packets (RFC 6864 section 4.1).
     *
     * @param transport as for {@link #send}
     */
    public void prepare(long transport, int length, int protocol, int source, int destination, int dscpEcn,
                        long destinationMac) {
        Ipv4Header.write(frameMemory, transport - Ipv4Header.LENGTH, dscpEcn, length + Ipv4Header.LENGTH,
                nextIdentification(), Ipv4Header.DONT_FRAGMENT, timeToLive, protocol, source, destination);
        EthernetHeader.write(frameMemory, transport - HEADROOM, destinationMac, mac, EthernetHeader.TYPE_IPV4);
    }

    /**
     * Posts a segment that was prepared, whose payload lies elsewhere, to the MAC that {@link #readyMac} gave. Only on a
     * link that takes frames in two pieces.
     *
     * @param transport as for {@link #prepare}
     * @param length    bytes from there
     * @param rest      where what follows them lies, in a frame of the link
     * @return {@link #SENT} or {@link #LINK_FULL}
     */
    public int sendPrepared(long transport, int length, long rest, int restLength, Neighbour nextHop) {
        arp.used(nextHop);
        return arp.post(transport - HEADROOM, length + HEADROOM, rest, restLength) ? SENT : LINK_FULL;
    }

    /** For segments that belong to no connection (resets, SYN-ACKs): looks the next hop up itself. */
    public int send(long transport, int length, int protocol, int source, int destination, int dscpEcn) {
        Neighbour neighbour = find(destination);
        if (neighbour == null) {
            return DROPPED;
        }
        return send(transport, length, protocol, source, destination, dscpEcn, neighbour);
    }

    /** The number that tells the fragments of the next datagram from those of others (RFC 6864 section 4.3). */
    int nextIdentification() {
        identification = identification + 1 & 0xffff;
        return identification;
    }

    /**
     * Sends one fragment of a datagram, as {@link #send} does with a whole one.
     *
     * @param payload      address of the fragment's payload, with {@link #HEADROOM} bytes of room before it
     * @param datagram     from {@link #nextIdentification}, the same for all of its fragments
     * @param fragmentWord flags and offset as the header has them
     */
    int sendFragment(long payload, int length, int protocol, int source, int destination, int dscpEcn, int datagram,
                     int fragmentWord) {
        Neighbour neighbour = find(destination);
        if (neighbour == null) {
            return DROPPED;
        }
        Ipv4Header.write(frameMemory, payload - Ipv4Header.LENGTH, dscpEcn, length + Ipv4Header.LENGTH, datagram,
                fragmentWord, timeToLive, protocol, source, destination);
        return arp.send(neighbour, payload - HEADROOM, length + HEADROOM);
    }

    // ---- time

    /** When {@link #expire} has something to do next; {@link Link#NEVER} if nothing is waiting. */
    public long nextDeadlineNanos() {
        return Math.min(arp.nextDeadlineNanos(), reassembly.nextDeadlineNanos());
    }

    /** Repeats and gives up ARP requests, and gives up fragments, whose time has come. Also a {@link #now}. */
    public void expire(long nowNanos) {
        now(nowNanos);
        arp.expire();
        reassembly.expire();
    }

    /** How many frames wait for neighbours that have not answered; their senders may hold them as well. */
    public int framesHeld() {
        return arp.framesHeld();
    }

    /** Gives back the frames that were held for neighbours which have not answered. */
    public void close() {
        arp.dropAllHeld();
    }
}
