package io.doorbell.link;

import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;

/** What a router does to an ECN-capable packet instead of dropping it: CE into the IP header (RFC 3168 section 5). */
final class CongestionMark {
    private static final int NOT_ECT = 0;
    private static final int CE = 3;

    private CongestionMark() {
    }

    /** Whether the frame carries an IPv4 packet whose sender will understand a mark. */
    static boolean isPossible(MemorySegment memory, long frame, int length) {
        if (length < EthernetHeader.LENGTH + Ipv4Header.LENGTH
                || EthernetHeader.type(memory, frame) != EthernetHeader.TYPE_IPV4) {
            return false;
        }
        int ecn = Ipv4Header.ecn(memory, frame + EthernetHeader.LENGTH);
        return ecn != NOT_ECT && ecn != CE;
    }

    static void set(MemorySegment memory, long frame) {
        long ip = frame + EthernetHeader.LENGTH;
        int before = Bytes.u16(memory, ip);
        int after = before | CE;
        // RFC 1624 section 3, equation 3.
        int sum = (~Bytes.u16(memory, ip + 10) & 0xffff) + (~before & 0xffff) + after;
        sum = (sum & 0xffff) + (sum >>> 16);
        Bytes.put16(memory, ip, after);
        Bytes.put16(memory, ip + 10, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
    }
}
