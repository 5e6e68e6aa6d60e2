package io.doorbell.tools.bench;

import com.sun.management.UnixOperatingSystemMXBean;
import io.doorbell.Batch;
import io.doorbell.BatchConfig;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
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
                + " for each message and client. Timed until everything was handed to the kernel. Over veth the clients'"
                + " TCP runs within Doorbell's system call and counts as its time; 'alone' is that call for as many frames"
                + " that nobody gets.")
final class FanOutCommand extends Benchmark {
    private static final String DOORBELL = "10.77.1.1";
    private static final String PEER = "10.77.1.2";
    private static final String SHARING = "10.77.3.1";
    private static final String SHARING_PEER = "10.77.3.2";
    private static final String KERNEL_LEFT = "10.77.2.1";
    private static final String KERNEL_RIGHT = "10.77.2.2";
    private static final int FIRST_PORT = 7000;
    private static final int FRAMES = 1 << 16;
    private static final int FRAMES_PER_CLIENT = 128;
    private static final int LONGEST = 8192;
    private static final int OTHER_DESCRIPTORS = 500;

    @Option(names = "--sizes", paramLabel = "MxC", split = ",", defaultValue = "10x10,100x100,1x1000,1x10000",
            converter = SizeConverter.class, description = "Messages x clients (default: ${DEFAULT-VALUE}).")
    private List<Size> sizes;

    @Option(names = "--payload", paramLabel = "BYTES", defaultValue = "200", converter = PayloadConverter.class,
            description = "Bytes of a message, at most " + LONGEST + " (default: ${DEFAULT-VALUE}).")
    private int payload;

    @Option(names = "--share-bytes", paramLabel = "BYTES", converter = PayloadConverter.class,
            description = "Beside them a Doorbell whose link takes frames in two pieces, and which does not copy messages of so"
                    + " many bytes or more for each client.")
    private Integer shareBytes;

    /** A stack on a link of its own, and its batch. */
    private record Server(String address, PostedTimeLink link, TcpStack stack, Batch batch) {
    }

    /** So many messages for each of so many clients. */
    record Size(int messages, int clients) {
    }

    @Override
    Report run() {
        int most = sizes.stream().mapToInt(Size::clients).max().orElseThrow();
        requireDescriptors(most, ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
                .getMaxFileDescriptorCount());
        Server copying = server("xdp0", DOORBELL, PEER, most, false);
        Server sharing = shareBytes == null ? null : server("xdp1", SHARING, SHARING_PEER, most, true);
        VethPair kernelPair = pair("kernel0").addresses(KERNEL_LEFT + "/24", KERNEL_RIGHT + "/24").create();
        Table table = new Table("messages x clients", "Doorbell us", "NIO us", "ratio", "doorbells", "NIO calls",
                "packets", "ns a packet", "ours", "alone");
        Table sharedTable = new Table("messages x clients", "copied us", "shared us", "ratio", "copied ours ns a packet",
                "shared ours ns a packet");
        VethPair nobody = pair("nobody0").create();
        XdpLink bare = made(nobody.left().namespace().call(() -> XdpLink.on(nobody.left().name()).transmitOnly()
                .frames(FRAMES / 4).open()));
        List<Figures> figures = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (Size size : sizes) {
            int port = FIRST_PORT + figures.size();
            try (FanOut doorbell = doorbell("Doorbell, one batch", copying, size, port); FanOut kernel = kernel(size);
                    FanOut shared = sharing == null ? null : doorbell("Doorbell, shared payloads", sharing, size, port);
                    BareDoorbell alone = new BareDoorbell(threads(), bare, doorbell)) {
                text.append(measure(shared == null ? List.of(doorbell, alone, kernel)
                        : List.of(doorbell, alone, shared, kernel))).append(System.lineSeparator());
                figures.add(report(size, doorbell, alone, kernel, table));
                if (shared != null) {
                    compare(size, doorbell, shared, figures.getLast(), sharedTable);
                }
            }
        }
        if (sharing != null && payload >= shareBytes && sharing.stack.counters().get(Counter.BATCH_SHARED) == 0) {
            throw new UserError(ExitCode.FAILED, "nothing was shared: give sizes of more than one client");
        }
        if (sharing != null) {
            text.insert(0, sharedTable + System.lineSeparator());
        }
        return new Report(String.format("messages of %d bytes, %s, medians of %d rounds of %s s%n%n%s%n%s%n", payload,
                copying.link.statistics().mode, rounds(), seconds(), table, text), figures);
    }

    private Server server(String pair, String address, String peer, int clients, boolean shares) {
        VethPair veth = pair(pair).addresses(null, peer + "/24").create();
        PostedTimeLink link = new PostedTimeLink(made(veth.left().namespace().call(() ->
                XdpLink.on(veth.left().name()).address(address).frames(FRAMES).scatter(shares).open())));
        TcpStack stack = made(TcpStack.on(link).address(address + "/24")
                .tcp(TcpConfig.builder().maxConnections(2 * clients + 100).build()).build());
        BatchConfig config = BatchConfig.defaults().withFramesPerClient(FRAMES_PER_CLIENT).withMessageBytes(LONGEST);
        return new Server(address, link, stack, stack.batch(shares ? config.withShareBytes(shareBytes) : config));
    }

    private FanOut doorbell(String name, Server server, Size size, int port) {
        return new DoorbellFanOut(name, threads(), server.stack, server.link, server.batch, clients(), size,
                server.address, port, payload);
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

    /** The same messages to as many clients, copied for each or shared by all. */
    private static void compare(Size size, FanOut copied, FanOut shared, Figures figures, Table table) {
        double copiedNanos = copied.median(FanOut.Result::p50Nanos);
        double copiedOwn = copiedNanos - copied.median(FanOut.Result::callP50Nanos);
        double nanos = shared.median(FanOut.Result::p50Nanos);
        double own = nanos - shared.median(FanOut.Result::callP50Nanos);
        double packets = shared.median(r -> (double) r.packets() / r.count());
        figures.put("shared_p50_ns", Math.round(nanos))
                .put("shared_build_p50_ns", Math.round(own))
                .put("shared_to_copied", nanos / copiedNanos)
                .put("shared_doorbells", shared.median(r -> (double) r.calls() / r.count()))
                .put("shared_packets", packets)
                .put("shared_alloc_bytes_per_op",
                        shared.sum(FanOut.Result::allocatedBytes) / shared.sum(FanOut.Result::count));
        table.row(size.messages() + " x " + size.clients(), Table.number(1, copiedNanos / 1000), Table.number(1, nanos / 1000),
                Table.number(2, nanos / copiedNanos), Table.number(0, copiedOwn / packets), Table.number(0, own / packets));
    }

    private Figures report(Size size, FanOut doorbell, BareDoorbell alone, FanOut kernel, Table table) {
        double nanos = doorbell.median(FanOut.Result::p50Nanos);
        double callNanos = doorbell.median(FanOut.Result::callP50Nanos);
        double bareNanos = alone.median(FanOut.Result::p50Nanos);
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
                .put("bare_doorbell_p50_ns", Math.round(bareNanos))
                .put("alloc_bytes_per_op", doorbell.sum(FanOut.Result::allocatedBytes) / doorbell.sum(FanOut.Result::count));
        double kernelNanos = kernel.median(FanOut.Result::p50Nanos);
        double calls = kernel.median(r -> (double) r.calls() / r.count());
        kernel.callsSeenOutside();
        figures.put("kernel_syscalls", calls).put("kernel_nio_p50_ns", Math.round(kernelNanos))
                .put("ratio", nanos / kernelNanos);
        table.row(size.messages() + " x " + size.clients(), Table.number(1, nanos / 1000), Table.number(1, kernelNanos / 1000),
                Table.number(2, nanos / kernelNanos), Table.number(2, doorbells), Table.number(1, calls),
                Table.number(1, packets), Table.number(0, nanos / packets),
                Table.number(0, (nanos - callNanos) / packets), Table.number(0, bareNanos / packets));
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
            if (!text.matches("[1-9][0-9]{0,3}") || Integer.parseInt(text) > LONGEST) {
                throw new TypeConversionException("'" + text + "' is not the length of a message: give 1 to " + LONGEST
                        + " bytes");
            }
            return Integer.valueOf(text);
        }
    }
}
