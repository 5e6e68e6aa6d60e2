package io.doorbell.tools.bench;

import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.xdp.XdpLink;
import org.HdrHistogram.Histogram;

/**
 * The doorbell alone: as many frames as a fan-out takes, as long as they are on average, to a MAC that nobody has. Over
 * veth the kernel delivers within the system call that sends, on the sender's processor, so that the doorbell of a
 * fan-out has the TCP of all its clients in it; on a wire they are other machines. Here the receiving kernel drops
 * each frame as soon as it has looked at its MAC.
 */
final class BareDoorbell extends Contestant<FanOut.Result> {
    private static final long NOBODY = 0x02_00_00_00_99_99L;
    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int DIGITS = 3;

    private final PinnedThreads threads;
    private final PostedTimeLink link;
    private final FanOut like;
    private final long[] frames;
    private final Histogram times = new Histogram(LONGEST_NANOS, DIGITS);
    private long allocated;
    private long calls;

    /**
     * @param link a link of its own, which stays the caller's
     * @param like the fan-out whose packets are counted; it has its rounds before this one's
     */
    BareDoorbell(PinnedThreads threads, XdpLink link, FanOut like) {
        super("the doorbell alone");
        this.threads = threads;
        this.link = new PostedTimeLink(link);
        this.like = like;
        FramePool pool = link.frames();
        frames = new long[pool.available()];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = pool.allocate();
            EthernetHeader.write(pool.memory(), frames[i], NOBODY, link.mac(), EthernetHeader.TYPE_IPV4);
        }
    }

    @Override
    boolean isWarm() {
        return allocated == 0;
    }

    @Override
    FanOut.Result round(long nanos) {
        times.reset();
        int count = like.packetsEach();
        int length = like.frameBytes();
        threads.play(() -> sendFor(nanos, count, length), () -> { }, nanos);
        long half = times.getValueAtPercentile(50);
        return new FanOut.Result(half, half, times.getTotalCount(), calls, times.getTotalCount() * count, allocated);
    }

    private void sendFor(long nanos, int count, int length) {
        long callsBefore = link.statistics().doorbells;
        long allocatedBefore = ThreadStatus.allocatedBytes();
        long until = System.nanoTime() + nanos;
        do {
            long before = link.flushNanos();
            send(count, length);
            times.recordValue(Math.min(link.flushNanos() - before, LONGEST_NANOS));
        } while (System.nanoTime() - until < 0);
        allocated = ThreadStatus.allocatedBytes() - allocatedBefore;
        calls = link.statistics().doorbells - callsBefore;
    }

    private void send(int count, int length) {
        int posted = 0;
        do {
            while (posted < count && link.transmit(frames[posted % frames.length], length, 0)) {
                posted++;
            }
            link.flush(0);
        } while (posted < count || link.nextDeadlineNanos() != Link.NEVER);
    }

    @Override
    public void close() {
        for (long frame : frames) {
            link.frames().release(frame);
        }
    }
}
