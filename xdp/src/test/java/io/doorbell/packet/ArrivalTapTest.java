package io.doorbell.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Between two kernels: what the tap sees, and when it says that it came. */
@RequiresRoot
class ArrivalTapTest {
    private static final String LEFT = "10.95.7.1";
    private static final String RIGHT = "10.95.7.2";
    private static final int PORT = 9200;

    private Namespace left;
    private Namespace right;
    private final List<Integer> ports = new ArrayList<>();
    private final List<Integer> payloads = new ArrayList<>();
    private final List<Long> times = new ArrayList<>();

    @BeforeEach
    void cable() {
        left = Namespace.create();
        right = Namespace.create();
        VethPair.between(left, right).names("tap0", "tap0").addresses(LEFT + "/24", RIGHT + "/24").create();
    }

    @AfterEach
    void unplug() {
        left.close();
        right.close();
    }

    private void frame(ArrivalTap tap, MemorySegment memory, long offset, int length) {
        long tcp = offset + EthernetHeader.LENGTH + Ipv4Header.LENGTH;
        ports.add(TcpHeader.destinationPort(memory, tcp));
        payloads.add((int) (offset + length - tcp) - TcpHeader.headerLength(memory, tcp));
        times.add(tap.arrivedNanos());
    }

    private static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    private void send(int port, int bytes) throws IOException {
        try (ServerSocketChannel server = right.call(() -> ServerSocketChannel.open(StandardProtocolFamily.INET)
                .bind(new InetSocketAddress(RIGHT, port)));
                SocketChannel client = left.call(() -> SocketChannel.open(StandardProtocolFamily.INET))) {
            client.connect(new InetSocketAddress(RIGHT, port));
            try (SocketChannel accepted = server.accept()) {
                client.write(ByteBuffer.allocate(bytes));
                ByteBuffer received = ByteBuffer.allocate(bytes);
                while (received.hasRemaining()) {
                    accepted.read(received);
                }
            }
        }
    }

    @Test
    void segmentsToThePortAreSeenWithTheTimeAtWhichTheyCameIn() throws IOException {
        try (ArrivalTap tap = right.call(() -> ArrivalTap.open("tap0", PORT))) {
            long before = now();
            send(PORT + 1, 100);
            send(PORT, 100);
            long after = now();
            tap.receive((memory, offset, length) -> frame(tap, memory, offset, length));
            assertTrue(ports.size() >= 3, "SYN, ACK, data at least: " + ports);
            assertTrue(ports.stream().allMatch(port -> port == PORT), ports.toString());
            assertEquals(1, payloads.stream().filter(payload -> payload == 100).count(), payloads.toString());
            for (int i = 0; i < times.size(); i++) {
                long earliest = i == 0 ? before : times.get(i - 1);
                assertTrue(times.get(i) >= earliest && times.get(i) <= after, before + " " + times + " " + after);
            }
        }
    }

    @Test
    void whatCannotBeIsRefusedAndLeavesNothingOpen() throws IOException {
        // The first time may open files of classes.
        assertThrows(IllegalArgumentException.class, () -> right.call(() -> ArrivalTap.open("tap7", PORT)));
        long before = descriptors();
        assertThrows(IllegalArgumentException.class, () -> right.call(() -> ArrivalTap.open("tap7", PORT)));
        ArrivalTap tap = right.call(() -> ArrivalTap.open("tap0", PORT));
        tap.close();
        tap.close();
        assertEquals(before, descriptors());
    }

    private static long descriptors() throws IOException {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }
}
