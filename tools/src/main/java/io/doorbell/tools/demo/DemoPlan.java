package io.doorbell.tools.demo;

/**
 * What the demo shall do.
 *
 * @param link  what carries the frames
 * @param bytes of the download, and of the upload
 * @param loss  probability with which a frame is lost, each way; 0 for an unharmed link
 * @param seed  of the payload and of the loss
 * @param keep  whether everything stays until the user has looked at it
 */
public record DemoPlan(LinkKind link, long bytes, double loss, long seed, boolean keep) {
}
