package io.doorbell.xdp.ffi;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The numbers of {@code linux/if_xdp.h}. A descriptor is 16 bytes: address (64 bits), length and options (32 each).
 */
public final class IfXdp {
    public static final int SOL_XDP = 283;
    public static final int XDP_STATISTICS = 7;
    public static final int XDP_OPTIONS = 8;
    /** Recent kernels only: how many descriptors one sendto may send in copy mode; at least 32, at most the TX ring. */
    public static final int XDP_MAX_TX_SKB_BUDGET = 9;
    public static final int XDP_OPTIONS_ZEROCOPY = 1;

    public static final int XDP_COPY = 1 << 1;
    public static final int XDP_ZEROCOPY = 1 << 2;
    public static final int XDP_USE_NEED_WAKEUP = 1 << 3;
    public static final int XDP_USE_SG = 1 << 4;

    public static final int XDP_RING_NEED_WAKEUP = 1;
    /** On a descriptor: the packet goes on in the next one. */
    public static final int XDP_PKT_CONTD = 1;
    /** Bytes that the kernel keeps free before a received frame (linux/bpf.h). */
    public static final int XDP_PACKET_HEADROOM = 256;

    /** {@code struct xdp_statistics}: six 64-bit counts. */
    public static final long STATISTICS_BYTES = 48;

    private IfXdp() {
    }

    /** Received frames that were lost for want of a frame or of room in the RX ring. */
    public static long dropped(MemorySegment statistics) {
        return statistics.get(ValueLayout.JAVA_LONG, 0) + statistics.get(ValueLayout.JAVA_LONG, 24);
    }

    /** Descriptors refused in either direction. */
    public static long invalidDescriptors(MemorySegment statistics) {
        return statistics.get(ValueLayout.JAVA_LONG, 8) + statistics.get(ValueLayout.JAVA_LONG, 16);
    }

    public static long fillRingEmpty(MemorySegment statistics) {
        return statistics.get(ValueLayout.JAVA_LONG, 32);
    }

    public static long txRingEmpty(MemorySegment statistics) {
        return statistics.get(ValueLayout.JAVA_LONG, 40);
    }
}
