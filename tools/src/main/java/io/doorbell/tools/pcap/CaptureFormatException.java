package io.doorbell.tools.pcap;

/** A capture that cannot be read on: what is wrong with it, and at which byte. What came before is good. */
public final class CaptureFormatException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    CaptureFormatException(long offset, String what) {
        super("the capture is damaged at byte " + offset + ": " + what);
    }

    CaptureFormatException(String what) {
        super(what);
    }
}
