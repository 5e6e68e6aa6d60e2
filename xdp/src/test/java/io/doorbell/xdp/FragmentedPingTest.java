package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.StackRunner;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fragments made by Linux reach the stack through the XDP filter, and Linux puts those of the answer together. */
@RequiresRoot
class FragmentedPingTest {
    private static final String OURS = "10.98.7.2";
    private static final int RAW_ADDRESS = 0x0a62_0702;
    private static final int SECONDS = 10;

    @ParameterizedTest
    @ValueSource(ints = {56, 3000, 20_000})
    void rfc1122_3_2_2_6_linuxGetsAllOfALongEchoBack(int length) {
        try (Namespace a = Namespace.create(); Namespace b = Namespace.create()) {
            VethPair.between(a, b).addresses("10.98.7.10/24", "10.98.7.1/24").create();
            try (XdpLink link = a.call(() -> XdpLink.on("veth0").address(OURS).open());
                    TcpStack stack = TcpStack.on(link).address(OURS + "/24").build()) {
                StackRunner runner = StackRunner.start(stack, IdleStrategy.PARK);
                try {
                    assertEquals(-1L, b.call(() -> firstDifference(length)));
                } finally {
                    runner.close();
                }
                assertNull(runner.failure());
                assertEquals(length > 1472 ? 1 : 0, stack.counters().get(Counter.IP_REASSEMBLED));
            }
        }
    }

    /** Sends an echo request by a raw socket; where its answer differs, -1 if it does not. */
    private static long firstDifference(int length) throws InterruptedException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = Errno.ofThread();
            int total = length + IcmpHeader.LENGTH;
            MemorySegment request = arena.allocate(total);
            byte[] data = new byte[length];
            new Random(length).nextBytes(data);
            MemorySegment.copy(MemorySegment.ofArray(data), 0, request, IcmpHeader.LENGTH, length);
            IcmpHeader.write(request, 0, IcmpHeader.ECHO_REQUEST, 0, 0x1234_0001, total);
            MemorySegment address = arena.allocate(16, 8);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) Libc.AF_INET);
            Bytes.put32(address, 4, RAW_ADDRESS);
            MemorySegment answer = arena.allocate(65_536);
            int fd = SystemCallException.check("socket", Libc.socket(errno, Libc.AF_INET, Libc.SOCK_RAW, 1));
            try {
                SystemCallException.check("sendto", Libc.sendto(errno, fd, request, total, 0, address, 16));
                for (int i = 0; i < SECONDS * 100; i++) {
                    long received = Libc.recvfrom(errno, fd, answer, 65_536, Libc.MSG_DONTWAIT, MemorySegment.NULL,
                            MemorySegment.NULL);
                    if (received > 0 && Ipv4Header.source(answer, 0) == RAW_ADDRESS) {
                        long icmp = Ipv4Header.headerLength(answer, 0);
                        assertEquals(IcmpHeader.ECHO_REPLY, IcmpHeader.type(answer, icmp));
                        return answer.asSlice(icmp + 4, received - icmp - 4).mismatch(request.asSlice(4));
                    }
                    Thread.sleep(10);
                }
                throw new AssertionError("no answer to an echo request of " + length + " bytes");
            } finally {
                Libc.close(errno, fd);
            }
        }
    }
}
