package io.doorbell.script;

import io.doorbell.tcp.PartialMessage;

/** A partial message of a script: its bytes are those of the stack's stream at its place. */
public final class PartialSend {
    public final PartialMessage message = new PartialMessage();
    private final Script script;
    private final byte[] content;

    /** Begins one on the script's current connection; it must be taken. */
    public PartialSend(Script script, int length) {
        this.script = script;
        Application application = script.flow().application();
        content = new byte[length];
        for (int i = 0; i < length; i++) {
            content[i] = Flow.stackByte(application.sentLength() + i);
        }
        application.wrote(content, length);
        script.flow().holes = true;
        script.act("begin(" + length + ")", () -> {
            int result = application.connection().begin(message, length);
            script.require(result == 0, "begin answered " + result);
        });
    }

    /** Supplies bytes, and they leave if they may. */
    public PartialSend complete(int at, int length) {
        script.act("complete(" + at + ", " + length + ")", () -> give(at, length));
        return this;
    }

    /** Supplies the bytes of several parts, offset and length in turn, before anything leaves. */
    public PartialSend completeAll(int... parts) {
        script.act("complete" + java.util.Arrays.toString(parts), () -> {
            for (int i = 0; i < parts.length; i += 2) {
                give(parts[i], parts[i + 1]);
            }
        });
        return this;
    }

    /** What belongs at a place of the message. */
    public byte[] bytes(int at, int length) {
        return java.util.Arrays.copyOfRange(content, at, at + length);
    }

    /** Supplies bytes without a flush. */
    public void give(int at, int length) {
        int missing = message.missing() - length;
        int result = message.complete(at, content, at, length);
        script.require(result == missing, "complete(" + at + ", " + length + ") answered " + result + ", not " + missing);
    }

    /** A part that must be refused with this code, and change nothing. */
    public PartialSend refused(int at, int length, int code) {
        int missing = message.missing();
        int result = message.complete(at, new byte[Math.max(1, length)], 0, length);
        script.require(result == code, "complete(" + at + ", " + length + ") answered " + result + ", not " + code);
        script.require(message.missing() == missing, "a refused part was taken");
        return this;
    }
}
