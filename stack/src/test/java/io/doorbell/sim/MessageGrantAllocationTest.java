package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.grant.GrantedSender;
import io.doorbell.link.Impairment;
import io.doorbell.tcp.MessageGrant;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Completing a granted message allocates nothing at the engine, however it ends; nor do the stacks, from its beginning to
 * the last acknowledgement. Granting it, and making the engine's side, are set-up calls: what they make lives as long as
 * the grant, and is left out here.
 */
class MessageGrantAllocationTest {
    private static final int LENGTH = 200;
    private static final int MESSAGES = 6_000;
    private static final int MOST_BYTES = 8_192;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final byte[] array = new byte[20];
    private final MemorySegment source = MemorySegment.ofArray(new byte[LENGTH]);
    private final PartialMessage message = new PartialMessage();
    private TwoStacks two;
    private EngineCable cable;
    private long engineBytes;
    private long stackBytes;
    private long completed;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void completingAllocatesNothing(boolean multiSegment) {
        TcpConfig config = TcpConfig.builder().multiSegment(multiSegment).build();
        try (TwoStacks stacks = new TwoStacks(1, config, Impairment.NONE); EngineCable own = new EngineCable(stacks)) {
            two = stacks;
            cable = own;
            exchange(4 * MESSAGES);
            engineBytes = 0;
            stackBytes = 0;
            exchange(MESSAGES);
            assertTrue(engineBytes < MOST_BYTES, engineBytes + " bytes for " + MESSAGES + " messages at the engine");
            assertTrue(stackBytes < MOST_BYTES, stackBytes + " bytes for " + MESSAGES + " messages at the stacks");
            assertEquals(5 * MESSAGES * (long) LENGTH, cable.received.count);
            assertTrue(completed > 4 * MESSAGES / 2, completed + " were completed");
            long several = two.client.counters().get(Counter.TCP_MULTI_SEGMENTS_OUT);
            assertTrue(multiSegment ? several > MESSAGES : several == 0, several + " segments with several parts");
            assertEquals(0, two.client.counters().get(Counter.GRANTS_REFUSED));
            assertTrue(two.client.counters().get(Counter.GRANTS_FENCED) >= MESSAGES / 8);
            assertTrue(two.client.counters().get(Counter.GRANTS_RETURNED) >= MESSAGES / 8);
        }
    }

    private long allocated() {
        return threads.getCurrentThreadAllocatedBytes();
    }

    private void exchange(int count) {
        for (int i = 0; i < count; i++) {
            long before = allocated();
            begin(i % 3);
            stackBytes += allocated() - before;
            MessageGrant grant = message.grant();
            GrantedMessage engine = grant.engine(cable.link());
            engine(engine, grant, i);
            before = allocated();
            owner(grant, i);
            stackBytes += allocated() - before;
            completed += grant.isCompleted() ? 1 : 0;
        }
    }

    /** With holes apart from each other, with one, or with some that has not left before. */
    private void begin(int kind) {
        require(0, cable.connection.begin(message, LENGTH));
        if (kind == 0) {
            require(LENGTH - 80, message.complete(0, source, 0, 80));
            require(LENGTH - 160, message.complete(100, source, 100, 80));
        } else {
            require(LENGTH - 100, message.complete(0, source, 0, 100));
        }
        poll();
        if (kind == 2) {
            require(LENGTH - 110, message.complete(150, source, 150, 10));
        }
    }

    /** Seven of eight complete it, after a rehearsal or not; some are too late, and one gives it back. */
    private void engine(GrantedMessage engine, MessageGrant grant, int number) {
        if (number % 8 == 1) {
            grant.fence();
        }
        long before = allocated();
        if (number % 8 == 0) {
            engine.giveBack();
        }
        for (int at = engine.nextMissing(); at < LENGTH && engine.missing() > 0; at = engine.nextMissing()) {
            int code = at == 80 ? engine.supply(at, array) : engine.supply(at, source, at, at == 180 ? 20 : 10);
            if (code < 0) {
                break;
            }
        }
        if (number % 4 == 2) {
            require(GrantedSender.FAST, engine.send(two.now, GrantedSender.WARM));
        }
        int code = engine.send(two.now);
        engineBytes += allocated() - before;
        require(number % 8 == 0 ? GrantedSender.RETURNED : number % 8 == 1 ? GrantedSender.FENCED : GrantedSender.FAST, code);
        before = allocated();
        cable.cross();
        engineBytes += allocated() - before;
    }

    /** What the engine has not completed is the owner's. */
    private void owner(MessageGrant grant, int number) {
        if (number % 8 == 7) {
            grant.recall(two.now + 1_000);
        }
        poll();
        if (number % 4 == 3) {
            grant.engineEnded();
        }
        for (int at = 0; message.isOpen() && at < LENGTH; at += 10) {
            int code = message.complete(at, source, at, 10);
            if (code < 0 && code != PartialMessage.ALREADY_KNOWN) {
                require(0, code);
            }
        }
        poll();
        poll();
    }

    private static void require(int wanted, int answered) {
        if (wanted != answered) {
            throw new AssertionError("answered " + answered + ", not " + wanted);
        }
    }

    private void poll() {
        for (int i = 0; i < 2; i++) {
            cable.poll(1_000);
        }
    }
}
