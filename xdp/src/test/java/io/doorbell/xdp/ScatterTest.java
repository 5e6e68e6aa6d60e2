package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Batch;
import io.doorbell.BatchConfig;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.tcp.LinkBuffer;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Frames in two pieces over a real AF_XDP socket: bound with XDP_USE_SG, joined by the kernel. */
@RequiresRoot
class ScatterTest {
    private static final String SENDER = "10.98.5.2";
    private static final String RECEIVER = "10.98.5.3";
    private static final int HEAD = 41;
    private static final int LAST = 1300;
    private static final int MESSAGES = 2_000;
    private static final int CLIENTS = 20;
    private static final long LONGEST_NANOS = 30_000_000_000L;

    private final List<AutoCloseable> open = new ArrayList<>();
    private Namespace a;
    private Namespace b;

    @BeforeEach
    void cable() {
        a = Namespace.create();
        b = Namespace.create();
        VethPair.between(a, b).names("veth0", "veth0").create();
    }

    @AfterEach
    void unplug() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        a.close();
        b.close();
    }

    private TcpStack stack(Namespace where, String address, boolean scatter) {
        XdpLink link = where.call(() -> XdpLink.on("veth0").address(address).frames(4096).scatter(scatter).open());
        open.add(link);
        TcpStack stack = TcpStack.on(link).address(address + "/24")
                .tcp(TcpConfig.builder().referenceBytes(100).build()).build();
        open.add(stack);
        return stack;
    }

    /** A byte of message {@code number}. */
    private static int at(long number, int position) {
        return (int) (number * 7 + position * 31L) & 0xff;
    }

    /** Takes messages apart, and remembers the first that is wrong. */
    private static final class Messages implements ConnectionHandler {
        private long number;
        private int position;
        private String fault;

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            for (int i = 0; i < length; i++) {
                if (Bytes.u8(memory, offset + i) != at(number, position) && fault == null) {
                    fault = "byte " + position + " of message " + number;
                }
                position = (position + 1) % (HEAD + LAST);
                number += position == 0 ? 1 : 0;
            }
            return length;
        }
    }

    @Test
    void theKernelJoinsThePiecesAndGivesBothFramesBack() {
        TcpStack sender = stack(a, SENDER, true);
        exchange(sender, stack(b, RECEIVER, false));
        assertTrue(sender.link().scatter());
        long byReference = sender.counters().get(Counter.TEMPLATE_SENDS_BY_REFERENCE);
        assertTrue(byReference > MESSAGES / 2, byReference + " of " + MESSAGES + " by reference");
        assertEquals(0, sender.link().statistics().invalidDescriptors);
    }

    @Test
    void withoutItTheSameMessagesAreCopied() {
        TcpStack sender = stack(a, SENDER, false);
        exchange(sender, stack(b, RECEIVER, false));
        assertEquals(0, sender.counters().get(Counter.TEMPLATE_SENDS_BY_REFERENCE));
    }

    @Test
    void oneFrameWithAPayloadLeavesForManyConnectionsAndComesBack() {
        TcpStack sender = stack(a, SENDER, true);
        TcpStack receiver = stack(b, RECEIVER, false);
        int before = sender.link().frames().available();
        List<Messages> received = new ArrayList<>();
        List<Connection> clients = new ArrayList<>();
        receiver.listen(7, c -> {
            received.add(new Messages());
            return received.getLast();
        });
        long until = System.nanoTime() + LONGEST_NANOS;
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(sender.connect(RECEIVER, 7, new Messages()));
            while (received.size() <= i && System.nanoTime() < until) {
                poll(sender, receiver);
            }
        }
        Batch batch = sender.batch(BatchConfig.defaults().withMessageBytes(HEAD + LAST).withFramesPerClient(1_000));
        byte[] message = new byte[HEAD + LAST];
        for (int number = 0; number < MESSAGES; number++) {
            for (int i = 0; i < message.length; i++) {
                message[i] = (byte) at(number, i);
            }
            int put = batch.put(MemorySegment.ofArray(message), 0, message.length);
            clients.forEach(client -> batch.add(put, client));
            batch.flush(System.nanoTime());
            while (least(clients) < 4 * message.length && System.nanoTime() < until) {
                poll(sender, receiver);
            }
        }
        clients.forEach(Connection::close);
        while (sender.link().frames().available() < before && System.nanoTime() < until) {
            poll(sender, receiver);
        }
        for (Messages each : received) {
            assertNull(each.fault);
            assertEquals(MESSAGES, each.number);
        }
        long shared = sender.counters().get(Counter.BATCH_SHARED);
        assertTrue(shared > (long) CLIENTS * MESSAGES / 2, shared + " shared");
        assertEquals(before, sender.link().frames().available());
        assertEquals(0, sender.link().statistics().invalidDescriptors);
    }

    private static int least(List<Connection> clients) {
        return clients.stream().mapToInt(Connection::sendSpace).min().orElseThrow();
    }

    private static void exchange(TcpStack sender, TcpStack receiver) {
        Messages messages = new Messages();
        receiver.listen(7, c -> messages);
        int before = sender.link().frames().available();
        Connection connection = sender.connect(RECEIVER, 7, messages);
        long until = System.nanoTime() + LONGEST_NANOS;
        while (!connection.state().equals("ESTABLISHED") && System.nanoTime() < until) {
            poll(sender, receiver);
        }
        MessageTemplate template = connection.template(HEAD + LAST);
        LinkBuffer[] buffers = new LinkBuffer[16];
        for (int i = 0; i < buffers.length; i++) {
            buffers[i] = sender.buffer();
            assertNotNull(buffers[i]);
        }
        int sent = 0;
        while (messages.number < MESSAGES && messages.fault == null && System.nanoTime() < until) {
            for (LinkBuffer buffer : buffers) {
                if (buffer.isFree() && sent < MESSAGES && connection.sendSpace() > 2 * (HEAD + LAST)) {
                    send(template, buffer, sent++);
                }
            }
            poll(sender, receiver);
        }
        assertNull(messages.fault);
        assertEquals(MESSAGES, messages.number);
        connection.abort();
        for (LinkBuffer buffer : buffers) {
            buffer.close();
        }
        while (sender.link().frames().available() < before && System.nanoTime() < until) {
            poll(sender, receiver);
        }
        assertEquals(before, sender.link().frames().available());
    }

    private static void send(MessageTemplate template, LinkBuffer buffer, int number) {
        byte[] head = new byte[HEAD];
        for (int i = 0; i < HEAD; i++) {
            head[i] = (byte) at(number, i);
        }
        for (int i = 0; i < LAST; i++) {
            Bytes.put8(buffer.memory(), buffer.address() + i, at(number, HEAD + i));
        }
        assertEquals(LAST, template.update(0, head));
        assertEquals(0, template.last(buffer, LAST));
        int result = template.send(System.nanoTime());
        assertTrue(result == MessageTemplate.FAST || result == MessageTemplate.QUEUED, "answered " + result);
    }

    private static void poll(TcpStack sender, TcpStack receiver) {
        sender.poll(System.nanoTime());
        receiver.poll(System.nanoTime());
    }
}
