package io.doorbell.tools.replay;

import io.doorbell.tcp.TcpConfig;
import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.wire.TcpHeader;
import java.util.List;

/** What the captured side's stack was set to, as far as its segments show it. */
record ReplaySettings(TcpConfig tcp, int mtu, int frames, boolean opens, boolean listens, boolean closesFully) {
    private static final int ETHERNET_MTU = 1500;
    private static final int MOST_FRAMES = 16_384;
    private static final int LEAST_BUFFER = 1 << 20;

    /** @param configured to start from: what the capture shows replaces it */
    static ReplaySettings of(List<CapturedSegment> local, List<CapturedSegment> peer, TcpConfig.Builder configured) {
        CapturedSegment syn = local.stream().filter(each -> each.has(TcpHeader.SYN)).findFirst().orElse(null);
        CapturedSegment asked = peer.stream().filter(each -> each.has(TcpHeader.SYN)).findFirst().orElse(null);
        boolean opens = syn != null && !syn.has(TcpHeader.ACK);
        long bytes = 0;
        int scale = syn == null || asked == null || asked.windowScale() < 0 ? 0 : Math.clamp(syn.windowScale(), 0, 14);
        long window = LEAST_BUFFER;
        int longest = 0;
        for (CapturedSegment each : local) {
            bytes += each.payloadLength();
            window = Math.max(window, (long) each.window() << scale);
            longest = Math.max(longest, each.payloadLength());
        }
        configured.sendBufferBytes(Math.clamp(bytes, LEAST_BUFFER, 1 << 30));
        configured.receiveWindowBytes((int) Math.min(window, 1 << 30));
        int mtu = ETHERNET_MTU;
        if (syn != null) {
            boolean answers = !opens && asked != null;
            // An answer leaves out what was not asked for: that says nothing about what the side can do.
            configured.timestamps(syn.hasTimestamps() || answers && !asked.hasTimestamps());
            configured.sack(syn.sackPermitted() || answers && !asked.sackPermitted());
            configured.windowScaling(syn.windowScale() >= 0 || answers && asked.windowScale() < 0);
            configured.multiSegment(MultiSegmentTranslation.offered(syn));
            configured.maxSegmentSize(syn.maxSegmentSize());
            mtu = Math.max(mtu, syn.maxSegmentSize() + 40);
        }
        int frames = Math.clamp(bytes / 256 + 4L * local.size() + 256, 256, MOST_FRAMES);
        boolean refuses = syn == null && local.stream().anyMatch(each -> each.has(TcpHeader.RST));
        return new ReplaySettings(configured.build(), mtu, frames, opens, !opens && !refuses, closesFully(local));
    }

    /** Who resets after its own FIN had closed altogether: nobody was there to read. */
    private static boolean closesFully(List<CapturedSegment> local) {
        boolean fin = false;
        for (CapturedSegment each : local) {
            fin |= each.has(TcpHeader.FIN);
            if (fin && each.has(TcpHeader.RST)) {
                return true;
            }
        }
        return false;
    }
}
