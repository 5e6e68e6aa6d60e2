package io.doorbell.tcp;

import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantDirectory;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Where grants' blocks and their slots' frames come from. Where the link has a part that other processes can see, both lie
 * there, and nothing else of the stack does; elsewhere only threads of this process can be engines.
 */
final class GrantMemory {
    /** The place of a block that only this process sees. */
    static final int PRIVATE = -1;
    private static final int NONE = -2;

    private final FramePool pool;
    private final SendSpace sendSpace;
    private final GrantDirectory directory;
    /** Blocks that grants have. Not read from where others may write. */
    private final boolean[] taken;

    GrantMemory(Link link, SendSpace sendSpace) {
        this.pool = link.frames();
        this.sendSpace = sendSpace;
        MemorySegment shared = link.engineMemory();
        this.directory = shared == null ? null : GrantDirectory.of(shared);
        this.taken = new boolean[shared == null ? 0 : directory.blocks()];
    }

    /** @return a grant, not offered yet; null if no block is left */
    Grant create(Delegation delegation, Tcb c, GrantOptions options) {
        int place = place(options.segments());
        if (place == NONE) {
            return null;
        }
        GrantBlock block = place == PRIVATE
                ? new GrantBlock(Arena.ofAuto().allocate(GrantBlock.bytes(options.segments()), 128), 0, options.segments())
                : directory.block(place, options.segments());
        block.begin();
        return new Grant(delegation, c, options, block, place);
    }

    private int place(int segments) {
        if (directory == null) {
            return PRIVATE;
        }
        if (segments > directory.slots()) {
            throw new IllegalArgumentException("a grant of " + segments + " segments: this link's engines can have "
                    + directory.slots() + " at the most; give fewer, or more to the link");
        }
        for (int i = 0; i < taken.length; i++) {
            if (!taken[i]) {
                taken[i] = true;
                return i;
            }
        }
        return NONE;
    }

    /** From now on an engine of another process can take it. */
    void offer(Grant g) {
        if (g.place != PRIVATE) {
            Tcb c = g.connection;
            directory.offer(g.place, c.localAddress, c.remoteAddress, c.ports, g.block.slots());
        }
    }

    /** An engine of this process takes it. */
    void claim(Grant g) {
        if (g.place != PRIVATE && !directory.claim(g.place, directory.claim(g.place), (int) directory.process())) {
            throw new IllegalStateException("process " + claimedBy(g) + " has taken this grant: one engine for each");
        }
    }

    /** The process whose engine has it; 0 if none has, or a thread of this one without a part that others see. */
    int claimedBy(Grant g) {
        return g.place == PRIVATE || g.released ? 0 : GrantDirectory.process(directory.claim(g.place));
    }

    /** Whether no engine has it, nor ever will. */
    boolean withdraw(Grant g) {
        return g.place == PRIVATE || directory.withdraw(g.place);
    }

    /** Nobody will touch its block any more. */
    void release(Grant g) {
        g.released = true;
        if (g.place != PRIVATE) {
            directory.free(g.place);
            taken[g.place] = false;
        }
    }

    boolean hasFrame(Grant g) {
        return g.place == PRIVATE ? sendSpace.freeFrames() > 0 : pool.availableApart() > 0;
    }

    long allocate(Grant g) {
        return g.place == PRIVATE ? pool.allocate() : pool.allocateApart();
    }
}
