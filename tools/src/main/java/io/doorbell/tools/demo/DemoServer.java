package io.doorbell.tools.demo;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.StackRunner;
import io.doorbell.tools.http.ExchangeLog;
import io.doorbell.tools.http.HttpServer;
import io.doorbell.tools.http.Request;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** The stack that serves, on a thread of its own, and what it can be asked from others. */
final class DemoServer implements AutoCloseable, ExchangeLog {
    static final int PORT = 80;

    private final TcpStack stack;
    private final StackRunner runner;
    private final List<ExchangeRecord> exchanges = new CopyOnWriteArrayList<>();

    DemoServer(TcpStack stack, long maxBytes) {
        this.stack = stack;
        HttpServer server = new HttpServer(new DemoSite(maxBytes), this);
        stack.listen(PORT, server);
        runner = StackRunner.start(stack, IdleStrategy.YIELD, () -> { });
    }

    @Override
    public void exchange(Connection connection, Request request, int status, long received, long sent) {
        exchanges.add(new ExchangeRecord(status, connection.smoothedRttNanos(), connection.retransmissions()));
    }

    /** What the server knew at the end of each exchange, in order. */
    List<ExchangeRecord> exchanges() {
        return exchanges;
    }

    /** The figures of now, taken on the stack's thread. */
    StackFigures figures() {
        CompletableFuture<StackFigures> answer = new CompletableFuture<>();
        runner.execute(() -> answer.complete(StackFigures.of(stack)));
        try {
            return answer.get(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("the stack's thread does not answer", e);
        }
    }

    @Override
    public void close() {
        runner.close();
    }

    @Override
    public String toString() {
        return "the serving stack";
    }
}
