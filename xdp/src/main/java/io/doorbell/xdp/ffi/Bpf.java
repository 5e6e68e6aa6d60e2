package io.doorbell.xdp.ffi;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * bpf(2): maps, programs and links, as file descriptors that the caller closes. Set-up only. Failures are thrown as
 * {@link SystemCallException}. The layouts are those of {@code union bpf_attr} in linux/bpf.h.
 */
public final class Bpf {
    public static final int XDP_ABORTED = 0;
    public static final int XDP_DROP = 1;
    public static final int XDP_PASS = 2;
    public static final int XDP_TX = 3;
    public static final int XDP_REDIRECT = 4;
    public static final int XDP_FLAGS_SKB_MODE = 1 << 1;
    public static final int XDP_FLAGS_DRV_MODE = 1 << 2;

    /** What a program is called by the kernel's tools: at most 15 bytes. */
    public static final int NAME_BYTES = 16;

    private static final int MAP_CREATE = 0;
    private static final int MAP_UPDATE_ELEM = 2;
    private static final int MAP_DELETE_ELEM = 3;
    private static final int PROG_LOAD = 5;
    private static final int PROG_TEST_RUN = 10;
    private static final int PROG_GET_FD_BY_ID = 13;
    private static final int OBJ_GET_INFO_BY_FD = 15;
    private static final int LINK_CREATE = 28;
    private static final int LINK_UPDATE = 29;

    private static final int MAP_TYPE_XSKMAP = 17;
    private static final int PROG_TYPE_XDP = 6;
    private static final int ATTACH_TYPE_XDP = 37;
    private static final int ATTR_BYTES = 160;
    private static final int PROG_INFO_BYTES = 80;
    private static final int LOG_BYTES = 1 << 16;

    private static final String PRIVILEGE = "it needs root, or CAP_BPF and CAP_NET_ADMIN";

    private Bpf() {
    }

    /** A map from queue numbers to AF_XDP sockets. */
    public static int createXskMap(String name, int entries) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, MAP_TYPE_XSKMAP);
            attr.set(JAVA_INT, 4, Integer.BYTES);
            attr.set(JAVA_INT, 8, Integer.BYTES);
            attr.set(JAVA_INT, 12, entries);
            putName(attr, 28, name);
            return check("bpf(BPF_MAP_CREATE)", call(MAP_CREATE, attr));
        }
    }

    /** Lets the map name socket {@code value} for queue {@code key}. */
    public static void mapUpdate(int map, int key, int value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = mapAttr(arena, map, key);
            attr.set(JAVA_LONG, 16, arena.allocateFrom(JAVA_INT, value).address());
            check("bpf(BPF_MAP_UPDATE_ELEM)", call(MAP_UPDATE_ELEM, attr));
        }
    }

    /** Removes the entry if there is one: the kernel removes a socket's entry by itself when it is closed. */
    public static void mapDelete(int map, int key) {
        try (Arena arena = Arena.ofConfined()) {
            int result = call(MAP_DELETE_ELEM, mapAttr(arena, map, key));
            if (result != -Errno.ENOENT) {
                check("bpf(BPF_MAP_DELETE_ELEM)", result);
            }
        }
    }

    /**
     * Loads an XDP program; if the kernel's verifier refuses it, its reasons are in the exception's message.
     *
     * @param instructions eight bytes each
     */
    public static int loadXdp(String name, MemorySegment instructions) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, PROG_TYPE_XDP);
            attr.set(JAVA_INT, 4, (int) (instructions.byteSize() / 8));
            attr.set(JAVA_LONG, 8, instructions.address());
            attr.set(JAVA_LONG, 16, arena.allocateFrom("Apache-2.0").address());
            putName(attr, 48, name);
            attr.set(JAVA_INT, 68, ATTACH_TYPE_XDP);
            int fd = call(PROG_LOAD, attr);
            if (fd >= 0 || fd == -Errno.EPERM) {
                return check("bpf(BPF_PROG_LOAD)", fd);
            }
            MemorySegment log = arena.allocate(LOG_BYTES);
            attr.set(JAVA_INT, 24, 1);
            attr.set(JAVA_INT, 28, LOG_BYTES);
            attr.set(JAVA_LONG, 32, log.address());
            fd = call(PROG_LOAD, attr);
            String reasons = "the verifier says: " + log.getString(0).strip();
            return SystemCallException.check("bpf(BPF_PROG_LOAD)", fd, reasons);
        }
    }

    /**
     * Attaches a program to an interface for as long as the returned link, or another descriptor of it, is open.
     *
     * @param flags {@link #XDP_FLAGS_DRV_MODE} or {@link #XDP_FLAGS_SKB_MODE}
     * @return the link, or {@code -errno}: the caller knows what each refusal means for its interface
     */
    public static int createXdpLink(int program, int interfaceIndex, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, program);
            attr.set(JAVA_INT, 4, interfaceIndex);
            attr.set(JAVA_INT, 8, ATTACH_TYPE_XDP);
            attr.set(JAVA_INT, 12, flags);
            return call(LINK_CREATE, attr);
        }
    }

    /** Exchanges the program of a link without a gap. */
    public static void updateLink(int link, int program) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, link);
            attr.set(JAVA_INT, 4, program);
            check("bpf(BPF_LINK_UPDATE)", call(LINK_UPDATE, attr));
        }
    }

    /** Runs a program once over one frame of at least 14 bytes: the XDP action that it returned. */
    public static int testRun(int program, byte[] frame) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocateFrom(JAVA_BYTE, frame);
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, program);
            attr.set(JAVA_INT, 8, frame.length);
            attr.set(JAVA_LONG, 16, data.address());
            attr.set(JAVA_INT, 32, 1);
            check("bpf(BPF_PROG_TEST_RUN)", call(PROG_TEST_RUN, attr));
            return attr.get(JAVA_INT, 4);
        }
    }

    /** The name of the program with that id, or an empty string if it has none or may not be looked at. */
    public static String programName(int id) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, id);
            int fd = call(PROG_GET_FD_BY_ID, attr);
            if (fd < 0) {
                return "";
            }
            MemorySegment info = arena.allocate(PROG_INFO_BYTES, 8);
            attr.fill((byte) 0);
            attr.set(JAVA_INT, 0, fd);
            attr.set(JAVA_INT, 4, PROG_INFO_BYTES);
            attr.set(JAVA_LONG, 8, info.address());
            int result = call(OBJ_GET_INFO_BY_FD, attr);
            close(fd);
            return result < 0 ? "" : info.getString(64);
        }
    }

    /** Closes a map, program or link. */
    public static void close(int fd) {
        Libc.close(Errno.ofThread(), fd);
    }

    private static MemorySegment mapAttr(Arena arena, int map, int key) {
        MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
        attr.set(JAVA_INT, 0, map);
        attr.set(JAVA_LONG, 8, arena.allocateFrom(JAVA_INT, key).address());
        return attr;
    }

    private static void putName(MemorySegment attr, long offset, String name) {
        byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(MemorySegment.ofArray(ascii), 0, attr, offset, Math.min(ascii.length, NAME_BYTES - 1));
    }

    private static int call(int command, MemorySegment attr) {
        return Libc.bpf(Errno.ofThread(), command, attr);
    }

    private static int check(String call, int result) {
        return result == -Errno.EPERM || result == -Errno.EACCES
                ? SystemCallException.check(call, result, PRIVILEGE)
                : SystemCallException.check(call, result);
    }
}
