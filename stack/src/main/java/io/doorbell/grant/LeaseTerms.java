package io.doorbell.grant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What an engine makes headers of, as long as a lease lasts: everything of a connection that seldom changes. */
public final class LeaseTerms {
    public long destinationMac;
    public long sourceMac;
    /** Sequence number of the first byte that is granted. */
    public int seq;
    /** The most payload bytes in one segment. */
    public int mss;
    public int localAddress;
    public int remoteAddress;
    /** Local port in the high half, remote port in the low half. */
    public int ports;
    /** The second byte of the IP header. */
    public int dscpEcn;
    public int timeToLive;
    /** Whether segments carry timestamps (RFC 7323), what is added to the clock, and how long its tick is. */
    public boolean timestamps;
    public int tsOffset;
    public long tickNanos;
    /** How many bytes the engine should keep granted ahead of it; 0 if it is not to ask. */
    public int renewBytes;
    /** Of a message: whether parts that lie apart may leave as one segment (docs/multi-segment.md), and what it takes. */
    public boolean multiSegment;
    public long sendKey;
    /** The connection's initial sequence number. */
    public int iss;

    void write(MemorySegment memory, long at) {
        memory.set(ValueLayout.JAVA_LONG, at, destinationMac);
        memory.set(ValueLayout.JAVA_LONG, at + 8, sourceMac);
        memory.set(ValueLayout.JAVA_LONG, at + 16, tickNanos);
        memory.set(ValueLayout.JAVA_INT, at + 24, seq);
        memory.set(ValueLayout.JAVA_INT, at + 28, mss);
        memory.set(ValueLayout.JAVA_INT, at + 32, localAddress);
        memory.set(ValueLayout.JAVA_INT, at + 36, remoteAddress);
        memory.set(ValueLayout.JAVA_INT, at + 40, ports);
        memory.set(ValueLayout.JAVA_INT, at + 44, dscpEcn);
        memory.set(ValueLayout.JAVA_INT, at + 48, timeToLive);
        memory.set(ValueLayout.JAVA_INT, at + 52, timestamps ? 1 : 0);
        memory.set(ValueLayout.JAVA_INT, at + 56, tsOffset);
        memory.set(ValueLayout.JAVA_INT, at + 60, renewBytes);
        memory.set(ValueLayout.JAVA_LONG, at + 64, sendKey);
        memory.set(ValueLayout.JAVA_INT, at + 72, iss);
        memory.set(ValueLayout.JAVA_INT, at + 76, multiSegment ? 1 : 0);
    }

    void read(MemorySegment memory, long at) {
        destinationMac = memory.get(ValueLayout.JAVA_LONG, at);
        sourceMac = memory.get(ValueLayout.JAVA_LONG, at + 8);
        // Damage may change what is sent, but never has an engine divide by nothing.
        tickNanos = Math.max(1, memory.get(ValueLayout.JAVA_LONG, at + 16));
        seq = memory.get(ValueLayout.JAVA_INT, at + 24);
        mss = Math.max(1, memory.get(ValueLayout.JAVA_INT, at + 28));
        localAddress = memory.get(ValueLayout.JAVA_INT, at + 32);
        remoteAddress = memory.get(ValueLayout.JAVA_INT, at + 36);
        ports = memory.get(ValueLayout.JAVA_INT, at + 40);
        dscpEcn = memory.get(ValueLayout.JAVA_INT, at + 44);
        timeToLive = memory.get(ValueLayout.JAVA_INT, at + 48);
        timestamps = memory.get(ValueLayout.JAVA_INT, at + 52) != 0;
        tsOffset = memory.get(ValueLayout.JAVA_INT, at + 56);
        renewBytes = memory.get(ValueLayout.JAVA_INT, at + 60);
        sendKey = memory.get(ValueLayout.JAVA_LONG, at + 64);
        iss = memory.get(ValueLayout.JAVA_INT, at + 72);
        multiSegment = memory.get(ValueLayout.JAVA_INT, at + 76) != 0;
    }
}
