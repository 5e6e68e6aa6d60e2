package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.ip.Ipv4Address;
import io.doorbell.netns.VethPair;
import io.doorbell.packet.PacketLink;
import io.doorbell.xdp.XdpLink;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code tools/bench flood}. */
@Command(name = "flood", mixinStandardHelpOptions = true,
        description = "Rate of one bulk connection from the kernel to Doorbell over veth, in peace and while somebody"
                + " floods Doorbell from the kernel's namespace: with SYNs, ACKs and RSTs of strangers, and with tiny"
                + " segments out of order on 64 connections of his own. Each round opens a connection under the flood and"
                + " checks every byte. The flooder shares the sender's processor, which alone costs rate; therefore each"
                + " flood is also sent past Doorbell, to an address that its filter leaves to the kernel. That takes the"
                + " same work of the flooder and, since the kernel drops it later than AF_XDP takes a frame, somewhat more"
                + " of that processor.")
final class FloodCommand extends Benchmark {
    private static final String DOORBELL = "10.77.1.1";
    private static final String PEER = "10.77.1.2";
    private static final String PAST = "10.77.1.99";
    /** Beyond the gateway, so that only the flooder has to answer for it. */
    private static final String BOTS = "10.99.0.1";
    private static final int FLOODED_PORT = 10;
    private static final int MESSAGE_BYTES = 16_384;

    private final StreamPattern pattern = new StreamPattern();

    @Option(names = "--pps", paramLabel = "N", defaultValue = "100000", converter = RateConverter.class,
            description = "Segments of the flood in each second (default: ${DEFAULT-VALUE}).")
    private int perSecond;

    /** One flood: at Doorbell and past it. */
    private record Case(Flooder.Kind kind, Flooded at, Flooded past) {
        String name() {
            return kind.name().toLowerCase(Locale.ROOT);
        }
    }

    /** Takes whatever comes. */
    private static final class Bots implements ConnectionHandler {
        @Override
        public int data(Connection connection, MemorySegment memory, long offset, int length) {
            return length;
        }
    }

    @Override
    Report run() {
        VethPair veth = pair("xdp0").addresses(null, PEER + "/24").create();
        for (VethPair.End end : List.of(veth.left(), veth.right())) {
            end.segmentationOffload(false);
            end.checksumOffload(false);
        }
        XdpLink link = made(XdpEnds.open(veth.left(), DOORBELL));
        TcpStack stack = made(TcpStack.on(link).address(DOORBELL + "/24").gateway(PEER).build());
        stack.listen(FLOODED_PORT, accepted -> new Bots());
        PacketLink raw = made(veth.right().namespace().call(() ->
                PacketLink.on(veth.right().name()).address(BOTS).largestFrame(2048).open()));
        Flooder flooder = made(new Flooder(raw, link.mac(), BOTS, FLOODED_PORT, processors().first(), perSecond));
        DoorbellStream doorbell = new DoorbellStream(stack, DOORBELL, pattern, MESSAGE_BYTES, threads().failed());
        KernelStream peer = new KernelStream(veth.right().namespace(), PEER, pattern, MESSAGE_BYTES);
        Stream quiet = made(new Stream("in peace", threads(), peer, doorbell));
        List<Stream> all = new ArrayList<>(List.of(quiet));
        List<Case> cases = new ArrayList<>();
        for (Flooder.Kind kind : Flooder.Kind.values()) {
            Case each = new Case(kind, flooded(flooder, kind, DOORBELL, peer, doorbell),
                    flooded(flooder, kind, PAST, peer, doorbell));
            cases.add(each);
            all.add(each.at());
            all.add(each.past());
        }
        String disturbances = measure(all);
        return new Report(String.format("one connection from the kernel, MTU 1500, %s, floods of %d segments in a second,%n"
                + "medians of %d rounds of %s s%n%n%s%n%s%n", link.statistics().mode, perSecond, rounds(), seconds(),
                table(quiet, cases), disturbances), figures(quiet, cases));
    }

    private Flooded flooded(Flooder flooder, Flooder.Kind kind, String target, StreamSender sender,
                            StreamReceiver receiver) {
        String where = target.equals(DOORBELL) ? " at Doorbell" : " past it";
        return made(new Flooded(kind.name().toLowerCase(Locale.ROOT) + where, threads(), sender, receiver, flooder, kind,
                Ipv4Address.parse(target)));
    }

    private static List<Figures> figures(Stream quiet, List<Case> cases) {
        return cases.stream().map(each -> new Figures()
                .put("flood_kind", each.name())
                .put("flood_pps", each.at().medianPerSecond())
                .put("rate_quiet_gbps", quiet.medianGbps())
                .put("rate_flood_gbps", each.at().medianGbps())
                .put("ratio", each.at().medianGbps() / quiet.medianGbps())
                .put("past_pps", each.past().medianPerSecond())
                .put("rate_past_gbps", each.past().medianGbps())
                .put("ratio_past", each.at().medianGbps() / each.past().medianGbps())).toList();
    }

    private static Table table(Stream quiet, List<Case> cases) {
        Table table = new Table("", "segments/s", "Gbit/s", "lowest", "highest", "of peace");
        row(table, quiet, "", quiet);
        for (Case each : cases) {
            for (Flooded flood : List.of(each.at(), each.past())) {
                row(table, flood, Table.number(0, flood.medianPerSecond()), quiet);
            }
        }
        return table;
    }

    private static void row(Table table, Stream stream, String perSecond, Stream quiet) {
        table.row(stream.name(), perSecond, Table.number(2, stream.medianGbps()), Table.number(2, stream.lowestGbps()),
                Table.number(2, stream.highestGbps()), Table.number(2, stream.medianGbps() / quiet.medianGbps()));
    }

    /** A rate. */
    static final class RateConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("[1-9][0-9]{0,6}")) {
                throw new TypeConversionException("'" + text + "' is not a rate: give 1 to 9999999 segments in a second");
            }
            return Integer.valueOf(text);
        }
    }
}
