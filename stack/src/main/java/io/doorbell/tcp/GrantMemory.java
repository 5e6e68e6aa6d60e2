package io.doorbell.tcp;

import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantDirectory;
import io.doorbell.grant.PackedTemplate;
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
    static final int NONE = -2;

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

    /** The block of a place, begun anew. */
    GrantBlock block(int place, int segments) {
        GrantBlock block = place == PRIVATE
                ? new GrantBlock(Arena.ofAuto().allocate(GrantBlock.bytes(segments), 128), 0, segments)
                : directory.block(place, segments);
        block.begin();
        return block;
    }

    /** @return a place that is free, {@link #NONE} if there is none */
    int place(int segments) {
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
    void offer(int place, int kind, Tcb c, int slots, long firstTemplate) {
        if (place != PRIVATE) {
            directory.offer(place, kind, c.localAddress, c.remoteAddress, c.ports, slots, firstTemplate);
        }
    }

    /**
     * An engine of this process takes it.
     *
     * @param over whether the grant is: its place may be another one's by now, and with it what is offered there
     */
    void claim(int place, boolean over) {
        if (place != PRIVATE && over) {
            throw new IllegalStateException("this grant is over: its connection must grant again");
        }
        if (place != PRIVATE && !directory.claim(place, directory.claim(place), (int) directory.process())) {
            throw new IllegalStateException("process " + claimedBy(place) + " has taken this grant: one engine for each");
        }
    }

    /** The process whose engine has it; 0 if none has, or a thread of this one without a part that others see. */
    int claimedBy(int place) {
        return place == PRIVATE ? 0 : GrantDirectory.process(directory.claim(place));
    }

    /** Whether no engine has it, nor ever will. */
    boolean withdraw(int place) {
        return place == PRIVATE || directory.withdraw(place);
    }

    /** Nobody will touch its block any more. */
    void release(int place) {
        if (place != PRIVATE) {
            directory.free(place);
            taken[place] = false;
        }
    }

    /** What templates have now. */
    PackedTemplate[] pack(MessageTemplate... templates) {
        if (templates.length > GrantDirectory.MOST_TEMPLATES) {
            throw new IllegalArgumentException(templates.length + " templates with a grant: give at most "
                    + GrantDirectory.MOST_TEMPLATES);
        }
        PackedTemplate[] packed = new PackedTemplate[templates.length];
        for (int i = 0; i < templates.length; i++) {
            packed[i] = new PackedTemplate(templates[i].length);
            templates[i].copyTo(packed[i]);
            int room = pool.frameSize() - SendSpace.HEADROOM;
            if (directory != null && packed[i].packedBytes() > room) {
                throw new IllegalArgumentException("a template of " + templates[i].length + " bytes with a grant takes "
                        + packed[i].packedBytes() + ", and a frame has " + room + ": have the engine prepare it");
            }
        }
        return packed;
    }

    /** Whether so many templates can lie where other processes see them. */
    boolean hasFrames(int templates) {
        return directory == null || pool.availableApart() >= templates;
    }

    /** Puts a grant's templates where other processes see them; each takes a frame. Returns the first one's address. */
    long share(Grant g) {
        long next = GrantDirectory.NO_TEMPLATE;
        if (g.place != PRIVATE) {
            g.templateFrames = new long[g.templates.length];
            for (int i = g.templates.length - 1; i >= 0; i--) {
                long address = pool.allocateApart() + SendSpace.HEADROOM;
                g.templates[i].write(pool.memory(), address, next);
                g.templateFrames[i] = address;
                next = address;
            }
        }
        return next;
    }

    /** The engine is done with them. */
    void unshare(Grant g) {
        for (long frame : g.templateFrames) {
            pool.release(frame);
        }
        g.templateFrames = Grant.NO_FRAMES;
    }

    boolean hasFrame(int place) {
        return place == PRIVATE ? sendSpace.freeFrames() > 0 : pool.availableApart() > 0;
    }

    long allocate(int place) {
        return place == PRIVATE ? pool.allocate() : pool.allocateApart();
    }
}
