package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.TcpStack;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.LinkDecorator;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.TcpConfig;

/** Two stacks with a cable between them, and a second cable to the server, whose other end is an engine's. */
final class TwoCables implements AutoCloseable {
    static final String SERVER = "10.9.0.2";

    private final PipeLink.Pair cable = PipeLink.pair();
    private final PipeLink.Pair second = PipeLink.pair();
    private final int free;
    private final int engineFree;
    final TcpStack client;
    final TcpStack server;

    /** Hears both. */
    private static final class BothEnds extends LinkDecorator {
        private final PipeLink other;

        BothEnds(PipeLink link, PipeLink other) {
            super(link);
            this.other = other;
        }

        @Override
        public int receive(FrameReceiver receiver, int limit, long nowNanos) {
            return super.receive(receiver, limit, nowNanos) + other.receive(receiver, limit, nowNanos);
        }
    }

    TwoCables(TcpConfig config, long seed) {
        client = TcpStack.on(cable.left()).address("10.9.0.1/24").tcp(config).seed(seed).build();
        server = TcpStack.on(new BothEnds(cable.right(), second.right())).address(SERVER + "/24").tcp(config).seed(~seed)
                .build();
        free = cable.left().frames().available();
        engineFree = second.left().frames().available();
    }

    PipeLink engineLink() {
        return second.left();
    }

    /** @return when */
    long poll() {
        long now = System.nanoTime();
        client.poll(now);
        server.poll(now);
        return now;
    }

    void allFramesAreBack() {
        for (int i = 0; i < 1_000; i++) {
            poll();
        }
        assertEquals(free, cable.left().frames().available());
        second.left().receive((memory, offset, length) -> { }, 0, 0);
        assertEquals(engineFree, second.left().frames().available());
    }

    @Override
    public void close() {
        client.close();
        server.close();
        cable.close();
        second.close();
    }
}
