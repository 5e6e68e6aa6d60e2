package io.doorbell.tcp;

import io.doorbell.wire.Seq;

/**
 * What a connection keeps while something was sent past a hole: its open partial messages, in the order of the stream.
 * It has one from the first of them until all that the holes disturbed is acknowledged.
 */
final class PartialSends {
    PartialMessage first;
    private PartialMessage last;
    /** Up to here ACKs and SACKs may still speak of holes that were open when the segments were sent. */
    int disturbedEnd;
    /** Bytes that engines may complete at any moment. */
    private int delegatedBytes;
    /** The newest clock that an engine has put into timestamps, if one has. */
    private boolean clockSent;
    private int lastClock;
    private boolean leaving;
    private int leavingSeq;
    /** The earliest deadline of an open message. */
    long deadlineNanos = Tcb.NO_DEADLINE;

    void add(PartialMessage message) {
        if (first == null) {
            first = message;
        } else {
            last.next = message;
        }
        last = message;
        disturbedUpTo(message.endSeq());
    }

    void remove(PartialMessage message) {
        PartialMessage before = null;
        for (PartialMessage m = first; m != message; m = m.next) {
            before = m;
        }
        if (before == null) {
            first = message.next;
        } else {
            before.next = message.next;
        }
        if (last == message) {
            last = before;
        }
        message.close();
        findDeadline();
    }

    void disturbedUpTo(int seq) {
        disturbedEnd = Seq.max(disturbedEnd, seq);
    }

    void findDeadline() {
        deadlineNanos = Tcb.NO_DEADLINE;
        for (PartialMessage m = first; m != null; m = m.next) {
            deadlineNanos = Math.min(deadlineNanos, m.deadlineNanos);
        }
    }

    /** Notes which messages are due, so that the user is told of each once. */
    void markOverdue(long now) {
        for (PartialMessage m = first; m != null; m = m.next) {
            if (m.deadlineNanos <= now) {
                m.deadlineNanos = Tcb.NO_DEADLINE;
                m.overdue = true;
            }
        }
        findDeadline();
    }

    /** An overdue message of which the user was not told yet, null if there is none. */
    PartialMessage takeOverdue() {
        for (PartialMessage m = first; m != null; m = m.next) {
            if (m.overdue) {
                m.overdue = false;
                return m;
            }
        }
        return null;
    }

    /** An engine gets so many bytes to complete, or, if negative, has them no more. */
    void delegated(int bytes) {
        delegatedBytes += bytes;
    }

    int delegatedBytes() {
        return delegatedBytes;
    }

    void sentClock(int clock) {
        lastClock = clockSent ? Seq.max(lastClock, clock) : clock;
        clockSent = true;
    }

    /** RFC 7323 section 5.3: never less than what an engine has sent. */
    int clock(int clock) {
        return clockSent ? Seq.max(clock, lastClock) : clock;
    }

    /** A connection is done with it, another may have it. */
    void clear() {
        delegatedBytes = 0;
        clockSent = false;
    }

    /** A segment that begins here is about to leave for the first time. */
    void leaves(int seq) {
        leaving = true;
        leavingSeq = seq;
    }

    /** It has left. */
    void left() {
        leaving = false;
    }

    /** Whether a segment that begins here leaves for the first time now. */
    boolean isLeaving(int seq) {
        return leaving && leavingSeq == seq;
    }

    /** Whether an ACK with this number acknowledges bytes that nobody has supplied yet. */
    boolean isBeyondHole(int ack) {
        return first != null && Seq.gt(ack, first.holeSeq);
    }

    /** The connection has ended. */
    void end() {
        for (PartialMessage m = first; m != null; ) {
            PartialMessage following = m.next;
            m.close();
            m = following;
        }
        first = null;
        last = null;
        leaving = false;
        deadlineNanos = Tcb.NO_DEADLINE;
    }
}
