package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.netns.VethPair;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.xdp.XdpLink;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tools/bench template}. */
@Command(name = "template", mixinStandardHelpOptions = true,
        description = "From the last eight bytes of a message known to its descriptor published and ready for the"
                + " doorbell: a message template beside an ordinary send, for messages of 64, 256 and 1400 bytes, over"
                + " AF_XDP on veth; once as the system call and the polls since the last send have left the caches, and"
                + " once rehearsed: a send with WARM and a poll come right before. With --reference: a last part of 64 to 2700 bytes, copied and by reference.")
final class TemplateCommand extends Benchmark {
    private static final int[] MESSAGE_BYTES = {64, 256, 1400};

    @Option(names = "--reference", description = "Compare copying a template's last part with sending it from where it"
            + " lies, as a second descriptor: what the setting referenceBytes should be.")
    private boolean reference;

    @Override
    Report run() {
        return reference ? lastParts() : templates();
    }

    private Report lastParts() {
        VethPair pair = pair("xdp0").mtu(LastPartReport.MTU).create();
        PostedTimeLink link = new PostedTimeLink(made(open(pair.left(), XdpEnds.LEFT)));
        TcpStack sending = made(threads().onFirst(TcpStack.on(link).address(XdpEnds.LEFT + "/24")
                .tcp(TcpConfig.builder().referenceBytes(1).build())::build));
        TcpStack receiving = made(threads().onSecond(TcpStack.on(made(open(pair.right(), XdpEnds.RIGHT)))
                .address(XdpEnds.RIGHT + "/24").tcp(TcpConfig.builder().delayedAckNanos(0).build())::build));
        LastPartReport lengths = new LastPartReport((refers, bytes, index) -> made(
                new LastPartSends(refers, bytes, index, threads(), link, sending, receiving, XdpEnds.RIGHT)));
        String mode = link.statistics().mode;
        String disturbances = measure(lengths.contestants());
        return new Report(String.format("a template's last part, behind %d bytes, %s, medians of %d rounds of %s s;"
                + " each time includes one reading of the clock%n%n%s%n%s%n", LastPartSends.FIRST_BYTES, mode, rounds(),
                seconds(), lengths.table(), disturbances), lengths.figures());
    }

    private static XdpLink open(VethPair.End end, String address) {
        return end.namespace().call(() -> XdpLink.on(end.name()).address(address).frameSize(LastPartReport.FRAME_BYTES)
                .scatter(true).open());
    }

    private Report templates() {
        VethPair pair = pair("xdp0").create();
        PostedTimeLink link = new PostedTimeLink(made(XdpEnds.open(pair.left(), XdpEnds.LEFT)));
        TcpStack sending = made(threads().onFirst(TcpStack.on(link).address(XdpEnds.LEFT + "/24")::build));
        // Every message is acknowledged at once, so that the window never has a say.
        TcpStack receiving = made(threads().onSecond(TcpStack.on(made(XdpEnds.open(pair.right(), XdpEnds.RIGHT)))
                .address(XdpEnds.RIGHT + "/24").tcp(TcpConfig.builder().delayedAckNanos(0).build())::build));
        List<MessageSends> all = new ArrayList<>();
        for (int bytes : MESSAGE_BYTES) {
            for (boolean rehearsed : new boolean[] {false, true}) {
                all.add(made(new PlainSends(rehearsed, bytes, all.size(), threads(), link, sending, receiving,
                        XdpEnds.RIGHT)));
                all.add(made(new TemplateSends(rehearsed, bytes, all.size(), threads(), link, sending, receiving,
                        XdpEnds.RIGHT)));
            }
        }
        String mode = link.statistics().mode;
        String disturbances = measure(all);
        List<Figures> figures = new ArrayList<>();
        for (int i = 0; i < all.size(); i += 4) {
            figures.add(figures(all.get(i), all.get(i + 1), all.get(i + 2), all.get(i + 3)));
        }
        return new Report(String.format("last bytes known to descriptor published, %s, medians of %d rounds of %s s;"
                + " each time includes one reading of the clock%n%n%s%n%s%n", mode, rounds(), seconds(), table(all),
                disturbances), figures);
    }

    private static Figures figures(MessageSends plain, MessageSends template, MessageSends rehearsedPlain,
                                   MessageSends rehearsedTemplate) {
        return new Figures()
                .put("message_bytes", plain.messageBytes())
                .put("plain_to_descriptor_p50_ns", p50(plain))
                .put("template_to_descriptor_p50_ns", p50(template))
                .put("ratio", template.ratio(plain, PostedTimes::p50Nanos))
                .put("rehearsed_plain_to_descriptor_p50_ns", p50(rehearsedPlain))
                .put("rehearsed_template_to_descriptor_p50_ns", p50(rehearsedTemplate))
                .put("rehearsed_ratio", rehearsedTemplate.ratio(rehearsedPlain, PostedTimes::p50Nanos))
                .put("alloc_bytes_per_op", template.sum(PostedTimes::allocatedBytes) / template.sum(PostedTimes::count));
    }

    private static long p50(MessageSends sends) {
        return Math.round(sends.median(PostedTimes::p50Nanos));
    }

    private static Table table(List<MessageSends> all) {
        Table table = new Table("", "p50 ns", "p99 ns", "sends", "bytes allocated / op");
        for (MessageSends each : all) {
            table.row(each.name(), Table.number(0, each.median(PostedTimes::p50Nanos)),
                    Table.number(0, each.median(PostedTimes::p99Nanos)), Table.number(0, each.sum(PostedTimes::count)),
                    Table.number(3, each.sum(PostedTimes::allocatedBytes) / each.sum(PostedTimes::count)));
        }
        return table;
    }
}
