package io.doorbell.ip;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.Link;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;

/**
 * Puts the fragments of datagrams together (RFC 791 section 3.2, RFC 1122 section 3.3.2), for the protocols that
 * somebody here takes. Bounded in datagrams, and with them in memory, in all and for each source, and in time.
 *
 * <p>A datagram whose fragments overlap is dropped as a whole, with what is still to come of it (RFC 5722 section 4,
 * which is about IPv6; nothing that is right overlaps in IPv4 either). A table that is full gives up what it has waited
 * for the longest: a source that sends too many loses its own first.
 */
final class Reassembly {
    /** RFC 1858 section 3.2.2: less of a TCP header in the first fragment serves only to hide what it says. */
    private static final int TINY_TCP = 16;

    private final PartialDatagram[] datagrams;
    private final int perSource;
    private final long timeNanos;
    private final Counters counters;
    private final Icmp icmp;
    private int waiting;
    private int whole;
    private long earliestNanos = Link.NEVER;
    private final Clock clock;

    Reassembly(Ipv4Config config, Counters counters, Icmp icmp, Clock clock) {
        this.datagrams = new PartialDatagram[config.reassemblyDatagrams()];
        for (int i = 0; i < datagrams.length; i++) {
            datagrams[i] = new PartialDatagram();
        }
        this.perSource = config.reassemblyDatagramsPerSource();
        this.timeNanos = config.reassemblyNanos();
        this.counters = counters;
        this.icmp = icmp;
        this.clock = clock;
    }

    /** A new duty cycle: what was whole in the last one has been read. */
    void begin() {
        for (int i = 0; whole > 0; i++) {
            if (datagrams[i].state == PartialDatagram.State.WHOLE) {
                datagrams[i].state = PartialDatagram.State.FREE;
                whole--;
            }
        }
    }

    /**
     * Takes a fragment for us whose header is right.
     *
     * @param totalLength bytes of header and payload
     * @return the datagram that is whole now, valid until the next {@link #begin}; null if there is none
     */
    PartialDatagram fragment(MemorySegment memory, long ip, int totalLength) {
        int headerLength = Ipv4Header.headerLength(memory, ip);
        int word = Ipv4Header.fragmentWord(memory, ip);
        boolean last = (word & Ipv4Header.MORE_FRAGMENTS) == 0;
        int start = (word & 0x1fff) << 3;
        int bytes = totalLength - headerLength;
        Counter reason = fault(Ipv4Header.protocol(memory, ip), start, bytes, headerLength, last);
        if (reason != null) {
            counters.increment(reason);
            return null;
        }
        counters.increment(Counter.IP_FRAGMENTS_IN);
        PartialDatagram datagram = find(memory, ip);
        if (datagram == null) {
            datagram = begin(memory, ip);
            if (datagram == null) {
                counters.increment(Counter.DROP_IP_REASSEMBLY_FULL);
                return null;
            }
        }
        if (datagram.state == PartialDatagram.State.SPOILT || !datagram.add(memory, ip, start, bytes, last)) {
            datagram.state = PartialDatagram.State.SPOILT;
            counters.increment(Counter.DROP_IP_FRAGMENT_OVERLAP);
            return null;
        }
        return datagram.isComplete() ? finished(datagram) : null;
    }

    private Counter fault(int protocol, int start, int bytes, int headerLength, boolean last) {
        boolean taken = protocol == Ipv4Header.PROTOCOL_TCP || protocol == Ipv4Header.PROTOCOL_ICMP;
        if (!taken || datagrams.length == 0) {
            return Counter.DROP_IP_FRAGMENT;
        }
        boolean odd = !last && (bytes & 7) != 0;
        if (bytes == 0 || odd || headerLength + start + bytes > PartialDatagram.LONGEST) {
            return Counter.DROP_IP_FRAGMENT_LENGTH;
        }
        // RFC 1858 section 3 and RFC 3128 section 3: the ports and flags that a filter looked at must be the real ones.
        boolean tiny = protocol == Ipv4Header.PROTOCOL_TCP && (start == 8 || start == 0 && bytes < TINY_TCP);
        return tiny ? Counter.DROP_IP_FRAGMENT_TINY : null;
    }

    private PartialDatagram find(MemorySegment memory, long ip) {
        if (waiting > 0) {
            for (PartialDatagram datagram : datagrams) {
                if (datagram.matches(memory, ip)) {
                    return datagram;
                }
            }
        }
        return null;
    }

    private PartialDatagram begin(MemorySegment memory, long ip) {
        int source = Ipv4Header.source(memory, ip);
        int ofSource = 0;
        PartialDatagram free = null;
        PartialDatagram oldest = null;
        PartialDatagram oldestOfSource = null;
        for (PartialDatagram datagram : datagrams) {
            if (datagram.state == PartialDatagram.State.FREE) {
                free = datagram;
            } else if (datagram.state != PartialDatagram.State.WHOLE) {
                oldest = older(oldest, datagram);
                if (datagram.source == source) {
                    ofSource++;
                    oldestOfSource = older(oldestOfSource, datagram);
                }
            }
        }
        PartialDatagram place = ofSource >= perSource ? oldestOfSource : free != null ? free : oldest;
        if (place == null) {
            return null;
        }
        if (place.state != PartialDatagram.State.FREE) {
            counters.increment(Counter.DROP_IP_REASSEMBLY_FULL);
            waiting--;
        }
        waiting++;
        place.begin(memory, ip, clock.nanos() + timeNanos);
        earliestNanos = Math.min(earliestNanos, place.deadlineNanos);
        return place;
    }

    private static PartialDatagram older(PartialDatagram one, PartialDatagram other) {
        return one == null || other.deadlineNanos < one.deadlineNanos ? other : one;
    }

    private PartialDatagram finished(PartialDatagram datagram) {
        waiting--;
        if (datagram.totalLength() > PartialDatagram.LONGEST) {
            counters.increment(Counter.DROP_IP_FRAGMENT_LENGTH);
            datagram.state = PartialDatagram.State.FREE;
            return null;
        }
        if (datagram.ecnContradicts()) {
            counters.increment(Counter.DROP_IP_FRAGMENT_ECN);
            datagram.state = PartialDatagram.State.FREE;
            return null;
        }
        counters.increment(Counter.IP_REASSEMBLED);
        datagram.finish();
        whole++;
        return datagram;
    }

    long nextDeadlineNanos() {
        return earliestNanos;
    }

    /** Gives up what has waited for too long. */
    void expire() {
        if (clock.nanos() < earliestNanos) {
            return;
        }
        earliestNanos = Link.NEVER;
        for (PartialDatagram datagram : datagrams) {
            if (datagram.state != PartialDatagram.State.PARTIAL && datagram.state != PartialDatagram.State.SPOILT) {
                continue;
            }
            if (clock.nanos() < datagram.deadlineNanos) {
                earliestNanos = Math.min(earliestNanos, datagram.deadlineNanos);
            } else {
                giveUp(datagram);
            }
        }
    }

    /** RFC 1122 section 3.3.2, RFC 792: the sender is told, if the first fragment is here. */
    private void giveUp(PartialDatagram datagram) {
        waiting--;
        if (datagram.state == PartialDatagram.State.PARTIAL) {
            counters.increment(Counter.DROP_IP_REASSEMBLY_TIMEOUT);
            if (datagram.hasFirst()) {
                icmp.reassemblyTimeExceeded(datagram.memory(), datagram.ip(), datagram.firstLength());
            }
        }
        datagram.state = PartialDatagram.State.FREE;
    }
}
