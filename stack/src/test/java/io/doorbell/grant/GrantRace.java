package io.doorbell.grant;

import io.doorbell.link.FramePool;
import io.doorbell.wire.Checksum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Two threads and a block: one does what the stack does, with the block's calls alone; the other sends. Everything that a
 * lease says follows from its generation, every message from its number, and the parts of an answer from each other, so
 * that each side sees at once what does not belong together. Both count; a grant's end must find them of one mind.
 */
final class GrantRace {
    static final int MSS = 100;
    private static final int SLOTS = 8;
    private static final int SLOT_BYTES = 256;
    private static final int LONGEST = 3 * MSS;
    /** Bytes of a lease, and how far the sequence numbers of two generations are apart. */
    static final int LEASE_BYTES = 1 << 14;
    static final int GENERATIONS = 30;

    /** What the stack's side does wrong, so that it can be seen that it is noticed. */
    enum Fault {
        NONE,
        /** It looks at the word, and writes it if it is as expected. */
        READ_THEN_WRITE,
        /** The lease is written when the engine may already use it. */
        LEASE_AFTER_OPEN,
        /** What was published is counted before the right is taken. */
        COLLECT_BEFORE_TAKING,
        /** An answer is written in two halves. */
        ANSWER_IN_HALVES
    }

    private final Fault fault;
    private final int grants;
    private final SplittableRandom stackRandom;
    private final SplittableRandom engineRandom;
    private final CyclicBarrier barrier = new CyclicBarrier(2);
    private final AtomicReference<String> found = new AtomicReference<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment region = arena.allocate((long) SLOTS * SLOT_BYTES, 64);
    private final CheckingLink link = new CheckingLink(this::fail);

    // One grant, replaced between two barriers.
    private MemorySegment memory;
    private GrantBlock block;
    private long engineMessages;

    // The stack's own.
    private long generation;
    private long lease;
    private int collected;
    private int held;
    private final int[] segments = new int[GENERATIONS + 2];
    private int bytesOfLease;
    private long messages;
    private int at;
    private int rcvNxt;
    long publications;

    GrantRace(long seed, int grants, Fault fault) {
        this.fault = fault;
        this.grants = grants;
        SplittableRandom random = new SplittableRandom(seed);
        this.stackRandom = random.split();
        this.engineRandom = random.split();
    }

    private void fail(String what) {
        found.compareAndSet(null, what);
    }

    /** @return what was wrong, null if nothing was */
    String run() throws InterruptedException {
        Thread engine = new Thread(() -> guarded(this::engineSide), "engine");
        engine.setDaemon(true);
        engine.start();
        guarded(this::stackSide);
        engine.join();
        arena.close();
        return found.get();
    }

    /** A side of the race. */
    private interface Side {
        void run() throws InterruptedException, BrokenBarrierException;
    }

    private void guarded(Side side) {
        try {
            side.run();
        } catch (InterruptedException | BrokenBarrierException e) {
            fail("the other side has stopped");
        } catch (RuntimeException e) {
            fail(e + " at " + e.getStackTrace()[0]);
            barrier.reset();
        }
    }

    /** Waits for the other side, unless that one has stopped. */
    private void meet() throws InterruptedException, BrokenBarrierException {
        boolean met = false;
        while (!met && !barrier.isBroken()) {
            try {
                barrier.await(found.get() == null ? 20 : 1, TimeUnit.SECONDS);
                met = true;
            } catch (TimeoutException e) {
                fail("the other side has stopped");
            }
        }
    }

    private boolean goesOn(int grant) {
        return grant < grants && found.get() == null;
    }

    // ---- what both sides know

    static int length(long message) {
        return 1 + (int) ((message * 0x9e37_79b9_7f4a_7c15L >>> 40) % LONGEST);
    }

    private static byte content(long message, int at) {
        return (byte) (message * 31 + at * 7);
    }

    // ---- the engine

    private void engineSide() throws InterruptedException, BrokenBarrierException {
        meet();
        for (int grant = 0; goesOn(grant); grant++) {
            GrantedSender sender = new GrantedSender(block, region, 0, link);
            engineMessages = send(sender);
            meet();
            meet();
        }
    }

    private long send(GrantedSender sender) {
        MemorySegment source = MemorySegment.ofArray(new byte[LONGEST]);
        long message = 0;
        int filled = 0;
        while (found.get() == null) {
            int length = length(message);
            if (filled == 0) {
                for (int i = 0; i < length; i++) {
                    source.set(ValueLayout.JAVA_BYTE, i, content(message, i));
                }
                filled = length;
            }
            int code = sender.send(source, 0, length, message);
            if (code >= 0) {
                message++;
                filled = 0;
            } else if (code == GrantedSender.FENCED || code == GrantedSender.RETURNED) {
                return message;
            } else if (code == GrantedSender.BACKPRESSURE) {
                Thread.yield();
            } else {
                fail("a send was answered " + code);
            }
            linger(engineRandom);
            if (engineRandom.nextInt(3_000) == 0) {
                sender.giveBack();
            }
        }
        return message;
    }

    private static void linger(SplittableRandom random) {
        int spins = random.nextInt(8) == 0 ? random.nextInt(200) : random.nextInt(4);
        for (int i = 0; i < spins; i++) {
            Thread.onSpinWait();
        }
    }

    /** Long enough for the other thread to come between. */
    private static void dawdle() {
        for (int i = 0; i < 1_000; i++) {
            Thread.onSpinWait();
        }
        Thread.yield();
    }

    // ---- the stack

    private void stackSide() throws InterruptedException, BrokenBarrierException {
        begin();
        meet();
        for (int grant = 0; goesOn(grant); grant++) {
            boolean returned = false;
            for (int i = 0; i < GENERATIONS && !returned && found.get() == null; i++) {
                returned = lease();
            }
            end(returned);
            meet();
            check(messages == engineMessages, "the engine has sent " + engineMessages + " messages, and " + messages
                    + " are known");
            check(Arrays.equals(segments, link.segments), "other leases were used than were open: "
                    + Arrays.toString(link.segments) + " for " + Arrays.toString(segments));
            begin();
            meet();
        }
    }

    private void begin() {
        memory = arena.allocate(GrantBlock.bytes(SLOTS), 128);
        block = new GrantBlock(memory, 0, SLOTS);
        generation = 0;
        collected = 0;
        held = 0;
        messages = 0;
        at = 0;
        publications += engineMessages;
        Arrays.fill(segments, 0);
        Arrays.fill(link.segments, 0);
        block.change(0, GrantBlock.control(0, GrantBlock.SUSPENDED, 0));
    }

    private void check(boolean right, String otherwise) {
        if (!right) {
            fail(otherwise);
        }
    }

    /** @return whether the engine has given the right back */
    private boolean lease() {
        generation++;
        lease = generation;
        bytesOfLease = 0;
        fillSlots();
        if (fault != Fault.LEASE_AFTER_OPEN) {
            block.lease(terms(generation));
        }
        block.limit(held - 1, (int) generation * LEASE_BYTES + LEASE_BYTES);
        answer();
        if (!enter(GrantBlock.OPEN)) {
            return true;
        }
        if (fault == Fault.LEASE_AFTER_OPEN) {
            dawdle();
            block.lease(terms(generation));
        }
        for (int i = stackRandom.nextInt(60); i > 0; i--) {
            collect();
            fillSlots();
            block.limit(held - 1, (int) generation * LEASE_BYTES + LEASE_BYTES);
            answer();
            linger(stackRandom);
            if (i % 8 == 0) {
                Thread.yield();
            }
        }
        return !take(GrantBlock.SUSPENDED);
    }

    static LeaseTerms terms(long generation) {
        LeaseTerms t = new LeaseTerms();
        t.destinationMac = generation;
        t.sourceMac = generation;
        t.seq = (int) generation * LEASE_BYTES;
        t.mss = MSS;
        t.localAddress = (int) generation;
        t.remoteAddress = (int) generation;
        t.ports = (int) generation;
        t.timeToLive = 64;
        t.tickNanos = 1;
        return t;
    }

    private void fillSlots() {
        while (held - collected < SLOTS) {
            block.payload(held, (long) (held & SLOTS - 1) * SLOT_BYTES);
            held++;
        }
    }

    private void answer() {
        rcvNxt++;
        int field = rcvNxt & 0xffff;
        if (fault == Fault.ANSWER_IN_HALVES) {
            memory.set(ValueLayout.JAVA_INT, 132, rcvNxt);
            dawdle();
            memory.set(ValueLayout.JAVA_INT, 128, field);
        } else {
            block.answer((long) rcvNxt << 32 | field);
        }
    }

    /** @return false if the engine has given the right back */
    private boolean enter(int state) {
        while (true) {
            long control = block.control();
            if (GrantBlock.state(control) == GrantBlock.RETURNED) {
                return false;
            }
            if (change(control, GrantBlock.control(generation, state, GrantBlock.published(control)))) {
                return true;
            }
        }
    }

    private boolean change(long from, long to) {
        if (fault != Fault.READ_THEN_WRITE) {
            return block.change(from, to);
        }
        if (block.control() != from) {
            return false;
        }
        dawdle();
        memory.set(ValueLayout.JAVA_LONG, 0, to);
        return true;
    }

    private boolean take(int state) {
        if (fault == Fault.COLLECT_BEFORE_TAKING) {
            collect();
            dawdle();
            boolean taken = enter(state);
            collected = GrantBlock.published(block.control());
            return taken;
        }
        boolean taken = enter(state);
        collect();
        return taken;
    }

    private void end(boolean returned) {
        if (!returned) {
            generation++;
            returned = !take(GrantBlock.FENCED);
        }
        collect();
        long control = block.control();
        linger(stackRandom);
        int state = GrantBlock.state(control);
        check(state == (returned ? GrantBlock.RETURNED : GrantBlock.FENCED), "the grant ended in state " + state);
        check(at == 0, "a message was published in part");
        check(control == block.control(), "something was published after the end");
    }

    private void collect() {
        for (int fresh = GrantBlock.slotsBetween(collected & 0xffff, GrantBlock.published(block.control())); fresh > 0; fresh--) {
            int length = block.length(collected);
            int rest = length(messages) - at;
            check(length == Math.min(MSS, rest), "a slot of " + length + " bytes where " + rest + " of a message are left");
            check(block.push(collected) == rest <= MSS, "a message's end is elsewhere");
            long payload = block.payload(collected);
            for (int i = 0; i < length && i < SLOT_BYTES; i++) {
                check(region.get(ValueLayout.JAVA_BYTE, payload + i) == content(messages, at + i), "a wrong byte");
            }
            check(block.sum(collected) == Checksum.fold(Checksum.sum(region, payload, Math.clamp(length, 0, SLOT_BYTES))),
                    "a wrong sum");
            check(block.clock(collected) == 0 && block.sentAtNanos(collected) == messages, "a record of another message");
            bytesOfLease += length;
            segments[(int) lease]++;
            check(bytesOfLease <= LEASE_BYTES, "more than was granted");
            at = rest <= MSS ? 0 : at + length;
            messages += rest <= MSS ? 1 : 0;
            collected++;
        }
    }

    /** Frames of an engine's link. */
    static FramePool frames() {
        return new FramePool(Arena.ofAuto().allocate(64 * 2048L, 64), 2048, 0, 64);
    }
}
