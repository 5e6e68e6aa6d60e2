package io.doorbell.link;

import java.util.Arrays;

/**
 * What a bad path does to the frames of one direction, for {@link ImpairedLink}. Immutable.
 *
 * <p>A frame meets the parts of the path in this order: the interface may be down; the frame may be larger than the
 * path's MTU; it may be lost, in a burst or by itself; it may be duplicated; each copy waits for its turn in a queue
 * that a rate empties, or is dropped at its tail; then it takes the delay, the jitter, and perhaps the extra time that
 * brings it behind later frames; a bit may be flipped on the way.
 *
 * <p>All probabilities are from 0 to 1 and per frame. All randomness comes from {@link Builder#seed}.
 */
public final class Impairment {
    /** A path that does nothing to any frame. */
    public static final Impairment NONE = builder().build();

    final long seed;
    final double loss;
    final double toBad;
    final double toGood;
    final double lossInBad;
    final double duplicate;
    final double reorder;
    final long reorderNanos;
    final double corrupt;
    final double congestionMark;
    final long delayNanos;
    final long jitterNanos;
    final long rateBitsPerSecond;
    final long queueNanos;
    final int mtu;
    final boolean mtuReported;
    final int storageFrames;
    final int storageFrameBytes;
    private final int queueBytes;
    private final long[] down;

    private Impairment(Builder b) {
        this.seed = b.seed;
        this.loss = b.loss;
        this.toBad = b.toBad;
        this.toGood = b.toGood;
        this.lossInBad = b.lossInBad;
        this.duplicate = b.duplicate;
        this.reorder = b.reorder;
        this.reorderNanos = b.reorderNanos;
        this.corrupt = b.corrupt;
        this.congestionMark = b.congestionMark;
        this.delayNanos = b.delayNanos;
        this.jitterNanos = b.jitterNanos;
        this.rateBitsPerSecond = b.rateBitsPerSecond;
        this.queueBytes = b.queueBytes;
        this.queueNanos = rateBitsPerSecond == 0 ? 0 : nanosOnTheWire(queueBytes);
        this.mtu = b.mtu;
        this.mtuReported = b.mtuReported;
        this.storageFrames = b.storageFrames;
        this.storageFrameBytes = b.storageFrameBytes;
        this.down = b.down.clone();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Where its random numbers start. */
    public long seed() {
        return seed;
    }

    /** A builder that starts from this impairment: for a path that changes in mid-flow. */
    public Builder toBuilder() {
        Builder b = new Builder();
        b.seed = seed;
        b.loss = loss;
        b.toBad = toBad;
        b.toGood = toGood;
        b.lossInBad = lossInBad;
        b.duplicate = duplicate;
        b.reorder = reorder;
        b.reorderNanos = reorderNanos;
        b.corrupt = corrupt;
        b.congestionMark = congestionMark;
        b.delayNanos = delayNanos;
        b.jitterNanos = jitterNanos;
        b.rateBitsPerSecond = rateBitsPerSecond;
        b.queueBytes = queueBytes;
        b.mtu = mtu;
        b.mtuReported = mtuReported;
        b.storageFrames = storageFrames;
        b.storageFrameBytes = storageFrameBytes;
        b.down = down.clone();
        return b;
    }

    /** Whether frames pass untouched and at once, always. */
    public boolean isNone() {
        return !stores() && loss == 0 && toBad == 0 && mtu == 0 && down.length == 0;
    }

    /** Whether a frame may have to be kept or changed: then the link needs room of its own for copies. */
    boolean stores() {
        return duplicate > 0 || reorder > 0 || corrupt > 0 || congestionMark > 0 || delayNanos > 0 || jitterNanos > 0
                || rateBitsPerSecond > 0;
    }

    boolean isDown(long nowNanos) {
        for (int i = 0; i < down.length; i += 2) {
            if (nowNanos >= down[i] && nowNanos < down[i + 1]) {
                return true;
            }
        }
        return false;
    }

    /** How long {@code bytes} take at the rate, rounded up so that the rate is never exceeded. */
    long nanosOnTheWire(int bytes) {
        return (bytes * 8_000_000_000L + rateBitsPerSecond - 1) / rateBitsPerSecond;
    }

    /** Everything that is not at its default, the seed always: enough to build the same impairment again. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("seed ").append(seed);
        append(text, "loss", loss);
        if (toBad > 0) {
            text.append(", burst loss ").append(toBad).append('/').append(toGood).append('/').append(lossInBad);
        }
        append(text, "duplicate", duplicate);
        if (reorder > 0) {
            text.append(", reorder ").append(reorder).append(" by ").append(reorderNanos).append(" ns");
        }
        append(text, "corrupt", corrupt);
        append(text, "congestion mark", congestionMark);
        if (delayNanos > 0 || jitterNanos > 0) {
            text.append(", delay ").append(delayNanos).append(" + ").append(jitterNanos).append(" ns");
        }
        if (rateBitsPerSecond > 0) {
            text.append(", rate ").append(rateBitsPerSecond).append(" bit/s, queue ").append(queueBytes).append(" bytes");
        }
        if (mtu > 0) {
            text.append(", mtu ").append(mtu).append(mtuReported ? " reported" : "");
        }
        if (down.length > 0) {
            text.append(", down ").append(Arrays.toString(down));
        }
        return text.toString();
    }

    private static void append(StringBuilder text, String name, double probability) {
        if (probability > 0) {
            text.append(", ").append(name).append(' ').append(probability);
        }
    }

    /** Describes an impairment; what is not named does not happen. */
    public static final class Builder {
        private long seed;
        private double loss;
        private double toBad;
        private double toGood;
        private double lossInBad;
        private double duplicate;
        private double reorder;
        private long reorderNanos;
        private double corrupt;
        private double congestionMark;
        private long delayNanos;
        private long jitterNanos;
        private long rateBitsPerSecond;
        private int queueBytes;
        private int mtu;
        private boolean mtuReported;
        private int storageFrames = 1024;
        private int storageFrameBytes;
        private long[] down = {};

        private Builder() {
        }

        /** Where all randomness starts. The same seed and the same calls give the same frames, to the byte. */
        public Builder seed(long value) {
            this.seed = value;
            return this;
        }

        /** Each frame is lost with this probability, independently. */
        public Builder loss(double probability) {
            this.loss = probability("loss", probability);
            return this;
        }

        /**
         * Losses in bursts (Gilbert and Elliott): the path is good or bad, changes with the first two probabilities
         * at each frame, and loses a frame with the third while it is bad. The mean burst is {@code 1 / badToGood}
         * frames long; the share of bad frames is {@code goodToBad / (goodToBad + badToGood)}.
         */
        public Builder burstLoss(double goodToBad, double badToGood, double lossWhileBad) {
            this.toBad = probability("good to bad", goodToBad);
            this.toGood = probability("bad to good", badToGood);
            this.lossInBad = probability("loss while bad", lossWhileBad);
            return this;
        }

        /** A frame arrives twice with this probability. */
        public Builder duplicate(double probability) {
            this.duplicate = probability("duplicate", probability);
            return this;
        }

        /** With this probability a frame takes so much longer, and frames behind it overtake it. */
        public Builder reorder(double probability, long laterNanos) {
            this.reorder = probability("reorder", probability);
            this.reorderNanos = nanos("reorder", laterNanos);
            return this;
        }

        /** One bit, anywhere in the frame, is flipped with this probability. */
        public Builder corrupt(double probability) {
            this.corrupt = probability("corrupt", probability);
            return this;
        }

        /** A packet that is ECN-capable is marked with CE with this probability (RFC 3168 section 5). */
        public Builder congestionMark(double probability) {
            this.congestionMark = probability("congestion mark", probability);
            return this;
        }

        /** What every frame takes. */
        public Builder delayNanos(long value) {
            this.delayNanos = nanos("delay", value);
            return this;
        }

        /** Added to the delay: uniform from 0 to this. A frame is never due before the one that it follows. */
        public Builder jitterNanos(long value) {
            this.jitterNanos = nanos("jitter", value);
            return this;
        }

        /**
         * The path carries this many bits of frames (Ethernet header included) a second. Frames that wait for their
         * turn stand in a queue of {@code queueLengthBytes}; what no longer fits is dropped at its tail, but an empty
         * queue takes a frame of any size.
         */
        public Builder rate(long bitsPerSecond, int queueLengthBytes) {
            if (bitsPerSecond < 1 || queueLengthBytes < 0) {
                throw new IllegalArgumentException("rate " + bitsPerSecond + " bit/s with a queue of " + queueLengthBytes
                        + " bytes: the rate must be at least 1 and the queue not negative");
            }
            this.rateBitsPerSecond = bitsPerSecond;
            this.queueBytes = queueLengthBytes;
            return this;
        }

        /** Frames that carry a larger packet vanish, as behind a router that sends no ICMP; 0 for no such limit. */
        public Builder mtu(int bytes) {
            this.mtu = bytes;
            this.mtuReported = false;
            return this;
        }

        /**
         * As {@link #mtu}, but the sender of such a packet, if it must not be fragmented, is told with ICMP
         * "fragmentation needed" (RFC 1191), which travels on the other direction's path with all that happens there.
         */
        public Builder mtuReported(int bytes) {
            this.mtu = bytes;
            this.mtuReported = bytes > 0;
            return this;
        }

        /** Frames that come in this interval (start included, end not) are dropped. May be called more than once. */
        public Builder down(long fromNanos, long untilNanos) {
            if (untilNanos < fromNanos) {
                throw new IllegalArgumentException("down from " + fromNanos + " until " + untilNanos
                        + ": the end is before the start");
            }
            this.down = Arrays.copyOf(down, down.length + 2);
            down[down.length - 2] = fromNanos;
            down[down.length - 1] = untilNanos;
            return this;
        }

        /**
         * Room for frames on their way: how many (1024 if not set), and the largest in bytes (0: a frame of the
         * link). A link whose peer leaves segmentation to hardware hands over frames of up to 64 KB. A frame that
         * finds no room is dropped and counted as {@link ImpairmentCounts#overflowed}.
         */
        public Builder storage(int frames, int frameBytes) {
            if (frames < 1 || frameBytes < 0) {
                throw new IllegalArgumentException("storage of " + frames + " frames of " + frameBytes + " bytes");
            }
            this.storageFrames = frames;
            this.storageFrameBytes = frameBytes;
            return this;
        }

        public Impairment build() {
            return new Impairment(this);
        }

        private static double probability(String name, double value) {
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException(name + " " + value + " is not a probability: give 0 to 1, 0.01 for 1 %");
            }
            return value;
        }

        private static long nanos(String name, long value) {
            if (value < 0) {
                throw new IllegalArgumentException(name + " of " + value + " ns: time cannot be negative");
            }
            return value;
        }
    }
}
