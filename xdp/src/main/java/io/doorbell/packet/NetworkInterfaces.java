package io.doorbell.packet;

import io.doorbell.xdp.ffi.Ethtool;
import io.doorbell.xdp.ffi.Rtnetlink;
import java.net.Inet4Address;
import java.util.Optional;
import java.util.stream.Collectors;

/** Looks interfaces and addresses up, in the calling thread's network namespace, and refuses what cannot work. */
final class NetworkInterfaces {
    private NetworkInterfaces() {
    }

    static Optional<Rtnetlink.Interface> find(String name) {
        return Rtnetlink.interfaces().stream().filter(i -> i.name().equals(name)).findFirst();
    }

    /** The interface of that name, which must be an Ethernet interface that is up. */
    static Rtnetlink.Interface require(String name) {
        Rtnetlink.Interface found = find(name).orElseThrow(() -> new IllegalArgumentException("no interface " + name
                + " in this network namespace, only " + Rtnetlink.interfaces().stream()
                .map(Rtnetlink.Interface::name).collect(Collectors.joining(", "))
                + ": check the name, or enter the namespace first (ip netns exec NAME ...)"));
        if ((found.flags() & Rtnetlink.IFF_LOOPBACK) != 0 || found.mac() == 0) {
            throw new IllegalArgumentException(name + " is not an Ethernet interface: choose one that has a MAC address");
        }
        if ((found.flags() & Rtnetlink.IFF_UP) == 0) {
            throw new IllegalStateException("interface " + name + " is down: ip link set dev " + name + " up");
        }
        return found;
    }

    /**
     * Whether a peer on this interface may leave checksums to hardware that does not exist: behind a virtual device
     * the sender is another kernel, and its frames never meet a wire.
     */
    static boolean isVirtual(Rtnetlink.Interface of) {
        return !of.kind().isEmpty() || Ethtool.driver(of.name()).startsWith("virtio");
    }

    /** Refuses addresses that the kernel itself answers for. */
    static void requireFree(int[] addresses) {
        for (Rtnetlink.Address own : Rtnetlink.addresses()) {
            for (int address : addresses) {
                if (own.address() == address) {
                    String device = Rtnetlink.interfaces().stream().filter(f -> f.index() == own.interfaceIndex())
                            .map(Rtnetlink.Interface::name).findFirst().orElse("an interface");
                    throw new IllegalArgumentException("address " + text(address) + " is the kernel's own on " + device
                            + ", and both would answer: take an address of the same network that nobody has, or"
                            + " remove it (ip address del " + text(address) + "/... dev " + device + ")");
                }
            }
        }
    }

    /** A host's IPv4 address in dotted decimal form, as an int. */
    static int parse(String text) {
        Inet4Address address;
        try {
            address = Inet4Address.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            address = null;
        }
        // The JDK reads 10.1 as 10.0.0.1; whoever writes that here has made a mistake.
        if (address == null || !address.getHostAddress().equals(text)) {
            throw new IllegalArgumentException("'" + text + "' is not an IPv4 address: write it like 10.0.0.2,"
                    + " without a prefix length");
        }
        if (address.isMulticastAddress() || address.isLoopbackAddress() || text.startsWith("0.")
                || text.equals("255.255.255.255")) {
            throw new IllegalArgumentException(text + " cannot be a host's address on a network: take a unicast one");
        }
        byte[] b = address.getAddress();
        return b[0] << 24 | (b[1] & 0xff) << 16 | (b[2] & 0xff) << 8 | b[3] & 0xff;
    }

    private static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 255) + "." + (address >>> 8 & 255) + "." + (address & 255);
    }
}
