package io.doorbell.tools.cli;

import io.doorbell.TcpStack;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.link.Link;
import io.doorbell.packet.PacketLink;
import io.doorbell.packet.TapLink;
import io.doorbell.tools.demo.LinkKind;
import io.doorbell.xdp.XdpLink;
import picocli.CommandLine.Option;

/** The options that say where a stack lives, and what they make. */
final class LinkOptions {
    @Option(names = {"-i", "--interface"}, paramLabel = "NAME", required = true,
            description = "The interface to share with the kernel; a TAP of this name is made if there is none.")
    private String interfaceName;

    @Option(names = {"-a", "--address"}, paramLabel = "CIDR", required = true,
            description = "Doorbell's own address, which nobody else may have: 10.0.0.2/24.")
    private String address;

    @Option(names = "--gateway", paramLabel = "IP", description = "The router for everything beyond that network.")
    private String gateway;

    @Option(names = "--link", paramLabel = "KIND", defaultValue = "xdp",
            description = "What carries the frames: xdp, packet or tap. Default: ${DEFAULT-VALUE}.")
    private LinkKind link;

    @Option(names = "--queue", paramLabel = "N", defaultValue = "0",
            description = "The interface's queue that AF_XDP takes frames from. Default: ${DEFAULT-VALUE}.")
    private int queue;

    @Option(names = "--ring-size", paramLabel = "N", defaultValue = "2048",
            description = "Entries of each AF_XDP ring, a power of two. Default: ${DEFAULT-VALUE}.")
    private int ringSize;

    @Option(names = "--frames", paramLabel = "N", defaultValue = "8192",
            description = "AF_XDP frames in all. Default: ${DEFAULT-VALUE}.")
    private int frames;

    @Option(names = "--frame-size", paramLabel = "BYTES", defaultValue = "2048",
            description = "Bytes of an AF_XDP frame: 2048, or 4096 for interfaces with a larger MTU. Default: ${DEFAULT-VALUE}.")
    private int frameSize;

    /** Refuses what can be known to be wrong before anything is opened; the links look at the interface themselves. */
    void check() {
        Addresses.parseCidr("--address", address);
        if (gateway != null) {
            Addresses.parse("--gateway", gateway);
        }
        if (queue < 0) {
            throw UserError.usage("--queue " + queue + " cannot be: queues count from 0");
        }
        checkPrivileges();
    }

    private void checkPrivileges() {
        String missing = switch (link) {
            case xdp -> Privileges.missingForXdp();
            case packet -> Privileges.missingForPacket();
            case tap -> Privileges.missingForTap();
            case pipe -> throw UserError.usage("--link pipe has no other end outside of this process: use xdp, packet or tap");
        };
        if (missing != null) {
            throw UserError.environment("no privileges for --link " + link + " (" + missing + "): run it with sudo");
        }
    }

    /** Opens the link; the caller closes it. */
    Link open() {
        return switch (link) {
            case xdp -> XdpLink.on(interfaceName).queue(queue).ringSize(ringSize).frames(frames).frameSize(frameSize)
                    .address(host()).open();
            case packet -> PacketLink.on(interfaceName).address(host()).open();
            default -> TapLink.on(interfaceName).address(host()).open();
        };
    }

    /** A stack on an open link. */
    TcpStack stack(Link open) {
        return stack(open, null);
    }

    /** A stack on an open link that shows itself in {@code inspection}, or nowhere if it is null. */
    TcpStack stack(Link open, InspectionBlock inspection) {
        TcpStack.Builder builder = TcpStack.on(open).address(address).inspection(inspection);
        return gateway == null ? builder.build() : builder.gateway(gateway).build();
    }

    String host() {
        return address.substring(0, address.indexOf('/'));
    }

    String interfaceName() {
        return interfaceName;
    }
}
