package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.netns.RequiresRoot;
import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.xdp.ffi.Bpf;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The filter in the kernel's own test runner (BPF_PROG_TEST_RUN), which takes every frame as one of queue 0. */
@RequiresRoot
class XdpFilterTest {
    private static final int OURS = 0x0a630002;
    private static final int ALSO_OURS = 0xc0a8ff80;
    private static final int FOREIGN = 0x0a630001;
    private static final long PEER = 0x0200_0000_0001L;
    private static final long BROADCAST = EthernetHeader.BROADCAST;

    private static int map;
    private static int emptyMap;
    private static int socket;
    private static int program;

    @BeforeAll
    static void load() {
        map = Bpf.createXskMap("test_xsks", 1);
        emptyMap = Bpf.createXskMap("test_empty", 1);
        // An unbound socket is enough for the redirect decision; nothing is delivered to it.
        socket = SystemCallException.check("socket", Libc.socket(Errno.ofThread(), Libc.AF_XDP, Libc.SOCK_RAW, 0));
        Bpf.mapUpdate(map, 0, socket);
        program = XdpFilter.load(map, new int[] {OURS, ALSO_OURS});
    }

    @AfterAll
    static void unload() {
        for (int fd : new int[] {program, map, emptyMap, socket}) {
            Bpf.close(fd);
        }
    }

    private static byte[] ipv4(int destination, int payload) {
        byte[] frame = new byte[34 + payload];
        MemorySegment memory = MemorySegment.ofArray(frame);
        EthernetHeader.write(memory, 0, PEER, PEER, EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(memory, 14, 0, 20 + payload, 1, 0, 64, 6, FOREIGN, destination);
        return frame;
    }

    private static byte[] arp(int operation, int sender, int target) {
        byte[] frame = new byte[42];
        MemorySegment memory = MemorySegment.ofArray(frame);
        EthernetHeader.write(memory, 0, BROADCAST, PEER, EthernetHeader.TYPE_ARP);
        ArpPacket.write(memory, 14, operation, PEER, sender, 0, target);
        return frame;
    }

    private static byte[] vlan(byte[] frame) {
        byte[] tagged = new byte[frame.length + 4];
        System.arraycopy(frame, 0, tagged, 0, 12);
        Bytes.put32(MemorySegment.ofArray(tagged), 12, 0x8100_0005);
        System.arraycopy(frame, 12, tagged, 16, frame.length - 12);
        return tagged;
    }

    private static void redirected(byte[] frame) {
        assertEquals(Bpf.XDP_REDIRECT, Bpf.testRun(program, frame));
    }

    private static void passed(byte[] frame) {
        assertEquals(Bpf.XDP_PASS, Bpf.testRun(program, frame));
    }

    @Test
    void ipv4ToOurAddressesIsTaken() {
        redirected(ipv4(OURS, 0));
        redirected(ipv4(OURS, 1480));
        redirected(ipv4(ALSO_OURS, 26));
    }

    @Test
    void ipv4ToOthersIsTheKernels() {
        for (int destination : new int[] {FOREIGN, 0, -1, OURS + 1, Integer.reverseBytes(OURS), 0xe0000001}) {
            passed(ipv4(destination, 26));
        }
    }

    @Test
    void rfc826QuestionsAndAnswersForOurAddressesAreTaken() {
        redirected(arp(ArpPacket.REQUEST, FOREIGN, OURS));
        redirected(arp(ArpPacket.REPLY, FOREIGN, ALSO_OURS));
    }

    @Test
    void rfc5227Section1_1ProbesAnnouncementsAndConflictsAreTaken() {
        redirected(arp(ArpPacket.REQUEST, 0, OURS));
        redirected(arp(ArpPacket.REQUEST, OURS, OURS));
        redirected(arp(ArpPacket.REPLY, OURS, FOREIGN));
    }

    @Test
    void arpForOthersIsTheKernels() {
        passed(arp(ArpPacket.REQUEST, FOREIGN, FOREIGN + 8));
        passed(arp(ArpPacket.REPLY, FOREIGN, FOREIGN));
    }

    @Test
    void arpForOtherHardwareOrProtocolsIsTheKernels() {
        for (int at : new int[] {14, 15, 16, 17, 18, 19}) {
            byte[] frame = arp(ArpPacket.REQUEST, FOREIGN, OURS);
            frame[at] ^= 0x10;
            passed(frame);
        }
    }

    @Test
    void everyTruncationIsTheKernels() {
        byte[] ip = ipv4(OURS, 10);
        byte[] arp = arp(ArpPacket.REQUEST, FOREIGN, OURS);
        // The test runner takes nothing shorter than an Ethernet header, as no driver does.
        for (int length = 14; length < 42; length++) {
            passed(Arrays.copyOf(arp, length));
            if (length < 34) {
                passed(Arrays.copyOf(ip, length));
            } else {
                redirected(Arrays.copyOf(ip, length));
            }
        }
    }

    @Test
    void vlanTagsIpv6AndOtherVersionsAreTheKernels() {
        passed(vlan(ipv4(OURS, 26)));
        passed(vlan(arp(ArpPacket.REQUEST, FOREIGN, OURS)));
        for (int type : new int[] {0x86dd, 0x88a8, 0x88cc, 0x0008, 0x0608, 0}) {
            byte[] frame = ipv4(OURS, 26);
            Bytes.put16(MemorySegment.ofArray(frame), 12, type);
            passed(frame);
        }
        for (int version : new int[] {0, 5, 6, 15}) {
            byte[] frame = ipv4(OURS, 26);
            frame[14] = (byte) (version << 4 | 5);
            passed(frame);
        }
    }

    @Test
    void malformedPacketsForUsAreOursToCount() {
        byte[] frame = ipv4(OURS, 26);
        frame[14] = 0x4f;
        redirected(frame);
        frame[24] ^= 1;
        redirected(frame);
    }

    @Test
    void aQueueWithoutASocketLeavesEverythingToTheKernel() {
        int idle = XdpFilter.load(emptyMap, new int[] {OURS});
        assertEquals(Bpf.XDP_PASS, Bpf.testRun(idle, ipv4(OURS, 26)));
        assertEquals(Bpf.XDP_PASS, Bpf.testRun(idle, arp(ArpPacket.REQUEST, FOREIGN, OURS)));
        Bpf.close(idle);
    }

    @Test
    void asManyAddressesAsAreAllowed() {
        int[] many = new int[XdpFilter.MAX_ADDRESSES];
        for (int i = 0; i < many.length; i++) {
            many[i] = OURS + 1 + i;
        }
        int large = XdpFilter.load(map, many);
        assertEquals(Bpf.XDP_REDIRECT, Bpf.testRun(large, ipv4(OURS + 1, 26)));
        assertEquals(Bpf.XDP_REDIRECT, Bpf.testRun(large, ipv4(OURS + many.length, 26)));
        assertEquals(Bpf.XDP_REDIRECT, Bpf.testRun(large, arp(ArpPacket.REPLY, OURS + many.length, FOREIGN)));
        assertEquals(Bpf.XDP_PASS, Bpf.testRun(large, ipv4(OURS, 26)));
        Bpf.close(large);
    }

    @Test
    void aRefusedProgramTellsWhatTheVerifierSays() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment code = new BpfAssembler().exit().assemble(arena);
            String message = assertThrows(SystemCallException.class, () -> Bpf.loadXdp("bad", code)).getMessage();
            assertTrue(message.contains("R0 !read_ok"), message);
        }
    }
}
