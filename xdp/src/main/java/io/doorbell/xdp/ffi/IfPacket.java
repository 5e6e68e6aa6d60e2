package io.doorbell.xdp.ffi;

/** Numbers and offsets of packet sockets (packet(7), linux/if_packet.h, linux/filter.h) and of sendmmsg(2). */
public final class IfPacket {
    public static final int ETH_P_ALL = 0x0003;
    public static final int SOL_PACKET = 263;
    public static final int PACKET_RX_RING = 5;
    public static final int PACKET_STATISTICS = 6;
    public static final int PACKET_VERSION = 10;
    public static final int PACKET_QDISC_BYPASS = 20;
    public static final int PACKET_IGNORE_OUTGOING = 23;
    public static final int TPACKET_V2 = 1;
    public static final int TPACKET_ALIGNMENT = 16;

    /** Of level {@code SOL_SOCKET}; its value is a {@code struct sock_fprog}. */
    public static final int SO_ATTACH_FILTER = 26;

    /** {@code struct sockaddr_ll}: family, protocol (big-endian), interface index; the rest is not needed to bind. */
    public static final int SOCKADDR_LL_BYTES = 20;
    public static final int SLL_PROTOCOL = 2;
    public static final int SLL_IFINDEX = 4;

    /** {@code struct tpacket_req}: four 32-bit words. */
    public static final int TPACKET_REQ_BYTES = 16;
    /** {@code struct tpacket2_hdr}, at the start of each slot of the ring. */
    public static final int TP_STATUS = 0;
    public static final int TP_LEN = 4;
    public static final int TP_SNAPLEN = 8;
    public static final int TP_MAC = 12;
    public static final int TP_SEC = 16;
    public static final int TP_NSEC = 20;
    public static final int TP_STATUS_KERNEL = 0;
    public static final int TP_STATUS_USER = 1;
    /**
     * Where the kernel puts the Ethernet header in a slot: it aligns the network header behind tpacket2_hdr (32),
     * sockaddr_ll (20) and room for a link header (16), and the Ethernet header ends there (tpacket_rcv).
     */
    public static final int TPACKET2_FRAME_OFFSET = 66;

    /** {@code struct tpacket_stats}: packets and drops since the last question. */
    public static final int TPACKET_STATS_BYTES = 8;
    public static final int TP_DROPS = 4;

    /** {@code struct mmsghdr} on a 64-bit machine: a msghdr, then the number of bytes sent. */
    public static final int MMSGHDR_BYTES = 64;
    public static final int MSG_IOV = 16;
    public static final int MSG_IOVLEN = 24;
    /** {@code struct iovec}: base, length. */
    public static final int IOVEC_BYTES = 16;
    public static final int IOV_LEN = 8;
    /** The most messages of one sendmmsg ({@code UIO_MAXIOV}). */
    public static final int UIO_MAXIOV = 1024;

    private IfPacket() {
    }
}
