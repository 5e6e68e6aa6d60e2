package io.doorbell.tools.bench;

import io.doorbell.ip.Ipv4Address;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import io.doorbell.xdp.CpuAffinity;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends forged TCP segments to one stack at a steady rate, from a thread of its own that is tied to one processor and
 * works only between {@link #start} and {@link #stop}. Strangers' addresses are in 11.0.0.0/8, so that what is answered
 * goes to the victim's gateway and ends there.
 */
final class Flooder implements AutoCloseable {
    /** Connections of the flooder's own, for the segments that must belong to one. */
    static final int BOTS = 64;
    private static final int FIRST_BOT_PORT = 2001;
    private static final int FIRST_SEQ = 1000;
    private static final int BURST = 64;
    private static final long REST_NANOS = 50_000;
    /** What could not be sent for so long is given up: the rate that was reached is reported. */
    private static final long LONGEST_DEBT_NANOS = 10_000_000;
    private static final long HANDSHAKE_NANOS = 5_000_000_000L;

    /** What is sent. */
    enum Kind {
        /** From strangers, each from another address and port. */
        SYN,
        /** From strangers: with cookies out, each is tried. */
        ACK,
        /** From strangers. */
        RST,
        /** One byte somewhere in the window of one of the flooder's own connections. */
        OUT_OF_ORDER
    }

    private final Link link;
    private final MemorySegment memory;
    private final long victimMac;
    private final int bots;
    private final int port;
    private final int processor;
    private final double perSecond;
    private final SplittableRandom random = new SplittableRandom(1);
    private final int[] botAcks = new int[BOTS];
    private int established;
    private volatile boolean running;
    private Thread thread;
    private RuntimeException failure;
    private long fired;
    private long firedNanos;

    /**
     * On a link that receives what is sent to the bots' address.
     *
     * @param port      on which the victim listens, and takes what it gets
     * @param processor the thread's
     * @param perSecond segments
     */
    Flooder(Link link, long victimMac, String botsAddress, int port, int processor, double perSecond) {
        this.link = link;
        this.memory = link.frames().memory();
        this.victimMac = victimMac;
        this.bots = Ipv4Address.parse(botsAddress);
        this.port = port;
        this.processor = processor;
        this.perSecond = perSecond;
    }

    /** Begins to send. The victim must be polled, or connections that the kind needs don't come about. */
    void start(Kind kind, int victim) {
        running = true;
        thread = new Thread(() -> {
            try {
                CpuAffinity.pinCurrentThread(processor);
                flood(kind, victim);
            } catch (RuntimeException e) {
                failure = e;
            }
        }, "bench-flood");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Returns when the thread has ended. Idempotent.
     *
     * @throws RuntimeException what the thread failed with
     */
    void stop() {
        running = false;
        boolean interrupted = false;
        while (thread != null) {
            try {
                thread.join();
                thread = null;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            RuntimeException thrown = failure;
            failure = null;
            throw thrown;
        }
    }

    /** Segments that left since the last call, and how long that took. */
    double takeRate() {
        double rate = firedNanos == 0 ? 0 : fired * 1e9 / firedNanos;
        fired = 0;
        firedNanos = 0;
        return rate;
    }

    private void flood(Kind kind, int victim) {
        if (kind == Kind.OUT_OF_ORDER && established < BOTS) {
            shakeHands(victim);
        }
        long begin = System.nanoTime();
        long last = begin;
        double owed = 0;
        while (running) {
            long now = System.nanoTime();
            owed = Math.min(owed + (now - last) * perSecond / 1e9, LONGEST_DEBT_NANOS * perSecond / 1e9);
            last = now;
            int sent = 0;
            while (sent < BURST && owed >= 1 && shoot(kind, victim)) {
                owed--;
                sent++;
            }
            link.flush(now);
            fired += sent;
            if (owed < 1) {
                LockSupport.parkNanos(REST_NANOS);
            }
        }
        firedNanos += System.nanoTime() - begin;
    }

    private boolean shoot(Kind kind, int victim) {
        int stranger = 0x0b00_0000 | random.nextInt(1 << 24);
        int from = 1 + random.nextInt(65_535);
        return switch (kind) {
            case SYN -> segment(stranger, from, victim, random.nextInt(), 0, TcpHeader.SYN, 0);
            case ACK -> segment(stranger, from, victim, random.nextInt(), random.nextInt(), TcpHeader.ACK, 0);
            case RST -> segment(stranger, from, victim, random.nextInt(), random.nextInt(), TcpHeader.RST, 0);
            case OUT_OF_ORDER -> {
                int bot = random.nextInt(BOTS);
                int gap = 2 + 2 * random.nextInt(30_000);
                yield segment(bots, FIRST_BOT_PORT + bot, victim, FIRST_SEQ + 1 + gap, botAcks[bot], TcpHeader.ACK, 1);
            }
        };
    }

    private void shakeHands(int victim) {
        long until = System.nanoTime() + HANDSHAKE_NANOS;
        while (established < BOTS && System.nanoTime() < until && running) {
            for (int bot = 0; bot < BOTS; bot++) {
                if (botAcks[bot] == 0) {
                    segment(bots, FIRST_BOT_PORT + bot, victim, FIRST_SEQ, 0, TcpHeader.SYN, 0);
                }
            }
            link.flush(System.nanoTime());
            long answered = System.nanoTime() + HANDSHAKE_NANOS / 50;
            while (established < BOTS && System.nanoTime() < answered) {
                link.receive((from, at, length) -> answer(from, at, length, victim), BURST, System.nanoTime());
                link.flush(System.nanoTime());
            }
        }
        if (established < BOTS && running) {
            throw new UserError(ExitCode.FAILED, "only " + established + " of " + BOTS + " connections of the flooder"
                    + " were accepted");
        }
    }

    private void answer(MemorySegment from, long at, int length, int victim) {
        long ip = at + EthernetHeader.LENGTH;
        long tcp = ip + Ipv4Header.LENGTH;
        if (length < EthernetHeader.LENGTH + Ipv4Header.LENGTH + TcpHeader.LENGTH
                || EthernetHeader.type(from, at) != EthernetHeader.TYPE_IPV4
                || TcpHeader.flags(from, tcp) != (TcpHeader.SYN | TcpHeader.ACK)) {
            return;
        }
        int bot = TcpHeader.destinationPort(from, tcp) - FIRST_BOT_PORT;
        if (bot < 0 || bot >= BOTS) {
            return;
        }
        if (botAcks[bot] == 0) {
            established++;
        }
        botAcks[bot] = TcpHeader.seq(from, tcp) + 1;
        segment(bots, FIRST_BOT_PORT + bot, victim, FIRST_SEQ + 1, botAcks[bot], TcpHeader.ACK, 0);
    }

    /** A segment with a payload of zeros; false if the link takes no more for now. */
    private boolean segment(int source, int sourcePort, int victim, int seq, int ack, int flags, int length) {
        FramePool frames = link.frames();
        long frame = frames.allocate();
        if (frame == FramePool.NONE) {
            return false;
        }
        long tcp = frame + EthernetHeader.LENGTH + Ipv4Header.LENGTH;
        int size = TcpHeader.LENGTH + length;
        TcpHeader.write(memory, tcp, sourcePort << 16 | port, seq, ack, TcpHeader.LENGTH, flags, 0xffff);
        memory.asSlice(tcp + TcpHeader.LENGTH, length).fill((byte) 0);
        TcpHeader.writeChecksum(memory, tcp, Checksum.sum(memory, tcp, size)
                + Checksum.pseudoHeader(source, victim, Ipv4Header.PROTOCOL_TCP, size));
        EthernetHeader.write(memory, frame, victimMac, link.mac(), EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(memory, frame + EthernetHeader.LENGTH, 0, Ipv4Header.LENGTH + size, 0,
                Ipv4Header.DONT_FRAGMENT, 64, Ipv4Header.PROTOCOL_TCP, source, victim);
        boolean posted = link.transmit(frame, EthernetHeader.LENGTH + Ipv4Header.LENGTH + size, 0);
        frames.release(frame);
        return posted;
    }

    @Override
    public void close() {
        stop();
    }
}
