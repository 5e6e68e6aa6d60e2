package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantBlock;
import io.doorbell.link.FramePool;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.sim.TwoStacks;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * An engine that writes nonsense where it and the stack meet: it may ruin its own connection, and nothing else. The stack
 * neither throws nor loops, its books stay right, no frame is lost, and a connection beside it goes on. A failure names
 * its seed, and {@code -Dgrant.damage.seed=N} runs that one alone.
 */
class GrantDamageTest extends GrantDamage {
    private static final int STEPS = 200;
    private static final int SLOTS_BEGIN = 384;
    private static final int SLOT_BYTES = 32;

    private final MemorySegment source = MemorySegment.ofArray(new byte[4_000]);
    private long ended;

    @Test
    void aDamagedBlockRuinsNoMoreThanItsConnection() throws ReflectiveOperationException {
        int runs = runAll();
        if (runs > 1) {
            assertTrue(misused > runs / 20, "only " + misused + " were noticed");
            assertTrue(ended < runs, "no connection has outlived it");
        }
    }

    @Override
    void run(long seed) throws ReflectiveOperationException {
        SplittableRandom random = new SplittableRandom(seed);
        try (PipeLink.Pair cable = PipeLink.pair(); TwoStacks two = new TwoStacks(seed, TcpConfig.defaults(), Impairment.NONE)) {
            Reader aside = new Reader();
            Connection[] peer = new Connection[1];
            two.server().listen(80, c -> {
                peer[0] = c;
                return new Reader();
            });
            two.server().listen(81, c -> aside);
            Audit audit = two.client().audit();
            FramePool frames = two.client().link().frames();
            int free = frames.available();
            FramePool peersFrames = two.server().link().frames();
            int peersFree = peersFrames.available();
            Reader own = new Reader();
            Connection connection = two.client().connect(TwoStacks.SERVER, 80, own);
            Connection other = two.client().connect(TwoStacks.SERVER, 81, new Reader());
            connect(two, connection, other);
            int slots = 4 << random.nextInt(4);
            int kind = random.nextInt(4);
            Grant grant = connection.grant(GrantOptions.of(20_000).withSegments(slots)
                    .withOwnerSends(OwnerSends.values()[random.nextInt(3)]));
            grant.sender(cable.left());
            MemorySegment block = memory(grant.block);
            for (int i = 0; i < STEPS; i++) {
                switch (random.nextInt(9)) {
                    case 0, 1, 2 -> publish(random, grant.block, block, two.nowNanos());
                    case 3 -> connection.send(source, 0, 1 + random.nextInt(2_000));
                    case 4 -> damage(random, block, word(random, slots));
                    case 5 -> fill(random, block, kind);
                    default -> { }
                }
                if (random.nextInt(200) == 0) {
                    grant.recall(two.nowNanos() + random.nextLong(1_000_000));
                }
                two.step();
                assertNull(audit.check(List.of(connection)), () -> "seed " + seed);
            }
            long sent = other.send(source, 0, 1_000);
            misused += two.client().counters().get(Counter.GRANTS_MISUSED);
            ended += connection.state().equals("CLOSED") ? 1 : 0;
            grant.engineEnded();
            connection.abort();
            if (own.closed != null && own.closed != CloseReason.ABORTED) {
                // A sum that is wrong: the peer has dropped what was sent again, and was told of no end when time ran out.
                peer[0].abort();
            }
            for (int i = 0; i < 20_000 && (frames.available() < free || peersFrames.available() < peersFree
                    || aside.received < sent); i++) {
                two.step();
            }
            assertEquals(1_000, aside.received, () -> "seed " + seed);
            assertEquals(free, frames.available(), () -> "seed " + seed);
            assertEquals(peersFree, peersFrames.available(), () -> "seed " + seed + ", at the peer");
        }
    }

    /** What an engine does, but for the packet: it never leaves. */
    private static void publish(SplittableRandom random, GrantBlock block, MemorySegment memory, long nowNanos) {
        long control = block.control();
        if (GrantBlock.state(control) != GrantBlock.OPEN) {
            return;
        }
        int slot = GrantBlock.published(control);
        long at = SLOTS_BEGIN + (long) (slot & block.slots() - 1) * SLOT_BYTES;
        memory.set(ValueLayout.JAVA_INT, at + 8, 1 + random.nextInt(200));
        memory.set(ValueLayout.JAVA_LONG, at + 24, nowNanos);
        block.change(control, GrantBlock.control(GrantBlock.generation(control), GrantBlock.OPEN, slot + 1));
    }

    /** Random bytes anywhere, in all of it, or in the slots alone; most engines do none of that. */
    private static void fill(SplittableRandom random, MemorySegment memory, int kind) {
        if (kind == 3 || random.nextInt(20) > 0) {
            return;
        }
        long begin = kind == 0 ? 0 : kind == 1 ? SLOTS_BEGIN : random.nextLong(memory.byteSize() / 8) * 8;
        long end = kind == 2 ? Math.min(memory.byteSize(), begin + 8 * random.nextInt(40)) : memory.byteSize();
        for (long at = begin; at < end; at += 8) {
            memory.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
    }

    /** A word of control, what was asked, let go, or a slot. */
    private static long word(SplittableRandom random, int slots) {
        return random.nextInt(3) == 0 ? 8L * random.nextInt(3)
                : SLOTS_BEGIN + 8L * random.nextInt(slots * SLOT_BYTES / 8);
    }
}
