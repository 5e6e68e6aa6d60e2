package io.doorbell.tools.demo;

/**
 * One direction of the demo.
 *
 * @param sentHex     SHA-256 of what the sender's generator gave
 * @param receivedHex SHA-256 of what came out at the other end
 * @param seconds     from the request to the last byte, as the client saw it
 */
record Transfer(String name, long bytes, String sentHex, String receivedHex, double seconds, StackFigures figures) {
    boolean agrees() {
        return sentHex.equals(receivedHex);
    }

    double megabitsPerSecond() {
        return bytes * 8 / seconds / 1e6;
    }
}
