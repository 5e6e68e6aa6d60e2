package io.doorbell.link;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;

/**
 * Ethernet frames in the pcap format with nanosecond times (draft-ietf-opsawg-pcap, magic 0xa1b23c4d), little-endian.
 * <pre>
 *  file:    0 magic | 4 major, minor | 8 zone 0 | 12 accuracy 0 | 16 snaplen | 20 link type 1
 *  record:  0 seconds | 4 nanoseconds | 8 bytes kept | 12 bytes of the frame | 16 bytes
 * </pre>
 *
 * <p>Records gather in a buffer that is allocated at construction; {@link #drain} offers them to the channel. A record
 * that finds no room is lost whole and counted, so that the file stays readable whatever the channel does: a channel
 * that takes nothing now is offered the same bytes again, one that throws is not offered anything any more.
 *
 * <p>One thread. Nothing is allocated after construction.
 */
public final class PcapWriter {
    public static final int MAGIC_NANOSECONDS = 0xa1b2_3c4d;
    public static final int LINKTYPE_ETHERNET = 1;
    public static final int FILE_HEADER_LENGTH = 24;
    public static final int RECORD_HEADER_LENGTH = 16;
    /** The largest frame that the format's readers accept. */
    public static final int MAX_SNAPLEN = 262_144;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final WritableByteChannel sink;
    private final ByteBuffer buffer;
    private final MemorySegment memory;
    private final int snaplen;
    private int written;
    private int drained;
    private long records;
    private long lost;
    private int markWritten;
    private long markRecords;
    private long markLost;
    private IOException failure;

    /**
     * @param sink        where the file goes; the caller opens and closes it. A sink that blocks stalls the link
     * @param bufferBytes room for records that the sink has not taken
     * @param snaplen     bytes kept of each frame, at most
     */
    public PcapWriter(WritableByteChannel sink, int bufferBytes, int snaplen) {
        if (snaplen < 1 || snaplen > MAX_SNAPLEN) {
            throw new IllegalArgumentException("snaplen " + snaplen + ": give 1 to " + MAX_SNAPLEN);
        }
        if (bufferBytes < FILE_HEADER_LENGTH + RECORD_HEADER_LENGTH + snaplen) {
            throw new IllegalArgumentException("a buffer of " + bufferBytes + " bytes cannot hold one frame of "
                    + snaplen + " bytes: give a larger buffer or a smaller snaplen");
        }
        this.sink = sink;
        this.snaplen = snaplen;
        this.buffer = ByteBuffer.allocateDirect(bufferBytes).order(ByteOrder.LITTLE_ENDIAN);
        this.memory = MemorySegment.ofBuffer(buffer);
        buffer.putInt(0, MAGIC_NANOSECONDS);
        buffer.putShort(4, (short) 2);
        buffer.putShort(6, (short) 4);
        buffer.putInt(16, snaplen);
        buffer.putInt(20, LINKTYPE_ETHERNET);
        written = FILE_HEADER_LENGTH;
    }

    /**
     * Adds one frame.
     *
     * @param epochNanos its time since 1970; the format has room for 0 to 2106, a time outside is written as the
     *                   nearest that fits
     * @return false if it was lost
     */
    public boolean write(MemorySegment from, long offset, int length, long epochNanos) {
        return write(from, offset, Math.min(length, snaplen), length, epochNanos);
    }

    /**
     * Adds one frame of which not all may be there.
     *
     * @param kept   bytes at {@code offset}, not more than the snaplen
     * @param length bytes that the frame had
     */
    public boolean write(MemorySegment from, long offset, int kept, int length, long epochNanos) {
        if (failure != null || !hasRoom(RECORD_HEADER_LENGTH + kept)) {
            lost++;
            return false;
        }
        long time = Math.clamp(epochNanos, 0, 0xffff_ffffL * NANOS_PER_SECOND);
        buffer.putInt(written, (int) (time / NANOS_PER_SECOND));
        buffer.putInt(written + 4, (int) (time % NANOS_PER_SECOND));
        buffer.putInt(written + 8, kept);
        buffer.putInt(written + 12, length);
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, memory, ValueLayout.JAVA_BYTE,
                written + RECORD_HEADER_LENGTH, kept);
        written += RECORD_HEADER_LENGTH + kept;
        records++;
        return true;
    }

    private boolean hasRoom(int bytes) {
        if (written + bytes <= buffer.capacity()) {
            return true;
        }
        if (drained == 0 || written - drained + bytes > buffer.capacity()) {
            return false;
        }
        MemorySegment.copy(memory, drained, memory, 0, written - drained);
        written -= drained;
        markWritten -= drained;
        drained = 0;
        return true;
    }

    /** Notes where it is, for {@link #takeBack}. */
    public void mark() {
        markWritten = written;
        markRecords = records;
        markLost = lost;
    }

    /** Forgets the records since {@link #mark}; there must have been no {@link #drain} in between. */
    public void takeBack() {
        written = markWritten;
        records = markRecords;
        lost = markLost;
    }

    /** Offers the sink everything gathered, in one call. What it does not take is offered again. */
    public void drain() {
        if (failure != null || drained == written) {
            return;
        }
        try {
            buffer.limit(written).position(drained);
            sink.write(buffer);
            drained = buffer.position();
        } catch (IOException e) {
            failure = e;
        } finally {
            buffer.clear();
        }
        if (drained == written) {
            drained = 0;
            written = 0;
        }
    }

    /** Bytes gathered that the sink has not taken. */
    public int pending() {
        return written - drained;
    }

    /** Frames written, those still {@link #pending} included. */
    public long records() {
        return records;
    }

    /** Frames lost because the sink did not keep up or failed. */
    public long lost() {
        return lost;
    }

    /** Why the sink was given up, null while it works. */
    public IOException failure() {
        return failure;
    }
}
