package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.netns.VethPair;
import io.doorbell.run.PublishedFile;
import io.doorbell.tools.inspect.StackDirectory;
import io.doorbell.xdp.XdpLink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code tools/bench inspect}. */
@Command(name = "inspect", mixinStandardHelpOptions = true,
        description = {"What it costs a stack to be looked at, with and without in turn. pingpong: round trips over AF_XDP"
            + " of stacks that show themselves while stack-cli top refreshes, beside stacks that do not, on the same"
            + " links. ss: stack-cli ss over many connections, and what two stacks in one thread notice of it. capture: a"
            + " stream to the kernel with stack-cli capture and without.",
            "What looks runs on the second processor: with two there is no other. In pingpong and capture it takes that"
            + " from the far end, in ss from nobody."})
final class InspectionCommand extends Benchmark {
    private static final String STREAMING = "10.77.4.1";
    private static final String PEER = "10.77.4.2";
    private static final int MESSAGE_BYTES = 16_384;
    private static final int ROWS = 64;
    private static final int RING_BYTES = PublishedFile.DEFAULT_CAPTURE_BYTES;

    /** What can be measured. */
    enum Case { PINGPONG, SS, CAPTURE }

    @Option(names = "--cases", split = ",", paramLabel = "CASE", defaultValue = "pingpong,ss,capture",
            description = "Which of them (default: ${DEFAULT-VALUE}).")
    private List<Case> cases;

    @Option(names = "--connections", paramLabel = "N", defaultValue = "100000", converter = CountConverter.class,
            description = "For ss (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(names = "--top-interval", paramLabel = "S", defaultValue = "1",
            description = "How often top refreshes, in seconds (default: ${DEFAULT-VALUE}, as top's own).")
    private String topInterval;

    @Option(names = "--to", paramLabel = "FILE", defaultValue = "/dev/null",
            description = "Where capture writes (default: ${DEFAULT-VALUE}, to leave the disk out of it).")
    private String target;

    @Override
    Report run() {
        Path directory = directory();
        StringBuilder text = new StringBuilder();
        List<Figures> figures = new ArrayList<>();
        for (Case each : cases) {
            Report report = switch (each) {
                case PINGPONG -> pingPong(directory);
                case SS -> ss(directory);
                case CAPTURE -> capture(directory);
            };
            text.append(report.text()).append(System.lineSeparator());
            figures.addAll(report.figures());
        }
        return new Report(text.toString(), figures);
    }

    /** Where the stacks show themselves: a place of their own, removed in the end. */
    private Path directory() {
        try {
            Path directory = Files.createTempDirectory("doorbell-bench");
            made(() -> {
                try (Stream<Path> all = Files.walk(directory)) {
                    for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(each);
                    }
                }
            });
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private PublishedFile published(Path directory, int rows, int ringBytes) {
        try {
            return made(PublishedFile.open(directory, rows, ringBytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(PublishedFile file) {
        return StackDirectory.name(file.path());
    }

    private Report pingPong(Path directory) {
        VethPair pair = pair("xdp0").create();
        XdpEnds ends = new XdpEnds(made(XdpEnds.open(pair.left(), XdpEnds.LEFT)),
                made(XdpEnds.open(pair.right(), XdpEnds.RIGHT)));
        PublishedFile asked = published(directory, ROWS, RING_BYTES);
        PublishedFile answered = published(directory, ROWS, RING_BYTES);
        PingPong plain = made(new DoorbellPingPong("unseen", threads(), ends));
        PingPong shown = made(new DoorbellPingPong("rows, counters and top", threads(), ends, asked.block(),
                answered.block()));
        WatchedPingPong watched = made(new WatchedPingPong(shown, threads(), List.of("top", name(asked), "--dir",
                directory.toString(), "--interval", topInterval)));
        List<Contestant<RoundTrips>> all = List.of(plain, watched);
        String disturbances = measure(all);
        Table table = new Table("ping-pong of 64 bytes", "p50 us", "p99 us", "round trips");
        for (Contestant<RoundTrips> each : all) {
            table.row(each.name(), Table.number(2, each.median(RoundTrips::p50Nanos) / 1000),
                    Table.number(2, each.median(RoundTrips::p99Nanos) / 1000), Table.number(0, each.sum(RoundTrips::count)));
        }
        Figures figures = new Figures()
                .put("rtt_p50_ns", Math.round(plain.median(RoundTrips::p50Nanos)))
                .put("rtt_watched_p50_ns", Math.round(watched.median(RoundTrips::p50Nanos)))
                .put("ratio_p50", watched.ratio(plain, RoundTrips::p50Nanos))
                .put("ratio_p99", watched.ratio(plain, RoundTrips::p99Nanos))
                .put("top_refreshes", watched.refreshes());
        return report(table, disturbances, figures);
    }

    private Report ss(Path directory) {
        PublishedFile file = published(directory, connections, 0);
        ManyConnections all = made(new ManyConnections(connections, file.block()));
        threads().play(all::connect, () -> { }, 60_000_000_000L);
        ManyConnectionsRun quiet = made(new ManyConnectionsRun("nobody looks", all, connections, threads(), null, null));
        ManyConnectionsRun read = made(new ManyConnectionsRun("while ss reads", all, connections, threads(),
                List.of("ss", name(file), "--dir", directory.toString()), directory.resolve("ss.out")));
        String disturbances = measure(List.of(quiet, read));
        Table table = new Table(connections + " connections", "p50 us", "p99 us", "exchanges", "ss ms");
        for (ManyConnectionsRun each : List.of(quiet, read)) {
            table.row(each.name(), Table.number(2, each.median(ManyConnectionsRun.Result::p50Nanos) / 1000),
                    Table.number(2, each.median(ManyConnectionsRun.Result::p99Nanos) / 1000),
                    Table.number(0, each.sum(ManyConnectionsRun.Result::count)),
                    Table.number(0, each.median(ManyConnectionsRun.Result::ssNanos) / 1e6));
        }
        Figures figures = new Figures()
                .put("connections", connections)
                .put("ss_100k_ms", read.median(ManyConnectionsRun.Result::ssNanos) / 1e6)
                .put("p99_ns", Math.round(quiet.median(ManyConnectionsRun.Result::p99Nanos)))
                .put("p99_while_ss_ns", Math.round(read.median(ManyConnectionsRun.Result::p99Nanos)))
                .put("ratio_p99", read.ratio(quiet, ManyConnectionsRun.Result::p99Nanos));
        return report(table, disturbances, figures);
    }

    private Report capture(Path directory) {
        VethPair pair = pair("xdp1").addresses(null, PEER + "/24").create();
        for (VethPair.End end : List.of(pair.left(), pair.right())) {
            end.segmentationOffload(false);
            end.checksumOffload(false);
        }
        PublishedFile file = published(directory, ROWS, RING_BYTES);
        XdpLink link = made(XdpEnds.open(pair.left(), STREAMING));
        TcpStack stack = made(TcpStack.on(link).address(STREAMING + "/24").inspection(file.block()).build());
        StreamPattern pattern = new StreamPattern();
        DoorbellStream sender = new DoorbellStream(stack, STREAMING, pattern, MESSAGE_BYTES, threads().failed());
        KernelStream receiver = new KernelStream(pair.right().namespace(), PEER, pattern, MESSAGE_BYTES);
        CapturedStream without = made(new CapturedStream("without capture", threads(), sender, receiver, stack, null));
        CapturedStream with = made(new CapturedStream("with capture", threads(), sender, receiver, stack,
                List.of("capture", name(file), "--dir", directory.toString(), "-w", target)));
        String disturbances = measure(List.of(without, with));
        Table table = new Table("stream to the kernel", "Gbit/s", "frames", "captured", "lost");
        table.row(without.name(), Table.number(2, without.medianGbps()), "", "", "");
        table.row(with.name(), Table.number(2, with.medianGbps()), Long.toString(with.frames()),
                Long.toString(with.captured()), Long.toString(with.lost()));
        Figures figures = new Figures()
                .put("rate_without_gbps", without.medianGbps())
                .put("rate_with_capture_gbps", with.medianGbps())
                .put("ratio_capture", with.ratio(without, result -> result.received().gbps()))
                .put("frames", with.frames())
                .put("captured", with.captured())
                .put("lost", with.lost());
        return report(table, disturbances, figures);
    }

    private Report report(Table table, String disturbances, Figures figures) {
        return new Report(String.format("%s%s%n", table, disturbances), figures);
    }

    /** A number of connections. */
    static final class CountConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("[1-9][0-9]{0,5}")) {
                throw new TypeConversionException("'" + text + "' is not a number of connections: give 1 to 999999");
            }
            return Integer.valueOf(text);
        }
    }
}
