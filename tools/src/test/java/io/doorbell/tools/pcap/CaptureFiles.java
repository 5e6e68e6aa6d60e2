package io.doorbell.tools.pcap;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Writes captures in every form that there is, for tests. */
final class CaptureFiles {
    /** Packets with their times. */
    record Packet(long timeNanos, byte[] bytes, int original) {
        static Packet of(long timeNanos, byte[] bytes) {
            return new Packet(timeNanos, bytes, bytes.length);
        }
    }

    private CaptureFiles() {
    }

    static byte[] pcap(ByteOrder order, boolean nanoseconds, int linkType, Packet... packets) {
        ByteBuffer out = ByteBuffer.allocate(1 << 16).order(order);
        out.putInt(nanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4).putShort((short) 2).putShort((short) 4);
        out.putInt(0).putInt(0).putInt(65535).putInt(linkType);
        for (Packet each : packets) {
            long fraction = each.timeNanos() % 1_000_000_000L;
            out.putInt((int) (each.timeNanos() / 1_000_000_000L)).putInt((int) (nanoseconds ? fraction : fraction / 1000));
            out.putInt(each.bytes().length).putInt(each.original()).put(each.bytes());
        }
        return taken(out);
    }

    private static byte[] taken(ByteBuffer out) {
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    /** A pcapng block with its two lengths; the body is padded. */
    static byte[] block(ByteOrder order, int type, byte[] body) {
        int padded = body.length + 3 & ~3;
        ByteBuffer out = ByteBuffer.allocate(12 + padded).order(order);
        out.putInt(type).putInt(12 + padded).put(body).position(8 + padded).putInt(12 + padded);
        return out.array();
    }

    static byte[] section(ByteOrder order) {
        return block(order, 0x0a0d_0d0a, ByteBuffer.allocate(16).order(order).putInt(0x1a2b_3c4d).putShort((short) 1)
                .putShort((short) 0).putLong(-1).array());
    }

    /** @param resolution the option if_tsresol, negative for none */
    static byte[] description(ByteOrder order, int linkType, int snaplen, int resolution, long offsetSeconds) {
        ByteBuffer out = ByteBuffer.allocate(64).order(order).putShort((short) linkType).putShort((short) 0)
                .putInt(snaplen);
        if (resolution >= 0) {
            out.putShort((short) 9).putShort((short) 1).put((byte) resolution).put(new byte[3]);
        }
        if (offsetSeconds != 0) {
            out.putShort((short) 14).putShort((short) 8).putLong(offsetSeconds);
        }
        out.putInt(0);
        return block(order, 1, taken(out));
    }

    static byte[] enhanced(ByteOrder order, int of, long ticks, byte[] packet, int original) {
        return block(order, 6, ByteBuffer.allocate(20 + packet.length).order(order).putInt(of)
                .putInt((int) (ticks >>> 32)).putInt((int) ticks).putInt(packet.length).putInt(original).put(packet)
                .array());
    }

    static byte[] old(ByteOrder order, int of, long ticks, byte[] packet) {
        return block(order, 2, ByteBuffer.allocate(20 + packet.length).order(order).putShort((short) of)
                .putShort((short) 0).putInt((int) (ticks >>> 32)).putInt((int) ticks).putInt(packet.length)
                .putInt(packet.length).put(packet).array());
    }

    static byte[] simple(ByteOrder order, byte[] packet, int original) {
        return block(order, 3, ByteBuffer.allocate(4 + packet.length).order(order).putInt(original).put(packet).array());
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
