package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.grant.GrantBlock;
import io.doorbell.ip.Clock;
import java.util.Arrays;

/**
 * All rights of one kind that engines have, and what becomes of each, whatever it is for: it is asked back, taken away,
 * settled at the end of each duty cycle, and gone when the engine has let go of it.
 */
final class EngineRights {
    /** How long what an engine has published may go without a timer. */
    private static final long COLLECT_NANOS = 1_000_000;

    private final GrantMemory memory;
    private final Lifecycle lifecycle;
    private final Counters counters;
    private final Clock clock;
    private GrantedRight[] rights = new GrantedRight[4];
    private int count;

    EngineRights(GrantMemory memory, Lifecycle lifecycle, Clock clock, Counters counters) {
        this.memory = memory;
        this.lifecycle = lifecycle;
        this.counters = counters;
        this.clock = clock;
    }

    // ---- the owner's calls

    void opened(GrantedRight r) {
        if (count == rights.length) {
            rights = Arrays.copyOf(rights, 2 * count);
        }
        rights[count++] = r;
        r.lookedNanos = clock.nanos();
        counters.increment(Counter.GRANTS_OPENED);
        lifecycle.touch(r.connection);
    }

    void handOut(GrantedRight r) {
        memory.claim(r.place, r.over);
        r.handedOut = true;
    }

    int claimedBy(GrantedRight r) {
        return r.released ? 0 : memory.claimedBy(r.place);
    }

    void recall(GrantedRight r, long deadlineNanos) {
        if (!r.over) {
            r.recalled = true;
            r.recallDeadline = deadlineNanos;
            r.block.recall();
            counters.increment(Counter.GRANTS_RECALLED);
            lifecycle.touch(r.connection);
        }
    }

    void fence(GrantedRight r) {
        if (!r.over) {
            withdraw(r, GrantBlock.FENCED);
            if (!r.over) {
                counters.increment(Counter.GRANTS_FENCED);
                r.finish();
            }
        }
    }

    // ---- a duty cycle

    /** Begins one: takes what engines have published until now. */
    void begin() {
        for (int i = 0; i < count; i++) {
            rights[i].collect();
        }
    }

    /** Takes what engines have published on this connection. To be called before an acknowledgement is looked at. */
    void collect(Tcb c) {
        for (int i = 0; i < count; i++) {
            if (rights[i].connection == c) {
                rights[i].collect();
            }
        }
    }

    /** Ends one: leases follow what has become of their connections, and what is over goes. */
    void settle() {
        for (int i = count - 1; i >= 0; i--) {
            GrantedRight r = rights[i];
            settle(r);
            if (r.over && (r.engineEnded || r.block.hasLetGo() || !r.handedOut && memory.withdraw(r.place))) {
                r.reclaim();
                r.released = true;
                memory.release(r.place);
                rights[i] = rights[--count];
                rights[count] = null;
            }
        }
    }

    void settle(GrantedRight r) {
        // In this order: whoever has given the right back may have published just before.
        int state = GrantBlock.state(r.block.control());
        r.collect();
        if (r.over) {
            return;
        }
        if (state == GrantBlock.RETURNED) {
            counters.increment(Counter.GRANTS_RETURNED);
            r.finish();
        } else if (r.recallDeadline <= clock.nanos()) {
            fence(r);
        } else {
            r.follow(state == GrantBlock.OPEN);
        }
    }

    long nextDeadlineNanos() {
        long earliest = Tcb.NO_DEADLINE;
        for (int i = 0; i < count; i++) {
            GrantedRight r = rights[i];
            if (!r.over) {
                earliest = Math.min(earliest, Math.min(r.recallDeadline, r.deadlineNanos(clock.nanos() + COLLECT_NANOS)));
            }
        }
        return earliest;
    }

    /** Frames that slots have, but for those whose records are in a send queue. */
    int frames() {
        int frames = 0;
        for (int i = 0; i < count; i++) {
            frames += rights[i].frames();
        }
        return frames;
    }

    // ---- giving and taking

    /** The engine takes it from here, by the terms that the right has now. */
    void lease(GrantedRight r) {
        r.block.lease(r.terms);
        change(r, GrantBlock.OPEN);
        counters.increment(Counter.GRANT_LEASES);
    }

    /** From here on the engine publishes nothing, and all that it has published was collected. */
    void withdraw(GrantedRight r, int state) {
        change(r, state);
        r.collect();
    }

    /** Enters a new generation; a right that was given back stays given back. */
    static void change(GrantedRight r, int state) {
        long control = r.block.control();
        while (GrantBlock.state(control) != GrantBlock.RETURNED && !r.block.change(control, GrantBlock.control(
                GrantBlock.generation(control) + 1, state, GrantBlock.published(control)))) {
            control = r.block.control();
        }
    }

    /** What was published cannot have been: nobody can know what the peer was sent. */
    void misused(GrantedRight r) {
        counters.increment(Counter.GRANTS_MISUSED);
        lifecycle.reset(r.connection, CloseReason.ABORTED);
    }
}
