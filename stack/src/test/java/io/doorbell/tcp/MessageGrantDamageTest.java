package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.link.FramePool;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.sim.TwoStacks;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * An engine that was granted a message and writes nonsense where it and the stack meet, the message's bytes among it: the
 * stack neither throws nor loops, its books stay right, no frame is lost, a connection beside it goes on, and of the
 * connection itself only bytes that the engine was to supply can be wrong. {@code -Dgrant.damage.seed=N} runs one seed.
 */
class MessageGrantDamageTest extends GrantDamage {
    private static final int ROUNDS = 8;
    private static final int LENGTH = 300;
    private static final int KNOWN_FROM = 60;
    private static final int KNOWN_TO = 250;

    private long completed;

    private static final class CheckingReader extends Reader {
        private final String[] wrong = new String[1];

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            for (int i = 0; i < length; i++) {
                int at = (int) ((received + i) % LENGTH);
                if (at >= KNOWN_FROM && at < KNOWN_TO && Bytes.u8(memory, offset + i) != (at & 0xff)) {
                    wrong[0] = "byte " + at + " that the owner has supplied";
                }
            }
            return super.data(c, memory, offset, length);
        }
    }

    @Test
    void aDamagedBlockRuinsNoMoreThanWhatTheEngineWasToSupply() throws ReflectiveOperationException {
        int runs = runAll();
        assertTrue(runs == 1 || misused > 0 && completed > 0, misused + " were noticed, " + completed + " completed");
    }

    @Override
    void run(long seed) throws ReflectiveOperationException {
        SplittableRandom random = new SplittableRandom(seed);
        TcpConfig config = TcpConfig.builder().multiSegment(random.nextBoolean()).build();
        try (PipeLink.Pair cable = PipeLink.pair(); TwoStacks two = new TwoStacks(seed, config, Impairment.NONE)) {
            Reader aside = new Reader();
            CheckingReader reader = new CheckingReader();
            two.server().listen(80, c -> reader);
            two.server().listen(81, c -> aside);
            Audit audit = two.client().audit();
            FramePool frames = two.client().link().frames();
            int free = frames.available();
            Connection connection = two.client().connect(TwoStacks.SERVER, 80, new Reader());
            Connection other = two.client().connect(TwoStacks.SERVER, 81, new Reader());
            connect(two, connection, other);
            for (int round = 0; round < ROUNDS && connection.sendSpace() > LENGTH; round++) {
                round(two, connection, cable, random);
                assertNull(audit.check(List.of(connection)), () -> "seed " + seed);
            }
            assertEquals(1_000, other.send(MemorySegment.ofArray(new byte[1_000]), 0, 1_000), () -> "seed " + seed);
            misused += two.client().counters().get(Counter.GRANTS_MISUSED);
            connection.abort();
            for (int i = 0; i < 20_000 && (frames.available() < free || aside.received < 1_000); i++) {
                two.step();
            }
            assertNull(reader.wrong[0], () -> "seed " + seed);
            assertEquals(1_000, aside.received, () -> "seed " + seed);
            assertEquals(free, frames.available(), () -> "seed " + seed);
        }
    }

    private void round(TwoStacks two, Connection connection, PipeLink.Pair cable, SplittableRandom random)
            throws ReflectiveOperationException {
        byte[] bytes = new byte[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            bytes[i] = (byte) i;
        }
        PartialMessage message = new PartialMessage();
        if (connection.begin(message, LENGTH) != 0) {
            return;
        }
        message.complete(KNOWN_FROM, bytes, KNOWN_FROM, KNOWN_TO - KNOWN_FROM);
        if (random.nextBoolean()) {
            two.step();
        }
        MessageGrant grant = message.grant();
        if (grant == null) {
            connection.abort();
            return;
        }
        GrantedMessage engine = grant.engine(cable.left());
        engine.supply(0, MemorySegment.ofArray(bytes), 0, KNOWN_FROM);
        engine.supply(KNOWN_TO, MemorySegment.ofArray(bytes), KNOWN_TO, LENGTH - KNOWN_TO);
        MemorySegment block = memory(grant.block);
        for (int i = 1 + random.nextInt(20); i > 0; i--) {
            switch (random.nextInt(6)) {
                case 0 -> engine.send(two.nowNanos());
                case 1 -> damage(random, block, 8L * random.nextInt((int) (block.byteSize() / 8)));
                case 2 -> damage(random, block, 8L * random.nextInt(3));
                case 3 -> damage(random, block, 384 + 8L * random.nextInt(8));
                case 4 -> {
                    MemorySegment slot = two.client().link().frames().memory();
                    // The bytes that the owner has supplied have left before: they are not in the slot.
                    slot.set(ValueLayout.JAVA_BYTE, grant.slot + random.nextInt(grant.total), (byte) random.nextInt());
                }
                default -> two.step();
            }
        }
        for (int i = 0; i < 3; i++) {
            two.step();
        }
        completed += grant.isCompleted() ? 1 : 0;
        grant.engineEnded();
        if (message.isOpen()) {
            assertFalse(message.isGranted());
            message.complete(0, bytes, 0, KNOWN_FROM);
            message.complete(KNOWN_TO, bytes, KNOWN_TO, LENGTH - KNOWN_TO);
            assertFalse(message.isOpen());
        }
    }
}
