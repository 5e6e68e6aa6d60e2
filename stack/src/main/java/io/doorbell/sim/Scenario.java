package io.doorbell.sim;

import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.EcnMode;
import io.doorbell.tcp.Keepalive;
import io.doorbell.tcp.Pacing;
import io.doorbell.tcp.TcpConfig;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * All that a seed decides: both stacks' settings, the cable, the weather on it, what the applications do, and when the
 * clock jumps. A kind of its own draws from random numbers of its own, so that a new kind leaves the others as they are.
 */
final class Scenario {
    static final long SECOND = 1_000_000_000L;
    /** No retransmission limit ends a connection, and TIME-WAIT outlives every retransmission of a FIN. */
    private static final int ENDLESS_RETRIES = 60;
    /**
     * More than a half-open row has: a late duplicate of a SYN makes one that nobody wants, which lives until its retries are
     * used up (RFC 9293 section 3.5, RFC 1337), and in a table of one row all others have to outlast it.
     */
    private static final int SYN_RETRIES = 2 * ENDLESS_RETRIES;
    private static final long TIME_WAIT_NANOS = 20_000 * SECOND;

    final long seed;
    final TcpConfig clientConfig;
    final TcpConfig serverConfig;
    final int frames;
    final int mtu;
    final boolean scatter;
    final long serverBusyNanos;
    final List<Weather> weather = new ArrayList<>();
    final List<Link> links = new ArrayList<>();
    final List<Jump> jumps = new ArrayList<>();
    /** Whether engines take part. */
    final boolean granting;
    /** When each end closes its listener, since the start; {@code Long.MAX_VALUE} for never. */
    final long clientListensUntil;
    final long serverListensUntil;

    /**
     * A connection.
     *
     * @param atNanos    when it is opened, since the start
     * @param fromClient who opens it
     * @param opener     what the end that opens it does
     * @param acceptor   what the other end does
     * @param refused    whether the acceptor does not want it
     */
    record Link(long atNanos, boolean fromClient, Plan opener, Plan acceptor, boolean refused) {
    }

    /** The clock jumps forward at a time since the start. */
    record Jump(long atNanos, long byNanos) {
    }

    Scenario(long seed) {
        this.seed = seed;
        SplittableRandom settings = stream(1);
        SplittableRandom manners = stream(7);
        SplittableRandom parts = stream(9);
        clientConfig = config(settings, manners, parts);
        serverConfig = config(settings, manners, parts);
        SplittableRandom cable = stream(2);
        frames = 256 << cable.nextInt(4);
        mtu = switch (cable.nextInt(6)) {
            case 0 -> 576 + cable.nextInt(1_400);
            case 1 -> 2034;
            default -> 1500;
        };
        serverBusyNanos = cable.nextInt(6) == 0 ? cable.nextLong(2_000_000L) : 0;
        scatter = stream(11).nextBoolean();
        weather(stream(3));
        marks(stream(8));
        SplittableRandom grants = stream(12);
        granting = grants.nextBoolean();
        connections(stream(4), stream(10), grants);
        SplittableRandom ends = stream(5);
        clientListensUntil = ends.nextInt(12) == 0 ? ends.nextLong(3 * SECOND) : Long.MAX_VALUE;
        serverListensUntil = ends.nextInt(12) == 0 ? ends.nextLong(3 * SECOND) : Long.MAX_VALUE;
        SplittableRandom clock = stream(6);
        for (int i = clock.nextInt(8) == 0 ? 1 + clock.nextInt(3) : 0; i > 0; i--) {
            jumps.add(new Jump(clock.nextLong(5 * SECOND), clock.nextLong(60 * SECOND)));
        }
        jumps.sort(Comparator.comparingLong(Jump::atNanos));
    }

    private SplittableRandom stream(int kind) {
        return new SplittableRandom(seed * 0x9e37_79b9_7f4a_7c15L + kind * 0xd1b5_4a32_d192_ed03L);
    }

    /** Settings of one stack. What is drawn last was added last: earlier choices stay what they were for a seed. */
    private static TcpConfig config(SplittableRandom random, SplittableRandom manners, SplittableRandom parts) {
        return TcpConfig.builder().timeWaitNanos(TIME_WAIT_NANOS).finWait2Nanos(TIME_WAIT_NANOS)
                .retries(ENDLESS_RETRIES).synRetries(SYN_RETRIES)
                .synAckRetries(ENDLESS_RETRIES)
                .sack(random.nextInt(4) > 0)
                .timestamps(random.nextInt(4) > 0)
                .windowScaling(random.nextInt(4) > 0)
                .nagle(random.nextInt(4) == 0)
                .congestionControl(random.nextBoolean() ? CongestionAlgorithm.CUBIC : CongestionAlgorithm.NEW_RENO)
                .receiveWindowBytes(1 << (12 + random.nextInt(9)))
                .sendBufferBytes(1 << (14 + random.nextInt(6)))
                .delayedAckNanos(new long[] {0, 40_000_000L, 40_000_000L, 200_000_000L}[random.nextInt(4)])
                .minRtoNanos(new long[] {20_000_000L, 200_000_000L, 200_000_000L, SECOND}[random.nextInt(4)])
                .maxRtoNanos(random.nextBoolean() ? 120 * SECOND : 20 * SECOND)
                .initialWindowSegments(random.nextInt(3) == 0 ? 1 + random.nextInt(20) : 10)
                .maxSegmentSize(random.nextInt(4) == 0 ? 100 + random.nextInt(1_400) : 0)
                .acceptQueueLimit(random.nextInt(8) == 0 ? 1 : 128)
                .halfOpenLimit(random.nextInt(8) == 0 ? 1 + random.nextInt(3) : 128)
                // Who keeps no state takes a duplicate of a handshake's last ACK for a new connection (RFC 4987 section
                // 3.6): with cookies there would be connections that nobody opened.
                .synCookies(false)
                .challengeAcksPerSecond(random.nextInt(8) == 0 ? random.nextInt(5) : 1000)
                .ecn(EcnMode.values()[manners.nextInt(3)])
                .pacing(manners.nextInt(4) == 0 ? Pacing.ON : Pacing.OFF)
                .keepalive(manners.nextInt(4) == 0 ? Keepalive.after(SECOND / 10 + manners.nextLong(10 * SECOND), SECOND, 100_000)
                        : Keepalive.OFF)
                .multiSegment(parts.nextInt(4) > 0)
                .leastPartBytes(Plan.logUniform(parts, 1, 200))
                .referenceBytes(Plan.logUniform(parts, 1, 1_000))
                .build();
    }

    private void weather(SplittableRandom random) {
        long at = 0;
        if (random.nextInt(8) > 0) {
            // Most runs let the two ends find each other by ARP before the weather turns.
            weather.add(new Weather(0, Weather.calm(random.nextLong()).build(), Weather.calm(random.nextLong()).build()));
            at = 20_000;
        }
        Weather last = null;
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            last = new Weather(at, Weather.draw(random), Weather.draw(random));
            weather.add(last);
            at += random.nextLong(2 * SECOND);
        }
        if (random.nextInt(4) == 0) {
            long from = TwoStacks.START_NANOS + random.nextLong(3 * SECOND);
            long until = from + random.nextLong(8 * SECOND);
            boolean both = random.nextBoolean();
            last = new Weather(at, last.toServer().toBuilder().down(from, until).build(),
                    both ? last.toClient().toBuilder().down(from, until).build() : last.toClient());
            weather.add(last);
        }
        if (random.nextInt(4) == 0) {
            narrowing(random, last, at);
        }
    }

    /** On some paths a router marks packets instead of dropping them. */
    private void marks(SplittableRandom random) {
        double probability = random.nextInt(4) == 0 ? random.nextDouble(0.1) : 0;
        if (probability > 0) {
            weather.replaceAll(each -> new Weather(each.fromNanos(),
                    each.toServer().toBuilder().congestionMark(probability).build(),
                    each.toClient().toBuilder().congestionMark(probability).build()));
        }
    }

    /**
     * The path's MTU sinks in mid-flow. Where nobody reports it, it rises again: a black hole that stays is only for
     * stacks that look for one.
     */
    private void narrowing(SplittableRandom random, Weather last, long after) {
        long at = after + random.nextLong(SECOND);
        int narrow = 400 + random.nextInt(1_000);
        boolean reported = random.nextInt(3) > 0;
        weather.add(new Weather(at, Weather.narrow(last.toServer(), narrow, reported),
                Weather.narrow(last.toClient(), narrow, reported)));
        if (!reported || random.nextBoolean()) {
            weather.add(new Weather(at + random.nextLong(5 * SECOND), last.toServer(), last.toClient()));
        }
    }

    private void connections(SplittableRandom random, SplittableRandom sends, SplittableRandom grants) {
        int count = random.nextInt(10) == 0 ? 10 + random.nextInt(50) : 1 + random.nextInt(4);
        int most = Math.max(2_000, (random.nextInt(20) == 0 ? 2_000_000 : 400_000) / count);
        boolean together = random.nextBoolean();
        for (int i = 0; i < count; i++) {
            links.add(new Link(together ? 0 : random.nextLong(2 * SECOND), random.nextInt(4) > 0,
                    Plan.draw(random, most, sends, grants(grants)), Plan.draw(random, most, sends, grants(grants)),
                    random.nextInt(40) == 0));
        }
        links.sort(Comparator.comparingLong(Link::atNanos));
    }

    private int grants(SplittableRandom random) {
        return granting && random.nextBoolean() ? 1 + random.nextInt(4) : 0;
    }

    PipeLink.Options cable() {
        return PipeLink.options().frames(frames).mtu(mtu).queueLength(256).scatter(scatter);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append("client ").append(clientConfig).append("\nserver ").append(serverConfig)
                .append("\ncable of ").append(frames).append(" frames, mtu ").append(mtu)
                .append(scatter ? ", frames in two pieces" : "")
                .append(", server busy for ").append(serverBusyNanos).append(" ns\n");
        for (Weather each : weather) {
            text.append(each).append('\n');
        }
        for (Link each : links) {
            text.append(each).append('\n');
        }
        return text.append(jumps).append(", listening until ").append(clientListensUntil).append(" and ")
                .append(serverListensUntil).toString();
    }
}
