package io.doorbell.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfPacket;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * The filter in the kernel that runs it, without privileges: a Unix datagram socket takes socket filters, too, and what
 * passes is what can be read from it.
 */
@EnabledOnOs(OS.LINUX)
class AddressFilterTest {
    private static final int SUN_BYTES = 2 + 1 + 24;
    private static final int MINE = 0x0a620002;
    private static final int MINE_TOO = 0xc0a80101;
    private static final int PEER = 0x0a620001;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment errno = Errno.ofThread();
    private final MemorySegment frame = arena.allocate(2048);
    private int receiver = -1;
    private int sender = -1;
    private MemorySegment name;

    private void open(int... addresses) {
        name = arena.allocate(SUN_BYTES);
        name.set(ValueLayout.JAVA_SHORT, 0, (short) Libc.AF_UNIX);
        // A first byte of zero: an abstract address, which is no file.
        name.setString(3, String.format("doorbell-%08x", System.identityHashCode(this) ^ ProcessHandle.current().pid()));
        int type = Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;
        receiver = SystemCallException.check("socket", Libc.socket(errno, Libc.AF_UNIX, type, 0));
        sender = SystemCallException.check("socket", Libc.socket(errno, Libc.AF_UNIX, type, 0));
        SystemCallException.check("bind", Libc.bind(errno, receiver, name, SUN_BYTES));
        SystemCallException.check("SO_ATTACH_FILTER", Libc.setsockopt(errno, receiver, Libc.SOL_SOCKET,
                IfPacket.SO_ATTACH_FILTER, AddressFilter.program(arena, addresses), 16));
    }

    @AfterEach
    void closeSockets() {
        if (receiver >= 0) {
            Libc.close(errno, receiver);
            Libc.close(errno, sender);
        }
        arena.close();
    }

    /** Whether the filter lets the first bytes of the frame through, all of them. */
    private boolean passes(int length) {
        // The sender is not told that a filter tossed its datagram.
        assertEquals(length, Libc.sendto(errno, sender, frame, length, 0, name, SUN_BYTES));
        MemorySegment read = arena.allocate(2048);
        int got = Libc.read(errno, receiver, read, 2048);
        assertTrue(got == -Errno.EAGAIN || got == length, "read " + got);
        return got > 0;
    }

    private void ipv4(int destination) {
        frame.fill((byte) 0);
        EthernetHeader.write(frame, 0, 0x020000000001L, 0x020000000002L, EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(frame, 14, 0, 100, 0, 0, 64, 6, PEER, destination);
    }

    private void arp(int sender, int target) {
        frame.fill((byte) 0);
        EthernetHeader.write(frame, 0, EthernetHeader.BROADCAST, 0x020000000002L, EthernetHeader.TYPE_ARP);
        ArpPacket.write(frame, 14, ArpPacket.REQUEST, 0x020000000002L, sender, 0, target);
    }

    @Test
    void ipv4ToTheAddressesPassesAndNothingElse() {
        open(MINE, MINE_TOO);
        ipv4(MINE);
        assertTrue(passes(114));
        assertTrue(passes(1514));
        ipv4(MINE_TOO);
        assertTrue(passes(114));
        for (int other : new int[] {PEER, MINE + 1, 0, -1, 0xe0000001}) {
            ipv4(other);
            assertFalse(passes(114));
        }
    }

    @Test
    void arpForTheAddressesOrFromThemPassesAndNothingElse() {
        open(MINE, MINE_TOO);
        arp(PEER, MINE);
        assertTrue(passes(42));
        arp(PEER, MINE_TOO);
        assertTrue(passes(60));
        arp(MINE, PEER);
        assertTrue(passes(42), "RFC 5227 section 2.4: somebody else claims the address");
        arp(PEER, PEER + 7);
        assertFalse(passes(42));
        arp(PEER, MINE);
        Bytes.put16(frame, 14, 6);
        assertFalse(passes(42), "not Ethernet");
    }

    @Test
    void otherProtocolsAndTaggedFramesDoNotPass() {
        open(MINE);
        for (int type : new int[] {EthernetHeader.TYPE_VLAN, 0x86dd, 0x88a8, 0, 46}) {
            ipv4(MINE);
            Bytes.put16(frame, 12, type);
            assertFalse(passes(114));
        }
    }

    @Test
    void framesTooShortToTellDoNotPass() {
        open(MINE);
        for (int length = 1; length < 60; length++) {
            ipv4(MINE);
            assertEquals(length >= 34, passes(length), "IPv4 of " + length + " bytes");
            arp(PEER, MINE);
            assertEquals(length >= 42, passes(length), "ARP of " + length + " bytes");
        }
    }

    @Test
    void asManyAddressesAsThereMayBe() {
        int[] many = new int[AddressFilter.MAX_ADDRESSES];
        for (int i = 0; i < many.length; i++) {
            many[i] = MINE + i;
        }
        open(many);
        ipv4(MINE + many.length - 1);
        assertTrue(passes(100));
        ipv4(MINE + many.length);
        assertFalse(passes(100));
        arp(MINE + many.length - 1, 0);
        assertTrue(passes(42));
        assertThrows(IllegalArgumentException.class, () -> AddressFilter.program(arena, new int[513]));
        assertThrows(IllegalArgumentException.class, () -> AddressFilter.program(arena, new int[0]));
    }
}
