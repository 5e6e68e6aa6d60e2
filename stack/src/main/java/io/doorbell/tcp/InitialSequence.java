package io.doorbell.tcp;

/** Initial sequence numbers (RFC 6528), timestamp offsets (RFC 7323 section 5.4) and ephemeral ports (RFC 6056). */
final class InitialSequence {
    /** RFC 6056 section 3.2 and IANA: the dynamic ports. */
    private static final int FIRST_PORT = 49152;
    private static final int PORTS = 65536 - FIRST_PORT;

    private final KeyedHash sequenceHash;
    private final KeyedHash timestampHash;
    private final KeyedHash portHash;
    private int portCounter;

    /** @param secrets six random longs or more that nobody outside may guess */
    InitialSequence(long[] secrets) {
        sequenceHash = new KeyedHash(secrets[0], secrets[1]);
        timestampHash = new KeyedHash(secrets[2], secrets[3]);
        portHash = new KeyedHash(secrets[4], secrets[5]);
    }

    /** RFC 6528 section 3: ISN = M + F(addresses, ports, secret), where M counts every 4 microseconds. */
    int next(int localAddress, int remoteAddress, int ports, long nowNanos) {
        return (int) (nowNanos / 4_000) + (int) sequenceHash.hash(localAddress, remoteAddress, ports);
    }

    int timestampOffset(int localAddress, int remoteAddress, int ports) {
        return (int) timestampHash.hash(localAddress, remoteAddress, ports);
    }

    /** What this side's multi-segment option says in a SYN; never 0. */
    int nonce(int localAddress, int remoteAddress, int ports) {
        return (int) (timestampHash.hash(localAddress, remoteAddress, ports) >>> 32) | 1;
    }

    /**
     * RFC 6056 section 3.3.3, algorithm 3: a port that cannot be guessed for a destination, from a sequence of its own.
     *
     * @return a port that is free or whose TIME-WAIT may be cut short, 0 if this destination has used them all
     */
    int ephemeralPort(ConnectionTable table, TimeWaitTable waiting, TimeWait timeWait, int localAddress, int remoteAddress, int remotePort) {
        int offset = (int) portHash.hash(localAddress, remoteAddress, remotePort);
        for (int tried = 0; tried < PORTS; tried++) {
            int port = FIRST_PORT + Integer.remainderUnsigned(offset + portCounter++, PORTS);
            int ports = port << 16 | remotePort;
            int row = waiting.find(localAddress, remoteAddress, ports);
            boolean free = row == Tcb.NONE || timeWait.reusable(row);
            if (free && table.find(localAddress, remoteAddress, ports) == null) {
                return port;
            }
        }
        return 0;
    }
}
