package io.doorbell.tools.inspect;

/** A port in LISTEN. */
public record ListenerRow(long port, long accepted, long halfOpenOverflows, long acceptOverflows, long cookiesSent,
                          long cookiesAccepted, long cookiesRejected) {
}
