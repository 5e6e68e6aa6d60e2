package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The rows of half-open connections and of TIME-WAIT against a plain map, and how evenly a secret spreads them. */
class ConnectionRowsTest {
    private static final long SECOND = 1_000_000_000L;

    private static BucketHash hash(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return new BucketHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }

    /** Few addresses and ports, so that many share a bucket and many come again. */
    private static int[] key(SplittableRandom random) {
        return new int[] {random.nextInt(2), random.nextInt(4), random.nextInt(64)};
    }

    @Property(tries = 300)
    void rowsAreFoundAndExpireAsInAPlainMap(@ForAll long seed, @ForAll @IntRange(min = 1, max = 300) int limit) {
        SplittableRandom random = new SplittableRandom(seed);
        TimeWaitTable rows = new TimeWaitTable(hash(seed), limit);
        Map<List<Integer>, Long> model = new HashMap<>();
        for (long now = 0; now < 1_000; now += random.nextInt(3)) {
            int[] k = key(random);
            List<Integer> name = List.of(k[0], k[1], k[2]);
            int row = rows.find(k[0], k[1], k[2]);
            assertEquals(model.containsKey(name), row != Tcb.NONE, "seed " + seed);
            int what = random.nextInt(4);
            if (row == Tcb.NONE && what > 0) {
                boolean full = model.size() == limit;
                assertEquals(full, rows.isFull());
                int added = rows.add(k[0], k[1], k[2]);
                assertEquals(full, added == Tcb.NONE);
                if (!full) {
                    rows.await(added, 0, now + 100);
                    rows.sndNxt[added] = k[2];
                    model.put(name, now + 100);
                }
            } else if (row != Tcb.NONE && what == 0) {
                rows.remove(row);
                model.remove(name);
            } else if (row != Tcb.NONE && what == 1) {
                assertEquals(k[2], rows.sndNxt[row]);
                rows.await(row, 0, now + 100);
                model.put(name, now + 100);
            }
            for (int due = rows.expired(now); due != Tcb.NONE; due = rows.expired(now)) {
                List<Integer> gone = List.of(rows.localAddress[due], rows.remoteAddress[due], rows.ports[due]);
                assertTrue(model.remove(gone) <= now, "seed " + seed);
                rows.remove(due);
            }
            assertEquals(model.size(), rows.size());
            assertEquals(model.values().stream().mapToLong(t -> t).min().orElse(Tcb.NO_DEADLINE), rows.earliestNanos());
        }
    }

    @Property(tries = 200)
    void halfOpenRowsWaitAsLongAsTheyWereSentOften(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        HalfOpenTable rows = new HalfOpenTable(hash(seed), 50, 3);
        List<Long> due = new ArrayList<>();
        for (long now = 0; now < 100; now++) {
            if (!rows.isFull() && random.nextBoolean()) {
                rows.await(rows.add(1, 2, (int) now), 0, now + 10);
                due.add(now + 10);
            }
            for (int row = rows.expired(now); row != Tcb.NONE; row = rows.expired(now)) {
                assertTrue(due.remove(rows.deadline[row]), "seed " + seed);
                if (rows.retries[row] == 3) {
                    rows.remove(row);
                    rows.retries[row] = 0;
                } else {
                    long again = now + (10L << ++rows.retries[row]);
                    rows.await(row, rows.retries[row], again);
                    due.add(again);
                }
            }
            assertEquals(due.stream().mapToLong(t -> t).min().orElse(Tcb.NO_DEADLINE), rows.earliestNanos());
        }
    }

    /** Sums of address and port that were equal, and ports in a row, fell together or could be made to. */
    @Test
    void nobodyOutsideCanChooseABucketForAllSecrets() {
        for (int attack = 0; attack < 4; attack++) {
            int worst = 0;
            int best = Integer.MAX_VALUE;
            for (long seed = 1; seed <= 8; seed++) {
                BucketHash hash = hash(seed);
                int[] buckets = new int[1024];
                for (int i = 0; i < 4096; i++) {
                    int remote = attack == 0 ? i : attack == 1 ? i << 16 : attack == 2 ? -i * 65_537 : 7;
                    int ports = attack == 0 ? -i : attack == 1 ? 80 << 16 | 1 : attack == 2 ? i : 80 << 16 | i << 4;
                    buckets[hash.bucket(5, remote, ports, 1024)]++;
                }
                int longest = 0;
                for (int length : buckets) {
                    longest = Math.max(longest, length);
                }
                worst = Math.max(worst, longest);
                best = Math.min(best, longest);
            }
            // 4 are expected in each. A sequence in one variable is spread by a step, evenly or in clusters, by chance.
            assertTrue(best <= 16, "attack " + attack + " makes chains of " + best + " under every secret");
            assertTrue(worst <= 256, "attack " + attack + " makes a chain of " + worst);
        }
    }

    /** RFC 9293 section 3.6.1: the new connection's numbers are larger than all that the old one used. */
    @Test
    void rfc9293_3_6_1_theNextInitialNumberIsBeyondTheOldOnes() {
        TimeWaitTable rows = new TimeWaitTable(hash(1), 10);
        TimeWait timeWait = new TimeWait(rows, null, null, null, TcpConfig.defaults(), new Counters(),
                new Clock());
        int[][] cases = {{1_000, 1_000 + 0x1_0001}, {1_000 + 0x1_0001, 1_000 + 0x1_0001},
            {1_000 + 0x1_0002, 1_000 + 0x1_0002}, {2_000_000_000, 2_000_000_000}, {-1, 1_000 + 0x1_0001}};
        for (int[] each : cases) {
            int row = rows.add(1, 2, 3);
            rows.await(row, 0, SECOND);
            rows.sndNxt[row] = 1_000;
            assertEquals(each[1], timeWait.replace(row, each[0]));
            assertEquals(0, rows.size());
        }
    }

    @Test
    void aFullTableFindsAllItsRowsAndTakesNoMore() {
        TimeWaitTable rows = new TimeWaitTable(hash(3), 1 << 16);
        for (int i = 0; i < 1 << 16; i++) {
            rows.await(rows.add(1, i, 80 << 16 | i), 0, SECOND);
        }
        assertTrue(rows.isFull());
        assertEquals(1 << 16, rows.capacity());
        for (int i = 0; i < 1 << 16; i++) {
            assertTrue(rows.find(1, i, 80 << 16 | i) != Tcb.NONE);
        }
        assertEquals(Tcb.NONE, rows.add(9, 9, 9));
    }
}
