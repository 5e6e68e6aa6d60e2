package io.doorbell.link;

import io.doorbell.wire.EthernetHeader;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** One direction of an {@link ImpairedLink}: decides what becomes of each frame and keeps those that are not due. */
final class ImpairedPath {
    /** What {@link #judge} says of a frame: it is gone (or kept and counted), or it passes as it is, now. */
    static final boolean PASSES = true;
    static final boolean TAKEN = false;

    private static final long TAIL_DROP = Long.MIN_VALUE;

    final ImpairmentCounts counts = new ImpairmentCounts();
    DelayedFrames delayed;
    private Impairment impairment;
    private FragmentationNeeded report;
    /** The other direction, on which ICMP about this one's frames goes back. */
    private ImpairedPath back;
    private long random;
    private boolean bad;
    private long busyUntil = Long.MIN_VALUE;
    private long lastDue = Long.MIN_VALUE;
    private long randomBefore;
    private boolean badBefore;

    /** @param direction tells the random sequences of two directions with the same seed apart */
    ImpairedPath(Arena arena, Impairment impairment, int direction, int frameSize) {
        this.random = mix(impairment.seed + direction * 0x632b_e59b_d9b4_e019L);
        change(arena, impairment, frameSize);
    }

    /** Goes on with another impairment; the random sequence and the frames on their way stay. */
    void change(Arena arena, Impairment next, int frameSize) {
        this.impairment = next;
        if (next.stores()) {
            keepFrames(arena, next, frameSize);
        }
    }

    /** Sees to it that what this direction reports of its frames finds room on the other one. */
    void reportsOn(ImpairedPath other, Arena arena, int frameSize) {
        if (impairment.mtuReported && report == null) {
            report = new FragmentationNeeded(arena);
            back = other;
            other.keepFrames(arena, other.impairment, frameSize);
        }
    }

    private void keepFrames(Arena arena, Impairment room, int frameSize) {
        if (delayed == null) {
            int bytes = room.storageFrameBytes == 0 ? frameSize : room.storageFrameBytes;
            this.delayed = new DelayedFrames(arena, room.storageFrames, (bytes + 63) & -64);
        }
    }

    /** Whether frames may go straight through without {@link #judge}: nothing is done and nothing waits. */
    boolean isTransparent() {
        return impairment.isNone() && counts.waiting == 0;
    }

    boolean hasDue(long nowNanos) {
        return delayed != null && delayed.hasDue(nowNanos);
    }

    long earliest() {
        return delayed == null ? Link.NEVER : delayed.earliest();
    }

    /**
     * Decides about one frame. A frame that {@link #PASSES} must be handed on by the caller and counted as delivered,
     * or taken back with {@link #unjudge}; the others are dropped or copied here.
     */
    boolean judge(MemorySegment memory, long offset, int length, long nowNanos) {
        randomBefore = random;
        badBefore = bad;
        counts.frames++;
        if (isTooLarge(memory, offset, length, nowNanos) || isLost()) {
            return TAKEN;
        }
        boolean duplicate = chance(impairment.duplicate);
        boolean corrupt = chance(impairment.corrupt);
        boolean mark = chance(impairment.congestionMark) && CongestionMark.isPossible(memory, offset, length);
        boolean late = impairment.reorderNanos > 0 && chance(impairment.reorder);
        long due = schedule(length, late, nowNanos);
        if (!duplicate && !corrupt && !mark && due != TAIL_DROP && due <= nowNanos && !hasDue(nowNanos)) {
            return PASSES;
        }
        int slot = keep(memory, offset, length, due, nowNanos);
        if (mark && slot >= 0) {
            CongestionMark.set(delayed.memory(), delayed.offsetOf(slot));
            counts.marked++;
        }
        if (corrupt && slot >= 0) {
            flipBit(slot, length);
        }
        if (duplicate) {
            counts.duplicated++;
            keep(memory, offset, length, schedule(length, false, nowNanos), nowNanos);
        }
        return TAKEN;
    }

    /** Forgets the last frame, which {@link #PASSES}: the next one meets the same luck. */
    void unjudge() {
        random = randomBefore;
        bad = badBefore;
        counts.frames--;
    }

    private boolean isTooLarge(MemorySegment memory, long offset, int length, long nowNanos) {
        if (impairment.isDown(nowNanos)) {
            counts.lostDown++;
            return true;
        }
        if (impairment.mtu != 0 && length > impairment.mtu + EthernetHeader.LENGTH) {
            counts.oversized++;
            if (impairment.mtuReported) {
                report(memory, offset, length, nowNanos);
            }
            return true;
        }
        return false;
    }

    private void report(MemorySegment memory, long offset, int length, long nowNanos) {
        int bytes = report.write(memory, offset, length, impairment.mtu);
        if (bytes == 0) {
            return;
        }
        counts.reported++;
        back.counts.frames++;
        if (back.impairment.isDown(nowNanos)) {
            back.counts.lostDown++;
        } else if (!back.isLost()) {
            back.keep(report.memory(), 0, bytes, back.schedule(bytes, false, nowNanos), nowNanos);
        }
    }

    private boolean isLost() {
        if (impairment.toBad > 0) {
            bad = bad ? !chance(impairment.toGood) : chance(impairment.toBad);
            if (bad && chance(impairment.lossInBad)) {
                counts.lostInBurst++;
                return true;
            }
        }
        if (chance(impairment.loss)) {
            counts.lost++;
            return true;
        }
        return false;
    }

    /** When the frame comes out of the path, or {@link #TAIL_DROP}. */
    private long schedule(int length, boolean late, long nowNanos) {
        long due = nowNanos;
        if (impairment.rateBitsPerSecond > 0) {
            long start = Math.max(nowNanos, busyUntil);
            long end = start + impairment.nanosOnTheWire(length);
            if (start > nowNanos && end - nowNanos > impairment.queueNanos) {
                return TAIL_DROP;
            }
            busyUntil = end;
            due = end;
        }
        due += impairment.delayNanos;
        if (impairment.jitterNanos > 0) {
            due += Math.floorMod(nextRandom(), impairment.jitterNanos + 1);
        }
        if (late) {
            counts.reordered++;
            return due + impairment.reorderNanos;
        }
        // Jitter alone must not reorder, and a path whose delay was lowered keeps its order, too.
        lastDue = Math.max(lastDue, due);
        return lastDue;
    }

    private int keep(MemorySegment memory, long offset, int length, long due, long nowNanos) {
        if (due == TAIL_DROP) {
            counts.tailDropped++;
            return DelayedFrames.NONE;
        }
        int slot = delayed == null ? DelayedFrames.NONE : delayed.add(memory, offset, length, due);
        if (slot == DelayedFrames.NONE) {
            counts.overflowed++;
            return slot;
        }
        counts.waiting++;
        if (due > nowNanos) {
            counts.delayed++;
        }
        return slot;
    }

    private void flipBit(int slot, int length) {
        long bit = Math.floorMod(nextRandom(), length * 8L);
        long at = delayed.offsetOf(slot) + (bit >>> 3);
        byte old = delayed.memory().get(ValueLayout.JAVA_BYTE, at);
        delayed.memory().set(ValueLayout.JAVA_BYTE, at, (byte) (old ^ 1 << (bit & 7)));
        counts.corrupted++;
    }

    private boolean chance(double probability) {
        return probability > 0 && (nextRandom() >>> 11) * 0x1p-53 < probability;
    }

    /** SplitMix64 (Steele, Lea, Flood 2014): written out, so that a seed means the same on every JDK. */
    private long nextRandom() {
        random += 0x9e37_79b9_7f4a_7c15L;
        return mix(random);
    }

    private static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xbf58_476d_1ce4_e5b9L;
        z = (z ^ z >>> 27) * 0x94d0_49bb_1331_11ebL;
        return z ^ z >>> 31;
    }
}
