package io.doorbell.tools.cli;

import io.doorbell.Batch;
import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import io.doorbell.run.IdleStrategy;
import io.doorbell.tools.demo.Cleanup;
import io.doorbell.tools.quotes.Prices;
import io.doorbell.tools.quotes.QuoteServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code stack-cli quotes}. */
@Command(name = "quotes", mixinStandardHelpOptions = true,
        description = "Sends prices to whoever subscribes, many clients with one doorbell, until Ctrl-C. Clients are"
                + " ordinary programs: they write 'subscribe S0' and get a line for each price.",
        footer = {"", "Examples:",
            "  tools/stack-cli quotes --interface eth9 --address 10.0.0.2/24",
            "  (echo subscribe S0; cat) | nc 10.0.0.2 7000        # elsewhere"})
final class QuotesCommand implements Callable<Integer> {
    private static final long SECOND = 1_000_000_000L;
    private static final int MOST_SYMBOLS = 100_000;

    @Mixin
    private LinkOptions link;

    @Option(names = "--port", paramLabel = "N", defaultValue = "7000", description = "Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(names = "--rate", paramLabel = "N", defaultValue = "1000",
            description = "Changes of prices a second. Default: ${DEFAULT-VALUE}.")
    private int rate;

    @Option(names = "--period", paramLabel = "MICROS", defaultValue = "1000",
            description = "Gather prices for so many microseconds before they leave. Default: ${DEFAULT-VALUE}.")
    private long periodMicros;

    @Option(names = "--symbols", paramLabel = "N", defaultValue = "10",
            description = "Generate prices of S0 and so on. Default: ${DEFAULT-VALUE}.")
    private int symbols;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "The same seed, the same prices.")
    private long seed;

    @Option(names = "--prices", paramLabel = "FILE", description = "Take prices from lines such as 'ACME 101.25' instead.")
    private Path file;

    @Option(names = "--idle", paramLabel = "HOW", defaultValue = "park",
            description = "What to do when nothing is to be done: spin, yield or park. Default: ${DEFAULT-VALUE}.")
    private IdleStrategy idle;

    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean running = true;
    private long lastMessages;
    private long lastPackets;
    private long lastDoorbells;
    private long lastBatches;

    @Override
    public Integer call() throws IOException {
        check();
        Prices prices = file == null ? Prices.generated(seed, symbols) : Prices.recorded(lines());
        link.check();
        try (Cleanup cleanup = new Cleanup()) {
            Link open = cleanup.add(link.open());
            TcpStack stack = cleanup.add(link.stack(open));
            QuoteServer server = new QuoteServer(stack, port, prices, periodMicros * 1_000);
            // On Ctrl-C the loop ends before what it works on is closed.
            cleanup.add((AutoCloseable) this::stop);
            System.out.printf("Prices of %d symbols, %s and others, at %s port %d on %s (%s). Ctrl-C ends it.%n",
                    prices.symbols().size(), prices.symbols().getFirst(), link.host(), port, link.interfaceName(),
                    open.statistics().mode);
            loop(stack, server);
        }
        return ExitCode.OK;
    }

    private List<String> lines() {
        try {
            // What is no text is no price either, and the line is named then.
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw UserError.environment("--prices " + file + " cannot be read: " + UserError.why(e));
        }
    }

    private void check() {
        Addresses.requirePort(port);
        if (rate < 1 || periodMicros < 0 || symbols < 1 || symbols > MOST_SYMBOLS) {
            throw UserError.usage("--rate must be at least 1, --period at least 0, and --symbols 1 to " + MOST_SYMBOLS);
        }
    }

    private void stop() throws InterruptedException {
        running = false;
        ended.await();
    }

    /** Everything on one thread: prices that are due, then one duty cycle of the stack. */
    private void loop(TcpStack stack, QuoteServer server) {
        long start = System.nanoTime();
        long published = 0;
        long report = start + SECOND;
        int idleCycles = 0;
        try {
            while (running) {
                long now = System.nanoTime();
                for (long due = (long) ((now - start) * (double) rate / SECOND); published < due; published++) {
                    server.publishNext();
                }
                if (stack.poll(now) > 0) {
                    idleCycles = 0;
                } else {
                    idle.idle(idleCycles++);
                }
                if (now >= report) {
                    report += SECOND;
                    say(stack, server);
                }
            }
        } finally {
            ended.countDown();
        }
    }

    private void say(TcpStack stack, QuoteServer server) {
        Batch batch = server.batch();
        long messages = stack.counters().get(Counter.BATCH_MESSAGES);
        long batches = batch.batches() - lastBatches;
        System.out.printf("%d clients, %d prices/s, %d packets/s, %d batches/s, N' %.2f, conflated %d, dropped %d%n",
                server.clients().size(), messages - lastMessages, batch.allPackets() - lastPackets, batches,
                batches == 0 ? 0 : (double) (batch.allDoorbells() - lastDoorbells) / batches,
                stack.counters().get(Counter.BATCH_CONFLATED), stack.counters().get(Counter.BATCH_REFUSED));
        lastMessages = messages;
        lastPackets = batch.allPackets();
        lastDoorbells = batch.allDoorbells();
        lastBatches = batch.batches();
        for (int i = 0; i < server.clients().size(); i++) {
            Connection client = server.clients().get(i);
            if (batch.conflated(client) + batch.refused(client) > 0) {
                System.out.printf("  %s: conflated %d, dropped %d, waiting %d%n", client, batch.conflated(client),
                        batch.refused(client), batch.waiting(client));
            }
        }
    }
}
