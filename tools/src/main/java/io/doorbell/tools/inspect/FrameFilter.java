package io.doorbell.tools.inspect;

import io.doorbell.ip.Ipv4Address;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Which frames a capture keeps: words of tcpdump's language joined by {@code and}: host, port, tcp, icmp, arp. */
public final class FrameFilter {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int ETHERNET = 14;
    private static final int IPV4 = 0x0800;
    private static final int ARP = 0x0806;
    private static final int ICMP = 1;
    private static final int TCP = 6;
    /** How much of a frame it looks at: up to the ports behind the longest IPv4 header. */
    public static final int MOST_BYTES = ETHERNET + 60 + 4;

    private final List<Integer> hosts = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private int type = -1;
    private int protocol = -1;

    private FrameFilter() {
    }

    /** @throws IllegalArgumentException if the words are no filter */
    public static FrameFilter parse(List<String> words) {
        FrameFilter filter = new FrameFilter();
        List<String> all = List.of(String.join(" ", words).strip().split("\\s+"));
        for (int i = 0; i < all.size(); i++) {
            switch (all.get(i)) {
                case "", "and" -> { }
                case "host" -> filter.hosts.add(Ipv4Address.parse(operand(all, ++i)));
                case "port" -> filter.ports.add(port(operand(all, ++i)));
                case "arp" -> filter.only(ARP, -1);
                case "icmp" -> filter.only(IPV4, ICMP);
                case "tcp" -> filter.only(IPV4, TCP);
                default -> throw new IllegalArgumentException("the filter does not know '" + all.get(i)
                        + "': use host IP, port N, tcp, icmp, arp, joined by and");
            }
        }
        if (!filter.ports.isEmpty()) {
            filter.only(IPV4, TCP);
        }
        return filter;
    }

    private void only(int wantedType, int wantedProtocol) {
        if (type >= 0 && (type != wantedType || protocol != wantedProtocol)) {
            throw new IllegalArgumentException("no frame is all that the filter wants: only one of tcp, icmp and arp, and"
                    + " ports with tcp");
        }
        type = wantedType;
        protocol = wantedProtocol;
    }

    private static String operand(List<String> words, int at) {
        if (at >= words.size()) {
            throw new IllegalArgumentException("the filter ends behind '" + words.getLast() + "': say which");
        }
        return words.get(at);
    }

    private static int port(String text) {
        if (!text.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("the filter's port '" + text + "' is no number");
        }
        int port = Integer.parseInt(text);
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("the filter's port " + port + " cannot be: ports are 1 to 65535");
        }
        return port;
    }

    /** Whether a frame, perhaps cut, is one of those that are wanted. */
    public boolean matches(MemorySegment memory, long offset, int length) {
        if (type < 0 && protocol < 0 && hosts.isEmpty() && ports.isEmpty()) {
            return true;
        }
        if (length < ETHERNET + 20) {
            return false;
        }
        int etherType = memory.get(U16, offset + 12) & 0xffff;
        if (type >= 0 && etherType != type) {
            return false;
        }
        long packet = offset + ETHERNET;
        return switch (etherType) {
            case IPV4 -> ipv4(memory, packet, length - ETHERNET);
            case ARP -> protocol < 0 && ports.isEmpty() && length >= ETHERNET + 28
                    && hosts(memory.get(U32, packet + 14), memory.get(U32, packet + 24));
            default -> protocol < 0 && ports.isEmpty() && hosts.isEmpty();
        };
    }

    private boolean ipv4(MemorySegment memory, long packet, int length) {
        int carried = memory.get(ValueLayout.JAVA_BYTE, packet + 9) & 0xff;
        if (protocol >= 0 && carried != protocol || !hosts(memory.get(U32, packet + 12), memory.get(U32, packet + 16))) {
            return false;
        }
        int header = (memory.get(ValueLayout.JAVA_BYTE, packet) & 15) * 4;
        if (ports.isEmpty()) {
            return true;
        }
        if (carried != TCP || length < header + 4) {
            return false;
        }
        int source = memory.get(U16, packet + header) & 0xffff;
        int destination = memory.get(U16, packet + header + 2) & 0xffff;
        return ports.stream().allMatch(port -> port == source || port == destination);
    }

    private boolean hosts(int source, int destination) {
        return hosts.stream().allMatch(host -> host == source || host == destination);
    }
}
