package io.doorbell.xdp.ffi;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.doorbell.wire.Bytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What the kernel says about interfaces and their addresses (rtnetlink(7)), in the calling thread's network
 * namespace; /sys would show those of the namespace that it was mounted in. Needs no privilege.
 */
public final class Rtnetlink {
    public static final int IFF_UP = 1;
    public static final int IFF_LOOPBACK = 8;
    /** {@code IFLA_XDP_ATTACHED}: no program, one in the driver, one in the generic path. */
    public static final int XDP_ATTACHED_NONE = 0;
    public static final int XDP_ATTACHED_DRV = 1;
    public static final int XDP_ATTACHED_SKB = 2;

    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int NLM_F_REQUEST = 1;
    private static final int NLM_F_DUMP = 0x300;
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_GETADDR = 22;
    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_NUM_RX_QUEUES = 32;
    private static final int IFLA_XDP = 43;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_XDP_ATTACHED = 2;
    private static final int IFLA_XDP_PROG_ID = 4;
    private static final int IFLA_XDP_DRV_PROG_ID = 5;
    private static final int IFA_LOCAL = 2;
    private static final int NLA_TYPE_MASK = 0x3fff;
    private static final int HEADER_BYTES = 16;
    private static final int BUFFER_BYTES = 1 << 16;

    private Rtnetlink() {
    }

    /**
     * One interface.
     *
     * @param mac        in the low 48 bits, 0 if it has none
     * @param kind       {@code veth}, {@code tun} and so on; empty for a device that is not virtual
     * @param rxQueues   allocated; fewer may be in use
     * @param xdpMode    one of {@code XDP_ATTACHED_...}
     * @param xdpProgram id of the attached program, 0 if there is none
     */
    public record Interface(String name, int index, int flags, int mtu, long mac, String kind, int rxQueues,
                            int xdpMode, int xdpProgram) {
    }

    /** An IPv4 address that the kernel answers for, big-endian in an int, and the index of its interface. */
    public record Address(int address, int interfaceIndex) {
    }

    /** All interfaces of this namespace. */
    public static List<Interface> interfaces() {
        List<Interface> found = new ArrayList<>();
        dump(RTM_GETLINK, RTM_NEWLINK, (message, end) -> found.add(parseInterface(message, end)));
        return found;
    }

    /** The kernel's own IPv4 addresses in this namespace. */
    public static List<Address> addresses() {
        List<Address> found = new ArrayList<>();
        dump(RTM_GETADDR, RTM_NEWADDR, (message, end) -> {
            if (message.get(JAVA_BYTE, 0) == Libc.AF_INET) {
                attributes(message, 8, end, (type, offset, length) -> {
                    if (type == IFA_LOCAL) {
                        found.add(new Address(Bytes.u32(message, offset), message.get(JAVA_INT, 4)));
                    }
                });
            }
        });
        return found;
    }

    /** Takes the body of one message, behind its header. */
    private interface Body {
        void message(MemorySegment body, long end);
    }

    private interface Attribute {
        void attribute(int type, long offset, int length);
    }

    /** Collects what an interface's attributes say. */
    private static final class Fields {
        private String name = "";
        private String kind = "";
        private int mtu;
        private long mac;
        private int rxQueues = 1;
        private int xdpMode;
        private int xdpProgram;

        void link(MemorySegment body, int type, long offset, int length) {
            switch (type) {
                case IFLA_IFNAME -> name = body.getString(offset);
                case IFLA_MTU -> mtu = body.get(JAVA_INT, offset);
                case IFLA_ADDRESS -> mac = length == 6 ? Bytes.u48(body, offset) : 0;
                case IFLA_NUM_RX_QUEUES -> rxQueues = body.get(JAVA_INT, offset);
                case IFLA_LINKINFO -> attributes(body, offset, offset + length, (inner, at, bytes) -> {
                    if (inner == IFLA_INFO_KIND) {
                        kind = body.getString(at);
                    }
                });
                case IFLA_XDP -> attributes(body, offset, offset + length, (inner, at, bytes) -> xdp(body, inner, at));
                default -> { }
            }
        }

        private void xdp(MemorySegment body, int type, long offset) {
            switch (type) {
                case IFLA_XDP_ATTACHED -> xdpMode = body.get(JAVA_BYTE, offset);
                // With programs in several modes at once there is no IFLA_XDP_PROG_ID, only one for each mode.
                case IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID -> xdpProgram = body.get(JAVA_INT, offset);
                default -> { }
            }
        }
    }

    private static Interface parseInterface(MemorySegment body, long end) {
        Fields fields = new Fields();
        attributes(body, 16, end, (type, offset, length) -> fields.link(body, type, offset, length));
        return new Interface(fields.name, body.get(JAVA_INT, 4), body.get(JAVA_INT, 8), fields.mtu, fields.mac,
                fields.kind, fields.rxQueues, fields.xdpMode, fields.xdpProgram);
    }

    private static void attributes(MemorySegment memory, long from, long end, Attribute visitor) {
        long at = from;
        while (at + 4 <= end) {
            int length = memory.get(JAVA_SHORT, at) & 0xffff;
            if (length < 4) {
                return;
            }
            visitor.attribute(memory.get(JAVA_SHORT, at + 2) & NLA_TYPE_MASK, at + 4, length - 4);
            at += (length + 3) & ~3;
        }
    }

    private static void dump(int request, int answer, Body visitor) {
        MemorySegment errno = Errno.ofThread();
        int fd = SystemCallException.check("socket(AF_NETLINK)",
                Libc.socket(errno, Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, 0));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);
            // nlmsghdr (16 bytes) and a family-only body of the size that both requests accept.
            int length = HEADER_BYTES + 16;
            buffer.set(JAVA_INT, 0, length);
            buffer.set(JAVA_SHORT, 4, (short) request);
            buffer.set(JAVA_SHORT, 6, (short) (NLM_F_REQUEST | NLM_F_DUMP));
            SystemCallException.check("netlink send", Libc.write(errno, fd, buffer, length));
            boolean more = true;
            while (more) {
                int got = SystemCallException.check("netlink receive", Libc.read(errno, fd, buffer, BUFFER_BYTES));
                more = messages(buffer, got, answer, visitor);
            }
        } finally {
            Libc.close(errno, fd);
        }
    }

    /** Whether more are to come. */
    private static boolean messages(MemorySegment buffer, int bytes, int answer, Body visitor) {
        int at = 0;
        while (at + HEADER_BYTES <= bytes) {
            int length = buffer.get(JAVA_INT, at);
            int type = buffer.get(JAVA_SHORT, at + 4);
            if (type == NLMSG_DONE || length < HEADER_BYTES) {
                return false;
            }
            if (type == NLMSG_ERROR) {
                SystemCallException.check("netlink request", buffer.get(JAVA_INT, at + HEADER_BYTES));
                return false;
            }
            if (type == answer) {
                visitor.message(buffer.asSlice(at + HEADER_BYTES, length - HEADER_BYTES), length - HEADER_BYTES);
            }
            at += (length + 3) & ~3;
        }
        return bytes > 0;
    }
}
