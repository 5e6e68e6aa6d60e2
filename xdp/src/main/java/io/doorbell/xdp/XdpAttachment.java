package io.doorbell.xdp;

import io.doorbell.xdp.ffi.Bpf;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.Rtnetlink;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The filter program on one interface, shared by this process's links on its queues: the first one attaches it, each
 * adds its socket and its addresses, the last one to leave detaches it. A bpf link holds the attachment, so that the
 * kernel undoes it when the process ends in whatever way. Set-up only; safe for use by several threads.
 */
final class XdpAttachment {
    /** Interfaces by network namespace and index; a namespace's cookie is never used again. */
    private record Key(long namespaceCookie, int interfaceIndex) {
    }

    private static final Map<Key, XdpAttachment> OPEN = new HashMap<>();

    private final Key key;
    private final int xskMap;
    private final int link;
    private final boolean nativeMode;
    private final Map<Integer, int[]> addressesOfQueue = new TreeMap<>();

    private XdpAttachment(Key key, int xskMap, int link, boolean nativeMode) {
        this.key = key;
        this.xskMap = xskMap;
        this.link = link;
        this.nativeMode = nativeMode;
    }

    /**
     * Takes part in the interface's attachment, making it if this is the first link there. Until {@link #publish} the
     * queue's frames go to the kernel.
     */
    static XdpAttachment join(Rtnetlink.Interface on, int queue, int[] addresses, Preference nativeMode) {
        Key key = new Key(namespaceCookie(), on.index());
        synchronized (OPEN) {
            XdpAttachment attachment = OPEN.get(key);
            if (attachment == null) {
                attachment = attach(key, on, addresses, nativeMode);
                OPEN.put(key, attachment);
                attachment.addressesOfQueue.put(queue, addresses);
                return attachment;
            }
            attachment.admit(on.name(), queue, nativeMode);
            attachment.addressesOfQueue.put(queue, addresses);
            try {
                attachment.updateFilter();
            } catch (RuntimeException e) {
                attachment.addressesOfQueue.remove(queue);
                throw e;
            }
            return attachment;
        }
    }

    /** Whether the program runs in the driver, before the kernel makes a packet buffer of the frame. */
    boolean nativeMode() {
        return nativeMode;
    }

    /** From now on the filter redirects to this socket. */
    void publish(int queue, int socket) {
        Bpf.mapUpdate(xskMap, queue, socket);
    }

    /** Takes the queue's socket and addresses out again; the last one out detaches the program. */
    void leave(int queue) {
        synchronized (OPEN) {
            if (addressesOfQueue.remove(queue) == null) {
                return;
            }
            if (addressesOfQueue.isEmpty()) {
                OPEN.remove(key);
                Bpf.close(link);
                Bpf.close(xskMap);
                return;
            }
            Bpf.mapDelete(xskMap, queue);
            updateFilter();
        }
    }

    private void admit(String name, int queue, Preference wanted) {
        if (addressesOfQueue.containsKey(queue)) {
            throw new IllegalStateException("queue " + queue + " of " + name
                    + " is used by another link of this process: close that one first, or take another queue");
        }
        if (wanted == Preference.REQUIRE && !nativeMode || wanted == Preference.OFF && nativeMode) {
            throw new IllegalStateException("another link of this process has attached its filter to " + name + " in "
                    + (nativeMode ? "native" : "generic") + " mode: ask for the same mode for queue " + queue);
        }
    }

    private void updateFilter() {
        int[] all = addressesOfQueue.values().stream().flatMapToInt(IntStream::of).distinct().toArray();
        int program = XdpFilter.load(xskMap, all);
        try {
            Bpf.updateLink(link, program);
        } finally {
            Bpf.close(program);
        }
    }

    private static XdpAttachment attach(Key key, Rtnetlink.Interface on, int[] addresses, Preference wanted) {
        if (on.xdpMode() != Rtnetlink.XDP_ATTACHED_NONE) {
            String name = Bpf.programName(on.xdpProgram());
            throw new IllegalStateException(on.name() + " carries an XDP program already: "
                    + (name.isEmpty() ? "without a name" : "'" + name + "'") + ", id " + on.xdpProgram() + ", "
                    + (on.xdpMode() == Rtnetlink.XDP_ATTACHED_SKB ? "generic" : "native")
                    + " mode; stop the process that holds it (bpftool net shows it), or, if none does,"
                    + " run: ip link set dev " + on.name() + " xdp off");
        }
        int xskMap = Bpf.createXskMap("doorbell_xsks", on.rxQueues());
        try {
            int program = XdpFilter.load(xskMap, addresses);
            try {
                boolean nativeMode = wanted != Preference.OFF;
                int link = nativeMode
                        ? Bpf.createXdpLink(program, on.index(), Bpf.XDP_FLAGS_DRV_MODE) : -Errno.EOPNOTSUPP;
                if (wanted != Preference.REQUIRE && unsupported(link)) {
                    nativeMode = false;
                    link = Bpf.createXdpLink(program, on.index(), Bpf.XDP_FLAGS_SKB_MODE);
                }
                return new XdpAttachment(key, xskMap, checkAttached(link, on, wanted), nativeMode);
            } finally {
                Bpf.close(program);
            }
        } catch (RuntimeException e) {
            Bpf.close(xskMap);
            throw e;
        }
    }

    /** What drivers answer that have no XDP, or none for the interface as it is set up now. */
    private static boolean unsupported(int result) {
        return result == -Errno.EOPNOTSUPP || result == -Errno.EINVAL || result == -Errno.ERANGE
                || result == -Errno.ENOSPC;
    }

    private static int checkAttached(int link, Rtnetlink.Interface on, Preference wanted) {
        String call = "attaching the XDP filter to " + on.name();
        if (link == -Errno.EBUSY || link == -Errno.EEXIST) {
            throw new SystemCallException(call, -link, "another XDP program was attached meanwhile; stop its owner");
        }
        if (wanted == Preference.REQUIRE && unsupported(link)) {
            throw new SystemCallException(call, -link, "its driver has no native XDP for the interface as it is set"
                    + " up (a veth wants an MTU within a page at both ends, and as many rx queues as its peer has tx"
                    + " queues): change that, or allow generic mode with nativeMode(AUTO)");
        }
        return SystemCallException.check(call, link);
    }

    private static long namespaceCookie() {
        MemorySegment errno = Errno.ofThread();
        int fd = SystemCallException.check("socket",
                Libc.socket(errno, Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cookie = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, Long.BYTES);
            SystemCallException.check("getsockopt(SO_NETNS_COOKIE)",
                    Libc.getsockopt(errno, fd, Libc.SOL_SOCKET, Libc.SO_NETNS_COOKIE, cookie, length),
                    "Doorbell needs Linux 5.14 or later");
            return cookie.get(ValueLayout.JAVA_LONG, 0);
        } finally {
            Libc.close(errno, fd);
        }
    }
}
