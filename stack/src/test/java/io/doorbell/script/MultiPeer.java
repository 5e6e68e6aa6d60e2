package io.doorbell.script;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A peer that knows the multi-segment option: it writes and reads it by the words of docs/multi-segment.md, without the
 * stack's own code. Parts are starts and lengths in turn, starts relative like all numbers of a script.
 */
public final class MultiPeer {
    private static final int NONCE = 0x01020304;
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    private final Script script;
    private final Flow flow;
    private final int stackNonce;
    private int number;

    private MultiPeer(Script script, int stackNonce) {
        this.script = script;
        this.flow = script.flow();
        this.stackNonce = stackNonce;
    }

    /** An MSS of 1000, SACK, and the option: what the peer's SYN has. */
    public static int[] synOptions() {
        return new int[] {2, 4, 0x03, 0xe8, 4, 2, 253, 8, 0xdb, 0x0e, 1, 2, 3, 4};
    }

    /** The peer connects to port 80 with the option, and the stack agrees to it. */
    public static MultiPeer establish(Script script) {
        return establish(script, Segments.syn(0), Segments.synAck(0).ack(1));
    }

    /** The same, with ECN (RFC 3168 section 6.1.1). */
    public static MultiPeer establishWithEcn(Script script) {
        return establish(script, Segments.syn(0).ece().cwr(), Segments.synAck(0).ack(1).ece());
    }

    private static MultiPeer establish(Script script, Segment syn, Segment synAck) {
        script.tcp().multiSegment(true);
        script.listen(80);
        script.receive(syn.options(synOptions()));
        Sent answer = script.expect(synAck);
        script.require(answer.experiment != null && answer.experiment.length == 12, "the SYN-ACK has no option");
        ByteBuffer option = ByteBuffer.wrap(answer.experiment);
        int nonce = option.getInt(4);
        script.require(option.getInt(8) == proof(nonce, NONCE), "the SYN-ACK's proof is wrong");
        script.receive(Segments.ack(1)).expectConnected();
        script.flow().holes = true;
        return new MultiPeer(script, nonce);
    }

    /** The options of a SYN-ACK that answers the stack's SYN. */
    public static int[] synAckOptions(Sent syn) {
        int nonce = ByteBuffer.wrap(syn.experiment).getInt(4);
        byte[] proof = ByteBuffer.allocate(4).putInt(proof(NONCE, nonce)).array();
        return new int[] {2, 4, 0x03, 0xe8, 4, 2, 253, 12, 0xdb, 0x0e, 1, 2, 3, 4,
            proof[0] & 0xff, proof[1] & 0xff, proof[2] & 0xff, proof[3] & 0xff};
    }

    private static long stir(long hash, long word) {
        long mixed = (hash ^ word) * MULTIPLIER;
        return mixed ^ mixed >>> 29;
    }

    private static long key(int sender, int receiver) {
        return stir(stir(MULTIPLIER, sender), receiver);
    }

    private static int proof(int own, int other) {
        return (int) (key(own, other) >>> 32);
    }

    private static long stir(long before, byte[] bytes) {
        long hash = before;
        ByteBuffer words = ByteBuffer.wrap(bytes);
        while (words.remaining() >= 8) {
            hash = stir(hash, words.getLong());
        }
        long rest = 1;
        while (words.hasRemaining()) {
            rest = rest << 8 | words.get() & 0xff;
        }
        return stir(hash, rest);
    }

    private static int check(long key, int seq, byte[] layout, byte[] payload) {
        long hash = stir(stir(stir(stir(key, seq), payload.length), layout), payload);
        hash ^= hash >>> 32;
        return (int) (hash * MULTIPLIER >>> 32);
    }

    /** A segment with these parts, as the peer would send it now. */
    public Segment several(int... parts) {
        int total = 0;
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < parts.length; i += 2) {
            total += parts[i + 1];
        }
        int seq = flow.stackAck - total;
        for (int i = 0; i < parts.length; i += 2) {
            numbers.add(i == 0 ? parts[0] - seq : parts[i] - parts[i - 2] - parts[i - 1]);
            numbers.add(parts[i + 1]);
            flow.peerNext = Math.max(flow.peerNext, parts[i] + parts[i + 1]);
        }
        byte[] payload = new byte[total];
        int at = 0;
        for (int i = 0; i < parts.length; i += 2) {
            for (int k = 0; k < parts[i + 1]; k++) {
                payload[at++] = Flow.peerByte(parts[i] + k);
            }
        }
        return withLayout(seq, encoded(numbers), payload);
    }

    /** A segment with any numbers as its layout, and a check code that is right; its bytes are not of the stream. */
    public Segment layout(int length, int... numbers) {
        List<Integer> list = new ArrayList<>();
        for (int value : numbers) {
            list.add(value);
        }
        return rawLayout(length, encoded(list));
    }

    public Segment rawLayout(int length, byte[] layout) {
        byte[] payload = new byte[length];
        java.util.Arrays.fill(payload, (byte) '!');
        return withLayout(flow.stackAck - length, layout, payload);
    }

    private Segment withLayout(int seq, byte[] layout, byte[] payload) {
        int check = check(key(NONCE, stackNonce), seq, layout, payload);
        int[] options = new int[8 + layout.length];
        byte[] fixed = ByteBuffer.allocate(8).put((byte) 253).put((byte) options.length).putShort((short) 0xdb0e)
                .putInt(check).array();
        for (int i = 0; i < options.length; i++) {
            options[i] = (i < 8 ? fixed[i] : layout[i - 8]) & 0xff;
        }
        // Padding with kind 0 ends the list, as padding with kind 1 would.
        return Segments.data(seq, new String(payload, StandardCharsets.ISO_8859_1)).options(options);
    }

    private static byte[] encoded(List<Integer> numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(60);
        for (int value : numbers) {
            int shift = value >>> 28 != 0 ? 28 : value >>> 21 != 0 ? 21 : value >>> 14 != 0 ? 14 : value >>> 7 != 0 ? 7 : 0;
            for (; shift > 0; shift -= 7) {
                bytes.put((byte) (value >>> shift & 0x7f | 0x80));
            }
            bytes.put((byte) (value & 0x7f));
        }
        return java.util.Arrays.copyOf(bytes.array(), bytes.position());
    }

    /** The stack's next segment carries exactly these parts, with the stream's bytes, and may be stripped in safety. */
    public Sent expectParts(int... parts) {
        Sent sent = script.nextBy(script.time());
        script.require(sent.experiment != null, "it has no multi-segment option: " + sent);
        byte[] layout = java.util.Arrays.copyOfRange(sent.experiment, 8, sent.experiment.length);
        int check = ByteBuffer.wrap(sent.experiment).getInt(4);
        script.require(check == check(key(stackNonce, NONCE), sent.seq, layout, sent.payload), "the check code is wrong");
        script.require(sent.seq + sent.payload.length - flow.peerAck <= 0, "as plain data it would be news: " + sent);
        byte[] stream = flow.application.sentBytes();
        number = 0;
        int start = sent.seq + next(layout);
        int at = 0;
        List<Integer> seen = new ArrayList<>();
        while (true) {
            int length = next(layout);
            seen.add(start);
            seen.add(length);
            for (int i = 0; i < length; i++) {
                script.require(stream[start - 1 + i] == sent.payload[at++], "byte " + (start + i) + " is wrong");
            }
            start += length;
            flow.stackNext = Math.max(flow.stackNext, start);
            if (number == layout.length) {
                break;
            }
            start += next(layout);
        }
        script.require(at == sent.payload.length, "the parts are not the payload");
        List<Integer> wanted = java.util.Arrays.stream(parts).boxed().toList();
        script.require(seen.equals(wanted), "the parts are " + seen + ", not " + wanted);
        return sent;
    }

    private int next(byte[] layout) {
        int value = 0;
        int read;
        do {
            read = layout[number++];
            value = value << 7 | read & 0x7f;
        } while (read < 0);
        return value;
    }
}
