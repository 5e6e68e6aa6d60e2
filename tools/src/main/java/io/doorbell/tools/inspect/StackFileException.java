package io.doorbell.tools.inspect;

import java.io.IOException;

/** A file that shows no stack that can be read here; the message says why and what can be done. */
public final class StackFileException extends IOException {
    private static final long serialVersionUID = 1L;

    public StackFileException(String message) {
        super(message);
    }
}
