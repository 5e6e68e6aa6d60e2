package io.doorbell.tools.http;

import io.doorbell.Connection;

/** Hears of every exchange of a server when its last byte was handed to the stack. On the stack's thread. */
public interface ExchangeLog {
    /**
     * @param request  null if it could not be parsed
     * @param received bytes of the request's body
     * @param sent     bytes of the response's body
     */
    void exchange(Connection connection, Request request, int status, long received, long sent);
}
