package io.doorbell.tcp;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.grant.GrantBlock;
import io.doorbell.sim.TwoStacks;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.util.SplittableRandom;

/** What tests of engines share that write nonsense into their block: runs by seed, two connections, and a damaged word. */
abstract class GrantDamage {
    private static final int RUNS = Integer.getInteger("grant.damage.runs", 300);

    long misused;

    /** Counts what it reads. */
    static class Reader implements ConnectionHandler {
        long received;
        CloseReason closed;

        @Override
        public void closed(Connection c, CloseReason reason) {
            closed = reason;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            received += length;
            return length;
        }
    }

    abstract void run(long seed) throws ReflectiveOperationException;

    /** @return how many seeds there were: one if it was named */
    int runAll() throws ReflectiveOperationException {
        long first = Long.getLong("grant.damage.seed", new SplittableRandom().nextLong() >>> 8);
        int runs = Long.getLong("grant.damage.seed") == null ? RUNS : 1;
        System.out.println("seeds from " + first + " on");
        for (long seed = first; seed < first + runs; seed++) {
            try {
                run(seed);
            } catch (RuntimeException thrown) {
                throw new AssertionError("seed " + seed, thrown);
            }
        }
        return runs;
    }

    static void connect(TwoStacks two, Connection connection, Connection other) {
        while (connection.sendSpace() == 0 || other.sendSpace() == 0) {
            two.step();
        }
    }

    static MemorySegment memory(GrantBlock block) throws ReflectiveOperationException {
        Field memory = GrantBlock.class.getDeclaredField("memory");
        memory.setAccessible(true);
        return (MemorySegment) memory.get(block);
    }

    /** At random, or nearly what it was. */
    static void damage(SplittableRandom random, MemorySegment memory, long at) {
        long was = memory.get(ValueLayout.JAVA_LONG, at);
        memory.set(ValueLayout.JAVA_LONG, at, switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> was ^ 1L << random.nextInt(64);
            case 2 -> was + random.nextInt(5) - 2;
            default -> random.nextInt(3) - 1;
        });
    }
}
