package io.doorbell.xdp.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * libxdp, as far as it makes a UMEM and a socket with their rings (xdp/xsk.h). The rings themselves are driven from
 * Java, and libxdp's own XDP program is never loaded. Set-up only: nothing here is called per frame. Calls return 0
 * or {@code -errno} as libxdp does.
 *
 * <p>The library is loaded when this class is first used; {@link #require} tells how to get it if it is missing.
 */
public final class LibXdp {
    public static final int XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD = 1;

    /** {@code struct xsk_umem_config}. */
    public static final StructLayout UMEM_CONFIG = MemoryLayout.structLayout(
            JAVA_INT.withName("fill_size"), JAVA_INT.withName("comp_size"), JAVA_INT.withName("frame_size"),
            JAVA_INT.withName("frame_headroom"), JAVA_INT.withName("flags"));

    /** {@code struct xsk_socket_config}. */
    public static final StructLayout SOCKET_CONFIG = MemoryLayout.structLayout(
            JAVA_INT.withName("rx_size"), JAVA_INT.withName("tx_size"), JAVA_INT.withName("libxdp_flags"),
            JAVA_INT.withName("xdp_flags"), ValueLayout.JAVA_SHORT.withName("bind_flags"),
            MemoryLayout.paddingLayout(2));

    /** {@code struct xsk_ring_prod} and {@code struct xsk_ring_cons}, which agree. */
    public static final StructLayout RING = MemoryLayout.structLayout(
            JAVA_INT.withName("cached_prod"), JAVA_INT.withName("cached_cons"), JAVA_INT.withName("mask"),
            JAVA_INT.withName("size"), ADDRESS.withName("producer"), ADDRESS.withName("consumer"),
            ADDRESS.withName("ring"), ADDRESS.withName("flags"));

    private static final String LIBRARY = "libxdp.so.1";
    private static final String MISSING = LIBRARY
            + " not found: install it, on Debian or Ubuntu: apt-get install libxdp1";

    /** Null if the library, or one that it needs, is missing. */
    private static final SymbolLookup LOOKUP = load();
    private static final MethodHandle UMEM_CREATE = link("xsk_umem__create", FunctionDescriptor.of(JAVA_INT,
            ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS));
    private static final MethodHandle UMEM_DELETE = link("xsk_umem__delete", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle SOCKET_CREATE = link("xsk_socket__create", FunctionDescriptor.of(JAVA_INT,
            ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
    private static final MethodHandle SOCKET_DELETE = link("xsk_socket__delete", FunctionDescriptor.ofVoid(ADDRESS));
    private static final MethodHandle SOCKET_FD = link("xsk_socket__fd", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle SET_PRINT = link("libxdp_set_print", FunctionDescriptor.of(ADDRESS, ADDRESS));

    private LibXdp() {
    }

    /** @throws IllegalStateException if libxdp is not installed */
    public static void require() {
        if (LOOKUP == null) {
            throw new IllegalStateException(MISSING);
        }
        try {
            // libxdp writes to standard error otherwise; what it has to say is in our own messages.
            MemorySegment previous = (MemorySegment) SET_PRINT.invokeExact(MemorySegment.NULL);
            assert previous != null;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /**
     * Registers {@code area} as a UMEM and maps its fill and completion rings.
     *
     * @param umem a pointer-sized place for the handle
     */
    public static int umemCreate(MemorySegment umem, MemorySegment area, MemorySegment fill, MemorySegment completion,
                                 MemorySegment config) {
        try {
            return (int) UMEM_CREATE.invokeExact(umem, area, area.byteSize(), fill, completion, config);
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    public static int umemDelete(MemorySegment umem) {
        try {
            return (int) UMEM_DELETE.invokeExact(umem);
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /**
     * Makes a socket on the UMEM, maps its RX and TX rings and binds it to a queue.
     *
     * @param socket a pointer-sized place for the handle
     */
    public static int socketCreate(MemorySegment socket, MemorySegment interfaceName, int queue, MemorySegment umem,
                                   MemorySegment rx, MemorySegment tx, MemorySegment config) {
        try {
            return (int) SOCKET_CREATE.invokeExact(socket, interfaceName, queue, umem, rx, tx, config);
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    public static void socketDelete(MemorySegment socket) {
        try {
            SOCKET_DELETE.invokeExact(socket);
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    public static int socketFd(MemorySegment socket) {
        try {
            return (int) SOCKET_FD.invokeExact(socket);
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    private static SymbolLookup load() {
        try {
            return SymbolLookup.libraryLookup(System.getProperty("io.doorbell.libxdp", LIBRARY), Arena.global());
        } catch (IllegalArgumentException missing) {
            return null;
        }
    }

    private static MethodHandle link(String name, FunctionDescriptor descriptor) {
        if (LOOKUP == null) {
            return null;
        }
        MemorySegment symbol = LOOKUP.find(name).orElseThrow(() -> new IllegalStateException(
                LIBRARY + " has no " + name + ": install libxdp 1.2 or later"));
        return Linker.nativeLinker().downcallHandle(symbol, descriptor);
    }
}
