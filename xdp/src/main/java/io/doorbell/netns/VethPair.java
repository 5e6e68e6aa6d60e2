package io.doorbell.netns;

import java.util.ArrayList;
import java.util.List;

/**
 * Two virtual Ethernet interfaces, joined like the ends of a cable (veth(4)), each in a namespace of its own. Both
 * vanish with {@link #close}, or with either namespace.
 */
public final class VethPair implements AutoCloseable {
    private final End left;
    private final End right;
    private boolean closed;

    private VethPair(End left, End right) {
        this.left = left;
        this.right = right;
    }

    /** Starts the description of a pair; {@link Builder#create} makes it. */
    public static Builder between(Namespace left, Namespace right) {
        return new Builder(left, right);
    }

    public End left() {
        return left;
    }

    public End right() {
        return right;
    }

    /** Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            left.remove();
        }
    }

    /** How the pair shall be; the defaults are {@code veth0} at both ends, MTU 1500, one queue, no address. */
    public static final class Builder {
        private final Namespace leftNamespace;
        private final Namespace rightNamespace;
        private String leftName = "veth0";
        private String rightName = "veth0";
        private int mtu = 1500;
        private int leftQueues = 1;
        private int rightQueues = 1;
        private String leftAddress;
        private String rightAddress;
        private String leftMac;
        private String rightMac;

        private Builder(Namespace leftNamespace, Namespace rightNamespace) {
            this.leftNamespace = leftNamespace;
            this.rightNamespace = rightNamespace;
        }

        /** Interface names; they must differ if both ends are in the same namespace. */
        public Builder names(String left, String right) {
            leftName = left;
            rightName = right;
            return this;
        }

        /** Addresses that the kernel owns, in CIDR form; null for an end that shall have none. */
        public Builder addresses(String left, String right) {
            leftAddress = left;
            rightAddress = right;
            return this;
        }

        /** Ethernet addresses, {@code 02:00:00:00:00:01}; null leaves the choice to the kernel. */
        public Builder macs(String left, String right) {
            leftMac = left;
            rightMac = right;
            return this;
        }

        /** Bytes in the largest IP packet. */
        public Builder mtu(int mtu) {
            this.mtu = mtu;
            return this;
        }

        /** Receive and transmit queues at each end. */
        public Builder queues(int queues) {
            return queues(queues, queues);
        }

        /**
         * Receive and transmit queues at either end. What an end with fewer queues sends stays on the first queues of the
         * other one: with {@code queues(2, 1)} all that the left end receives comes on its queue 0.
         */
        public Builder queues(int left, int right) {
            leftQueues = left;
            rightQueues = right;
            return this;
        }

        /** Makes the pair and sets both ends up. */
        public VethPair create() {
            String left = Integer.toString(leftQueues);
            String right = Integer.toString(rightQueues);
            Commands.run("ip", "link", "add", leftName, "netns", leftNamespace.name(),
                    "numtxqueues", left, "numrxqueues", left, "type", "veth",
                    "peer", "name", rightName, "netns", rightNamespace.name(),
                    "numtxqueues", right, "numrxqueues", right);
            VethPair pair = new VethPair(new End(leftNamespace, leftName), new End(rightNamespace, rightName));
            try {
                pair.left.prepare(mtu, leftMac, leftAddress);
                pair.right.prepare(mtu, rightMac, rightAddress);
                return pair;
            } catch (RuntimeException e) {
                pair.close();
                throw e;
            }
        }
    }

    /** One end: an interface in a namespace. */
    public record End(Namespace namespace, String name) {
        /** Gives the kernel an address there, {@code 10.0.0.1/24}. */
        public void address(String cidr) {
            Commands.run("ip", "-n", namespace.name(), "address", "add", cidr, "dev", name);
        }

        /** Bytes in the largest IP packet. */
        public void mtu(int mtu) {
            set("mtu", Integer.toString(mtu));
        }

        public void mac(String mac) {
            set("address", mac);
        }

        public void up() {
            set("up");
        }

        public void down() {
            set("down");
        }

        /**
         * Lets the kernel at this end leave transport checksums unfinished, or makes it write them. With {@code false}
         * segmentation offload goes, too, since it needs them.
         */
        public void checksumOffload(boolean on) {
            ethtool("tx", on);
        }

        /** Lets the kernel pass on packets larger than the MTU (TSO, GSO, GRO), or not. */
        public void segmentationOffload(boolean on) {
            ethtool("tso", on);
            ethtool("gso", on);
            ethtool("gro", on);
        }

        /** Switches one feature by the name that {@code ethtool -K} has for it. */
        public void ethtool(String feature, boolean on) {
            Commands.run("ip", "netns", "exec", namespace.name(), "ethtool", "-K", name, feature, on ? "on" : "off");
        }

        /**
         * Coalesces receive interrupts as a network card does (kernel: "Software IRQ coalescing" in
         * Documentation/networking/napi.rst): what comes in waits for others, for so long at most. Only where an XDP program
         * is attached, or GRO is on, has a veth interrupts at all.
         */
        public void coalesce(long nanos) {
            // "ip netns exec" mounts the namespace's own /sys.
            namespace.exec("sh", "-c", "echo 2 > /sys/class/net/" + name + "/napi_defer_hard_irqs; echo " + nanos
                    + " > /sys/class/net/" + name + "/gro_flush_timeout");
        }

        private void prepare(int mtu, String mac, String cidr) {
            silenceIpv6();
            mtu(mtu);
            if (mac != null) {
                mac(mac);
            }
            if (cidr != null) {
                address(cidr);
            }
            up();
        }

        /** Otherwise the kernel sends neighbour and router messages of its own over the pair. */
        private void silenceIpv6() {
            try {
                set("addrgenmode", "none");
            } catch (IllegalStateException kernelWithoutIpv6) {
                // Then it is silent by itself.
            }
        }

        private void set(String... words) {
            List<String> command = new ArrayList<>(List.of("ip", "-n", namespace.name(), "link", "set", "dev", name));
            command.addAll(List.of(words));
            Commands.run(command);
        }

        private void remove() {
            Commands.run("ip", "-n", namespace.name(), "link", "delete", "dev", name);
        }
    }
}
