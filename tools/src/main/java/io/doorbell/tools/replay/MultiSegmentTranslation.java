package io.doorbell.tools.replay;

import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The multi-segment option of the capture's peer, made for the stack: its proof and its check codes are over the
 * captured side's nonce, and the stack has one of its own. A check code that was wrong stays wrong.
 */
final class MultiSegmentTranslation {
    private int peerStart;
    private int peerNonce;
    private int capturedNonce;
    private int stackNonce;

    /** Whether a segment that opens a connection asks for the option, or agrees to it. */
    static boolean offered(CapturedSegment syn) {
        return nonceAt(syn.options()) >= 0;
    }

    private static int nonceAt(byte[] options) {
        int option = MultiSegmentOption.find(options);
        return option < 0 ? -1 : option + 4;
    }

    private static int nonce(CapturedSegment syn) {
        int at = nonceAt(syn.options());
        return at < 0 ? 0 : Bytes.u32(MemorySegment.ofArray(syn.options()), at);
    }

    void align(CapturedSegment captured, CapturedSegment stack) {
        capturedNonce = nonce(captured);
        stackNonce = nonce(stack);
    }

    /** Changes a copy of the segment's options where they hold the option. */
    void translate(CapturedSegment segment, byte[] options, byte[] payload) {
        int option = MultiSegmentOption.find(options);
        if (option < 0) {
            return;
        }
        MemorySegment memory = MemorySegment.ofArray(options);
        if (segment.has(TcpHeader.SYN)) {
            peerStart = segment.seq();
            peerNonce = nonce(segment);
            if (segment.has(TcpHeader.ACK) && options[option + 1] == MultiSegmentOption.SYN_ACK_LENGTH) {
                Bytes.put32(memory, option + 8, MultiSegmentOption.proof(peerNonce, stackNonce));
            }
            return;
        }
        if (check(capturedNonce, segment, options, option, payload) == Bytes.u32(memory, option + 4)) {
            Bytes.put32(memory, option + 4, check(stackNonce, segment, options, option, payload));
        }
    }

    private int check(int receiverNonce, CapturedSegment segment, byte[] options, int option, byte[] payload) {
        MemorySegment both = MemorySegment.ofArray(new byte[options.length + payload.length]);
        MemorySegment.copy(options, 0, both, ValueLayout.JAVA_BYTE, 0, options.length);
        MemorySegment.copy(payload, 0, both, ValueLayout.JAVA_BYTE, options.length, payload.length);
        return MultiSegmentOption.check(MultiSegmentOption.key(peerNonce, receiverNonce), segment.seq() - peerStart, both,
                option, options[option + 1] & 0xff, options.length, payload.length);
    }
}
