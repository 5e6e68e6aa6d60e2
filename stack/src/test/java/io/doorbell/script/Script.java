package io.doorbell.script;

import io.doorbell.tcp.CloseReason;
import io.doorbell.Connection;
import io.doorbell.Listener;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A packet script: one stack, one virtual clock, and a peer that does what the script says.
 *
 * <p>Settings come first, then stimuli ({@code at}, {@code receive}, {@code send}, {@code close}) and expectations.
 * Time moves only when the script says so, and then the stack is polled at each of its deadlines on the way. Whatever
 * the stack sends must be expected before the next stimulus. {@link #finish()} adds the checks that end every script.
 *
 * <p>The address of the peer is 10.0.0.1, that of the stack 10.0.0.2. ARP is answered behind the scenes.
 */
public final class Script extends Stage {
    private static final long ROUND_TRIP_NANOS = 10_000_000L;
    private final Set<Integer> listening = new HashSet<>();

    // --- time ---

    /** Makes a connection the one that the following lines are about. */
    public Script use(Flow flow) {
        current = flow;
        return this;
    }

    /** Lets time pass up to {@code nanos} since the script's time 0; timers fire on the way. */
    public Script at(long nanos) {
        start();
        nothingPending("at(" + Transcript.stamp(nanos).strip() + " s)");
        advanceTo(nanos, () -> false);
        return this;
    }

    public Script advance(long nanos) {
        return at(time() + nanos);
    }

    // --- the usual beginnings ---

    /** A peer with an MSS of 1460 and no other option connects to port 80; the round trip takes 10 ms. */
    public Script establish() {
        return establish(Segments.syn(0).mss(1460));
    }

    /** A peer connects with this SYN to the current connection's port; its ACK arrives at time 0 if the script begins here. */
    public Script establish(Segment syn) {
        beginBefore(ROUND_TRIP_NANOS);
        if (!listening.contains(current.stackPort)) {
            listen(current.stackPort);
        }
        receive(syn);
        expect(Segments.synAck(0).ack(1));
        advance(ROUND_TRIP_NANOS);
        receive(Segments.ack(1));
        return expectConnected();
    }

    /** The stack connects to port 80 of the peer, which answers with an MSS of 1460 and no other option. */
    public Script establishActively() {
        return establishActively(Segments.synAck(0).mss(1460));
    }

    public Script establishActively(Segment synAck) {
        beginBefore(ROUND_TRIP_NANOS);
        connect(80);
        expect(Segments.syn(0));
        advance(ROUND_TRIP_NANOS);
        receive(synAck);
        expect(Segments.ack(1).seq(1));
        return expectConnected();
    }

    private void beginBefore(long nanos) {
        if (stack == null) {
            now = -nanos;
            start();
        }
    }

    /** {@code count} segments of {@code size} bytes each, from {@code seq} on, without a gap. */
    public Sent expectData(int seq, int size, int count) {
        Segment[] segments = new Segment[count];
        for (int i = 0; i < count; i++) {
            segments[i] = Segments.data(seq + i * size, size);
        }
        return expect(segments);
    }

    /** Segments of any size that together are the bytes from {@code from} up to, not including, {@code to}. */
    public Sent expectBytes(int from, int to) {
        int next = from;
        Sent last = null;
        while (next - to < 0) {
            int length = pending.isEmpty() ? to - next : pending.getFirst().payload.length;
            last = expect(Segments.data(next, Math.clamp(length, 1, to - next)));
            next = last.end();
        }
        return last;
    }

    // --- what the peer does ---

    /** The stack receives these segments, in one burst, now. */
    public Script receive(Segment... segments) {
        start();
        nothingPending("receive(" + segments[0] + ")");
        for (Segment segment : segments) {
            Flow flow = segment.flow == null ? current : segment.flow;
            byte[] bytes = frame(segment);
            transcript.into(time(), flow, segment.toString());
            link.inject(bytes);
        }
        run();
        return this;
    }

    /** The frame that {@link #receive} would inject; the peer takes note of having sent it. */
    public byte[] frame(Segment segment) {
        start();
        Flow flow = segment.flow == null ? current : segment.flow;
        FrameWriter.complete(segment, flow);
        if (!segment.badChecksum && segment.dataOffsetWords == null) {
            flow.peerSends(segment);
        }
        return FrameWriter.frame(segment, flow);
    }

    /** The stack receives these bytes as they are. */
    public Script receiveFrame(byte[] bytes, String what) {
        start();
        nothingPending("receiveFrame(" + what + ")");
        transcript.into(time(), null, what);
        link.inject(bytes);
        run();
        return this;
    }

    /** The stack receives this, and may answer whatever it likes as long as the packets are well formed. */
    public Script receiveHostile(byte[] bytes, String what) {
        hostile = true;
        receiveFrame(bytes, what);
        pending.clear();
        return this;
    }

    /** Time passes, and the stack may send whatever it likes. */
    public Script advanceHostile(long nanos) {
        advance(nanos);
        pending.clear();
        return this;
    }

    /** The stack receives an ICMP error about something that it sent; {@code rest} is the header's last 32 bits. */
    public Script receiveIcmp(int type, int code, int rest, Sent about) {
        return receiveFrame(icmpFrame(type, code, rest, about),
                "ICMP type " + type + " code " + code + " rest " + rest + " about " + about);
    }

    /** The frame that {@link #receiveIcmp} would inject. */
    public byte[] icmpFrame(int type, int code, int rest, Sent about) {
        return FrameWriter.icmpError(type, code, rest, 0x0a0000fe, about.bytes);
    }

    // --- what the application does ---

    public Listener listen(int port) {
        start();
        transcript.note(time(), "listen(" + port + ")");
        listening.add(port);
        return stack.listen(port, this::accept);
    }

    /** Opens a connection to a port of the peer and makes it the current one. */
    public Flow connect(int port) {
        return connect("10.0.0.1", port);
    }

    public Flow connect(String address, int port) {
        int raw = 0;
        for (String part : address.split("\\.")) {
            raw = raw << 8 | Integer.parseInt(part);
        }
        start();
        current = flow(raw, port, 0);
        current.active = true;
        nothingPending("connect");
        transcript.note(time(), "connect(" + address + ", " + port + ")");
        current.application = newApplication();
        current.application.attach(stack.connect(address, port, current.application));
        act();
        return current;
    }

    private Application application() {
        if (current.application == null) {
            throw transcript.failure("the stack has not made the connection " + current);
        }
        return current.application;
    }

    private Connection connection() {
        return application().connection();
    }

    /** Sends a text; all of it must be taken. */
    public Script send(String text) {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sends {@code length} bytes of the stack's stream; all of them must be taken. */
    public Script send(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = Flow.stackByte(application().sentLength() + i);
        }
        return send(bytes);
    }

    private Script send(byte[] bytes) {
        nothingPending("send");
        transcript.note(time(), "send(" + bytes.length + ")");
        application().wrote(bytes, bytes.length);
        int result = connection().send(bytes, 0, bytes.length);
        if (result != bytes.length) {
            throw transcript.failure("send of " + bytes.length + " bytes answered " + result);
        }
        act();
        return this;
    }

    /** A send that must be refused with this code. */
    public Script sendRefused(int length, int code) {
        int result = connection().send(new byte[length], 0, length);
        if (result != code) {
            throw transcript.failure("send of " + length + " bytes answered " + result + " instead of " + code);
        }
        return this;
    }

    public Script close() {
        return act("close()", connection()::close);
    }

    public Script closeOutput() {
        return act("closeOutput()", connection()::closeOutput);
    }

    public Script abort() {
        return act("abort()", connection()::abort);
    }

    /** From now on the application takes at most {@code bytes} more when data is offered. */
    public Script appetite(int bytes) {
        application().appetite(bytes);
        return this;
    }

    /** The application reads {@code bytes} that it had left; all of them must be there. */
    public Script read(int bytes) {
        return act("read(" + bytes + ")", () -> {
            MemorySegment target = Arena.ofAuto().allocate(bytes);
            int count = connection().read(target, 0, bytes);
            require(count == bytes, "read of " + bytes + " bytes answered " + count);
            application().took(target.toArray(ValueLayout.JAVA_BYTE));
        });
    }

    /** The application takes all that it had left, and all that will come. */
    public Script resume() {
        application().appetite(Integer.MAX_VALUE);
        return act("resume()", connection()::resume);
    }

    /** Does something on the stack's thread and sends what comes of it. */
    public Script act(String what, Runnable action) {
        start();
        nothingPending(what);
        transcript.note(time(), what);
        action.run();
        act();
        return this;
    }

    private void act() {
        stack.flush(now);
        collect();
        run();
    }

    // --- the link ---

    /** From now on the link takes only this many more frames. */
    public Script linkRoomFor(int count) {
        start();
        link.roomFor(count);
        return this;
    }

    public ScriptLink link() {
        start();
        return link;
    }

    public TcpStack stack() {
        start();
        return stack;
    }

    // --- expectations ---

    /** The stack has sent exactly this so far, in this order; more may follow if another expectation takes it. */
    public Sent expect(Segment... expected) {
        start();
        return match(-1, 0, expected);
    }

    /** The first thing that the stack does is this, at this time, to the nanosecond of its timers. */
    public Sent expectAt(long nanos, Segment... expected) {
        nothingPending("expectAt");
        advanceTo(nanos, () -> false);
        return match(nanos, nanos, expected);
    }

    /** The stack does this next, at the latest at {@code nanos}. */
    public Sent expectBy(long nanos, Segment... expected) {
        return expectBetween(time(), nanos, expected);
    }

    public Sent expectBetween(long from, long to, Segment... expected) {
        if (pending.isEmpty()) {
            advanceTo(to, () -> !pending.isEmpty());
        }
        return match(from, to, expected);
    }

    /** The next segment that the stack sends, whatever it is, at the latest at {@code nanos}. */
    public Sent nextBy(long nanos) {
        start();
        if (pending.isEmpty()) {
            advanceTo(nanos, () -> !pending.isEmpty());
        }
        require(!pending.isEmpty(), "the stack sent nothing up to " + Transcript.stamp(nanos).strip() + " s");
        return pending.removeFirst();
    }

    private Sent match(long from, long to, Segment... expected) {
        List<String> lines = new ArrayList<>();
        for (Segment segment : expected) {
            lines.add(segment + (segment.flow == null ? "" : " on " + segment.flow));
        }
        for (int i = 0; i < expected.length; i++) {
            String difference;
            if (i >= pending.size()) {
                difference = "the stack did not send it";
            } else {
                Sent sent = pending.get(i);
                Flow flow = expected[i].flow == null ? current : expected[i].flow;
                difference = sent.flow != flow ? "it is on " + sent.flow + ", not " + flow
                        : sent.differenceTo(filledIn(expected[i], i, flow));
                boolean early = from >= 0 && sent.timeNanos < from || from >= 0 && sent.timeNanos > to;
                if (difference == null && early) {
                    difference = "it was sent at " + Transcript.stamp(sent.timeNanos).strip() + " s, not "
                            + Transcript.stamp(from).strip() + (from == to ? "" : " to " + Transcript.stamp(to).strip());
                }
            }
            if (difference != null) {
                throw transcript.mismatch("segment " + (i + 1) + " of " + expected.length + ": " + difference, lines,
                        List.copyOf(pending), i);
            }
        }
        Sent last = pending.get(expected.length - 1);
        pending.subList(0, expected.length).clear();
        return last;
    }

    /** A segment whose sequence number is not said stands at the end of all that was sent before it. */
    private Segment filledIn(Segment expected, int index, Flow flow) {
        if (expected.seq != null || expected.anySeq) {
            return expected;
        }
        int next = flow.stackNext;
        for (int i = index; i < pending.size(); i++) {
            Sent sent = pending.get(i);
            if (sent.flow == flow && (sent.payload.length > 0 || sent.is(Segment.FIN))) {
                next = next - sent.seq < 0 ? next : sent.seq;
            }
        }
        expected.seq = next;
        return expected;
    }

    /** Takes the next segment if it is this one; for what an RFC leaves to the implementation. */
    public boolean allow(Segment permitted) {
        Flow flow = permitted.flow == null ? current : permitted.flow;
        if (!pending.isEmpty() && pending.getFirst().flow == flow
                && pending.getFirst().differenceTo(filledIn(permitted, 0, flow)) == null) {
            pending.removeFirst();
            return true;
        }
        return false;
    }

    /** Takes whatever the stack has sent and not been asked about. */
    public List<Sent> takeAll() {
        List<Sent> all = List.copyOf(pending);
        pending.clear();
        return all;
    }

    public Script expectNothing() {
        nothingPending("expectNothing()");
        return this;
    }

    public Script expectNothingUntil(long nanos) {
        start();
        nothingPending("expectNothingUntil");
        advanceTo(nanos, () -> !pending.isEmpty());
        return expectNothing();
    }

    public Sent expectIcmp(int type, int code) {
        if (pending.isEmpty() || pending.getFirst().icmpType != type || pending.getFirst().icmpCode != code) {
            throw transcript.mismatch("an ICMP message is missing",
                    List.of("ICMP type " + type + " code " + code), List.copyOf(pending), 0);
        }
        return pending.removeFirst();
    }

    private void nothingPending(String before) {
        if (!pending.isEmpty()) {
            throw transcript.mismatch("unexpected, before " + before, List.of(), List.copyOf(pending), 0);
        }
    }

    public Script expectDelivered(String text) {
        byte[] bytes = application().takeDelivered(Integer.MAX_VALUE);
        require(Arrays.equals(bytes, text.getBytes(StandardCharsets.ISO_8859_1)),
                "delivered is \"" + Sent.printable(bytes) + "\", not \"" + text + '"');
        return this;
    }

    /** Exactly the next {@code length} bytes of the peer's stream were delivered. */
    public Script expectDelivered(int length) {
        int position = application().position();
        byte[] bytes = application().takeDelivered(Integer.MAX_VALUE);
        require(bytes.length == length, "delivered are " + bytes.length + " bytes, not " + length);
        for (int i = 0; i < length; i++) {
            require(bytes[i] == Flow.peerByte(position + 1 + i), "delivered byte " + (position + i) + " is wrong");
        }
        return this;
    }

    /** Established, and the application knows. */
    public Script expectConnected() {
        require(!current.active || application().isConnected(), "the application was not told that it is connected");
        return expectState("ESTABLISHED");
    }

    public Script expectPeerClosed() {
        require(application().isPeerClosed(), "the application was not told of the peer's FIN");
        return this;
    }

    public Script expectPeerNotClosed() {
        require(!application().isPeerClosed(), "the application was told of a FIN already");
        return this;
    }

    public Script expectWritable() {
        require(application().writableCalls() > 0, "the application was not told that it can write again");
        return this;
    }

    /** The application was told the end, and any of these reasons is right. */
    public Script expectClosed(CloseReason... reasons) {
        CloseReason reason = application().closeReason();
        require(reason != null, "the application was not told that the connection is closed");
        require(reasons.length == 0 || Arrays.asList(reasons).contains(reason),
                "the connection was closed with " + reason + ", not " + Arrays.toString(reasons));
        return this;
    }

    public Script expectOpen() {
        require(application().closeReason() == null, "the connection is closed: " + application().closeReason());
        return this;
    }

    public Script expectState(String name) {
        require(connection().state().equals(name), "the state is " + connection().state() + ", not " + name);
        return this;
    }

    /** Connections in any state, half-open ones and TIME-WAIT included. */
    public Script expectConnections(int count) {
        int rows = stack.connections() + stack.halfOpen();
        require(rows == count, "there are " + rows + " connections, not " + count);
        return this;
    }

    public long counter(Counter counter) {
        start();
        return stack.counters().get(counter);
    }

    public Script expectCounter(Counter counter, long value) {
        require(counter(counter) == value, counter.label() + " is " + counter(counter) + ", not " + value);
        return this;
    }

    public void require(boolean holds, String otherwise) {
        if (!holds) {
            throw transcript.failure(otherwise);
        }
    }
}
