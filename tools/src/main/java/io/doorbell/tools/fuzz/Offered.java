package io.doorbell.tools.fuzz;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the stack was told on each pair of ports, by segments that it may take for good: their addresses and both
 * checksums are right. Only of these may bytes be delivered. A byte is {@link Peer}'s for its sequence number, or one
 * that such a segment had there.
 */
final class Offered {
    /** One pair of ports. */
    static final class Stream {
        private final int ports;
        /** Sequence numbers of SYNs: with one of them the stream that is delivered begins. */
        private final List<Integer> syns = new ArrayList<>();
        /** Sequence number and byte, where a segment had another byte than the peer's. */
        private final Set<Long> odd = new HashSet<>();

        private Stream(int ports) {
            this.ports = ports;
        }

        List<Integer> syns() {
            return syns;
        }

        /** Whether these bytes were offered from a sequence number on. */
        boolean has(byte[] bytes, int length, int seq) {
            for (int i = 0; i < length; i++) {
                if (bytes[i] != (byte) (seq + i) && !odd.contains(key(seq + i, bytes[i]))) {
                    return false;
                }
            }
            return true;
        }

        private static long key(int seq, byte value) {
            return (seq & 0xffff_ffffL) << 8 | value & 0xff;
        }

        private void take(byte[] frame, int seq, int from, int to) {
            for (int i = from; i < to; i++) {
                int at = seq + i - from;
                if (frame[i] != (byte) at) {
                    odd.add(key(at, frame[i]));
                }
            }
        }
    }

    private final List<Stream> streams = new ArrayList<>();
    /** Fragments that are not {@link Peer}'s own came: what is put together from them is not followed. */
    boolean strangeFragments;

    Stream of(int peerPort, int stackPort) {
        int ports = peerPort << 16 | stackPort;
        for (Stream stream : streams) {
            if (stream.ports == ports) {
                return stream;
            }
        }
        Stream stream = new Stream(ports);
        streams.add(stream);
        return stream;
    }

    /** Takes note of a frame before the stack gets it. */
    void sees(byte[] frame, Peer peer) {
        int ip = FrameBytes.IP;
        int header = frame.length < FrameBytes.TCP ? 0 : (frame[ip] & 15) * 4;
        boolean ours = header >= 20 && frame.length >= ip + header + 20
                && FrameBytes.u16(frame, 12) == FrameBytes.TYPE_IPV4
                && FrameBytes.u8(frame, ip + 9) == FrameBytes.PROTOCOL_TCP
                && FrameBytes.i32(frame, ip + 12) == Peer.ADDRESS && FrameBytes.i32(frame, ip + 16) == Peer.STACK_ADDRESS;
        if (!ours) {
            return;
        }
        if ((FrameBytes.u16(frame, ip + 6) & 0x3fff) != 0) {
            strangeFragments = true;
            return;
        }
        int length = FrameBytes.u16(frame, ip + 2) - header;
        int tcp = ip + header;
        if (length < 20 || tcp + length > frame.length || FrameBytes.wrongSums(frame) != null) {
            return;
        }
        int payload = tcp + (FrameBytes.u8(frame, tcp + 12) >>> 4) * 4;
        if (payload < tcp + 20 || payload > tcp + length) {
            return;
        }
        segment(frame, tcp, payload, tcp + length, peer);
    }

    private void segment(byte[] frame, int tcp, int payload, int end, Peer peer) {
        int flags = FrameBytes.u8(frame, tcp + 13);
        int seq = FrameBytes.i32(frame, tcp + 4);
        boolean syn = (flags & Peer.SYN) != 0;
        int peerPort = FrameBytes.u16(frame, tcp);
        int stackPort = FrameBytes.u16(frame, tcp + 2);
        Stream stream = of(peerPort, stackPort);
        if (syn && !stream.syns.contains(seq)) {
            stream.syns.add(seq);
        }
        int first = seq + (syn ? 1 : 0);
        stream.take(frame, first, payload, end);
        if (peerPort == peer.port && stackPort == peer.stackPort) {
            peer.says(first, first + end - payload + (flags & Peer.FIN));
            if ((flags & Peer.ACK) != 0) {
                peer.claims(FrameBytes.i32(frame, tcp + 8));
            }
        }
    }
}
