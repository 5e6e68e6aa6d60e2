package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.netns.VethPair;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tools/bench warm}. */
@Command(name = "warm", mixinStandardHelpOptions = true,
        description = "The first send after a while of other work that evicts caches: a message template of"
                + " 256 bytes over AF_XDP on veth, from its last eight bytes known to its descriptor published, with and"
                + " without rehearsals (WARM) during that work. A round has at least one send; give --seconds 10 or more"
                + " for figures.")
final class WarmCommand extends Benchmark {
    private static final long MILLI = 1_000_000;

    @Option(names = "--pauses", paramLabel = "MS", split = ",", defaultValue = "10,100,1000",
            description = "How long the other work goes on, in milliseconds (default: ${DEFAULT-VALUE}).")
    private int[] pauseMillis;

    @Option(names = "--every", paramLabel = "MICROSECONDS", defaultValue = "100",
            description = "Rehearse so long after the last rehearsal (default: ${DEFAULT-VALUE}).")
    private int everyMicros;

    @Override
    Report run() {
        if (everyMicros < 1) {
            throw new UserError(ExitCode.USAGE, "--every " + everyMicros + ": give 1 microsecond or more");
        }
        for (int pause : pauseMillis) {
            if (pause < 1 || pause > 10_000) {
                throw new UserError(ExitCode.USAGE, "--pauses " + pause + ": give 1 to 10000 milliseconds");
            }
        }
        VethPair pair = pair("xdp0").create();
        PostedTimeLink link = new PostedTimeLink(made(XdpEnds.open(pair.left(), XdpEnds.LEFT)));
        TcpStack sending = made(threads().onFirst(TcpStack.on(link).address(XdpEnds.LEFT + "/24")::build));
        TcpStack receiving = made(threads().onSecond(TcpStack.on(made(XdpEnds.open(pair.right(), XdpEnds.RIGHT)))
                .address(XdpEnds.RIGHT + "/24").tcp(TcpConfig.builder().delayedAckNanos(0).build())::build));
        OtherWork work = new OtherWork();
        List<FirstSends> all = new ArrayList<>();
        for (int pause : pauseMillis) {
            for (long every : new long[] {0, everyMicros * 1000L}) {
                all.add(made(new FirstSends((every == 0 ? "cold, after " : "warmed, after ") + pause + " ms",
                        all.size(), threads(), link, sending, receiving, XdpEnds.RIGHT, work, pause * MILLI, every)));
            }
        }
        String mode = link.statistics().mode;
        String disturbances = measure(all);
        for (int i = 1; i < all.size(); i += 2) {
            if (all.get(i).rehearsals() == 0) {
                throw new UserError(ExitCode.FAILED, all.get(i).name() + ": no rehearsal was possible");
            }
        }
        List<Figures> figures = new ArrayList<>();
        for (int i = 0; i < all.size(); i += 2) {
            figures.add(figures(pauseMillis[i / 2], times(all.get(i)), times(all.get(i + 1))));
        }
        return new Report(String.format("first send after other work, last bytes known to descriptor published, %s, all of"
                + " %d rounds of %s s, rehearsals every %d us%n%n%s%n%s%n", mode, rounds(), seconds(), everyMicros,
                table(all), disturbances), figures);
    }

    private static Figures figures(int pause, Histogram cold, Histogram warmed) {
        return new Figures()
                .put("pause_ms", pause)
                .put("cold_p50_ns", cold.getValueAtPercentile(50))
                .put("warmed_p50_ns", warmed.getValueAtPercentile(50))
                .put("cold_p99_ns", cold.getValueAtPercentile(99))
                .put("warmed_p99_ns", warmed.getValueAtPercentile(99))
                .put("ratio_p50", (double) warmed.getValueAtPercentile(50) / cold.getValueAtPercentile(50));
    }

    /** Of all rounds together: a long pause leaves few sends in each. */
    private static Histogram times(FirstSends sends) {
        Histogram sum = sends.results().getFirst().times().copy();
        sends.results().stream().skip(1).forEach(round -> sum.add(round.times()));
        return sum;
    }

    private static Table table(List<FirstSends> all) {
        Table table = new Table("", "p50 ns", "p99 ns", "sends");
        for (FirstSends each : all) {
            Histogram times = times(each);
            table.row(each.name(), Table.number(0, times.getValueAtPercentile(50)),
                    Table.number(0, times.getValueAtPercentile(99)), Table.number(0, times.getTotalCount()));
        }
        return table;
    }
}
