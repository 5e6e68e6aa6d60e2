package io.doorbell.link;

/** What a link counted since it was opened. Written by the link's thread; one object per link, reused. */
public final class LinkStatistics {
    /** What carries the frames and how, for people: {@code xdp native copy}, {@code packet}, {@code pipe}. */
    public String mode = "";
    public long rxFrames;
    public long rxBytes;
    public long txFrames;
    public long txBytes;
    /** System calls that told the kernel about posted frames. */
    public long doorbells;
    /** Posts refused because the transmit side was full. */
    public long txRefused;
    /** Frames that came in and were lost before {@link Link#receive} could see them. */
    public long rxDropped;
    /** Frames posted that the link or the kernel could not send. */
    public long txDropped;
    /** AF_XDP only: times the kernel found the fill ring empty. */
    public long fillRingEmpty;
    /** AF_XDP only: times the kernel found the TX ring empty. */
    public long txRingEmpty;
    /** AF_XDP only: descriptors the kernel refused, in either direction. */
    public long invalidDescriptors;
}
