package io.doorbell.xdp;

import io.doorbell.grant.GrantDirectory;
import java.nio.file.Path;

/**
 * What engines of other processes share with a stack: one file, made by its link, that only its owner can open.
 *
 * @param file     it is made when the link is opened, and removed when it is closed; on a file system that lies in memory
 *                 (tmpfs, such as {@code /dev/shm}), because the kernel sends from its pages
 * @param grants   how many connections can be granted at once
 * @param segments the most segments of a grant, a power of two ({@code GrantOptions.segments})
 * @param frames   frames of the link that engines' payload is written to, an even number; those that a grant has are
 *                 at most its segments, beside those that were sent and not acknowledged
 */
public record EngineMemory(Path file, int grants, int segments, int frames) {
    private static final int MOST_FRAMES = 1 << 20;

    public EngineMemory {
        if (grants < 1 || grants > GrantDirectory.MOST_BLOCKS) {
            throw new IllegalArgumentException(grants + " grants: give 1 to " + GrantDirectory.MOST_BLOCKS);
        }
        if (segments < 2 || segments > GrantDirectory.MOST_SLOTS || Integer.bitCount(segments) != 1) {
            throw new IllegalArgumentException(segments + " segments: give a power of two from 2 to "
                    + GrantDirectory.MOST_SLOTS);
        }
        if (frames < segments || frames > MOST_FRAMES || frames % 2 != 0) {
            throw new IllegalArgumentException(frames + " frames for engines: give an even number from " + segments
                    + ", what one grant takes, to " + MOST_FRAMES);
        }
    }

    /** 16 grants of up to 64 segments, and 4096 frames. */
    public static EngineMemory at(Path file) {
        return new EngineMemory(file, 16, 64, 4096);
    }

    /** See {@link #grants}. */
    public EngineMemory withGrants(int count) {
        return new EngineMemory(file, count, segments, frames);
    }

    /** See {@link #segments}. */
    public EngineMemory withSegments(int count) {
        return new EngineMemory(file, grants, count, frames);
    }

    /** See {@link #frames}. */
    public EngineMemory withFrames(int count) {
        return new EngineMemory(file, grants, segments, count);
    }
}
