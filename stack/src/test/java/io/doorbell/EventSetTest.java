package io.doorbell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What happened to many connections, taken as one set after a poll. */
class EventSetTest {
    private final PipeLink.Pair cable = PipeLink.options().frames(1 << 14).pair();
    private final TcpStack server = TcpStack.on(cable.left()).address("10.0.0.1/24").seed(1).build();
    private final TcpStack clients = TcpStack.on(cable.right()).address("10.0.0.2/24").seed(2)
            .tcp(TcpConfig.builder().receiveWindowBytes(8192).build()).build();
    private final EventSet events = new EventSet();
    private final EventSet clientEvents = new EventSet();
    private final List<Connection> connections = new ArrayList<>();
    private final List<Connection> accepted = new ArrayList<>();
    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 16);
    private long now = 1_000_000_000;

    EventSetTest() {
        server.listen(80, events);
    }

    @AfterEach
    void close() {
        server.close();
        clients.close();
        cable.close();
    }

    private void step() {
        now += 1_000_000;
        clients.poll(now);
        server.poll(now);
    }

    private void connect(int count) {
        for (int i = 0; i < count; i++) {
            connections.add(clients.connect("10.0.0.1", 80, clientEvents));
            for (int step = 0; events.size() == 0; step++) {
                assertTrue(step < 1_000, "no connection");
                step();
            }
            assertEquals(1, events.size());
            assertEquals(EventSet.CONNECTED, events.flags(0));
            accepted.add(events.connection(0));
            events.clear();
        }
        clientEvents.clear();
    }

    private void clientSends(int client, int bytes) {
        assertEquals(bytes, connections.get(client).send(memory, 0, bytes));
    }

    @Test
    void eventsOfOneConnectionAreOneEntry() {
        Connection c = clients.connect("10.0.0.1", 80, clientEvents);
        for (int i = 0; i < 5; i++) {
            step();
            c.send(memory, 0, 10);
        }
        step();
        assertEquals(1, events.size());
        assertEquals(EventSet.CONNECTED | EventSet.READABLE, events.flags(0));
        int bytes = events.readable(0);
        assertTrue(bytes >= 20, () -> bytes + " bytes");
        assertEquals(bytes, events.connection(0).read(memory, 0, 1 << 16));
        assertEquals(0, events.readable(0));
    }

    @Test
    void entriesComeInTheOrderOfTheirFirstEvents() {
        connect(4);
        clientSends(2, 100);
        clients.flush(now);
        clientSends(0, 50);
        clients.flush(now);
        clientSends(2, 100);
        clientSends(3, 1);
        step();
        assertEquals(3, events.size());
        assertEquals(List.of(accepted.get(2), accepted.get(0), accepted.get(3)),
                List.of(events.connection(0), events.connection(1), events.connection(2)));
        assertEquals(200, events.readable(0));
        assertEquals(50, events.readable(1));
        clientSends(1, 5);
        step();
        assertEquals(4, events.size(), "what was not cleared stays");
        clientSends(0, 50);
        events.clear();
        step();
        assertEquals(1, events.size());
        assertEquals(100, events.readable(0), "all that is unread counts");
    }

    @Test
    void anEndIsToldWhenWhatWasBeforeItIsRead() {
        connect(1);
        clientSends(0, 10);
        connections.getFirst().closeOutput();
        step();
        step();
        assertEquals(EventSet.READABLE, events.flags(0));
        assertEquals(10, events.connection(0).read(memory, 0, 100));
        events.clear();
        step();
        assertEquals(EventSet.PEER_CLOSED, events.flags(0));
        assertNull(events.reason(0));
        events.connection(0).close();
        events.clear();
        step();
        step();
        assertEquals(EventSet.CLOSED, events.flags(0));
        assertEquals(CloseReason.NORMAL, events.reason(0));
    }

    @Test
    void aResetIsTold() {
        connect(1);
        connections.getFirst().abort();
        step();
        assertEquals(EventSet.RESET | EventSet.CLOSED, events.flags(0));
        assertEquals(CloseReason.RESET_BY_PEER, events.reason(0));
    }

    @Test
    void aPeerThatDoesNotAnswerIsASendError() {
        connect(1);
        accepted.getFirst().send(memory, 0, 10);
        for (int i = 0; i < 100_000 && events.size() == 0; i++) {
            now += 100_000_000;
            server.poll(now);
        }
        assertEquals(EventSet.SEND_ERROR | EventSet.CLOSED, events.flags(0));
        assertEquals(CloseReason.UNREACHABLE, events.reason(0));
    }

    @Test
    void roomAfterARefusalIsToldAndSendsThatSucceedAreNot() {
        connect(1);
        Connection c = accepted.getFirst();
        int written = 0;
        while (written >= 0 && c.sendSpace() > 0) {
            written = c.write(memory, 0, 1 << 16);
        }
        assertEquals(0, c.write(memory, 0, 1));
        for (int i = 0; i < 20; i++) {
            step();
        }
        assertEquals(0, events.size());
        for (int i = 0; i < 2_000 && events.size() == 0; i++) {
            connections.getFirst().read(memory, 0, 1 << 16);
            step();
        }
        assertEquals(EventSet.WRITABLE, events.flags(0));
    }

    @Test
    void whenAllSpeakAtOnceEachIsHeardInOrder() {
        connect(300);
        for (int i = 0; i < 300; i++) {
            clientSends(i, 8);
        }
        clients.poll(now);
        int heard = 0;
        for (int poll = 0; poll < 20; poll++) {
            now += 1_000;
            server.poll(now);
            for (int i = 0; i < events.size(); i++) {
                assertEquals(accepted.get(heard), events.connection(i));
                assertEquals(EventSet.READABLE, events.flags(i));
                assertEquals(8, events.readable(i));
                heard++;
            }
            events.clear();
        }
        assertEquals(300, heard);
    }

    @Test
    void ofTenThousandThatSpeakAtOnceNoneIsStarvedByOneThatNeverStops() {
        int count = 10_000;
        connect(count);
        for (int i = 1; i < count; i++) {
            clientSends(i, 8);
        }
        int heard = 1;
        int polls = 0;
        long fromTheLoudOne = 0;
        while (heard < count) {
            assertTrue(polls++ < 1_000, () -> "somebody is not heard");
            clientSends(0, 8);
            now += 1_000;
            clients.poll(now);
            server.poll(now);
            for (int i = 0; i < events.size(); i++) {
                Connection c = events.connection(i);
                assertEquals(EventSet.READABLE, events.flags(i));
                int bytes = c.read(memory, 0, 1 << 16);
                if (c == accepted.getFirst()) {
                    fromTheLoudOne += bytes;
                } else {
                    assertEquals(accepted.get(heard++), c);
                    assertEquals(8, bytes);
                }
            }
            events.clear();
        }
        // A burst is 64 frames: the loud one's are some of them, and never more than it has sent meanwhile.
        assertTrue(polls >= count / 64 && polls < count / 64 + 20 + polls / 64, polls + " polls");
        assertTrue(fromTheLoudOne > 0);
    }
}
