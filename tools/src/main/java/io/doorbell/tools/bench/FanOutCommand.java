package io.doorbell.tools.bench;

import com.sun.management.UnixOperatingSystemMXBean;
import io.doorbell.Batch;
import io.doorbell.BatchConfig;
import io.doorbell.TcpStack;
import io.doorbell.netns.VethPair;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.xdp.XdpLink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code tools/bench fanout}. */
@Command(name = "fanout", mixinStandardHelpOptions = true,
        description = "Messages to many clients on the kernel's TCP over veth: one batch of Doorbell beside one NIO write"
                + " for each message and client. Timed until everything was handed to the kernel.")
final class FanOutCommand extends Benchmark {
    private static final String DOORBELL = "10.77.1.1";
    private static final String PEER = "10.77.1.2";
    private static final String KERNEL_LEFT = "10.77.2.1";
    private static final String KERNEL_RIGHT = "10.77.2.2";
    private static final int FIRST_PORT = 7000;
    private static final int FRAMES = 1 << 16;
    private static final int FRAMES_PER_CLIENT = 128;
    private static final int OTHER_DESCRIPTORS = 500;

    @Option(names = "--sizes", paramLabel = "MxC", split = ",", defaultValue = "10x10,100x100,1x1000,1x10000",
            converter = SizeConverter.class, description = "Messages x clients (default: ${DEFAULT-VALUE}).")
    private List<Size> sizes;

    @Option(names = "--payload", paramLabel = "BYTES", defaultValue = "200", converter = PayloadConverter.class,
            description = "Bytes of a message, at most 1024 (default: ${DEFAULT-VALUE}).")
    private int payload;

    /** So many messages for each of so many clients. */
    record Size(int messages, int clients) {
    }

    @Override
    Report run() {
        int most = sizes.stream().mapToInt(Size::clients).max().orElseThrow();
        requireDescriptors(most, ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
                .getMaxFileDescriptorCount());
        VethPair xdpPair = pair("xdp0").addresses(null, PEER + "/24").create();
        VethPair kernelPair = pair("kernel0").addresses(KERNEL_LEFT + "/24", KERNEL_RIGHT + "/24").create();
        PostedTimeLink link = new PostedTimeLink(made(xdpPair.left().namespace().call(() ->
                XdpLink.on(xdpPair.left().name()).address(DOORBELL).frames(FRAMES).open())));
        TcpStack stack = made(TcpStack.on(link).address(DOORBELL + "/24")
                .tcp(TcpConfig.builder().maxConnections(2 * most + 100).build()).build());
        Batch batch = stack.batch(BatchConfig.defaults().withFramesPerClient(FRAMES_PER_CLIENT));
        Table table = new Table("messages x clients", "Doorbell us", "NIO us", "ratio", "doorbells", "NIO calls",
                "packets", "ns a packet", "ours");
        List<Figures> figures = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (Size size : sizes) {
            try (FanOut doorbell = new DoorbellFanOut(threads(), stack, link, batch, clients(), size, DOORBELL,
                    FIRST_PORT + figures.size(), payload); FanOut kernel = kernel(size)) {
                text.append(measure(List.of(doorbell, kernel))).append(System.lineSeparator());
                figures.add(report(size, doorbell, kernel, table));
            }
        }
        return new Report(String.format("messages of %d bytes, %s, medians of %d rounds of %s s%n%n%s%n%s%n", payload,
                link.statistics().mode, rounds(), seconds(), table, text), figures);
    }

    /** The clients of either contestant are in a process of their own; the kernel's server is in this one. */
    static void requireDescriptors(int clients, long limit) {
        long needed = clients + OTHER_DESCRIPTORS;
        if (needed > limit) {
            throw new UserError(ExitCode.ENVIRONMENT, clients + " clients need " + needed + " file descriptors, and a"
                    + " process may have " + limit + " here: run 'ulimit -n " + needed + "' before, as root or after"
                    + " raising the hard limit in /etc/security/limits.conf, or name smaller ones with --sizes");
        }
    }

    private FanOutClients clients() {
        return new FanOutClients(right(), threads().processors().second());
    }

    private FanOut kernel(Size size) {
        try {
            return new KernelFanOut(threads(), left(), clients(), size, KERNEL_LEFT, payload);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Figures report(Size size, FanOut doorbell, FanOut kernel, Table table) {
        double nanos = doorbell.median(FanOut.Result::p50Nanos);
        double callNanos = doorbell.median(FanOut.Result::callP50Nanos);
        double doorbells = doorbell.median(r -> (double) r.calls() / r.count());
        double packets = doorbell.median(r -> (double) r.packets() / r.count());
        Figures figures = new Figures()
                .put("messages", size.messages())
                .put("clients", size.clients())
                .put("payload", payload)
                .put("doorbells", doorbells)
                .put("doorbells_outside", doorbell.callsSeenOutside())
                .put("packets", packets)
                .put("stack_p50_ns", Math.round(nanos))
                .put("stack_build_p50_ns", Math.round(nanos - callNanos))
                .put("doorbell_p50_ns", Math.round(callNanos))
                .put("alloc_bytes_per_op", doorbell.sum(FanOut.Result::allocatedBytes) / doorbell.sum(FanOut.Result::count));
        double kernelNanos = kernel.median(FanOut.Result::p50Nanos);
        double calls = kernel.median(r -> (double) r.calls() / r.count());
        kernel.callsSeenOutside();
        figures.put("kernel_syscalls", calls).put("kernel_nio_p50_ns", Math.round(kernelNanos))
                .put("ratio", nanos / kernelNanos);
        table.row(size.messages() + " x " + size.clients(), Table.number(1, nanos / 1000), Table.number(1, kernelNanos / 1000),
                Table.number(2, nanos / kernelNanos), Table.number(2, doorbells), Table.number(1, calls),
                Table.number(1, packets), Table.number(0, nanos / packets),
                Table.number(0, (nanos - callNanos) / packets));
        return figures;
    }

    /** A number of messages and of clients. */
    static final class SizeConverter implements ITypeConverter<Size> {
        @Override
        public Size convert(String text) {
            if (!text.matches("[1-9][0-9]{0,2}x[1-9][0-9]{0,4}")) {
                throw new TypeConversionException("'" + text + "' is not messages x clients: write it like 10x100");
            }
            String[] numbers = text.split("x");
            return new Size(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
        }
    }

    /** A length of a message. */
    static final class PayloadConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("[1-9][0-9]{0,3}") || Integer.parseInt(text) > 1024) {
                throw new TypeConversionException("'" + text + "' is not the length of a message: give 1 to 1024 bytes");
            }
            return Integer.valueOf(text);
        }
    }
}
