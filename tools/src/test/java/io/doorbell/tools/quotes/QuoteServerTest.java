package io.doorbell.tools.quotes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The quote server over a cable in memory, on a clock that the test moves. */
class QuoteServerTest {
    private static final long MILLISECOND = 1_000_000;

    private final PipeLink.Pair cable = PipeLink.pair();
    private final TcpStack serving = TcpStack.on(cable.left()).address("10.0.0.1/24").seed(1).build();
    private final TcpStack asking = TcpStack.on(cable.right()).address("10.0.0.2/24").seed(2)
            .tcp(TcpConfig.builder().receiveWindowBytes(2048).build()).build();
    private final QuoteServer server = new QuoteServer(serving, 7000,
            Prices.recorded(List.of("ACME 101.25", "BOLT 0.07", "ACME 101.30")), MILLISECOND);
    private long now = 1_000_000_000;

    @AfterEach
    void close() {
        serving.close();
        asking.close();
        cable.close();
    }

    private static final class Client implements ConnectionHandler {
        private final StringBuilder text = new StringBuilder();
        private boolean reads = true;

        @Override
        public int data(Connection connection, MemorySegment memory, long offset, int length) {
            if (reads) {
                text.append(new String(memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE),
                        StandardCharsets.US_ASCII));
            }
            return reads ? length : 0;
        }
    }

    private Connection connect(Client client, String... lines) {
        Connection connection = asking.connect("10.0.0.1", 7000, client);
        run(20);
        for (String line : lines) {
            byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
            assertEquals(bytes.length, connection.send(bytes, 0, bytes.length));
        }
        run(20);
        return connection;
    }

    private void run(int milliseconds) {
        for (int i = 0; i < 10 * milliseconds; i++) {
            now += MILLISECOND / 10;
            serving.poll(now);
            asking.poll(now);
        }
    }

    @Test
    void aClientGetsThePricesItSubscribedTo() {
        Client one = new Client();
        Client all = new Client();
        connect(one, "subscribe BOLT");
        connect(all, "subscribe ACME", "subscribe BOLT");
        for (int i = 0; i < 3; i++) {
            server.publishNext();
        }
        run(20);
        assertEquals("BOLT 0.07\n", one.text.toString());
        assertEquals("ACME 101.25\nBOLT 0.07\nACME 101.30\n", all.text.toString());
        assertEquals(1, server.batch().batches());
        assertEquals(1, server.batch().allDoorbells());
    }

    @Test
    void whoUnsubscribesGetsNoMoreAndWhoLeavesIsForgotten() {
        Client client = new Client();
        Connection connection = connect(client, "subscribe ACME", "unsubscribe ACME");
        server.publishNext();
        run(20);
        assertEquals("", client.text.toString());
        assertEquals(1, server.clients().size());
        connection.close();
        run(20);
        assertEquals(0, server.clients().size());
    }

    @Test
    void aLineThatIsNoCommandIsAnsweredWithTheUsage() {
        Client client = new Client();
        connect(client, "subscribe NOTHING");
        assertTrue(client.text.toString().startsWith("? subscribe SYMBOL"), client.text::toString);
    }

    @Test
    void whoDoesNotKeepUpGetsTheLatestPriceOfEachSymbol() {
        Client client = new Client();
        Connection connection = connect(client, "subscribe ACME", "subscribe BOLT");
        client.reads = false;
        for (int i = 0; i < 20_000; i++) {
            server.publishNext();
            run(i % 3 == 0 ? 1 : 0);
        }
        Connection accepted = server.clients().get(0);
        assertTrue(server.batch().conflated(accepted) > 1_000, () -> server.batch().conflated(accepted) + " conflated");
        assertEquals(0, server.batch().refused(accepted));
        assertEquals(2, server.batch().waiting(accepted));
        client.reads = true;
        connection.resume();
        run(2_000);
        assertEquals(0, server.batch().waiting(accepted));
    }

    @Test
    void theSameSeedGivesTheSamePricesAndALineThatIsNoPriceIsRefused() {
        Prices first = Prices.generated(5, 3);
        Prices second = Prices.generated(5, 3);
        for (int i = 0; i < 100; i++) {
            first.next();
            second.next();
            assertEquals(first.symbol(), second.symbol());
            assertEquals(first.cents(), second.cents());
        }
        assertThrows(IllegalArgumentException.class, () -> Prices.recorded(List.of("ACME")));
        assertThrows(IllegalArgumentException.class, () -> Prices.recorded(List.of()));
    }
}
