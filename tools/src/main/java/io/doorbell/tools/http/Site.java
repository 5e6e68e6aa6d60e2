package io.doorbell.tools.http;

/** What a server has to say. Called on the stack's thread, once per request, when its head is complete. */
public interface Site {
    /** Never null. */
    Answer answer(Request request);
}
