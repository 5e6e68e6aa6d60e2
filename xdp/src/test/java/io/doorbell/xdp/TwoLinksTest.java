package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Stacks on several queues, and on several interfaces, of one process share nothing and do not disturb each other. */
@RequiresRoot
class TwoLinksTest {
    private static final int BYTES = 1_000_000;

    private Namespace a;
    private Namespace b;
    private final List<XdpLink> links = new ArrayList<>();
    private final List<TcpStack> stacks = new ArrayList<>();

    @BeforeEach
    void cables() {
        a = Namespace.create();
        b = Namespace.create();
        VethPair.between(a, b).names("veth0", "veth0").queues(2).create();
        VethPair.between(a, b).names("veth1", "veth1").create();
    }

    @AfterEach
    void unplug() {
        stacks.forEach(TcpStack::close);
        links.forEach(XdpLink::close);
        a.close();
        b.close();
    }

    private TcpStack stack(Namespace where, String interfaceName, int queue, String address) {
        XdpLink link = where.call(() -> XdpLink.on(interfaceName).queue(queue).address(address).frames(4096).open());
        links.add(link);
        TcpStack stack = TcpStack.on(link).address(address + "/24").build();
        stacks.add(stack);
        return stack;
    }

    /** Sends numbered bytes as fast as it may, and counts what is right of what comes. */
    private static final class Numbers implements ConnectionHandler {
        private final int toSend;
        private final int key;
        private int sent;
        private int received;
        private int wrong;

        Numbers(int toSend, int key) {
            this.toSend = toSend;
            this.key = key;
        }

        @Override
        public void connected(Connection c) {
            writable(c);
        }

        @Override
        public void writable(Connection c) {
            byte[] bytes = new byte[toSend - sent];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) ((sent + i) * 31 + key);
            }
            sent += Math.max(0, c.write(MemorySegment.ofArray(bytes), 0, bytes.length));
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            for (int i = 0; i < length; i++) {
                if (Bytes.u8(memory, offset + i) != (((received + i) * 31 + key) & 0xff)) {
                    wrong++;
                }
            }
            received += length;
            return length;
        }
    }

    @Test
    void twoQueuesAndASecondInterfaceCarryTheirOwnStreams() {
        List<Numbers> receivers = new ArrayList<>();
        connect(receivers, stack(a, "veth0", 0, "10.98.3.2"), stack(b, "veth0", 0, "10.98.3.4"), "10.98.3.2", 1);
        connect(receivers, stack(a, "veth0", 1, "10.98.3.3"), stack(b, "veth0", 1, "10.98.3.5"), "10.98.3.3", 2);
        connect(receivers, stack(a, "veth1", 0, "10.98.4.2"), stack(b, "veth1", 0, "10.98.4.4"), "10.98.4.2", 3);
        pollUntil(receivers, BYTES);
        for (Numbers receiver : receivers) {
            assertEquals(BYTES, receiver.received);
            assertEquals(0, receiver.wrong);
        }
    }

    @Test
    void closingOneQueueLeavesTheOtherAtWork() {
        List<Numbers> receivers = new ArrayList<>();
        TcpStack server = stack(a, "veth0", 0, "10.98.3.2");
        stack(a, "veth0", 1, "10.98.3.3");
        TcpStack client = stack(b, "veth0", 0, "10.98.3.4");
        stacks.remove(1).close();
        links.remove(1).close();
        connect(receivers, server, client, "10.98.3.2", 4);
        pollUntil(receivers, BYTES);
        assertEquals(BYTES, receivers.getFirst().received);
        assertEquals(0, receivers.getFirst().wrong);
    }

    private static void connect(List<Numbers> receivers, TcpStack server, TcpStack client, String address, int key) {
        Numbers receiver = new Numbers(0, key);
        receivers.add(receiver);
        server.listen(7, c -> receiver);
        client.connect(address, 7, new Numbers(BYTES, key));
    }

    private void pollUntil(List<Numbers> receivers, int bytes) {
        long until = System.nanoTime() + 30_000_000_000L;
        while (System.nanoTime() < until && receivers.stream().anyMatch(r -> r.received < bytes)) {
            for (TcpStack stack : stacks) {
                stack.poll(System.nanoTime());
            }
        }
        assertTrue(receivers.stream().allMatch(r -> r.received >= bytes), () -> "received "
                + receivers.stream().map(r -> Integer.toString(r.received)).toList());
    }
}
