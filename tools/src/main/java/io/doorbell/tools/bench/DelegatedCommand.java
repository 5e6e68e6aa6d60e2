package io.doorbell.tools.bench;

import com.sun.management.UnixOperatingSystemMXBean;
import io.doorbell.TcpStack;
import io.doorbell.netns.VethPair;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.xdp.XdpLink;
import io.doorbell.xdp.XdpLinkBuilder;
import java.lang.management.ManagementFactory;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code tools/bench delegated}. */
@Command(name = "delegated", mixinStandardHelpOptions = true,
        description = "An event reaches a strategy's thread, and an order of 256 bytes comes in at an exchange on the kernel's"
                + " TCP, over AF_XDP on veth: handed to the stack's thread through a queue, and sent by grant from the"
                + " strategy's own thread and AF_XDP queue. With a stack that only polls, and with one that serves other"
                + " connections at full rate. The strategy, the exchange and a tap at its interface share the first"
                + " processor, the stack has the second.")
final class DelegatedCommand extends Benchmark {
    private static final String STACK = "10.77.1.1";
    private static final String PEER = "10.77.1.2";
    /** Nobody's: a link must have one, and nothing is ever sent to this. */
    private static final int FRAMES = 1 << 14;

    @Option(names = "--connections", paramLabel = "N", defaultValue = "1000", converter = CountConverter.class,
            description = "How many other connections keep the stack busy (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(names = "--cold", description = "Nobody rehearses orders: by default the thread that sends them, the stack's or"
            + " the strategy's, sends WARM every 5 us while none is due.")
    private boolean cold;

    @Override
    Report run() {
        FanOutCommand.requireDescriptors(connections, ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
                .getMaxFileDescriptorCount());
        // With one queue the peer cannot but answer on the stack's, and the engine's carries what the engine sends.
        VethPair pair = pair("xdp0").queues(2, 1).addresses(null, PEER + "/24").create();
        XdpLink link = made(open(pair.left(), XdpLink.on(pair.left().name()).address(STACK).frames(FRAMES)));
        XdpLink own = made(open(pair.left(), XdpLink.on(pair.left().name()).queue(1).transmitOnly()));
        TcpStack stack = made(TcpStack.on(link).address(STACK + "/24")
                .tcp(TcpConfig.builder().maxConnections(connections + 100).build()).build());
        OrderExchange exchange = made(new OrderExchange(pair.right(), PEER));
        BusyClients clients = made(new BusyClients(connections));
        threads().play(() -> clients.connect(right(), STACK), () -> {
            clients.listen(stack);
            while (!clients.connected()) {
                stack.poll(System.nanoTime());
                if (threads().failed().raised()) {
                    return;
                }
            }
        }, 60_000_000_000L);
        List<Reactions> all = List.of(
                made(new HandedReactions("handed over, stack idle", threads(), stack, PEER, exchange, null, !cold)),
                made(new GrantedReactions("by grant, stack idle", threads(), stack, PEER, exchange, null, own, !cold)),
                made(new HandedReactions("handed over, stack busy", threads(), stack, PEER, exchange, clients, !cold)),
                made(new GrantedReactions("by grant, stack busy", threads(), stack, PEER, exchange, clients, own, !cold)));
        String mode = link.statistics().mode;
        String disturbances = measure(all);
        return new Report(String.format("event to order at the exchange's interface, %s, %s,%nmedians of %d rounds of %s s%n"
                + "processor %d: strategy, exchange (kernel's TCP) and tap, in turn; processor %d: stack, %d other"
                + " connections%n%n%s%n%s%n", mode,
                cold ? "no rehearsals" : "orders rehearsed while none is due", rounds(), seconds(), processors().first(),
                processors().second(), connections, table(all), disturbances), figures(all));
    }

    private static XdpLink open(VethPair.End end, XdpLinkBuilder link) {
        return end.namespace().call(link::open);
    }

    private static double p50(Reactions reactions) {
        return reactions.median(Reactions.Result::p50Nanos);
    }

    private static double p99(Reactions reactions) {
        return reactions.median(Reactions.Result::p99Nanos);
    }

    private Figures figures(List<Reactions> all) {
        Reactions handed = all.get(0);
        Reactions granted = all.get(1);
        Reactions handedBusy = all.get(2);
        Reactions grantedBusy = all.get(3);
        double orders = granted.sum(Reactions.Result::count) + grantedBusy.sum(Reactions.Result::count);
        return new Figures()
                .put("handed_p50_ns", Math.round(p50(handed)))
                .put("granted_p50_ns", Math.round(p50(granted)))
                .put("handed_p99_ns", Math.round(p99(handed)))
                .put("granted_p99_ns", Math.round(p99(granted)))
                .put("handed_busy_p50_ns", Math.round(p50(handedBusy)))
                .put("granted_busy_p50_ns", Math.round(p50(grantedBusy)))
                .put("handed_busy_p99_ns", Math.round(p99(handedBusy)))
                .put("granted_busy_p99_ns", Math.round(p99(grantedBusy)))
                .put("ratio_idle_p50", granted.ratio(handed, Reactions.Result::p50Nanos))
                .put("ratio_busy_p99", grantedBusy.ratio(handedBusy, Reactions.Result::p99Nanos))
                .put("busy_messages_per_s", Math.round(grantedBusy.median(Reactions.Result::messagesPerSecond)))
                .put("busy_poll_ns", Math.round(grantedBusy.median(Reactions.Result::pollNanos)))
                .put("rehearsed_every_ns", cold ? 0 : Reactions.REHEARSE_NANOS)
                .put("alloc_bytes_per_op", (granted.sum(Reactions.Result::allocatedBytes)
                        + grantedBusy.sum(Reactions.Result::allocatedBytes)) / orders);
    }

    private static Table table(List<Reactions> all) {
        Table table = new Table("", "p50 us", "p99 us", "orders", "of them waited", "bytes allocated / op", "a poll us",
                "others' messages / s");
        for (Reactions each : all) {
            table.row(each.name(), Table.number(2, p50(each) / 1000), Table.number(2, p99(each) / 1000),
                    Table.number(0, each.sum(Reactions.Result::count)), Table.number(0, each.sum(Reactions.Result::waited)),
                    Table.number(3, each.sum(Reactions.Result::allocatedBytes) / each.sum(Reactions.Result::count)),
                    Table.number(1, each.median(Reactions.Result::pollNanos) / 1000),
                    Table.number(0, each.median(Reactions.Result::messagesPerSecond)));
        }
        return table;
    }

    /** A number of connections. */
    static final class CountConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("[1-9][0-9]{0,3}")) {
                throw new TypeConversionException("'" + text + "' is not a number of connections: give 1 to 9999");
            }
            return Integer.valueOf(text);
        }
    }
}
