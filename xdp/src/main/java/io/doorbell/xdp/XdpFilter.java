package io.doorbell.xdp;

import static io.doorbell.xdp.BpfAssembler.R0;
import static io.doorbell.xdp.BpfAssembler.R1;
import static io.doorbell.xdp.BpfAssembler.R2;
import static io.doorbell.xdp.BpfAssembler.R3;
import static io.doorbell.xdp.BpfAssembler.R4;
import static io.doorbell.xdp.BpfAssembler.R5;
import static io.doorbell.xdp.BpfAssembler.R6;
import static io.doorbell.xdp.BpfAssembler.SIZE_16;
import static io.doorbell.xdp.BpfAssembler.SIZE_32;
import static io.doorbell.xdp.BpfAssembler.SIZE_8;
import static io.doorbell.xdp.BpfAssembler.networkOrder16;
import static io.doorbell.xdp.BpfAssembler.networkOrder32;

import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.xdp.BpfAssembler.Label;
import io.doorbell.xdp.ffi.Bpf;
import java.lang.foreign.Arena;

/**
 * The XDP program that lets Doorbell share an interface with the kernel. It redirects to the queue's AF_XDP socket
 * <ul>
 * <li>IPv4 packets whose destination is one of the stack's addresses;
 * <li>ARP for IPv4 over Ethernet whose target is one of them: questions for them and answers to them (RFC 826);
 * <li>ARP whose sender claims one of them, so that the stack sees a conflict (RFC 5227 section 2.4).
 * </ul>
 * Everything else goes on to the kernel as if there were no program: other addresses, other protocols, VLAN tags, and
 * frames too short to tell. So does everything on a queue without a socket.
 */
final class XdpFilter {
    /** As {@code bpftool prog} and {@code ip link} show it. */
    static final String NAME = "doorbell_filter";

    /** Bounds the program's length; a jump must reach over all comparisons. */
    static final int MAX_ADDRESSES = 1024;

    private static final int BPF_FUNC_REDIRECT_MAP = 51;
    /** {@code struct xdp_md}: data, data_end, data_meta, ingress_ifindex, rx_queue_index. */
    private static final int XDP_MD_DATA = 0;
    private static final int XDP_MD_DATA_END = 4;
    private static final int XDP_MD_RX_QUEUE_INDEX = 16;
    private static final int NETWORK = EthernetHeader.LENGTH;
    private static final int ETHERNET_AND_IPV4 = 0x0001_0800;
    private static final int LENGTHS_6_AND_4 = 0x0604;

    private XdpFilter() {
    }

    /**
     * Loads the program for these addresses.
     *
     * @param xskMap    from queue numbers to sockets
     * @param addresses big-endian in an int each
     * @return the program's file descriptor, the caller's to close
     */
    static int load(int xskMap, int[] addresses) {
        try (Arena arena = Arena.ofConfined()) {
            return Bpf.loadXdp(NAME, program(xskMap, addresses).assemble(arena));
        }
    }

    static BpfAssembler program(int xskMap, int[] addresses) {
        Label pass = new Label();
        Label redirect = new Label();
        Label ipv4 = new Label();
        BpfAssembler code = new BpfAssembler();
        code.move(R6, R1)
                .load(SIZE_32, R2, R1, XDP_MD_DATA)
                .load(SIZE_32, R3, R1, XDP_MD_DATA_END);
        passIfShorter(code, NETWORK + Ipv4Header.LENGTH, pass);
        code.load(SIZE_16, R5, R2, 12)
                .jumpIfEqual(R5, networkOrder16(EthernetHeader.TYPE_IPV4), ipv4)
                .jumpIfNotEqual(R5, networkOrder16(EthernetHeader.TYPE_ARP), pass);

        passIfShorter(code, NETWORK + ArpPacket.LENGTH, pass);
        code.load(SIZE_32, R5, R2, NETWORK)
                .jumpIfNotEqual(R5, networkOrder32(ETHERNET_AND_IPV4), pass)
                .load(SIZE_16, R5, R2, NETWORK + 4)
                .jumpIfNotEqual(R5, networkOrder16(LENGTHS_6_AND_4), pass);
        redirectIfOneOf(code, NETWORK + 24, addresses, redirect);
        redirectIfOneOf(code, NETWORK + 14, addresses, redirect);
        code.jump(pass);

        code.bind(ipv4)
                .load(SIZE_8, R5, R2, NETWORK)
                .and(R5, 0xf0)
                .jumpIfNotEqual(R5, 0x40, pass);
        redirectIfOneOf(code, NETWORK + 16, addresses, redirect);

        code.bind(pass)
                .set(R0, Bpf.XDP_PASS)
                .exit();
        // The map's fallback, in the low bits of the flags, is what a queue without a socket gets.
        return code.bind(redirect)
                .load(SIZE_32, R2, R6, XDP_MD_RX_QUEUE_INDEX)
                .setMap(R1, xskMap)
                .set(R3, Bpf.XDP_PASS)
                .call(BPF_FUNC_REDIRECT_MAP)
                .exit();
    }

    /** The verifier lets the program read only what such a comparison has shown to be there. */
    private static void passIfShorter(BpfAssembler code, int bytes, Label pass) {
        code.move(R4, R2).add(R4, bytes).jumpIfGreater(R4, R3, pass);
    }

    private static void redirectIfOneOf(BpfAssembler code, int offset, int[] addresses, Label redirect) {
        code.load(SIZE_32, R5, R2, offset);
        for (int address : addresses) {
            code.jumpIfEqual(R5, networkOrder32(address), redirect);
        }
    }
}
