package io.doorbell.tcp;

import java.lang.foreign.MemorySegment;

/**
 * The in-order payload of one receive burst, where the link put it: pieces, chained per connection, that are handed to
 * the user after the burst without a copy. They are valid until the link's next receive.
 */
final class Burst {
    private final MemorySegment[] memory;
    private final long[] offset;
    private final int[] length;
    private final int[] next;
    private int size;

    Burst(int limit) {
        memory = new MemorySegment[limit];
        offset = new long[limit];
        length = new int[limit];
        next = new int[limit];
    }

    int size() {
        return size;
    }

    boolean isFull() {
        return size == next.length;
    }

    void add(Tcb c, MemorySegment in, long at, int bytes) {
        int piece = size++;
        if (memory[piece] != in) {
            // The same again with most links; to look is cheaper than to store a reference.
            memory[piece] = in;
        }
        offset[piece] = at;
        length[piece] = bytes;
        next[piece] = Tcb.NONE;
        if (c.firstPiece == Tcb.NONE) {
            c.firstPiece = piece;
        } else {
            next[c.lastPiece] = piece;
        }
        c.lastPiece = piece;
    }

    MemorySegment memory(int piece) {
        return memory[piece];
    }

    long offset(int piece) {
        return offset[piece];
    }

    int length(int piece) {
        return length[piece];
    }

    int next(int piece) {
        return next[piece];
    }

    void clear() {
        size = 0;
    }
}
