package io.doorbell.packet;

import io.doorbell.link.FrameReceiver;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfPacket;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The mapped receive ring of a packet socket (TPACKET_V2): the kernel copies frames into its slots, and a slot's status
 * word tells whose it is. Receiving is loads and stores, no call.
 *
 * <p>Slots lie in blocks of {@value #BLOCK_BYTES} bytes, as many as fit; no slot crosses the end of a block
 * (packet_mmap, "Structure of the ring").
 */
final class ReceiveRing {
    static final int BLOCK_BYTES = 1 << 20;

    private static final VarHandle STATUS = ValueLayout.JAVA_INT.varHandle();

    private final MemorySegment memory;
    private final int slotBytes;
    private final long usedBlockBytes;
    /** The next slot to look at, and the first that is still to be given back. */
    private long next;
    private long kept;
    private int keptCount;
    private long handed;

    private long bytes;
    private long cut;

    private ReceiveRing(MemorySegment memory, int slotBytes) {
        this.memory = memory;
        this.slotBytes = slotBytes;
        this.usedBlockBytes = (long) (BLOCK_BYTES / slotBytes) * slotBytes;
    }

    /**
     * Gives the socket a ring of at least {@code slots} slots, so many that the last block is full.
     *
     * @param largestFrame bytes, Ethernet header included
     */
    static ReceiveRing open(Arena arena, int fd, int slots, int largestFrame) {
        int slotBytes = (IfPacket.TPACKET2_FRAME_OFFSET + largestFrame + 63) & -64;
        int inBlock = BLOCK_BYTES / slotBytes;
        int blocks = (slots + inBlock - 1) / inBlock;
        try (Arena local = Arena.ofConfined()) {
            MemorySegment request = local.allocate(IfPacket.TPACKET_REQ_BYTES, 4);
            request.setAtIndex(ValueLayout.JAVA_INT, 0, BLOCK_BYTES);
            request.setAtIndex(ValueLayout.JAVA_INT, 1, blocks);
            request.setAtIndex(ValueLayout.JAVA_INT, 2, slotBytes);
            request.setAtIndex(ValueLayout.JAVA_INT, 3, blocks * inBlock);
            SystemCallException.check("PACKET_RX_RING of " + blocks + " MB", Libc.setsockopt(Errno.ofThread(), fd,
                    IfPacket.SOL_PACKET, IfPacket.PACKET_RX_RING, request, IfPacket.TPACKET_REQ_BYTES),
                    "lower receiveSlots(...) or largestFrame(...)");
        }
        return new ReceiveRing(MappedMemory.shared(arena, (long) blocks * BLOCK_BYTES, fd), slotBytes);
    }

    /**
     * Gives the slots of the last burst back, then hands over what has come since, at most {@code limit} frames. A
     * frame that was cut because it is larger than a slot is left out, but counts towards the limit.
     *
     * @return frames handed over
     */
    int receive(FrameReceiver receiver, int limit) {
        giveBack();
        int count = 0;
        bytes = 0;
        while (keptCount < limit) {
            long slot = next;
            if (((int) STATUS.getAcquire(memory, slot) & IfPacket.TP_STATUS_USER) == 0) {
                break;
            }
            next = behind(slot);
            keptCount++;
            int length = memory.get(ValueLayout.JAVA_INT, slot + IfPacket.TP_SNAPLEN);
            if (length != memory.get(ValueLayout.JAVA_INT, slot + IfPacket.TP_LEN)) {
                cut++;
                continue;
            }
            long frame = slot + (memory.get(ValueLayout.JAVA_SHORT, slot + IfPacket.TP_MAC) & 0xffff);
            bytes += length;
            count++;
            handed = slot;
            receiver.frame(memory, frame, length);
        }
        return count;
    }

    /**
     * When the frame that is being handed over passed the interface: nanoseconds of CLOCK_REALTIME, which the kernel
     * noted while it put the frame into its slot.
     */
    long arrivedNanos() {
        return (memory.get(ValueLayout.JAVA_INT, handed + IfPacket.TP_SEC) & 0xffff_ffffL) * 1_000_000_000L
                + memory.get(ValueLayout.JAVA_INT, handed + IfPacket.TP_NSEC);
    }

    private void giveBack() {
        while (keptCount > 0) {
            STATUS.setRelease(memory, kept, IfPacket.TP_STATUS_KERNEL);
            kept = behind(kept);
            keptCount--;
        }
    }

    private long behind(long slot) {
        long following = slot + slotBytes;
        if ((following & BLOCK_BYTES - 1) == usedBlockBytes) {
            following += BLOCK_BYTES - usedBlockBytes;
        }
        return following == memory.byteSize() ? 0 : following;
    }

    /** Bytes handed over by the last {@link #receive}. */
    long bytesReceived() {
        return bytes;
    }

    /** Frames left out so far because they were larger than a slot. */
    long cut() {
        return cut;
    }
}
