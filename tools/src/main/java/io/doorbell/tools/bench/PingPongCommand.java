package io.doorbell.tools.bench;

import io.doorbell.netns.VethPair;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code tools/bench pingpong}. */
@Command(name = "pingpong", mixinStandardHelpOptions = true,
        description = "Round trip time of 64-byte messages over veth, both ends tied to a processor each: Doorbell's TCP"
                + " over AF_XDP, bare AF_XDP frames, and the kernel's TCP through NIO, spinning and blocking.")
final class PingPongCommand extends Benchmark {
    private static final String KERNEL_LEFT = "10.77.2.1";
    private static final String KERNEL_RIGHT = "10.77.2.2";

    @Override
    Report run() {
        // Two pairs: a filter on an interface changes what the kernel does with it.
        VethPair xdpPair = pair("xdp0").create();
        VethPair kernelPair = pair("kernel0").addresses(KERNEL_LEFT + "/24", KERNEL_RIGHT + "/24").create();
        XdpEnds ends = new XdpEnds(made(XdpEnds.open(xdpPair.left(), XdpEnds.LEFT)),
                made(XdpEnds.open(xdpPair.right(), XdpEnds.RIGHT)));
        PingPong doorbell = made(new DoorbellPingPong("Doorbell TCP", threads(), ends));
        PingPong floor = made(new RawPingPong("bare AF_XDP frames", threads(), ends));
        PingPong spinning = made(new KernelPingPong("kernel TCP, NIO spinning", threads(), kernelPair, KERNEL_RIGHT, false));
        PingPong blocking = made(new KernelPingPong("kernel TCP, NIO blocking", threads(), kernelPair, KERNEL_RIGHT, true));
        String mode = ends.left().statistics().mode;
        List<PingPong> all = List.of(doorbell, floor, spinning, blocking);
        String disturbances = measure(all);
        Figures figures = figures(doorbell, floor, spinning, blocking);
        return new Report(String.format("%d bytes each way, %s, medians of %d rounds of %s s%n%n%s%n%s%n",
                PingPong.MESSAGE_BYTES, mode, rounds(), seconds(), table(all), disturbances), figures);
    }

    private static Figures figures(PingPong doorbell, PingPong floor, PingPong spinning, PingPong blocking) {
        double rtt = doorbell.median(RoundTrips::p50Nanos);
        return new Figures()
                .put("rtt_p50_ns", Math.round(rtt))
                .put("rtt_p99_ns", Math.round(doorbell.median(RoundTrips::p99Nanos)))
                .put("floor_p50_ns", Math.round(floor.median(RoundTrips::p50Nanos)))
                .put("kernel_spin_p50_ns", Math.round(spinning.median(RoundTrips::p50Nanos)))
                .put("kernel_blocking_p50_ns", Math.round(blocking.median(RoundTrips::p50Nanos)))
                .put("ratio_floor", doorbell.ratio(floor, RoundTrips::p50Nanos))
                .put("ratio_kernel_spin", doorbell.ratio(spinning, RoundTrips::p50Nanos))
                .put("alloc_bytes_per_op", doorbell.sum(RoundTrips::allocatedBytes) / doorbell.sum(RoundTrips::count));
    }

    private static Table table(List<PingPong> all) {
        PingPong first = all.getFirst();
        Table table = new Table("", "p50 us", "p99 us", "Doorbell / this", "round trips", "bytes allocated / op");
        for (PingPong each : all) {
            table.row(each.name(), Table.number(2, each.median(RoundTrips::p50Nanos) / 1000),
                    Table.number(2, each.median(RoundTrips::p99Nanos) / 1000),
                    Table.number(2, first.ratio(each, RoundTrips::p50Nanos)), Table.number(0, each.sum(RoundTrips::count)),
                    Table.number(3, each.sum(RoundTrips::allocatedBytes) / each.sum(RoundTrips::count)));
        }
        return table;
    }
}
