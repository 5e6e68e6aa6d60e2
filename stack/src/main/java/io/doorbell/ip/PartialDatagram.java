package io.doorbell.ip;

import io.doorbell.wire.Bytes;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * One datagram that comes in fragments, put together where it will be read: the first fragment's header, and behind it
 * the payload, of which a bit for each 8 bytes says what is here.
 *
 * <p>Its 64 KiB off the heap are taken when it is first used and kept for the next datagram. The stack's thread only.
 */
final class PartialDatagram {
    /** The largest IP datagram (RFC 791 section 3.1). */
    static final int LONGEST = 0xffff;

    enum State {
        /** Not in use. */
        FREE,
        /** Fragments are missing. */
        PARTIAL,
        /** Fragments contradicted each other: what else comes is dropped until the time is over (RFC 5722 section 4). */
        SPOILT,
        /** Whole, and being read until the next duty cycle. */
        WHOLE
    }

    private static final int HEADER_ROOM = 64;
    private static final int BLOCK = 8;

    private final long[] here = new long[(LONGEST / BLOCK >> 6) + 1];
    private MemorySegment memory;
    private int blocks;
    private int ecnSeen;

    State state = State.FREE;
    int source;
    long deadlineNanos;
    private int destination;
    private int protocolAndIdentification;
    /** Bytes of payload, -1 as long as the last fragment is missing. */
    private int length;
    /** Bytes of header and payload of the first fragment, 0 as long as it is missing. */
    private int firstHeaderLength;
    private int firstLength;

    /** Begins the datagram that a fragment belongs to. */
    void begin(MemorySegment from, long ip, long deadline) {
        if (memory == null) {
            memory = Arena.ofAuto().allocate(HEADER_ROOM + LONGEST + 1, 64);
        }
        Arrays.fill(here, 0);
        blocks = 0;
        ecnSeen = 0;
        state = State.PARTIAL;
        source = Ipv4Header.source(from, ip);
        destination = Ipv4Header.destination(from, ip);
        protocolAndIdentification = key(from, ip);
        deadlineNanos = deadline;
        length = -1;
        firstHeaderLength = 0;
        firstLength = 0;
    }

    private static int key(MemorySegment from, long ip) {
        return Ipv4Header.protocol(from, ip) << 16 | Ipv4Header.identification(from, ip);
    }

    /** RFC 791 section 3.2: source, destination, protocol and identification tell which datagram it is. */
    boolean matches(MemorySegment from, long ip) {
        return state != State.FREE && state != State.WHOLE && source == Ipv4Header.source(from, ip)
                && protocolAndIdentification == key(from, ip) && destination == Ipv4Header.destination(from, ip);
    }

    /**
     * Takes a fragment that is right in itself.
     *
     * @param start  its place in the payload, in bytes
     * @param bytes  of payload; a multiple of 8 unless it is the last
     * @return false if it contradicts what is here
     */
    boolean add(MemorySegment from, long ip, int start, int bytes, boolean last) {
        int end = start + bytes;
        boolean known = length >= 0;
        if (last ? known && end != length || isAnyHere(blocksUpTo(end) * BLOCK, LONGEST) : known && end > length) {
            return false;
        }
        int headerLength = Ipv4Header.headerLength(from, ip);
        long payload = HEADER_ROOM + start;
        if (isAnyHere(start, end)) {
            // RFC 8200 section 4.5: the network may bring a fragment twice. Anything else that overlaps is an attack.
            return areAllHere(start, end)
                    && MemorySegment.mismatch(memory, payload, payload + bytes, from, ip + headerLength,
                    ip + headerLength + bytes) < 0;
        }
        MemorySegment.copy(from, ip + headerLength, memory, payload, bytes);
        mark(start, end);
        ecnSeen |= 1 << Ipv4Header.ecn(from, ip);
        if (last) {
            length = end;
        }
        if (start == 0) {
            firstHeaderLength = headerLength;
            firstLength = headerLength + bytes;
            MemorySegment.copy(from, ip, memory, HEADER_ROOM - headerLength, headerLength);
        }
        return true;
    }

    private static int blocksUpTo(int bytes) {
        return (bytes + BLOCK - 1) / BLOCK;
    }

    private boolean isAnyHere(int start, int end) {
        int to = blocksUpTo(end);
        for (int block = start / BLOCK; block < to; block++) {
            if ((here[block >> 6] & 1L << block) != 0) {
                return true;
            }
        }
        return false;
    }

    private boolean areAllHere(int start, int end) {
        int to = blocksUpTo(end);
        for (int block = start / BLOCK; block < to; block++) {
            if ((here[block >> 6] & 1L << block) == 0) {
                return false;
            }
        }
        return true;
    }

    private void mark(int start, int end) {
        int to = blocksUpTo(end);
        for (int block = start / BLOCK; block < to; block++) {
            here[block >> 6] |= 1L << block;
        }
        blocks += to - start / BLOCK;
    }

    boolean isComplete() {
        return length >= 0 && blocks == blocksUpTo(length);
    }

    boolean hasFirst() {
        return firstHeaderLength > 0;
    }

    /** RFC 3168 section 5.3: a mark on one fragment is on all, but not if one of them was not to be marked. */
    boolean ecnContradicts() {
        return (ecnSeen & 0b1001) == 0b1001;
    }

    /** Whole: the header, with the mark of congestion that any fragment had, is to be read from {@link #ip} on. */
    void finish() {
        state = State.WHOLE;
        if ((ecnSeen & 0b1000) != 0) {
            Bytes.put8(memory, ip() + 1, Bytes.u8(memory, ip() + 1) | 3);
        }
    }

    MemorySegment memory() {
        return memory;
    }

    /** Where the first fragment's header begins. */
    long ip() {
        return HEADER_ROOM - firstHeaderLength;
    }

    /** Bytes of the whole datagram with its header. */
    int totalLength() {
        return firstHeaderLength + length;
    }

    /** Bytes of the first fragment with its header: what an error may quote. */
    int firstLength() {
        return firstLength;
    }
}
