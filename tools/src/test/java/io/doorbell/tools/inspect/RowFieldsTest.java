package io.doorbell.tools.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.grant.GrantedSender;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.run.PublishedFile;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.TcpConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What rows and listeners tell beyond a connection's variables, on a clock of the test's own. */
class RowFieldsTest {
    private static final int PORT = 7;
    private static final long STEP_NANOS = 200_000;
    private static final int BLOCK_BYTES = 8000;
    private static final MemorySegment BLOCK = Arena.ofAuto().allocate(BLOCK_BYTES);

    @TempDir
    private Path parent;
    private final PipeLink.Pair pair = PipeLink.pair();
    private PublishedFile file;
    private ImpairedLink link;
    private TcpStack server;
    private TcpStack client;
    private Connection accepted;
    private long now = 1_000_000_000L;

    private final class Sink implements ConnectionHandler {
        @Override
        public void connected(Connection c) {
            accepted = c;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return length;
        }
    }

    @BeforeEach
    void make() throws IOException {
        file = PublishedFile.open(parent.resolve("stacks"), 16, 0);
        link = new ImpairedLink(pair.left(), Impairment.NONE);
        TcpConfig config = TcpConfig.builder().halfOpenLimit(2).build();
        server = TcpStack.on(link).address("10.9.0.1/24").tcp(config).seed(1).inspection(file.block()).build();
        client = TcpStack.on(pair.right()).address("10.9.0.2/24").seed(2).build();
        server.listen(PORT, c -> new Sink());
    }

    @AfterEach
    void remove() throws IOException {
        server.close();
        client.close();
        link.close();
        pair.close();
        file.close();
    }

    private void steps(int count) {
        for (int i = 0; i < count; i++) {
            now += STEP_NANOS;
            server.poll(now);
            client.poll(now);
        }
    }

    private ConnectionRow row() throws IOException {
        try (StackFile stack = StackFile.open(file.path())) {
            return stack.connections().getFirst();
        }
    }

    private void connect() {
        client.connect("10.9.0.1", PORT, new Sink());
        steps(200);
        assertTrue(accepted != null, "connected");
    }

    @Test
    void retransmissionsAreToldByTheirCauseAndCubicByItsState() throws IOException {
        connect();
        long seed = 7;
        link.change(Impairment.builder().loss(0.02).seed(seed).build(), Impairment.NONE);
        Set<String> phases = new TreeSet<>();
        long highestMax = 0;
        boolean epoch = false;
        for (int i = 0; i < 20_000; i++) {
            accepted.write(BLOCK, 0, BLOCK_BYTES);
            steps(1);
            if (i % 20 == 0) {
                ConnectionRow row = row();
                phases.add(row.phase());
                highestMax = Math.max(highestMax, row.get(ConnectionField.CUBIC_W_MAX));
                epoch |= row.get(ConnectionField.CUBIC_EPOCH_NANOS) != Long.MAX_VALUE;
            }
        }
        ConnectionRow row = row();
        assertEquals(row.get(ConnectionField.RETRANSMISSIONS), row.get(ConnectionField.RETRANSMITTED_FAST)
                + row.get(ConnectionField.RETRANSMITTED_TIMEOUT) + row.get(ConnectionField.RETRANSMITTED_PROBE));
        assertTrue(row.get(ConnectionField.RETRANSMITTED_FAST) > 0, "some by RACK, seed " + seed);
        assertTrue(phases.contains("fast-recovery") && phases.contains("congestion-avoidance"), phases.toString());
        assertTrue(highestMax > 0 && epoch, "W_max " + highestMax);
        long byTimeout = row.get(ConnectionField.RETRANSMITTED_TIMEOUT);
        link.change(Impairment.builder().loss(1).seed(seed).build(), Impairment.NONE);
        steps(20_000);
        assertTrue(row().get(ConnectionField.RETRANSMITTED_TIMEOUT) > byTimeout, "the timer's are its own");
        assertEquals("loss-recovery", row().phase());
    }

    /** Loses frames of data from the client: holes, and ranges between them. */
    @Test
    void outOfOrderRangesAreToldAsTheyAre() throws IOException {
        connect();
        long seed = 3;
        Connection sender = client.connect("10.9.0.1", PORT, new Sink());
        steps(200);
        Impairment lossy = Impairment.builder().loss(0.3).seed(seed).build();
        int most = 0;
        for (int i = 0; i < 2000; i++) {
            // Time without loss lets the congestion window grow: a flight of one segment has no holes.
            if (i % 200 == 0 || i % 200 == 190) {
                link.change(Impairment.NONE, i % 200 == 0 ? Impairment.NONE : lossy);
            }
            for (int taken = BLOCK_BYTES; taken == BLOCK_BYTES; ) {
                taken = sender.write(BLOCK, 0, BLOCK_BYTES);
            }
            steps(1);
            try (StackFile stack = StackFile.open(file.path())) {
                ConnectionRow row = stack.connections().getLast();
                List<ConnectionRow.SequenceRange> ranges = row.outOfOrder();
                assertEquals(Math.min(4, row.get(ConnectionField.OUT_OF_ORDER_RANGES)), ranges.size(), "seed " + seed);
                long before = row.get(ConnectionField.RCV_NXT);
                for (ConnectionRow.SequenceRange range : ranges) {
                    assertTrue((int) (range.start() - before) > 0 && (int) (range.end() - range.start()) > 0,
                            range + " behind " + before + ", seed " + seed);
                    before = range.end();
                }
                most = Math.max(most, ranges.size());
            }
        }
        assertTrue(most > 1, most + " ranges at once at most, seed " + seed);
        link.change(Impairment.NONE, Impairment.NONE);
        steps(30_000);
        try (StackFile stack = StackFile.open(file.path())) {
            assertEquals(List.of(), stack.connections().getLast().outOfOrder(), "seed " + seed);
            assertEquals(0, stack.connections().getLast().get(ConnectionField.OUT_OF_ORDER_1), "seed " + seed);
        }
    }

    @Test
    void templatesAreCountedWithTheirSends() throws IOException {
        connect();
        MessageTemplate template = accepted.template(64);
        assertEquals(0, row().get(ConnectionField.TEMPLATES_SENT_FAST));
        template.update(0, new byte[64]);
        template.send(now);
        steps(50);
        ConnectionRow row = row();
        assertEquals(1, row.get(ConnectionField.TEMPLATES));
        assertEquals(1, row.get(ConnectionField.TEMPLATES_SENT_FAST) + row.get(ConnectionField.TEMPLATES_SENT_QUEUED));
    }

    @Test
    void aGrantIsToldWithItsBytesItsLimitAndItsRecall() throws IOException {
        connect();
        assertFalse(row().has(ConnectionFlag.GRANTED));
        Grant grant = accepted.grant(GrantOptions.of(500).once());
        steps(1);
        assertTrue(row().has(ConnectionFlag.GRANTED));
        assertFalse(row().has(ConnectionFlag.GRANT_RECALLED));
        assertEquals(500, row().get(ConnectionField.GRANTED_BYTES));
        assertEquals("none", row().grantLimit());
        PipeLink.Pair engines = PipeLink.pair();
        GrantedSender engine = grant.sender(engines.left());
        assertEquals(GrantedSender.FAST, engine.send(BLOCK, 0, 200, now));
        steps(1);
        assertEquals(300, row().get(ConnectionField.GRANTED_BYTES));
        assertEquals(200, row().get(ConnectionField.GRANT_SENT_BYTES));
        assertTrue(row().get(ConnectionField.SEND_QUEUE) <= 200, "what is granted is no data");
        assertEquals("application", row().limit());
        grant.recall(Long.MAX_VALUE);
        steps(1);
        assertTrue(row().has(ConnectionFlag.GRANT_RECALLED));
        engine.giveBack();
        steps(2);
        assertFalse(row().has(ConnectionFlag.GRANTED) || row().has(ConnectionFlag.GRANT_RECALLED));
        assertEquals(0, row().get(ConnectionField.GRANTED_BYTES));
        engines.close();
    }

    @Test
    void aGrantThatIsBoundedSaysByWhat() throws IOException {
        connect();
        Grant grant = accepted.grant(GrantOptions.of(1 << 20));
        steps(1);
        assertEquals(grant.granted(), row().get(ConnectionField.GRANTED_BYTES));
        assertEquals("congestion-window", row().grantLimit());
    }

    @Test
    void resetsAreCountedByTheirReason() throws IOException {
        connect();
        accepted.abort();
        steps(50);
        client.connect("10.9.0.1", 99, new Sink());
        steps(50);
        try (StackFile stack = StackFile.open(file.path())) {
            assertEquals(2L, stack.counters().get("tcp.resets.out"));
            assertEquals(1L, stack.counters().get("tcp.resets.out.aborted"));
            assertEquals(1L, stack.counters().get("tcp.resets.out.no.connection"));
            assertEquals(0L, stack.counters().get("tcp.resets.in.connection"));
        }
        connect();
        client.close();
        steps(50);
        try (StackFile stack = StackFile.open(file.path())) {
            assertEquals(1L, stack.counters().get("tcp.resets.in.connection"));
        }
    }

    @Test
    void aListenerTellsOfItsOverflowsAndCookies() throws IOException {
        // Nothing that the server says arrives: handshakes stay half open.
        steps(10);
        connect();
        link.change(Impairment.builder().loss(1).seed(1).build(), Impairment.NONE);
        for (int i = 0; i < 5; i++) {
            client.connect("10.9.0.1", PORT, new Sink());
        }
        steps(2000);
        try (StackFile stack = StackFile.open(file.path())) {
            ListenerRow listener = stack.listeners().getFirst();
            assertEquals(PORT, listener.port());
            assertEquals(1, listener.accepted());
            assertTrue(listener.halfOpenOverflows() >= 3 && listener.cookiesSent() >= 3, listener.toString());
        }
    }
}
