package io.doorbell.script;

/**
 * The first word of every line of a script: what kind of segment it is. Numbers are relative: those of the peer to
 * its initial sequence number, those of the stack to the one in its SYN.
 */
public final class Segments {
    private Segments() {
    }

    public static Segment syn(int seq) {
        return new Segment(Segment.SYN).seq(seq);
    }

    public static Segment synAck(int seq) {
        return new Segment(Segment.SYN).seq(seq).ack(1);
    }

    /** A pure acknowledgment at the sender's next sequence number. */
    public static Segment ack(int number) {
        return new Segment(0).ack(number);
    }

    /** {@code length} bytes of the sender's stream, from sequence number {@code seq}; ACK is set. */
    public static Segment data(int seq, int length) {
        return new Segment(Segment.ACK).seq(seq).stream(length);
    }

    public static Segment data(int seq, String text) {
        return new Segment(Segment.ACK).seq(seq).text(text);
    }

    public static Segment fin(int seq) {
        return new Segment(Segment.ACK | Segment.FIN).seq(seq);
    }

    /** A reset; without an acknowledgment unless {@link Segment#ack} follows. */
    public static Segment rst(int seq) {
        return new Segment(Segment.RST).seq(seq);
    }

    /** A segment with no flag at all. */
    public static Segment bare(int seq) {
        return new Segment(0).seq(seq);
    }

    public static long micros(long value) {
        return value * 1_000L;
    }

    public static long millis(long value) {
        return value * 1_000_000L;
    }

    public static long seconds(long value) {
        return value * 1_000_000_000L;
    }
}
