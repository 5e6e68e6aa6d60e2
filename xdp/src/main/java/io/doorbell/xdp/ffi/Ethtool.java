package io.doorbell.xdp.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What a network driver says about itself (linux/ethtool.h, ioctl SIOCETHTOOL). Needs no privilege. */
public final class Ethtool {
    private static final long SIOCETHTOOL = 0x8946;
    private static final int GDRVINFO = 0x03;
    private static final int GCHANNELS = 0x3c;
    private static final int DRVINFO_BYTES = 196;
    private static final int CHANNELS_BYTES = 36;
    private static final int IFNAMSIZ = 16;

    private Ethtool() {
    }

    /** The driver's name, {@code veth} or {@code virtio_net}; empty if the interface does not tell. */
    public static String driver(String interfaceName) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(DRVINFO_BYTES, 8);
            info.set(JAVA_INT, 0, GDRVINFO);
            return ask(arena, interfaceName, info) < 0 ? "" : info.getString(4);
        }
    }

    /** How many queue pairs are in use; 0 if the driver does not tell. */
    public static int channels(String interfaceName) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment channels = arena.allocate(CHANNELS_BYTES, 8);
            channels.set(JAVA_INT, 0, GCHANNELS);
            if (ask(arena, interfaceName, channels) < 0) {
                return 0;
            }
            int rx = channels.get(JAVA_INT, 20);
            int tx = channels.get(JAVA_INT, 24);
            int combined = channels.get(JAVA_INT, 32);
            return Math.max(rx, tx) + combined;
        }
    }

    private static int ask(Arena arena, String interfaceName, MemorySegment command) {
        if (interfaceName.length() >= IFNAMSIZ) {
            return -Errno.ENODEV;
        }
        MemorySegment request = arena.allocate(40, 8);
        request.setString(0, interfaceName);
        request.set(ADDRESS, IFNAMSIZ, command);
        MemorySegment errno = Errno.ofThread();
        int fd = Libc.socket(errno, Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0) {
            return fd;
        }
        int result = Libc.ioctl(errno, fd, SIOCETHTOOL, request);
        Libc.close(errno, fd);
        return result;
    }
}
