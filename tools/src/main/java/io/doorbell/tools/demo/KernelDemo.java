package io.doorbell.tools.demo;

import io.doorbell.TcpStack;
import io.doorbell.link.Link;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.packet.PacketLink;
import io.doorbell.packet.TapLink;
import io.doorbell.xdp.XdpLink;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Doorbell in one network namespace, the real curl in another: over AF_XDP, AF_PACKET or a TAP. */
final class KernelDemo extends Demo {
    private static final String STACK = "10.77.0.2";
    private static final String KERNEL = "10.77.0.1";
    private static final String CLIENT = "10.77.0.3";
    private static final String PREFIX = "/24";

    private Namespace stackSide;
    private Namespace clientSide;
    private String stackInterface;

    KernelDemo(DemoPlan plan, java.io.PrintStream out) {
        super(plan, out);
    }

    @Override
    void play(DemoReport report) {
        String curl = Curl.version();
        Link link = onPath(plan.link() == LinkKind.tap ? tap() : veth());
        cleanup.add(link);
        TcpStack stack = TcpStack.on(link).address(STACK + PREFIX).inspection(inspection()).build();
        DemoServer server = cleanup.add(new DemoServer(stack, Long.MAX_VALUE));
        say("Doorbell (%s) serves HTTP at %s; %s at %s uses the kernel's TCP.", link.statistics().mode, STACK, curl, CLIENT);
        KernelWitness witness = plan.link() == LinkKind.tap ? null
                : cleanup.add(new KernelWitness(stackSide, KERNEL, clientSide));
        Curl client = new Curl(clientSide, cleanup);
        Transfer download = download(client, server);
        sayDone(download);
        Transfer upload = upload(client, server);
        sayDone(upload);
        introduce(report, server, link);
        report.line("client", curl + ", kernel TCP");
        report.transfers(List.of(download, upload), server.exchanges());
        if (witness == null) {
            report.line("kernel beside it", "not asked: a TAP has the kernel at its other end, not beside it");
        } else {
            witness.finish();
            report.verdict("kernel on " + stackInterface + " answered", witness.allAnswered(),
                    witness + " at " + KERNEL + " meanwhile");
        }
    }

    private Link veth() {
        stackSide = cleanup.add(Namespace.create());
        clientSide = cleanup.add(Namespace.create());
        stackInterface = "dbstack";
        // Not registered for removal: it goes with either namespace, and they are removed by a hook of their own, too.
        VethPair pair = VethPair.between(stackSide, clientSide).names(stackInterface, "dbclient")
                .addresses(KERNEL + PREFIX, CLIENT + PREFIX).create();
        // A virtual wire has no hardware that finishes checksums or cuts segments: let the client's kernel do it.
        pair.right().checksumOffload(false);
        pair.right().segmentationOffload(false);
        // An AF_PACKET link gets copies: the kernel must drop its own ones of Doorbell's packets, not route them.
        stackSide.call(() -> Files.writeString(Path.of("/proc/sys/net/ipv4/ip_forward"), "0"));
        say("Two namespaces, %s and %s, joined by a veth.", stackSide, clientSide);
        return stackSide.call(() -> plan.link() == LinkKind.xdp
                ? XdpLink.on(stackInterface).address(STACK).open()
                : PacketLink.on(stackInterface).address(STACK).open());
    }

    private Link tap() {
        clientSide = cleanup.add(Namespace.create());
        stackSide = clientSide;
        stackInterface = "dbtap";
        Link link = clientSide.call(() -> TapLink.on(stackInterface).address(STACK).open());
        clientSide.exec("ip", "address", "add", CLIENT + PREFIX, "dev", stackInterface);
        say("One namespace, %s, with a TAP interface.", clientSide);
        return link;
    }

    private Transfer download(Curl client, DemoServer server) {
        // Before the transfer: hashing beside it would take a core from those who are measured.
        String sent = downloadPayload().hex();
        StackFigures before = server.figures();
        Curl.Result result = client.download("http://" + STACK + downloadTarget());
        StackFigures figures = server.figures().minus(before);
        return new Transfer("download", result.bytes(), sent, result.hex(), result.seconds(), figures);
    }

    private Transfer upload(Curl client, DemoServer server) {
        StackFigures before = server.figures();
        Curl.Result result = client.upload("http://" + STACK + DemoSite.UPLOAD, uploadPayload());
        return uploaded(result.hex(), result.response(), result.seconds(), server.figures().minus(before));
    }

    @Override
    List<String> howToLook() {
        String inside = "  ip netns exec " + clientSide + " ";
        return List.of("", "Doorbell still serves. To look around, from another terminal:",
                inside + "curl http://" + STACK + "/",
                inside + "curl -o /dev/null 'http://" + STACK + DemoSite.PAYLOAD + "?size=100000000'",
                inside + "ip neighbour",
                "  tools/stack-cli ss      (or list, stats, top, show, capture, kill)",
                "  ip netns exec " + stackSide + " ip -s link show " + stackInterface);
    }
}
