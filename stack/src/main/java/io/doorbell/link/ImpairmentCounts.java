package io.doorbell.link;

/**
 * What {@link ImpairedLink} did to the frames of one direction. Written by the link's thread; one object per direction
 * for the link's life. Nothing is lost uncounted: at any time
 * {@code frames + duplicated == delivered + dropped() + waiting}.
 */
public final class ImpairmentCounts {
    /** Frames that entered the path. */
    public long frames;
    /** Frames that came out of it, copies included. */
    public long delivered;
    /** Frames that are on their way. */
    public long waiting;
    /** Lost by {@link Impairment.Builder#loss}. */
    public long lost;
    /** Lost by {@link Impairment.Builder#burstLoss}. */
    public long lostInBurst;
    /** Lost while the path was down. */
    public long lostDown;
    /** Larger than the path's MTU. */
    public long oversized;
    /** Of those, how many were answered with ICMP on the other direction's path, where they count as frames. */
    public long reported;
    /** Dropped at the tail of the rate's queue. */
    public long tailDropped;
    /** Dropped because there was no room to keep them, or because they were too large for it. */
    public long overflowed;
    /** Copies made. */
    public long duplicated;
    /** Frames given extra time, so that later ones overtake them. */
    public long reordered;
    /** Frames of which a bit was flipped. */
    public long corrupted;
    /** Frames whose packet was marked with CE. */
    public long marked;
    /** Frames that were kept until a later time, copies included. */
    public long delayed;

    /** Frames that will never come out. */
    public long dropped() {
        return lost + lostInBurst + lostDown + oversized + tailDropped + overflowed;
    }

    @Override
    public String toString() {
        return "frames " + frames + ", delivered " + delivered + ", waiting " + waiting + ", lost " + lost
                + ", lost in burst " + lostInBurst + ", lost down " + lostDown + ", oversized " + oversized + ", reported " + reported
                + ", tail dropped " + tailDropped + ", overflowed " + overflowed + ", duplicated " + duplicated
                + ", reordered " + reordered + ", corrupted " + corrupted + ", marked " + marked + ", delayed "
                + delayed;
    }
}
