package io.doorbell.sim;

import io.doorbell.link.Impairment;
import java.util.SplittableRandom;

/**
 * How the network is from some time on.
 *
 * @param fromNanos since the start
 * @param toServer  what happens to the client's frames
 * @param toClient  what happens to the server's frames
 */
record Weather(long fromNanos, Impairment toServer, Impairment toClient) {
    static final long MILLISECOND = 1_000_000L;
    private static final int STORED_FRAMES = 512;

    /** A path without faults, but with the room that later ones may need. */
    static Impairment.Builder calm(long seed) {
        return Impairment.builder().seed(seed).delayNanos(1_000).storage(STORED_FRAMES, 0);
    }

    /** Draws one direction. */
    static Impairment draw(SplittableRandom random) {
        Impairment.Builder path = calm(random.nextLong());
        double worst = switch (random.nextInt(8)) {
            case 0, 1 -> 0;
            case 2, 3 -> 0.01;
            case 4, 5 -> 0.05;
            case 6 -> 0.15;
            default -> 0.3;
        };
        path.loss(random.nextDouble() * worst);
        if (random.nextInt(4) == 0) {
            path.burstLoss(random.nextDouble() * 0.02, 0.1 + random.nextDouble() * 0.4, 0.3 + random.nextDouble() * 0.7);
        }
        if (random.nextInt(3) == 0) {
            path.duplicate(random.nextDouble() * 0.1);
        }
        if (random.nextInt(3) == 0) {
            path.reorder(random.nextDouble() * 0.2, 1 + random.nextLong(20 * MILLISECOND));
        }
        if (random.nextInt(3) == 0) {
            path.corrupt(random.nextDouble() * 0.05);
        }
        if (random.nextInt(4) > 0) {
            path.delayNanos(1_000 + random.nextLong(random.nextInt(4) == 0 ? 150 * MILLISECOND : 10 * MILLISECOND));
        }
        if (random.nextInt(3) == 0) {
            path.jitterNanos(1 + random.nextLong(10 * MILLISECOND));
        }
        if (random.nextInt(3) == 0) {
            path.rate(Plan.logUniform(random, 1_000_000, 1_000_000_000), Plan.logUniform(random, 3_000, 200_000));
        }
        return path.build();
    }

    /** The same, but packets above an MTU are dropped, and their sender told or not. */
    static Impairment narrow(Impairment path, int mtu, boolean reported) {
        return reported ? path.toBuilder().mtuReported(mtu).build() : path.toBuilder().mtu(mtu).build();
    }
}
