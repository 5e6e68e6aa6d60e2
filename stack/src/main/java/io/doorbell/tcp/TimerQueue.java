package io.doorbell.tcp;

import java.util.Arrays;

/**
 * The connections that have a timer running, by the time at which they next want to be looked at: a binary heap whose
 * places are kept in the connections.
 *
 * <p>A connection's key is never later than its earliest deadline but may be earlier: a timer that moves to a later
 * time, which happens at every ACK, costs nothing; the connection is looked at once in vain and put back.
 */
final class TimerQueue {
    private Tcb[] heap = new Tcb[64];
    private int size;

    int size() {
        return size;
    }

    /** The earliest key, {@link Tcb#NO_DEADLINE} if no timer runs. */
    long earliestNanos() {
        return size == 0 ? Tcb.NO_DEADLINE : heap[0].timerKey;
    }

    /** Makes sure that the connection is looked at no later than at {@code deadlineNanos}. */
    void schedule(Tcb c, long deadlineNanos) {
        if (deadlineNanos == Tcb.NO_DEADLINE) {
            return;
        }
        if (c.timerIndex == Tcb.NONE) {
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, size * 2);
            }
            c.timerKey = deadlineNanos;
            heap[size] = c;
            siftUp(size++);
        } else if (deadlineNanos < c.timerKey) {
            c.timerKey = deadlineNanos;
            siftUp(c.timerIndex);
        }
    }

    /** Takes the connection with the earliest key out if that key is not later than {@code nowNanos}; null if none is. */
    Tcb takeExpired(long nowNanos) {
        if (size == 0 || heap[0].timerKey > nowNanos) {
            return null;
        }
        Tcb first = heap[0];
        remove(first);
        return first;
    }

    void remove(Tcb c) {
        int index = c.timerIndex;
        if (index == Tcb.NONE) {
            return;
        }
        c.timerIndex = Tcb.NONE;
        Tcb last = heap[--size];
        heap[size] = null;
        if (last != c) {
            heap[index] = last;
            last.timerIndex = index;
            siftUp(index);
            siftDown(last.timerIndex);
        }
    }

    private void siftUp(int from) {
        Tcb c = heap[from];
        int index = from;
        while (index > 0) {
            int parent = (index - 1) >>> 1;
            if (heap[parent].timerKey <= c.timerKey) {
                break;
            }
            place(heap[parent], index);
            index = parent;
        }
        place(c, index);
    }

    private void siftDown(int from) {
        Tcb c = heap[from];
        int index = from;
        while (2 * index + 1 < size) {
            int child = 2 * index + 1;
            if (child + 1 < size && heap[child + 1].timerKey < heap[child].timerKey) {
                child++;
            }
            if (heap[child].timerKey >= c.timerKey) {
                break;
            }
            place(heap[child], index);
            index = child;
        }
        place(c, index);
    }

    private void place(Tcb c, int index) {
        heap[index] = c;
        c.timerIndex = index;
    }
}
