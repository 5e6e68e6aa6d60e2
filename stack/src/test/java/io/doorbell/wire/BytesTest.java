package io.doorbell.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Loads and stores at any alignment, against ByteBuffer. */
class BytesTest {
    private final byte[] array = new byte[24];
    private final MemorySegment memory = MemorySegment.ofArray(array);
    private final ByteBuffer network = ByteBuffer.wrap(array).order(ByteOrder.BIG_ENDIAN);
    private final ByteBuffer machine = ByteBuffer.wrap(array).order(ByteOrder.nativeOrder());

    @Property
    void stores_are_in_network_order(@ForAll @IntRange(min = 0, max = 15) int offset, @ForAll long value) {
        Bytes.put64(memory, offset, value);
        assertEquals(value, network.getLong(offset));
        Bytes.put32(memory, offset, (int) value);
        assertEquals((int) value, network.getInt(offset));
        Bytes.put16(memory, offset, (int) value);
        assertEquals((short) value, network.getShort(offset));
        Bytes.put8(memory, offset, (int) value);
        assertEquals((byte) value, network.get(offset));
        Bytes.put48(memory, offset, value);
        assertEquals(value & 0xffff_ffff_ffffL, network.getLong(offset) >>> 16);
    }

    @Property
    void loads_are_in_network_order_and_unsigned(@ForAll @IntRange(min = 0, max = 15) int offset, @ForAll long value) {
        network.putLong(offset, value);
        assertEquals(value, Bytes.u64(memory, offset));
        assertEquals(value >>> 16, Bytes.u48(memory, offset));
        assertEquals((int) (value >>> 32), Bytes.u32(memory, offset));
        assertEquals((int) (value >>> 48), Bytes.u16(memory, offset));
        assertEquals((int) (value >>> 56), Bytes.u8(memory, offset));
    }

    @Property
    void native_names_keep_the_machines_order(@ForAll @IntRange(min = 0, max = 15) int offset, @ForAll long value) {
        Bytes.putNative64(memory, offset, value);
        assertEquals(value, machine.getLong(offset));
        assertEquals(value, Bytes.native64(memory, offset));
        Bytes.putNative32(memory, offset, (int) value);
        assertEquals((int) value, machine.getInt(offset));
        assertEquals((int) value, Bytes.native32(memory, offset));
        Bytes.putNative16(memory, offset, (int) value);
        assertEquals((short) value, machine.getShort(offset));
        assertEquals((int) value & 0xffff, Bytes.native16(memory, offset));
    }
}
