package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.tools.RequiresRoot;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code quotes} over AF_XDP in one namespace, ordinary sockets of the kernel in another. Each price is one cent higher. */
@RequiresRoot
class QuotesTest {
    private static final int PRICES = 200_000;
    private static final int MILLIS = 60_000;

    @TempDir
    private Path directory;
    private Namespace serving;
    private Namespace asking;
    private Process server;
    private BufferedReader said;

    @BeforeEach
    void serve() throws IOException {
        serving = Namespace.create();
        asking = Namespace.create();
        VethPair.between(serving, asking).names("dbs", "dba").addresses("10.9.0.1/24", "10.9.0.3/24").create();
        Path prices = directory.resolve("prices");
        Files.write(prices, IntStream.range(0, PRICES).mapToObj(QuotesTest::line).toList());
        server = Script.prepare(serving.command(Script.STACK_CLI.toString(), "quotes", "-i", "dbs", "-a", "10.9.0.2/24",
                "--link", "xdp", "--rate", "4000", "--prices", prices.toString())).start();
        said = new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
        String first = said.readLine();
        assertTrue(first != null && first.startsWith("Prices of 1 symbols, ACME and others, at 10.9.0.2 port 7000 on dbs"),
                first);
    }

    @AfterEach
    void remove() throws InterruptedException {
        server.destroy();
        server.waitFor(30, TimeUnit.SECONDS);
        asking.close();
        serving.close();
    }

    private static String line(int cents) {
        return String.format("ACME %d.%02d", cents / 100, cents % 100);
    }

    /** Which price a line tells; whatever else it may be fails. */
    private static int cents(String line) {
        assertTrue(line != null && line.matches("ACME [0-9]+\\.[0-9]{2}"), line);
        return Integer.parseInt(line.substring(5).replace(".", ""));
    }

    /** A client of the kernel's: its lines, and where it says what it wants. */
    private record Client(Socket socket, BufferedReader lines) implements AutoCloseable {
        void say(String text) throws IOException {
            socket.getOutputStream().write((text + "\n").getBytes(StandardCharsets.US_ASCII));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private Client connect(int receiveBufferBytes) throws IOException {
        Socket socket = asking.call(() -> {
            Socket unconnected = new Socket();
            unconnected.setReceiveBufferSize(receiveBufferBytes);
            unconnected.connect(new InetSocketAddress("10.9.0.2", 7000), MILLIS);
            return unconnected;
        });
        socket.setSoTimeout(MILLIS);
        return new Client(socket, new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII), 512));
    }

    /** The server's next report that is like {@code pattern}. */
    private String report(String pattern) throws IOException {
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            if (line.matches(pattern)) {
                return line;
            }
        }
        throw new AssertionError("the server has ended without saying " + pattern);
    }

    @Test
    void aSlowClientGetsTheLatestPricesAndAFastOneAllOfThem() throws Exception {
        try (Client fast = connect(1 << 18); Client slow = connect(2048)) {
            fast.say("nonsense");
            assertTrue(fast.lines.readLine().startsWith("? subscribe SYMBOL"));
            fast.say("subscribe ACME");
            List<Integer> got = Collections.synchronizedList(new ArrayList<>());
            Thread reader = new Thread(() -> readAll(fast, got));
            reader.start();
            report("1 clients, .*|2 clients, [1-9][0-9]* prices/s, .* N' [01]\\.[0-9]{2}, .*");
            slow.say("subscribe ACME");
            report("2 clients, .* conflated [1-9][0-9]*, dropped 0");
            readToAGap(slow);
            slow.socket.close();
            report("1 clients, .* conflated [1-9][0-9]*, dropped 0");
            fast.socket.close();
            reader.join(MILLIS);
            report("0 clients, .*");
            assertTrue(got.size() > 1_000, got.size() + " prices");
            for (int i = 1; i < got.size(); i++) {
                assertEquals(1, ahead(got.get(i - 1), got.get(i)), "the price after number " + i);
            }
        }
    }

    private static void readAll(Client client, List<Integer> into) {
        try {
            while (true) {
                into.add(cents(client.lines.readLine()));
            }
        } catch (IOException e) {
            // Closed by the test.
        }
    }

    /** How many prices later: after the last one the first comes again. */
    private static int ahead(int last, int next) {
        return Math.floorMod(next - last, PRICES);
    }

    /** Prices were left out for this client, and no older one ever comes after a newer. */
    private static void readToAGap(Client client) throws IOException {
        int last = cents(client.lines.readLine());
        int next = cents(client.lines.readLine());
        while (ahead(last, next) == 1) {
            last = next;
            next = cents(client.lines.readLine());
        }
        assertTrue(ahead(last, next) > 1 && ahead(last, next) < PRICES / 2, next + " after " + last);
    }
}
