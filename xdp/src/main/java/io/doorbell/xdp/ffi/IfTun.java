package io.doorbell.xdp.ffi;

/** Numbers of TAP interfaces (linux/if_tun.h) and of the interface flags (netdevice(7)). */
public final class IfTun {
    public static final long TUNSETIFF = 0x4004_54caL;
    /** Its argument is a {@code struct sock_fprog}. */
    public static final long TUNATTACHFILTER = 0x4010_54d5L;
    public static final int IFF_TAP = 0x0002;
    public static final int IFF_NO_PI = 0x1000;
    public static final long SIOCGIFFLAGS = 0x8913;
    public static final long SIOCSIFFLAGS = 0x8914;
    /** {@code struct ifreq}: the interface's name, then what the request is about. */
    public static final int IFREQ_BYTES = 40;
    public static final int IFNAMSIZ = 16;
    public static final int IFR_FLAGS = 16;

    private IfTun() {
    }
}
