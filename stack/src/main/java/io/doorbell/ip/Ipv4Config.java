package io.doorbell.ip;

/**
 * The stack's own address and its one route, and the bounds of reassembly. Immutable.
 *
 * @param address      big-endian
 * @param prefixLength bits of the network part, 1 to 32; what shares them is reached without a router
 * @param gateway      the router for everything else, 0 for none
 * @param reassemblyDatagrams datagrams that may wait for fragments at a time, each in 64 KiB that are taken when they
 *                     are first needed; 0 drops all fragments. 64 by default, 4 MiB as Linux's {@code ipfrag_high_thresh}
 * @param reassemblyDatagramsPerSource how many of them one source may have; 16 by default
 * @param reassemblyNanos how long the first fragment to come waits for the others (RFC 1122 section 3.3.2 says 60 to
 *                     120 s; 30 s as Linux's {@code ipfrag_time})
 */
public record Ipv4Config(int address, int prefixLength, int gateway, int reassemblyDatagrams,
                         int reassemblyDatagramsPerSource, long reassemblyNanos) {
    /** Refuses what could never work, with the fix in the message. */
    public Ipv4Config {
        if (prefixLength < 1 || prefixLength > 32) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " is not between 1 and 32: write 24 for"
                    + " a network of 254 hosts, as in 10.0.0.2/24");
        }
        int mask = -1 << (32 - prefixLength);
        String cidr = Ipv4Address.format(address) + "/" + prefixLength;
        if (address == Ipv4Address.BROADCAST || Ipv4Address.isMulticast(address) || Ipv4Address.isThisNetwork(address)
                || Ipv4Address.isLoopback(address)) {
            throw new IllegalArgumentException(cidr + " cannot be a host's address on a network: choose a unicast"
                    + " address, like 10.0.0.2/24");
        }
        if (prefixLength <= 30 && ((address & ~mask) == 0 || (address | mask) == -1)) {
            throw new IllegalArgumentException(cidr + " is the network's own or its broadcast address: choose "
                    + hosts(address, mask));
        }
        if (gateway != 0 && gateway == address) {
            throw new IllegalArgumentException("the gateway " + Ipv4Address.format(gateway)
                    + " is the stack's own address: give the router's address, or none");
        }
        // A host route (/32) has no neighbours but its gateway, which is then taken to be on the link.
        boolean inside = prefixLength == 32 || ((gateway ^ address) & mask) == 0;
        boolean noHost = prefixLength <= 30 && ((gateway & ~mask) == 0 || (gateway | mask) == -1)
                || gateway == Ipv4Address.BROADCAST || Ipv4Address.isMulticast(gateway)
                || Ipv4Address.isThisNetwork(gateway) || Ipv4Address.isLoopback(gateway);
        if (gateway != 0 && (!inside || noHost)) {
            throw new IllegalArgumentException("the gateway " + Ipv4Address.format(gateway) + " is "
                    + (inside ? "not a single host's address" : "not in the network of " + cidr) + ": choose "
                    + (prefixLength == 32 ? "the router's own address" : hosts(address, mask)));
        }
        if (reassemblyDatagrams < 0 || reassemblyDatagramsPerSource < 1 || reassemblyNanos < 1) {
            throw new IllegalArgumentException("reassembly of " + reassemblyDatagrams + " datagrams, "
                    + reassemblyDatagramsPerSource + " for each source, within " + reassemblyNanos
                    + " ns: give 0 or more datagrams, and 1 or more for the others");
        }
    }

    /** The same with other bounds of reassembly. */
    public Ipv4Config withReassembly(int datagrams, int perSource, long nanos) {
        return new Ipv4Config(address, prefixLength, gateway, datagrams, perSource, nanos);
    }

    private static String hosts(int address, int mask) {
        int edge = mask == -2 ? 0 : 1;
        return "one between " + Ipv4Address.format((address & mask) + edge) + " and "
                + Ipv4Address.format((address | ~mask) - edge);
    }

    /**
     * From text.
     *
     * @param cidr          like {@code 10.0.0.2/24}
     * @param gatewayOrNull like {@code 10.0.0.1}, or null
     */
    public static Ipv4Config of(String cidr, String gatewayOrNull) {
        int gateway = gatewayOrNull == null ? 0 : Ipv4Address.parse(gatewayOrNull);
        if (gatewayOrNull != null && gateway == 0) {
            throw new IllegalArgumentException("the gateway 0.0.0.0 is no address of a router: leave the gateway out");
        }
        int slash = cidr == null ? -1 : cidr.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("'" + cidr + "' is not in CIDR form: write "
                    + (cidr == null || cidr.isBlank() ? "10.0.0.2" : cidr) + "/24");
        }
        int prefixLength;
        try {
            prefixLength = Integer.parseInt(cidr, slash + 1, cidr.length(), 10);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + cidr + "' is not in CIDR form: write a number from 1 to 32 behind"
                    + " the slash, like 10.0.0.2/24", e);
        }
        return new Ipv4Config(Ipv4Address.parse(cidr.substring(0, slash)), prefixLength, gateway, 64, 16, 30_000_000_000L);
    }

    /** Whether the address shares our network part: it is a neighbour, not behind a router. */
    boolean isOnLink(int other) {
        return ((other ^ address) & mask()) == 0;
    }

    /**
     * Whether the address is a broadcast address here: the limited one, or this network's (RFC 1122 section 3.2.1.3
     * (c) and (d)). Networks of /31 and /32 have none (RFC 3021 section 2.1).
     */
    boolean isBroadcast(int other) {
        return other == Ipv4Address.BROADCAST || prefixLength <= 30 && isOnLink(other) && (other | mask()) == -1;
    }

    private int mask() {
        return -1 << (32 - prefixLength);
    }
}
