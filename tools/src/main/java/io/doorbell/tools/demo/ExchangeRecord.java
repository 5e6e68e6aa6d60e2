package io.doorbell.tools.demo;

/** What a connection knew when its exchange ended. */
record ExchangeRecord(int status, long rttNanos, long retransmissions) {
}
