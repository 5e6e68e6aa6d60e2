package io.doorbell.tools.quotes;

import io.doorbell.Acceptor;
import io.doorbell.Batch;
import io.doorbell.BatchConfig;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.ConnectionSet;
import io.doorbell.SlowClient;
import io.doorbell.Subscriptions;
import io.doorbell.TcpStack;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Sends each price to those who want it. A client writes lines, {@code subscribe ACME} or {@code unsubscribe ACME}, and
 * gets lines such as {@code ACME 101.25}. All prices of a period leave with one doorbell; a client that does not keep up
 * gets the latest price of each symbol when it does.
 */
public final class QuoteServer implements Acceptor {
    private static final int MOST_LINE_BYTES = 256;
    private static final int MOST_QUOTE_BYTES = 64;

    private final Prices prices;
    private final Batch batch;
    private final Subscriptions<String> subscriptions = new Subscriptions<>();
    private final ConnectionSet clients = new ConnectionSet();
    private final byte[][] names;
    private final MemorySegment quote = MemorySegment.ofArray(new byte[MOST_QUOTE_BYTES]);

    /** @param periodNanos how long prices are gathered before they leave */
    public QuoteServer(TcpStack stack, int port, Prices prices, long periodNanos) {
        this.prices = prices;
        batch = stack.batch(BatchConfig.defaults().withMessageBytes(MOST_QUOTE_BYTES).withPeriodNanos(periodNanos)
                .withSlow(SlowClient.CONFLATE));
        names = prices.symbols().stream().map(name -> name.getBytes(StandardCharsets.US_ASCII)).toArray(byte[][]::new);
        stack.listen(port, this);
    }

    @Override
    public ConnectionHandler accept(Connection connection) {
        clients.add(connection);
        return new Client();
    }

    public Batch batch() {
        return batch;
    }

    /** All who are connected. */
    public ConnectionSet clients() {
        return clients;
    }

    /** Takes the next change of a price, and sends it to whoever wants it. */
    public void publishNext() {
        prices.next();
        ConnectionSet subscribers = subscriptions.of(prices.symbols().get(prices.symbol()));
        if (subscribers.size() > 0) {
            batch.add(batch.putKeyed(prices.symbol(), quote, 0, write(names[prices.symbol()], prices.cents())), subscribers);
        }
    }

    /** Writes a line without making a String of it; its length. */
    private int write(byte[] name, int cents) {
        MemorySegment.copy(name, 0, quote, ValueLayout.JAVA_BYTE, 0, name.length);
        int length = name.length + 1 + Math.max(3, digits(cents)) + 2;
        int at = length - 1;
        int rest = cents;
        put(at--, '\n');
        for (int i = 0; i < 3 || rest > 0; i++) {
            if (i == 2) {
                put(at--, '.');
            }
            put(at--, '0' + rest % 10);
            rest /= 10;
        }
        put(at, ' ');
        return length;
    }

    private void put(int at, int character) {
        quote.set(ValueLayout.JAVA_BYTE, at, (byte) character);
    }

    private static int digits(int number) {
        int count = 1;
        for (int rest = number / 10; rest > 0; rest /= 10) {
            count++;
        }
        return count;
    }

    /** Reads a client's lines. */
    private final class Client implements ConnectionHandler {
        private final byte[] line = new byte[MOST_LINE_BYTES];
        private int length;

        @Override
        public int data(Connection connection, MemorySegment memory, long offset, int available) {
            for (int i = 0; i < available; i++) {
                byte character = memory.get(ValueLayout.JAVA_BYTE, offset + i);
                if (character == '\n') {
                    obey(connection, new String(line, 0, length, StandardCharsets.US_ASCII).strip());
                    length = 0;
                } else if (length < MOST_LINE_BYTES) {
                    line[length++] = character;
                } else {
                    connection.abort();
                    return available;
                }
            }
            return available;
        }

        private void obey(Connection connection, String command) {
            String[] words = command.split(" +");
            boolean known = words.length == 2 && prices.symbols().contains(words[1]);
            if (known && words[0].equals("subscribe")) {
                subscriptions.join(words[1], connection);
            } else if (known && words[0].equals("unsubscribe")) {
                subscriptions.leave(words[1], connection);
            } else {
                byte[] usage = ("? subscribe SYMBOL, unsubscribe SYMBOL; " + prices.symbols().size() + " symbols such as "
                        + prices.symbols().getFirst() + "\n").getBytes(StandardCharsets.US_ASCII);
                connection.send(usage, 0, usage.length);
            }
        }
    }
}
