package io.doorbell.tools.pcap;

import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.TcpHeader;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes of a segment that lie together in its sender's stream. A segment is one part, unless it carries several by the
 * multi-segment option.
 *
 * @param start  of the part in the stream, from SEG.SEQ on
 * @param offset of the part in the payload
 * @param length in bytes
 */
public record StreamPart(int start, int offset, int length) {
    /** The parts of a segment's payload. A layout that can't be read is none: the payload lies at SEG.SEQ then. */
    public static List<StreamPart> of(CapturedSegment segment) {
        byte[] options = segment.options();
        int option = MultiSegmentOption.find(options);
        List<StreamPart> whole = List.of(new StreamPart(0, 0, segment.payloadLength()));
        if (option < 0 || segment.has(TcpHeader.SYN)) {
            return whole;
        }
        List<StreamPart> parts = new ArrayList<>();
        int at = option + MultiSegmentOption.FIXED_LENGTH;
        int end = option + (options[option + 1] & 0xff);
        int position = 0;
        int offset = 0;
        while (at < end) {
            int[] pair = new int[2];
            for (int i = 0; i < 2; i++) {
                do {
                    if (at >= end || pair[i] >>> 24 != 0) {
                        return whole;
                    }
                    pair[i] = pair[i] << 7 | options[at] & 0x7f;
                } while ((options[at++] & 0x80) != 0);
            }
            position += pair[0];
            parts.add(new StreamPart(position, offset, pair[1]));
            position += pair[1];
            offset += pair[1];
        }
        return offset == segment.payloadLength() ? parts : whole;
    }
}
