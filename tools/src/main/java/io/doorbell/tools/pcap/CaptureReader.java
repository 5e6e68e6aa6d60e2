package io.doorbell.tools.pcap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Walks the packets of a pcap file (draft-ietf-opsawg-pcap) or a pcapng file (draft-ietf-opsawg-pcapng) that lies in
 * memory, mapped or on the heap.
 *
 * <p>A cursor, not a list: {@link #next()} steps to a packet, the other methods tell about it, and nothing is allocated
 * for a packet. Lengths in the file are compared with what is left of it before anything is read, and none is ever
 * allocated. One thread; valid as long as the memory is.
 */
public final class CaptureReader {
    private static final int PCAP_HEADER_LENGTH = 24;
    private static final int PCAP_RECORD_LENGTH = 16;
    private static final int MICROSECONDS = 0xa1b2_c3d4;
    private static final int NANOSECONDS = 0xa1b2_3c4d;
    /** Kuznetzov's variant: its record header is longer. */
    private static final int MODIFIED = 0xa1b2_cd34;

    // Made once: a layout for each block would be garbage for each block.
    static final ValueLayout.OfInt LITTLE_ENDIAN = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt BIG_ENDIAN = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final MemorySegment file;
    private final long size;
    private final PcapngBlocks blocks;
    private ValueLayout.OfInt word;
    private int pcapLinkType;
    private long nanosPerTick;
    private long at;

    // The packet that the cursor stands on.
    private long number;
    private long timeNanos;
    private int linkType;
    private long offset;
    private int captured;
    private long original;

    /**
     * @param file all of it
     * @throws CaptureFormatException if it is neither pcap nor pcapng
     */
    public CaptureReader(MemorySegment file) {
        this.file = file;
        this.size = file.byteSize();
        if (size < 4) {
            throw new CaptureFormatException("not a capture: it has " + size + " bytes, give a pcap or pcapng file");
        }
        // The first word of a pcapng file is the same in both byte orders.
        if (file.get(order(ByteOrder.LITTLE_ENDIAN), 0) == PcapngBlocks.SECTION_HEADER) {
            blocks = new PcapngBlocks(file);
        } else {
            blocks = null;
            readPcapHeader();
        }
    }

    static ValueLayout.OfInt order(ByteOrder order) {
        return order == ByteOrder.LITTLE_ENDIAN ? LITTLE_ENDIAN : BIG_ENDIAN;
    }

    private void readPcapHeader() {
        ByteOrder order = ByteOrder.LITTLE_ENDIAN;
        int magic = file.get(order(order), 0);
        if (!isPcap(magic)) {
            order = ByteOrder.BIG_ENDIAN;
            magic = file.get(order(order), 0);
        }
        if (!isPcap(magic)) {
            throw new CaptureFormatException("not a capture: it begins with 0x" + String.format("%08x", magic)
                    + ", give a pcap or pcapng file");
        }
        if (magic == MODIFIED) {
            throw new CaptureFormatException("a pcap variant (0xa1b2cd34) that is not known: convert it with editcap");
        }
        if (size < PCAP_HEADER_LENGTH) {
            throw new CaptureFormatException(size, "the file ends in its header");
        }
        word = order(order);
        int major = file.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), 4);
        if (major != 2) {
            throw new CaptureFormatException(4, "version " + (major & 0xffff) + " of pcap, known is 2");
        }
        nanosPerTick = magic == NANOSECONDS ? 1 : 1_000;
        // The upper bits tell of a frame check sequence, which no decoder here looks at.
        pcapLinkType = file.get(word, 20) & 0x0fff_ffff;
        at = PCAP_HEADER_LENGTH;
    }

    private static boolean isPcap(int magic) {
        return magic == MICROSECONDS || magic == NANOSECONDS || magic == MODIFIED;
    }

    /**
     * Steps to the next packet.
     *
     * @return false at the end of the file
     * @throws CaptureFormatException if the file is damaged from here on
     */
    public boolean next() {
        boolean found = blocks == null ? nextPcap() : nextPcapng();
        if (found) {
            number++;
        }
        return found;
    }

    private boolean nextPcap() {
        long left = size - at;
        if (left == 0) {
            return false;
        }
        if (left < PCAP_RECORD_LENGTH) {
            throw new CaptureFormatException(at, "the file ends in the header of packet " + (number + 1));
        }
        long kept = file.get(word, at + 8) & 0xffff_ffffL;
        if (kept > left - PCAP_RECORD_LENGTH) {
            throw new CaptureFormatException(at, "packet " + (number + 1) + " has " + kept + " bytes, but the file only "
                    + (left - PCAP_RECORD_LENGTH) + " more");
        }
        long seconds = file.get(word, at) & 0xffff_ffffL;
        timeNanos = seconds * 1_000_000_000L + (file.get(word, at + 4) & 0xffff_ffffL) * nanosPerTick;
        linkType = pcapLinkType;
        captured = Math.toIntExact(kept);
        original = Math.max(kept, file.get(word, at + 12) & 0xffff_ffffL);
        offset = at + PCAP_RECORD_LENGTH;
        at = offset + kept;
        return true;
    }

    private boolean nextPcapng() {
        if (!blocks.nextPacket(number + 1)) {
            return false;
        }
        timeNanos = blocks.timeNanos();
        linkType = blocks.linkType();
        offset = blocks.dataOffset();
        captured = blocks.captured();
        original = blocks.original();
        return true;
    }

    /** The memory that {@link #offset()} counts in. */
    public MemorySegment memory() {
        return file;
    }

    /** The packet's number, from 1, as capture tools count. */
    public long number() {
        return number;
    }

    /** When it was captured, since 1970. */
    public long timeNanos() {
        return timeNanos;
    }

    /** Its link-layer type, as in the registry of LINKTYPE_ values. */
    public int linkType() {
        return linkType;
    }

    /** Where its first byte is. */
    public long offset() {
        return offset;
    }

    /** Bytes of it that the file holds. */
    public int captured() {
        return captured;
    }

    /** Bytes that it had on the wire. */
    public long original() {
        return original;
    }
}
