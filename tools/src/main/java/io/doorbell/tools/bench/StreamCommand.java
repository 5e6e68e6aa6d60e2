package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.xdp.XdpLink;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code tools/bench stream}. */
@Command(name = "stream", mixinStandardHelpOptions = true,
        description = "Rate of one bulk connection over veth, MTU 1500, both ends tied to a processor each: Doorbell to"
                + " the kernel and back, beside kernel to kernel with and without segmentation offload. The length of"
                + " what one call sends matters to the kernel: it segments and delivers each in one go, whatever the"
                + " interface's offloads are, up to 64 KiB.")
final class StreamCommand extends Benchmark {
    private static final String DOORBELL = "10.77.1.1";
    private static final String PEER = "10.77.1.2";
    private static final String PLAIN_LEFT = "10.77.2.1";
    private static final String PLAIN_RIGHT = "10.77.2.2";
    private static final String OFFLOAD_LEFT = "10.77.3.1";
    private static final String OFFLOAD_RIGHT = "10.77.3.2";

    private final StreamPattern pattern = new StreamPattern();

    @Option(names = "--message", paramLabel = "BYTES", defaultValue = "16384", converter = MessageConverter.class,
            description = "What one call sends, at most " + StreamPattern.LONGEST_MESSAGE
                    + " (default: ${DEFAULT-VALUE}, as an HTTP server or a TLS record).")
    private int messageBytes;

    @Option(names = "--coalesce", paramLabel = "US", defaultValue = "100", converter = MicrosConverter.class,
            description = "Doorbell's interface collects what it receives for so many microseconds, as a network card does"
                    + " (napi_defer_hard_irqs, gro_flush_timeout); 0 for not at all: then each packet interrupts whoever sends"
                    + " it for the XDP program and a copy (default: ${DEFAULT-VALUE}).")
    private int coalesceMicros;

    @Override
    Report run() {
        VethPair xdpPair = withoutOffload(pair("xdp0").addresses(null, PEER + "/24").create());
        VethPair plainPair = withoutOffload(pair("plain0")
                .addresses(PLAIN_LEFT + "/24", PLAIN_RIGHT + "/24").create());
        VethPair offloadPair = pair("offload0").addresses(OFFLOAD_LEFT + "/24", OFFLOAD_RIGHT + "/24").create();
        if (coalesceMicros > 0) {
            xdpPair.left().coalesce(coalesceMicros * 1000L);
        }
        XdpLink link = made(XdpEnds.open(xdpPair.left(), DOORBELL));
        TcpStack stack = made(TcpStack.on(link).address(DOORBELL + "/24").build());
        DoorbellStream doorbell = new DoorbellStream(stack, DOORBELL, pattern, messageBytes, threads().failed());
        KernelStream peer = kernel(xdpPair.right().namespace(), PEER);
        Stream sending = stream("Doorbell to kernel", doorbell, peer);
        Stream receiving = stream("kernel to Doorbell", peer, doorbell);
        Stream plain = between("kernel to kernel, no offload", plainPair, PLAIN_LEFT, PLAIN_RIGHT);
        Stream offload = between("kernel to kernel, offload", offloadPair, OFFLOAD_LEFT, OFFLOAD_RIGHT);
        List<Stream> all = List.of(sending, receiving, plain, offload);
        String disturbances = measure(all);
        return new Report(String.format("one connection, MTU 1500, messages of %d bytes, %s%s,%nmedians of %d rounds of"
                + " %s s%n%n%s%n%s%n", messageBytes, link.statistics().mode,
                coalesceMicros == 0 ? "" : ", interrupts coalesced for " + coalesceMicros + " us", rounds(), seconds(), table(all, plain), disturbances),
                figures(sending, receiving, plain, offload));
    }

    /** What Doorbell does without, the kernel is denied, too: segmentation, merging and checksums by a device. */
    private static VethPair withoutOffload(VethPair pair) {
        for (VethPair.End end : List.of(pair.left(), pair.right())) {
            end.segmentationOffload(false);
            end.checksumOffload(false);
        }
        return pair;
    }

    private KernelStream kernel(Namespace namespace, String address) {
        return new KernelStream(namespace, address, pattern, messageBytes);
    }

    private Stream between(String name, VethPair pair, String left, String right) {
        return stream(name, kernel(pair.left().namespace(), left), kernel(pair.right().namespace(), right));
    }

    private Stream stream(String name, StreamSender sender, StreamReceiver receiver) {
        return made(new Stream(name, threads(), sender, receiver));
    }

    private Figures figures(Stream sending, Stream receiving, Stream plain, Stream offload) {
        double lower = Math.min(sending.medianGbps(), receiving.medianGbps());
        double allocated = sending.sum(r -> r.sent().allocatedBytes()) + receiving.sum(r -> r.received().allocatedBytes());
        double messages = sending.sum(r -> r.sent().messages()) + receiving.sum(r -> r.received().messages());
        return new Figures()
                .put("message_bytes", messageBytes)
                .put("coalesce_us", coalesceMicros)
                .put("doorbell_gbps", lower)
                .put("doorbell_send_gbps", sending.medianGbps())
                .put("doorbell_receive_gbps", receiving.medianGbps())
                .put("kernel_gbps", offload.medianGbps())
                .put("kernel_no_offload_gbps", plain.medianGbps())
                .put("ratio_no_offload", lower / plain.medianGbps())
                .put("ratio_send", sending.medianGbps() / plain.medianGbps())
                .put("ratio_receive", receiving.medianGbps() / plain.medianGbps())
                .put("alloc_bytes_per_message", allocated / messages);
    }

    /** A length of a message. */
    static final class MessageConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("[1-9][0-9]{0,5}") || Integer.parseInt(text) > StreamPattern.LONGEST_MESSAGE) {
                throw new TypeConversionException("'" + text + "' is not the length of a message: give 1 to "
                        + StreamPattern.LONGEST_MESSAGE + " bytes");
            }
            return Integer.valueOf(text);
        }
    }

    /** How long packets may wait for others. */
    static final class MicrosConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("0|[1-9][0-9]{0,3}")) {
                throw new TypeConversionException("'" + text + "' is not how long packets may wait: give 0 to 9999"
                        + " microseconds");
            }
            return Integer.valueOf(text);
        }
    }

    private static Table table(List<Stream> all, Stream reference) {
        Table table = new Table("", "Gbit/s", "lowest", "highest", "of kernel, no offload");
        for (Stream each : all) {
            table.row(each.name(), Table.number(2, each.medianGbps()), Table.number(2, each.lowestGbps()),
                    Table.number(2, each.highestGbps()), Table.number(2, each.medianGbps() / reference.medianGbps()));
        }
        return table;
    }
}
