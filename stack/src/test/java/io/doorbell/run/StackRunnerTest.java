package io.doorbell.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.doorbell.TcpStack;
import io.doorbell.link.Link;
import io.doorbell.link.LinkDecorator;
import io.doorbell.link.PipeLink;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class StackRunnerTest {
    /** A link that breaks for good, as memory that somebody else took away does. */
    private static final class Breaking extends LinkDecorator {
        private volatile boolean broken;

        Breaking(Link below) {
            super(below);
        }

        @Override
        public void flush(long nowNanos) {
            if (broken) {
                throw new InternalError("the link is broken");
            }
            super.flush(nowNanos);
        }
    }

    /** Closing the stack flushes what it still has to say, and breaks of the same as the loop. */
    @Test
    @Timeout(120)
    void whoeverClosesItIsLetGoThoughTheStackCannotBeClosed() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            Breaking link = new Breaking(pair.left());
            TcpStack stack = TcpStack.on(link).address("10.9.0.1/24").build();
            StackRunner runner = StackRunner.start(stack, IdleStrategy.PARK);
            link.broken = true;
            runner.close();
            assertEquals("the link is broken", runner.failure().getMessage());
            assertFalse(runner.execute(() -> { }));
        }
    }
}
