package io.doorbell.ip;

import java.lang.foreign.MemorySegment;

/**
 * What lies above IPv4: TCP. A port, so that this package does not know TCP.
 *
 * <p>Called on the stack's thread, from within {@link Ipv4#frame} and {@link Ipv4#expire}. Implementations may call
 * {@link Ipv4#send}, {@link Ipv4#nextHop} and {@link Ipv4#release} from here.
 */
public interface Transport {
    /**
     * One TCP segment for one of our addresses. Its IP header has been checked, the TCP header has not been looked at:
     * {@code length} may be anything from 0 up.
     *
     * @param memory the segment that holds it; valid during the call only
     * @param tcp    offset of the TCP header's first byte in {@code memory}
     * @param length bytes of TCP header and payload, link padding excluded
     * @param source the sender, as a big-endian int
     * @param destination our address that it was sent to
     * @param ecn    the two ECN bits of the IP header (RFC 3168 section 5)
     */
    void segment(MemorySegment memory, long tcp, int length, int source, int destination, int ecn);

    /**
     * A path error for a segment that we sent, or seem to have sent: an ICMP error can be forged by anyone who guesses
     * the addresses and ports, so {@code seq} has to be compared with what is in flight (RFC 5927 section 4.1). It also
     * comes from this host itself, as host unreachable, for every segment that was held for a neighbour which then
     * could not be resolved.
     *
     * @param type       ICMP's: destination unreachable, time exceeded, parameter problem
     * @param code       ICMP's
     * @param nextHopMtu bytes, for fragmentation needed only; 0 when the router did not say (RFC 1191 section 5)
     * @param localAddress  the quoted segment's source
     * @param remoteAddress the quoted segment's destination
     * @param localPort  the quoted segment's source port
     * @param remotePort the quoted segment's destination port
     * @param seq        the quoted segment's sequence number
     */
    void pathError(int type, int code, int nextHopMtu, int localAddress, int remoteAddress, int localPort,
                   int remotePort, int seq);
}
