package io.doorbell.tools.bench;

import io.doorbell.netns.VethPair;
import io.doorbell.xdp.XdpLink;

/** An AF_XDP link at either end of a pair. The addresses are the stacks' own; the kernel does not know them. */
record XdpEnds(XdpLink left, XdpLink right) {
    static final String LEFT = "10.77.1.1";
    static final String RIGHT = "10.77.1.2";

    /** A link on the only queue of an end. */
    static XdpLink open(VethPair.End end, String address) {
        return end.namespace().call(() -> XdpLink.on(end.name()).address(address).open());
    }
}
