package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.netns.VethPair;
import io.doorbell.tcp.TcpConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine.Command;

/** {@code tools/bench order}. */
@Command(name = "order", mixinStandardHelpOptions = true,
        description = "A market-data message of 64 bytes reaches an engine, and an order of 256 bytes comes back, of"
                + " which a price and a quantity, 8 bytes each, were not known before: the time that the exchange sees,"
                + " over veth, both ends tied to a processor each. The exchange is Doorbell over AF_XDP for all; the"
                + " engine is the kernel's TCP through NIO, spinning, or Doorbell with an ordinary send, a message"
                + " template, a partial message, or one with the multi-segment option. Beside them:"
                + " frames as long as these, over AF_XDP, without TCP at either end.")
final class OrderCommand extends Benchmark {
    private final List<PingPong> all = new ArrayList<>();

    @Override
    Report run() {
        Orders kernel = kernel();
        Orders plain = stack("plain send", OrderWays.Plain::new, false);
        Orders template = stack("template", OrderWays.Template::new, false);
        Orders partial = stack("partial message", OrderWays.Partial::new, false);
        Orders option = stack("partial, with the option", OrderWays.Partial::new, true);
        PingPong floor = floor();
        String disturbances = measure(all);
        Figures figures = new Figures();
        put(figures, "kernel", kernel);
        put(figures, "plain", plain);
        put(figures, "template", template);
        put(figures, "partial", partial);
        put(figures, "option", option);
        put(figures, "floor", floor);
        figures.put("ratio_template_kernel", template.ratio(kernel, RoundTrips::p50Nanos));
        figures.put("ratio_floor_kernel", floor.ratio(kernel, RoundTrips::p50Nanos));
        figures.put("ratio_template_floor", template.ratio(floor, RoundTrips::p50Nanos));
        figures.put("ratio_template_plain", template.ratio(plain, RoundTrips::p50Nanos));
        figures.put("alloc_bytes_per_op", allocated(template));
        return new Report(String.format("market data to order, as the exchange sees it, medians of %d rounds of %s s%n%n%s"
                + "%n%s%n", rounds(), seconds(), table(kernel), disturbances), figures);
    }

    /** Each engine has a pair of its own, so that none meets what another one left. */
    private String address(int end) {
        return "10.77." + (11 + all.size()) + "." + end;
    }

    private Orders kernel() {
        VethPair pair = pair("order" + all.size()).addresses(null, address(2) + "/24").create();
        Orders orders = made(new KernelOrders("kernel TCP, NIO spinning", threads(), stack(pair.left(), 1, false), address(1),
                pair.right().namespace()));
        all.add(orders);
        return orders;
    }

    private Orders stack(String name, Supplier<StackOrders.Way> way, boolean multiSegment) {
        VethPair pair = pair("order" + all.size()).create();
        Orders orders = made(new StackOrders(name, threads(), stack(pair.left(), 1, multiSegment), address(1),
                stack(pair.right(), 2, multiSegment), way));
        all.add(orders);
        return orders;
    }

    private RawPingPong floor() {
        VethPair pair = pair("order" + all.size()).create();
        XdpEnds ends = new XdpEnds(made(XdpEnds.open(pair.left(), XdpEnds.LEFT)),
                made(XdpEnds.open(pair.right(), XdpEnds.RIGHT)));
        RawPingPong frames = made(new RawPingPong("bare AF_XDP frames", threads(), ends, Orders.ORDER_BYTES,
                Orders.PREPARE_NANOS));
        all.add(frames);
        return frames;
    }

    private TcpStack.Builder stack(VethPair.End end, int number, boolean multiSegment) {
        String address = address(number);
        return TcpStack.on(made(XdpEnds.open(end, address))).address(address + "/24")
                .tcp(TcpConfig.builder().multiSegment(multiSegment).build());
    }

    private static double p50(PingPong orders) {
        return orders.median(RoundTrips::p50Nanos);
    }

    private static double allocated(PingPong orders) {
        return orders.sum(RoundTrips::allocatedBytes) / orders.sum(RoundTrips::count);
    }

    private static void put(Figures figures, String name, PingPong orders) {
        figures.put(name + "_p50_ns", Math.round(p50(orders)));
        figures.put(name + "_p99_ns", Math.round(orders.median(RoundTrips::p99Nanos)));
    }

    private Table table(PingPong kernel) {
        Table table = new Table("", "p50 us", "p99 us", "of kernel", "orders", "bytes allocated / op");
        for (PingPong each : all) {
            table.row(each.name(), Table.number(2, p50(each) / 1000),
                    Table.number(2, each.median(RoundTrips::p99Nanos) / 1000), Table.number(2, each.ratio(kernel, RoundTrips::p50Nanos)),
                    Table.number(0, each.sum(RoundTrips::count)), Table.number(3, allocated(each)));
        }
        return table;
    }
}
