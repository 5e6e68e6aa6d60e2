package io.doorbell.script;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** Writes the peer's frames byte by byte, sharing no code with the stack. */
final class FrameWriter {
    static final long PEER_MAC = 0x02_00_00_00_00_01L;
    static final int STACK_ADDRESS = 0x0a000002;

    private FrameWriter() {
    }

    /** Fills in what the script left open, from what the peer knows. */
    static void complete(Segment segment, Flow flow) {
        if (segment.seq == null) {
            segment.seq = flow.peerNext;
        }
        if ((segment.flags & Segment.ACK) != 0 && segment.ack == null) {
            segment.ack = flow.peerAck;
        }
        if (segment.window == null) {
            segment.window = flow.peerWindow;
        }
        flow.peerWindow = segment.window;
        boolean syn = (segment.flags & Segment.SYN) != 0;
        if (segment.timestamps == null) {
            segment.timestamps = flow.timestamps && !syn;
        }
        if (segment.timestamps) {
            segment.tsVal = segment.tsVal == null ? Long.valueOf(flow.peerTsVal) : segment.tsVal;
            segment.tsEcr = segment.tsEcr == null ? Long.valueOf(flow.stackTsVal) : segment.tsEcr;
            flow.peerTsVal = segment.tsVal;
        }
    }

    static byte[] frame(Segment segment, Flow flow) {
        byte[] options = segment.rawOptions != null ? segment.rawOptions : options(segment, flow);
        int headerLength = 20 + options.length;
        byte[] payload = payload(segment);
        ByteBuffer tcp = ByteBuffer.allocate(headerLength + payload.length);
        tcp.putShort((short) flow.peerPort).putShort((short) flow.stackPort);
        tcp.putInt(flow.peerIsn + segment.seq);
        tcp.putInt((segment.flags & Segment.ACK) != 0 ? flow.stackIsn + segment.ack : 0);
        int words = segment.dataOffsetWords != null ? segment.dataOffsetWords : headerLength / 4;
        int flags = segment.flags | (segment.push != null && segment.push ? Segment.PSH : 0);
        tcp.putShort((short) (words << 12 | flags)).putShort((short) (int) segment.window);
        tcp.putShort((short) 0).putShort((short) (segment.urgentPointer == null ? 0 : segment.urgentPointer));
        tcp.put(options).put(payload);
        byte[] bytes = tcp.array();
        long pseudo = SlowChecksum.pseudo(flow.peerAddress, STACK_ADDRESS, 6, bytes.length);
        int checksum = SlowChecksum.of(bytes, 0, bytes.length, pseudo);
        tcp.putShort(16, (short) (segment.badChecksum ? checksum ^ 0x0101 : checksum));
        return ipFrame(6, segment.ecn == null ? 0 : segment.ecn, flow.peerAddress, STACK_ADDRESS, bytes);
    }

    static byte[] payload(Segment segment) {
        if (segment.text != null) {
            return segment.text;
        }
        byte[] payload = new byte[segment.streamLength];
        int first = segment.seq + ((segment.flags & Segment.SYN) != 0 ? 1 : 0);
        for (int i = 0; i < payload.length; i++) {
            payload[i] = Flow.peerByte(first + i);
        }
        return payload;
    }

    private static byte[] options(Segment segment, Flow flow) {
        ByteArrayOutputStream options = new ByteArrayOutputStream();
        if (segment.mss != null) {
            options.writeBytes(new byte[] {2, 4, (byte) (segment.mss >> 8), (byte) (int) segment.mss});
        }
        if (segment.windowScale != null && segment.windowScale >= 0) {
            options.writeBytes(new byte[] {1, 3, 3, (byte) (int) segment.windowScale});
        }
        if (segment.sackPermitted != null && segment.sackPermitted) {
            options.writeBytes(new byte[] {1, 1, 4, 2});
        }
        if (segment.sackEdges != null) {
            ByteBuffer blocks = ByteBuffer.allocate(4 + 4 * segment.sackEdges.length);
            blocks.put((byte) 1).put((byte) 1).put((byte) 5).put((byte) (2 + 4 * segment.sackEdges.length));
            for (int edge : segment.sackEdges) {
                blocks.putInt(flow.stackIsn + edge);
            }
            options.writeBytes(blocks.array());
        }
        if (segment.timestamps) {
            options.writeBytes(ByteBuffer.allocate(12).put(new byte[] {1, 1, 8, 10})
                    .putInt((int) (long) segment.tsVal).putInt((int) (long) segment.tsEcr).array());
        }
        return options.toByteArray();
    }

    static byte[] ipFrame(int protocol, int source, int destination, byte[] body) {
        return ipFrame(protocol, 0, source, destination, body);
    }

    private static byte[] ipFrame(int protocol, int ecn, int source, int destination, byte[] body) {
        ByteBuffer frame = ByteBuffer.allocate(34 + body.length);
        ethernet(frame, ScriptLink.MAC, 0x0800);
        frame.putShort((short) (0x4500 | ecn)).putShort((short) (20 + body.length)).putShort((short) 0x1234);
        frame.putShort((short) 0x4000).put((byte) 64).put((byte) protocol).putShort((short) 0);
        frame.putInt(source).putInt(destination).put(body);
        frame.putShort(24, (short) SlowChecksum.of(frame.array(), 14, 20, 0));
        return frame.array();
    }

    static byte[] arp(int operation, int senderAddress, long targetMac, int targetAddress) {
        ByteBuffer frame = ByteBuffer.allocate(60);
        ethernet(frame, operation == 1 ? 0xffff_ffff_ffffL : targetMac, 0x0806);
        frame.putInt(0x0001_0800).putShort((short) 0x0604).putShort((short) operation);
        mac(frame, PEER_MAC);
        frame.putInt(senderAddress);
        mac(frame, operation == 1 ? 0 : targetMac);
        frame.putInt(targetAddress);
        return frame.array();
    }

    /** An ICMP error about a frame that the stack sent: its IP header and the first eight bytes behind it. */
    static byte[] icmpError(int type, int code, int rest, int router, byte[] quotedFrame) {
        ByteBuffer icmp = ByteBuffer.allocate(8 + 28);
        icmp.put((byte) type).put((byte) code).putShort((short) 0).putInt(rest);
        icmp.put(quotedFrame, 14, 28);
        icmp.putShort(2, (short) SlowChecksum.of(icmp.array(), 0, icmp.capacity(), 0));
        return ipFrame(1, router, STACK_ADDRESS, icmp.array());
    }

    private static void ethernet(ByteBuffer frame, long destination, int type) {
        mac(frame, destination);
        mac(frame, PEER_MAC);
        frame.putShort((short) type);
    }

    private static void mac(ByteBuffer frame, long mac) {
        frame.putShort((short) (mac >>> 32)).putInt((int) mac);
    }
}
