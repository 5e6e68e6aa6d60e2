package io.doorbell.tools.inspect;

import io.doorbell.ip.Ipv4Address;

/**
 * A connection that has no row of its own: a handshake that is not complete, or TIME-WAIT.
 *
 * @param state         in RFC 9293's words
 * @param deadlineNanos of the stack's clock: when it is answered again, or ends
 * @param sequence      what this side would send next
 * @param acknowledged  what it expects next
 * @param retries       how often it was answered again
 */
public record WaitingRow(String state, int localAddress, int localPort, int remoteAddress, int remotePort,
                         long deadlineNanos, long sequence, long acknowledged, long retries) {
    /** Address and port of this side. */
    public String local() {
        return Ipv4Address.format(localAddress) + ":" + localPort;
    }

    /** Address and port of the other side. */
    public String remote() {
        return Ipv4Address.format(remoteAddress) + ":" + remotePort;
    }
}
