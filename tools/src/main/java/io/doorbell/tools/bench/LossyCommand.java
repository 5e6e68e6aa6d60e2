package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.link.Impairment;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.xdp.XdpLink;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code tools/bench lossy}. */
@Command(name = "lossy", mixinStandardHelpOptions = true,
        description = "Goodput of one bulk connection over a path that loses some of the frames, in both"
                + " directions, delays all by 1 ms and brings one in a hundred behind later ones: Doorbell to the kernel"
                + " and back, beside kernel to kernel over the same path with the same congestion control. A third"
                + " namespace between the two ends is the path.")
final class LossyCommand extends Benchmark {
    private static final int MESSAGE_BYTES = 1 << 16;
    private static final long DELAY_NANOS = 1_000_000;
    private static final double REORDERED = 0.01;
    private static final long LATER_NANOS = 300_000;
    /** Frames on their way in one direction: more than any window here. */
    private static final int PATH_FRAMES = 8192;

    private final StreamPattern pattern = new StreamPattern();
    private final List<Level> levels = new ArrayList<>();

    @Option(names = "--seed", paramLabel = "N", description = "Where the path's random numbers start (default: a fresh"
            + " one, which is printed).")
    private Long seed;

    @Option(names = "--loss", paramLabel = "PERCENT", split = ",", defaultValue = "0.1,1,5", converter = PercentConverter.class,
            description = "Lose this share of the frames, or these, one after the other (default: ${DEFAULT-VALUE}).")
    private List<Double> losses;

    /** One share of loss, and who is measured under it. */
    private record Level(String suffix, Stream send, Stream receive, Stream kernel) {
        double sendRatio() {
            return send.medianGbps() / kernel.medianGbps();
        }

        double receiveRatio() {
            return receive.medianGbps() / kernel.medianGbps();
        }
    }

    @Override
    Report run() {
        if (seed == null) {
            seed = System.nanoTime();
        }
        for (double percent : losses) {
            level(levels.size() + 1, percent);
        }
        List<Stream> all = levels.stream().flatMap(level ->
                List.of(level.send(), level.receive(), level.kernel()).stream()).toList();
        String disturbances = measure(all);
        return new Report(String.format("one connection, MTU 1500, CUBIC at both ends, 2 ms there and back, path of seed"
                + " %d,%nmedians of %d rounds of %s s%n%n%s%n%s%n", seed, rounds(), seconds(), table(), disturbances),
                figures());
    }

    private void level(int number, double lossPercent) {
        Namespace middle = made(Namespace.create());
        String net = "10.77." + (10 + number) + ".";
        String name = "lossy" + number;
        VethPair near = VethPair.between(left(), middle).names(name, "near").addresses(net + "1/24", null).create();
        VethPair far = VethPair.between(middle, right()).names("far", name).addresses(null, net + "2/24").create();
        for (VethPair.End end : List.of(near.left(), near.right(), far.left(), far.right())) {
            end.segmentationOffload(false);
            end.checksumOffload(false);
        }
        cubic(near.left(), net + "0/24", net + "1");
        cubic(far.right(), net + "0/24", net + "2");
        Impairment impairment = Impairment.builder().seed(seed + number).loss(lossPercent / 100).delayNanos(DELAY_NANOS)
                .reorder(REORDERED, LATER_NANOS).storage(PATH_FRAMES, 0).build();
        BadPath path = made(new BadPath(link(near.right(), net + "2"), link(far.left(), net + "1", net + "3"), impairment));
        XdpLink link = made(link(near.left(), net + "3"));
        TcpStack stack = made(TcpStack.on(link).address(net + "3/24").build());
        DoorbellStream doorbell = new DoorbellStream(stack, net + "3", pattern, MESSAGE_BYTES, threads().failed());
        KernelStream leftKernel = new KernelStream(left(), net + "1", pattern, MESSAGE_BYTES);
        KernelStream rightKernel = new KernelStream(right(), net + "2", pattern, MESSAGE_BYTES);
        String percent = String.format(Locale.ROOT, "%.1f %%, ", lossPercent);
        levels.add(new Level(suffix(lossPercent), stream(percent + "Doorbell to kernel", path, doorbell, rightKernel),
                stream(percent + "kernel to Doorbell", path, rightKernel, doorbell),
                stream(percent + "kernel to kernel", path, leftKernel, rightKernel)));
    }

    /** 01 for 0.1, 5 for 5.0. */
    private static String suffix(double percent) {
        return BigDecimal.valueOf(percent).stripTrailingZeros().toPlainString().replace(".", "");
    }

    private static XdpLink link(VethPair.End end, String... addresses) {
        return end.namespace().call(() -> {
            var builder = XdpLink.on(end.name());
            for (String address : addresses) {
                builder.address(address);
            }
            return builder.open();
        });
    }

    /** Doorbell's algorithm. A route may name it in any namespace, a sysctl only what the machine allows to all. */
    private static void cubic(VethPair.End end, String network, String address) {
        end.namespace().exec("ip", "route", "replace", network, "dev", end.name(), "src", address, "congctl", "cubic");
    }

    private Stream stream(String name, BadPath path, StreamSender sender, StreamReceiver receiver) {
        return made(new Stream(name, threads(), sender, receiver) {
            @Override
            Result round(long nanos) {
                path.start();
                try {
                    return super.round(nanos);
                } finally {
                    path.stop();
                }
            }
        });
    }

    private Figures figures() {
        Figures figures = new Figures();
        for (Level level : levels) {
            figures.put("goodput_ratio_" + level.suffix(), Math.min(level.sendRatio(), level.receiveRatio()));
        }
        for (Level level : levels) {
            figures.put("goodput_ratio_send_" + level.suffix(), level.sendRatio())
                    .put("goodput_ratio_receive_" + level.suffix(), level.receiveRatio())
                    .put("kernel_mbps_" + level.suffix(), 1000 * level.kernel().medianGbps());
        }
        return figures;
    }

    private Table table() {
        Table table = new Table("", "Mbit/s", "lowest", "highest", "of kernel to kernel");
        for (Level level : levels) {
            for (Stream each : List.of(level.send(), level.receive(), level.kernel())) {
                table.row(each.name(), Table.number(1, 1000 * each.medianGbps()),
                        Table.number(1, 1000 * each.lowestGbps()), Table.number(1, 1000 * each.highestGbps()),
                        Table.number(2, each.medianGbps() / level.kernel().medianGbps()));
            }
        }
        return table;
    }

    /** A share of frames. */
    static final class PercentConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            if (!text.matches("[0-9]{1,2}(\\.[0-9]{1,3})?")) {
                throw new TypeConversionException("'" + text + "' is not a share: give per cent, from 0 to 99.999");
            }
            return Double.valueOf(text);
        }
    }
}
