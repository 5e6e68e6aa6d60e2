package io.doorbell.tools.fuzz;

import java.util.Arrays;
import java.util.BitSet;

/**
 * How often each edge between two basic blocks was taken: the counters that {@link CoverageLoader} makes the stack's
 * classes write. One thread, one map.
 */
public final class Edges {
    private static final int SIZE = 1 << 16;
    private static final byte[] TAKEN = new byte[SIZE];
    /** For each edge, the classes of counts seen in any input so far, as bits. */
    private static final byte[] SEEN = new byte[SIZE];
    /** The edges that the input took, so that the others need not be looked at. */
    private static final int[] TOUCHED = new int[SIZE];
    private static int touched;
    private static int before;
    private static int known;

    private Edges() {
    }

    /** A block begins to run; every block of an instrumented class calls this. */
    public static void block(int id) {
        int edge = (id ^ before) & SIZE - 1;
        if (TAKEN[edge]++ == 0 && touched < SIZE) {
            // A count that wrapped round puts its edge here again, which does no harm.
            TOUCHED[touched++] = edge;
        }
        before = id >>> 1;
    }

    /** Forgets what the input before has taken. */
    static void clear() {
        Arrays.fill(TAKEN, (byte) 0);
        touched = 0;
        before = 0;
    }

    /** Whether the last input took an edge that no input took before, or one far more often. Remembers it. */
    static boolean news() {
        boolean news = false;
        for (int i = 0; i < touched; i++) {
            int edge = TOUCHED[i];
            int count = TAKEN[edge] & 0xff;
            if (count == 0) {
                continue;
            }
            // Counts of 1, 2, 3, 4 to 7, 8 to 15, ... are different things to have seen.
            int kind = count < 4 ? 1 << count - 1 : Math.min(128, 1 << 34 - Integer.numberOfLeadingZeros(count) - 2);
            if ((SEEN[edge] & kind) == 0) {
                known += SEEN[edge] == 0 ? 1 : 0;
                SEEN[edge] |= (byte) kind;
                news = true;
            }
        }
        return news;
    }

    /** The edges that the last input has taken. */
    static BitSet taken() {
        BitSet edges = new BitSet(SIZE);
        for (int edge = 0; edge < SIZE; edge++) {
            if (TAKEN[edge] != 0) {
                edges.set(edge);
            }
        }
        return edges;
    }

    /** Edges that some input has taken. */
    static int known() {
        return known;
    }
}
