package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.tcp.LinkBuffer;
import io.doorbell.tcp.MessageGrant;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.Tcb;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * One end's sends by template and in parts, and its rehearsals, all at random: several templates are armed and several
 * messages open at once, updated and completed in any order. What the calls answer is checked against a model.
 */
final class UnusualSends {
    private static final int MOST_TEMPLATES = 6;
    private static final int MOST_OPEN = 5;
    private static final int MOST_BUFFERS = 3;
    private static final int LONGEST = 5_000;
    private static final long LONGEST_WAIT_NANOS = 60_000_000L;

    private final SplittableRandom random;
    private final StreamContent content;
    private final TwoStacks network;
    private final TcpStack stack;
    private final MemorySegment buffer;
    private final List<Armed> templates = new ArrayList<>();
    private final List<Open> open = new ArrayList<>();
    private final List<PartialMessage> spare = new ArrayList<>();
    private final List<LinkBuffer> buffers = new ArrayList<>();
    String fault;

    /** A template, what its bytes are now, and which of them are missing: for the next send, and after each. */
    private record Armed(MessageTemplate template, byte[] bytes, boolean[] missing, boolean[] holes) {
    }

    /** A partial message, and which of its bytes were supplied. */
    private record Open(PartialMessage message, byte[] bytes, boolean[] known) {
    }

    /** Engines that were granted messages. */
    private final Map<Open, SimulatedCompletion> completions = new IdentityHashMap<>();
    private final SplittableRandom granting;

    /**
     * @param stack  whose connection it is
     * @param buffer of at least 16 KiB, used during calls only
     */
    UnusualSends(long seed, StreamContent content, TwoStacks network, TcpStack stack, MemorySegment buffer) {
        this.random = new SplittableRandom(seed);
        this.granting = new SplittableRandom(seed ^ 0x636f_6d70_6c65_7465L);
        this.content = content;
        this.network = network;
        this.stack = stack;
        this.buffer = buffer;
    }

    private void fail(String what) {
        if (fault == null) {
            fault = what;
        }
    }

    /**
     * Sends one message, in whichever way.
     *
     * @param position of its first byte in the stream
     * @param most     bytes of it
     * @return bytes that took their place in the stream; 0 if none did
     */
    int send(Connection c, long position, int most) {
        if (random.nextInt(8) == 0) {
            rehearse(c);
        }
        if (random.nextInt(3) == 0) {
            return begin(c, position, most);
        }
        Armed armed = templates.size() < MOST_TEMPLATES && (templates.isEmpty() || random.nextInt(6) == 0)
                ? arm(c, most) : templates.get(random.nextInt(templates.size()));
        return armed == null || armed.bytes.length > most ? 0 : send(armed, position);
    }

    /** Frames are short, or a send was refused for another reason: templates may be what holds them. */
    void giveWay() {
        if (random.nextBoolean()) {
            templates.forEach(armed -> armed.template.close());
            templates.clear();
        }
    }

    // ---- templates

    private Armed arm(Connection c, int most) {
        int length = Plan.logUniform(random, 1, Math.min(most, LONGEST));
        MessageTemplate template = c.template(length);
        if (template == null) {
            return null;
        }
        boolean[] all = new boolean[length];
        Arrays.fill(all, true);
        Armed armed = new Armed(template, new byte[length], all, all.clone());
        templates.add(armed);
        for (int i = random.nextInt(4); i > 0; i--) {
            int at = random.nextInt(length);
            supply(armed, at, 1 + random.nextInt(length - at), true);
        }
        return armed;
    }

    private int send(Armed armed, long position) {
        MessageTemplate template = armed.template;
        int length = armed.bytes.length;
        for (int i = random.nextInt(4); i > 0; i--) {
            int at = random.nextInt(length);
            supply(armed, at, 1 + random.nextInt(length - at), random.nextInt(16) == 0);
        }
        if (random.nextInt(8) == 0) {
            several(armed);
        }
        if (open.size() < MOST_OPEN && random.nextInt(4) == 0) {
            return begin(armed, position);
        }
        if (template.missing() > 0 && random.nextInt(6) == 0) {
            int result = template.send(network.now);
            if (result != MessageTemplate.HOLES && result != MessageTemplate.CLOSED) {
                fail("a template with holes was sent with " + result);
            }
        }
        if (random.nextInt(3) == 0) {
            last(armed);
        }
        for (int from = next(armed.missing, 0, true); from < length; from = next(armed.missing, from, true)) {
            supply(armed, from, next(armed.missing, from, false) - from, false);
            if (template.isClosed()) {
                return 0;
            }
        }
        if (random.nextInt(8) == 0 && !open.isEmpty() && open.getFirst().message.isOpen()
                && template.begin(open.getFirst().message) != PartialMessage.OPEN) {
            fail("an open message was begun again by a template");
        }
        byte[] sent = armed.bytes.clone();
        int result = template.send(network.now, random.nextInt(3) == 0 ? MessageTemplate.POST_ONLY : 0);
        if (result == MessageTemplate.FAST || result == MessageTemplate.QUEUED) {
            System.arraycopy(armed.holes, 0, armed.missing, 0, length);
            content.note(position, sent);
            return length;
        }
        if (result != MessageTemplate.BACKPRESSURE && result != MessageTemplate.CLOSED
                && (result != Tcb.GRANTED || content.engines == null)) {
            fail("a template was answered " + result);
        }
        return 0;
    }

    /** The first index from {@code from} on whose value is this; the length if there is none. */
    private static int next(boolean[] values, int from, boolean value) {
        int at = from;
        while (at < values.length && values[at] != value) {
            at++;
        }
        return at;
    }

    private void supply(Armed armed, int at, int length, boolean known) {
        MessageTemplate template = armed.template;
        for (int i = 0; i < length; i++) {
            Bytes.put8(buffer, i, random.nextInt(256));
        }
        int result;
        if (known) {
            result = template.known(at, buffer, 0, length);
        } else if (length == 8 && random.nextBoolean()) {
            result = template.update64(at, Bytes.u64(buffer, 0));
        } else {
            result = template.update(at, buffer, 0, length);
        }
        if (result != MessageTemplate.CLOSED) {
            note(armed, at, 0, length, known);
        }
        answered(armed, result);
    }

    private void note(Armed armed, int at, int from, int length, boolean known) {
        for (int i = 0; i < length; i++) {
            armed.bytes[at + i] = (byte) Bytes.u8(buffer, from + i);
            armed.missing[at + i] = false;
            armed.holes[at + i] &= !known;
        }
    }

    private void answered(Armed armed, int result) {
        int missing = 0;
        for (boolean each : armed.missing) {
            missing += each ? 1 : 0;
        }
        if (result != MessageTemplate.CLOSED && result != missing) {
            fail("a template answered " + result + " where " + missing + " bytes are missing");
        }
    }

    /** Two updates in one call, or one that reaches too far and must change nothing. */
    private void several(Armed armed) {
        int length = armed.bytes.length;
        int[] offsets = {random.nextInt(length), random.nextInt(length)};
        int[] lengths = {1 + random.nextInt(length - offsets[0]), 1 + random.nextInt(length - offsets[1])};
        boolean outside = random.nextInt(3) == 0;
        if (outside) {
            lengths[1] = length - offsets[1] + 1;
        }
        for (int i = 0; i < lengths[0] + lengths[1]; i++) {
            Bytes.put8(buffer, i, random.nextInt(256));
        }
        int result = armed.template.update(offsets, lengths, 2, buffer, 0);
        if (outside) {
            if (result != MessageTemplate.OUT_OF_RANGE) {
                fail("an update beyond the end was answered " + result);
            }
        } else if (result != MessageTemplate.CLOSED) {
            note(armed, offsets[0], 0, lengths[0], false);
            note(armed, offsets[1], lengths[0], lengths[1], false);
            answered(armed, result);
        }
    }

    /** The last part comes from a buffer of the link, if one is free. */
    private void last(Armed armed) {
        LinkBuffer free = null;
        for (LinkBuffer each : buffers) {
            free = each.isFree() ? each : free;
        }
        if (free == null && buffers.size() < MOST_BUFFERS) {
            free = stack.buffer();
            if (free != null) {
                buffers.add(free);
            }
        }
        if (free == null) {
            return;
        }
        int length = armed.bytes.length;
        int bytes = Math.min(free.capacity(), 1 + random.nextInt(length));
        for (int i = 0; i < bytes; i++) {
            Bytes.put8(buffer, i, random.nextInt(256));
        }
        MemorySegment.copy(buffer, 0, free.memory(), free.address(), bytes);
        int result = armed.template.last(free, bytes);
        if (result != MessageTemplate.CLOSED) {
            note(armed, length - bytes, 0, bytes, false);
            Arrays.fill(armed.holes, length - bytes, length, true);
        }
        answered(armed, result);
        // Who still reads may find the sending end closed: nobody would give this buffer back later.
        if (random.nextInt(8) == 0 || result == MessageTemplate.CLOSED) {
            buffers.remove(free);
            free.close();
        }
    }

    /** The connection has ended: the buffers are given back. */
    void close() {
        buffers.forEach(LinkBuffer::close);
        buffers.clear();
        completions.values().forEach(this::end);
        completions.clear();
    }

    /** Sends and receives that must leave no trace; not for use within a handler's call alone. */
    private void rehearse(Connection c) {
        int length = 1 + random.nextInt(LONGEST);
        switch (random.nextInt(3)) {
            case 0 -> c.send(buffer, 0, length, MessageTemplate.WARM);
            case 1 -> c.warmReceive(buffer, 0, length);
            default -> {
                if (!templates.isEmpty()) {
                    templates.get(random.nextInt(templates.size())).template.send(network.now, MessageTemplate.WARM);
                }
            }
        }
    }

    // ---- partial messages

    private int begin(Connection c, long position, int most) {
        if (open.size() == MOST_OPEN) {
            return 0;
        }
        PartialMessage message = spare.isEmpty() ? new PartialMessage() : spare.removeLast();
        int length = Plan.logUniform(random, 1, Math.min(most, LONGEST));
        int result = c.begin(message, length);
        if (result != 0) {
            refused(message, result);
            return 0;
        }
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) content.usual(position + i);
        }
        begun(new Open(message, bytes, new boolean[length]));
        return length;
    }

    private void refused(PartialMessage message, int result) {
        if (result != Tcb.BACKPRESSURE && result != Tcb.CLOSED && result != PartialMessage.TOO_MANY_RUNS
                && (result != Tcb.GRANTED || content.engines == null)) {
            fail("begin was answered " + result);
        }
        spare.add(message);
    }

    /** The same from what a template has; what it does not have is decided now. */
    private int begin(Armed armed, long position) {
        PartialMessage message = spare.isEmpty() ? new PartialMessage() : spare.removeLast();
        int result = armed.template.begin(message);
        if (result != 0) {
            refused(message, result);
            return 0;
        }
        int length = armed.bytes.length;
        boolean[] known = new boolean[length];
        for (int i = 0; i < length; i++) {
            known[i] = !armed.missing[i];
            armed.bytes[i] = known[i] ? armed.bytes[i] : (byte) random.nextInt(256);
        }
        byte[] bytes = armed.bytes.clone();
        content.note(position, bytes);
        System.arraycopy(armed.holes, 0, armed.missing, 0, length);
        if (message.isOpen()) {
            begun(new Open(message, bytes, known));
        } else if (next(known, 0, false) < length) {
            fail("a message with holes is complete");
        } else {
            spare.add(message);
        }
        return length;
    }

    private void begun(Open part) {
        PartialMessage message = part.message;
        open.add(part);
        if (random.nextInt(4) == 0) {
            message.deadline(network.now + random.nextLong(LONGEST_WAIT_NANOS));
        }
        for (int i = random.nextInt(3); i > 0 && isOpen(message); i--) {
            complete(open.getLast());
        }
    }

    private boolean isOpen(PartialMessage message) {
        return !open.isEmpty() && open.getLast().message == message;
    }

    /** The stack says that this message is overdue: it has to be open. */
    void overdue(PartialMessage message) {
        if (!message.isOpen()) {
            fail("a message is overdue that is not open");
        }
    }

    /** Whether {@link #supply} has to be called after {@link #waitNanos}. */
    boolean waits() {
        return !open.isEmpty();
    }

    /** How long what is missing is not known yet. */
    long waitNanos() {
        return 1 + random.nextLong(random.nextInt(4) == 0 ? LONGEST_WAIT_NANOS : 1_000_000L);
    }

    /** Something that was missing is known now. */
    void supply() {
        for (int i = 1 + random.nextInt(4); i > 0 && !open.isEmpty(); i--) {
            Open part = open.get(random.nextInt(open.size()));
            if (isOwners(part)) {
                complete(part);
            }
        }
    }

    /** Whether no engine completes it, or has completed it. An engine takes its step, if one does. */
    private boolean isOwners(Open part) {
        SimulatedCompletion engine = completions.get(part);
        if (engine == null) {
            if (granting.nextInt(4) > 0) {
                return true;
            }
            MessageGrant grant = part.message.grant();
            if (grant == null) {
                return true;
            }
            completions.put(part, new SimulatedCompletion(granting.nextLong(), grant, part.bytes, network, stack));
            return false;
        }
        engine.act();
        if (!engine.grant.isOver()) {
            if (part.message.isOpen() && part.message.complete(0, buffer, 0, 1) != Tcb.GRANTED) {
                fail("the owner completes what he has granted");
            }
            return false;
        }
        if (part.message.isOpen() || engine.grant.isCompleted()) {
            engine.check();
        }
        completions.remove(part);
        end(engine);
        if (!part.message.isOpen()) {
            open.remove(part);
            spare.add(part.message);
        }
        return part.message.isOpen();
    }

    private void end(SimulatedCompletion engine) {
        engine.end();
        if (engine.fault != null) {
            fail(engine.fault);
        }
    }

    private void complete(Open part) {
        boolean[] known = part.known;
        int at = next(known, random.nextInt(known.length), false);
        at = at == known.length ? next(known, 0, false) : at;
        int most = random.nextInt(4) == 0 ? known.length : 1 + random.nextInt(known.length);
        int length = Math.min(most, next(known, at, true) - at);
        MemorySegment.copy(MemorySegment.ofArray(part.bytes), at, buffer, 0, length);
        int missing = part.message.missing();
        int result = part.message.complete(at, buffer, 0, length);
        if (result == PartialMessage.TOO_MANY_RUNS) {
            return;
        }
        if (result != missing - length && result != Tcb.CLOSED) {
            fail("a part of " + length + " at " + at + " was answered " + result + ", not " + (missing - length));
        }
        Arrays.fill(known, at, at + length, true);
        if (result == 0 || result == Tcb.CLOSED) {
            open.remove(part);
            spare.add(part.message);
        }
    }
}
