package io.doorbell.tools.fuzz;

import java.io.PrintWriter;

/** One line for each frame, for people who look into a finding. */
final class Trace {
    private final PrintWriter out;

    Trace(PrintWriter out) {
        this.out = out;
    }

    void frame(long now, String direction, byte[] frame) {
        out.printf("%12.6f %s %s%n", now / 1e9, direction, text(frame));
    }

    void note(long now, String what) {
        out.printf("%12.6f    %s%n", now / 1e9, what);
    }

    private static String text(byte[] frame) {
        boolean tcp = frame.length >= FrameBytes.TCP + 20 && FrameBytes.u16(frame, 12) == FrameBytes.TYPE_IPV4
                && FrameBytes.u8(frame, FrameBytes.IP + 9) == FrameBytes.PROTOCOL_TCP && frame[FrameBytes.IP] == 0x45;
        if (!tcp) {
            return frame.length + " bytes" + (frame.length < 24 ? "" : ", type "
                    + Integer.toHexString(FrameBytes.u16(frame, 12)) + ", protocol " + FrameBytes.u8(frame, 23));
        }
        int at = FrameBytes.TCP;
        int header = (frame[at + 12] >>> 4 & 15) * 4;
        StringBuilder text = new StringBuilder();
        text.append(FrameBytes.u16(frame, at)).append('>').append(FrameBytes.u16(frame, at + 2)).append(' ');
        for (int bit = 0; bit < 8; bit++) {
            text.append((FrameBytes.u8(frame, at + 13) >> bit & 1) == 0 ? '.' : "FSRPAUEC".charAt(bit));
        }
        text.append(" seq ").append(FrameBytes.i32(frame, at + 4)).append(" ack ")
                .append(FrameBytes.i32(frame, at + 8)).append(" win ").append(FrameBytes.u16(frame, at + 14))
                .append(" length ").append(frame.length - at - header);
        int end = Math.min(frame.length, at + Math.max(20, header));
        for (int i = at + 20; i < end; i++) {
            text.append(i == at + 20 ? " options " : "").append(String.format("%02x", frame[i]));
        }
        return text.toString();
    }
}
