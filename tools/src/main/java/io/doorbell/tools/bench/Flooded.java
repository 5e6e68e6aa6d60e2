package io.doorbell.tools.bench;

import java.util.Arrays;

/** A stream while somebody floods, from before its connection is opened until it is closed. */
final class Flooded extends Stream {
    private final Flooder flooder;
    private final Flooder.Kind kind;
    private final int target;
    private double[] perSecond = {};

    /** @param target the address that the flood is sent to */
    Flooded(String name, PinnedThreads threads, StreamSender sender, StreamReceiver receiver, Flooder flooder,
            Flooder.Kind kind, int target) {
        super(name, threads, sender, receiver);
        this.flooder = flooder;
        this.kind = kind;
        this.target = target;
    }

    /** Segments that left in a second, over all rounds so far. */
    double medianPerSecond() {
        double[] sorted = perSecond.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    @Override
    Result round(long nanos) {
        flooder.start(kind, target);
        Result result;
        try {
            result = super.round(nanos);
        } finally {
            flooder.stop();
        }
        perSecond = Arrays.copyOf(perSecond, perSecond.length + 1);
        perSecond[perSecond.length - 1] = flooder.takeRate();
        return result;
    }
}
