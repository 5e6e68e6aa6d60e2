package io.doorbell.grant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A template on its way from the owner of a connection to an engine: its length, and the bytes that are known. For an
 * engine of another process it lies in a frame of the part that both see.
 *
 * <pre>
 *   0      8        12     16
 *   +------+--------+------+----------------+-------+
 *   | next | length | runs | offset, length | bytes |
 *   +------+--------+------+----------------+-------+
 *     address of the next template, -1     of each run; the runs' bytes one after another
 * </pre>
 */
public final class PackedTemplate implements KnownParts {
    private static final int HEAD_BYTES = 16;
    private static final int RUN_BYTES = 8;

    private final int length;
    private final byte[] bytes;
    private int[] runs = new int[8];
    private int count;
    private int known;

    /** @param length of the message, in bytes */
    public PackedTemplate(int length) {
        this.length = length;
        this.bytes = new byte[length];
    }

    @Override
    public int known(int offset, MemorySegment source, long sourceOffset, int size) {
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, sourceOffset, bytes, known, size);
        known += size;
        if (count > 0 && runs[2 * count - 2] + runs[2 * count - 1] == offset) {
            runs[2 * count - 1] += size;
            return 0;
        }
        if (2 * count == runs.length) {
            runs = Arrays.copyOf(runs, 2 * runs.length);
        }
        runs[2 * count] = offset;
        runs[2 * count + 1] = size;
        count++;
        return 0;
    }

    /** Bytes of the message. */
    public int length() {
        return length;
    }

    /** Bytes that it takes in a frame. */
    public int packedBytes() {
        return HEAD_BYTES + count * RUN_BYTES + known;
    }

    /** @param next address of the template behind it, {@link GrantDirectory#NO_TEMPLATE} */
    public void write(MemorySegment memory, long at, long next) {
        memory.set(ValueLayout.JAVA_LONG, at, next);
        memory.set(ValueLayout.JAVA_INT, at + 8, length);
        memory.set(ValueLayout.JAVA_INT, at + 12, count);
        for (int i = 0; i < 2 * count; i++) {
            memory.set(ValueLayout.JAVA_INT, at + HEAD_BYTES + 4L * i, runs[i]);
        }
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, at + HEAD_BYTES + (long) count * RUN_BYTES, known);
    }

    /** The bytes, to whoever takes them. */
    public void copyTo(KnownParts other) {
        MemorySegment source = MemorySegment.ofArray(bytes);
        int at = 0;
        for (int i = 0; i < count; i++) {
            other.known(runs[2 * i], source, at, runs[2 * i + 1]);
            at += runs[2 * i + 1];
        }
    }

    /**
     * Prepares every template that came with a grant, in the order in which the owner gave them. What another process has
     * written is not believed.
     *
     * @param memory all of the file
     * @param base   the address in the stack's region of its first byte
     * @throws IllegalArgumentException if it is damaged
     * @throws IllegalStateException    if the engine's link has too few frames
     */
    static void prepareAll(GrantedSender sender, MemorySegment memory, long base, long first) {
        int most = GrantDirectory.MOST_TEMPLATES;
        for (long address = first; address != GrantDirectory.NO_TEMPLATE; most--) {
            long at = address - base;
            if (most == 0 || at < 0 || (at & 7) != 0 || at > memory.byteSize() - HEAD_BYTES) {
                throw damaged();
            }
            prepare(sender, memory, at);
            address = memory.get(ValueLayout.JAVA_LONG, at);
        }
    }

    private static void prepare(GrantedSender sender, MemorySegment memory, long at) {
        int length = memory.get(ValueLayout.JAVA_INT, at + 8);
        int count = memory.get(ValueLayout.JAVA_INT, at + 12);
        long room = memory.byteSize() - at - HEAD_BYTES;
        if (length < 1 || length > GrantDirectory.LONGEST_TEMPLATE || count < 0 || count > length
                || (long) count * RUN_BYTES > room) {
            throw damaged();
        }
        GrantedTemplate template = sender.prepare(length);
        long run = at + HEAD_BYTES;
        long source = run + (long) count * RUN_BYTES;
        for (int i = 0; i < count; i++, run += RUN_BYTES) {
            int size = memory.get(ValueLayout.JAVA_INT, run + 4);
            if (size < 1 || template.known(memory.get(ValueLayout.JAVA_INT, run), memory, source, size) < 0) {
                throw damaged();
            }
            source += size;
        }
    }

    private static IllegalArgumentException damaged() {
        return new IllegalArgumentException("the templates that came with the grant are damaged: have it granted again");
    }
}
