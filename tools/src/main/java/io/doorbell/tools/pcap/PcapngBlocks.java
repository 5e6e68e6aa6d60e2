package io.doorbell.tools.pcap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The blocks of a pcapng file: sections, their interfaces, and packets in three kinds of block; others are skipped.
 * <pre>
 *  block:     0 type | 4 total length | 8 body | total length again
 *  section:   8 byte-order magic | 12 version | 16 length
 *  interface: 8 link type, reserved | 12 snaplen | 16 options
 *  packet:    8 interface | 12 time, high, low | 20 kept | 24 length | 28 bytes (enhanced; the old kind has a 16-bit interface)
 *  simple:    8 length | 12 bytes
 * </pre>
 */
final class PcapngBlocks {
    static final int SECTION_HEADER = 0x0a0d_0d0a;
    private static final int INTERFACE = 1;
    private static final int OLD_PACKET = 2;
    private static final int SIMPLE_PACKET = 3;
    private static final int ENHANCED_PACKET = 6;
    private static final int BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
    private static final int LEAST_BLOCK = 12;

    private static final int OPTION_END = 0;
    private static final int OPTION_TIME_RESOLUTION = 9;
    private static final int OPTION_TIME_OFFSET = 14;
    /** Microseconds, if an interface says nothing. */
    private static final int DEFAULT_RESOLUTION = 6;

    private final MemorySegment file;
    private final long size;
    private ValueLayout.OfInt word;
    private ValueLayout.OfShort half;
    private long at;

    /** Where the section's interface blocks begin: eight bytes for the twenty that each has at least in the file. */
    private long[] interfaces = new long[2];
    private int interfaceCount;

    // The interface that was asked for last, as read.
    private int current = -1;
    private int linkType;
    private long snaplen;
    private int resolution;
    private long offsetSeconds;

    private long timeNanos;
    private long dataOffset;
    private int captured;
    private long original;

    PcapngBlocks(MemorySegment file) {
        this.file = file;
        this.size = file.byteSize();
    }

    long timeNanos() {
        return timeNanos;
    }

    int linkType() {
        return linkType;
    }

    long dataOffset() {
        return dataOffset;
    }

    int captured() {
        return captured;
    }

    long original() {
        return original;
    }

    /** Steps over blocks up to the next packet; false at the end of the file. */
    boolean nextPacket(long number) {
        while (at < size) {
            long block = at;
            if (size - block < LEAST_BLOCK) {
                throw new CaptureFormatException(block, "the file ends in the header of a block");
            }
            if (file.get(CaptureReader.LITTLE_ENDIAN, block) == SECTION_HEADER) {
                beginSection(block);
            }
            int type = file.get(word, block);
            long length = blockLength(block);
            at = block + length;
            if (type == INTERFACE) {
                addInterface(block, length);
            } else if (isPacket(type)) {
                packet(block, length, type, number);
                return true;
            }
        }
        return false;
    }

    private static boolean isPacket(int type) {
        return type == ENHANCED_PACKET || type == SIMPLE_PACKET || type == OLD_PACKET;
    }

    private void beginSection(long block) {
        for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
            if (file.get(CaptureReader.order(order), block + 8) == BYTE_ORDER_MAGIC) {
                word = CaptureReader.order(order);
                half = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
                interfaceCount = 0;
                current = -1;
                if (blockLength(block) < 28) {
                    throw new CaptureFormatException(block, "a section header too short to be one");
                }
                int major = u16(block + 12);
                if (major != 1) {
                    throw new CaptureFormatException(block + 12, "version " + major + " of pcapng, known is 1");
                }
                return;
            }
        }
        throw new CaptureFormatException(block + 8, "a section without its byte-order magic");
    }

    private long blockLength(long block) {
        long length = u32(block + 4);
        if (length < LEAST_BLOCK || (length & 3) != 0) {
            throw new CaptureFormatException(block + 4, "a block of " + length + " bytes cannot be");
        }
        if (length > size - block) {
            throw new CaptureFormatException(block, "a block has " + length + " bytes, but the file only "
                    + (size - block) + " more");
        }
        if (u32(block + length - 4) != length) {
            throw new CaptureFormatException(block + length - 4, "a block whose two lengths differ: " + length + " and "
                    + u32(block + length - 4));
        }
        return length;
    }

    private void addInterface(long block, long length) {
        if (length < 20) {
            throw new CaptureFormatException(block, "an interface block too short to be one");
        }
        if (interfaceCount == interfaces.length) {
            interfaces = Arrays.copyOf(interfaces, interfaces.length + (interfaces.length >> 1) + 1);
        }
        interfaces[interfaceCount++] = block;
    }

    private void packet(long block, long length, int type, long number) {
        int head = type == SIMPLE_PACKET ? 12 : 28;
        if (length < head + 4) {
            throw new CaptureFormatException(block, "packet " + number + " in a block too short for it");
        }
        long room = length - head - 4;
        long kept;
        if (type == SIMPLE_PACKET) {
            useInterface(block, 0, number);
            original = u32(block + 8);
            kept = Math.min(original, snaplen == 0 ? original : snaplen);
            // It has no time: it is taken to have come with the packet before.
        } else {
            useInterface(block, type == OLD_PACKET ? u16(block + 8) : u32(block + 8), number);
            timeNanos = toNanos(u32(block + 12) << 32 | u32(block + 16), block);
            kept = u32(block + 20);
            original = Math.max(kept, u32(block + 24));
        }
        if (kept > room) {
            throw new CaptureFormatException(block, "packet " + number + " has " + kept + " bytes, but its block only "
                    + room);
        }
        captured = (int) kept;
        dataOffset = block + head;
    }

    private void useInterface(long block, long index, long number) {
        if (index >= interfaceCount) {
            throw new CaptureFormatException(block, "packet " + number + " is of interface " + index
                    + ", of which nothing was said");
        }
        if (current == index) {
            return;
        }
        current = (int) index;
        long described = interfaces[current];
        linkType = u16(described + 8);
        snaplen = u32(described + 12);
        resolution = DEFAULT_RESOLUTION;
        offsetSeconds = 0;
        readInterfaceOptions(described + 16, described + blockLength(described) - 4);
    }

    private void readInterfaceOptions(long from, long end) {
        long option = from;
        while (end - option >= 4) {
            int code = u16(option);
            int length = u16(option + 2);
            if (code == OPTION_END) {
                return;
            }
            if (length > end - option - 4) {
                throw new CaptureFormatException(option, "an option of an interface runs over its block");
            }
            if (code == OPTION_TIME_RESOLUTION && length == 1) {
                resolution = file.get(ValueLayout.JAVA_BYTE, option + 4) & 0xff;
            } else if (code == OPTION_TIME_OFFSET && length == 8) {
                offsetSeconds = file.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(word.order()), option + 4);
            }
            option += 4 + (length + 3 & ~3);
        }
    }

    /** The interface's unit is a power of ten, or of two if the top bit is set. */
    private long toNanos(long ticks, long block) {
        int power = resolution & 0x7f;
        boolean binary = (resolution & 0x80) != 0;
        if (binary ? power > 63 : power > 18) {
            throw new CaptureFormatException(block, "times in units of " + (binary ? 2 : 10) + "^-" + power
                    + " s are not known");
        }
        long perSecond = binary ? 1L << power : pow10(power);
        long seconds = Long.divideUnsigned(ticks, perSecond);
        long rest = Long.remainderUnsigned(ticks, perSecond);
        try {
            if (seconds < 0) {
                throw new ArithmeticException("more seconds than can be");
            }
            return Math.addExact(Math.multiplyExact(Math.addExact(seconds, offsetSeconds), 1_000_000_000L),
                    fraction(rest, perSecond, binary, power));
        } catch (ArithmeticException e) {
            throw new CaptureFormatException(block, "a time that cannot be: " + Long.toUnsignedString(ticks)
                    + " units of " + (binary ? 2 : 10) + "^-" + power + " s");
        }
    }

    private static long fraction(long rest, long perSecond, boolean binary, int power) {
        if (!binary) {
            return power <= 9 ? rest * pow10(9 - power) : rest / pow10(power - 9);
        }
        if (power == 0) {
            return 0;
        }
        // rest * 10^9 / 2^power, whose product may have more than 64 bits.
        long high = Math.multiplyHigh(rest, 1_000_000_000L);
        long low = rest * 1_000_000_000L;
        return high << (64 - power) | low >>> power;
    }

    private static long pow10(int power) {
        long result = 1;
        for (int i = 0; i < power; i++) {
            result *= 10;
        }
        return result;
    }

    private int u16(long offset) {
        return file.get(half, offset) & 0xffff;
    }

    private long u32(long offset) {
        return file.get(word, offset) & 0xffff_ffffL;
    }
}
