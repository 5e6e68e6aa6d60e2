package io.doorbell.tools.demo;

import io.doorbell.TcpStack;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tools.http.ClientExchange;
import io.doorbell.tools.http.DigestSink;
import io.doorbell.tools.http.StreamSink;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Doorbell at both ends of a cable in memory, a thread each: needs no privileges and no kernel. */
final class PipeDemo extends Demo {
    private static final String STACK = "10.77.0.2";
    private static final String CLIENT = "10.77.0.3";
    private static final String PREFIX = "/24";

    private TcpStack client;

    PipeDemo(DemoPlan plan, java.io.PrintStream out) {
        super(plan, out);
    }

    @Override
    void play(DemoReport report) {
        PipeLink.Pair pair = PipeLink.pair();
        Link link = cleanup.add(onPath(pair.left()));
        Link clientLink = cleanup.add(pair.right());
        client = cleanup.add(TcpStack.on(clientLink).address(CLIENT + PREFIX).build());
        TcpStack stack = TcpStack.on(link).address(STACK + PREFIX).inspection(inspection()).build();
        DemoServer server = cleanup.add(new DemoServer(stack, Long.MAX_VALUE));
        say("Doorbell serves HTTP at %s, and Doorbell at %s is the client: one process, a cable in memory.", STACK, CLIENT);
        Transfer download = download(server);
        sayDone(download);
        Transfer upload = upload(server);
        sayDone(upload);
        introduce(report, server, link);
        report.line("client", "Doorbell's own");
        report.transfers(List.of(download, upload), server.exchanges());
        report.line("kernel beside it", "not asked: there is no kernel on a cable in memory");
    }

    private Transfer download(DemoServer server) {
        // Before the transfer: hashing beside it would take a core from those who are measured.
        String sent = downloadPayload().hex();
        DigestSink sink = new DigestSink();
        StackFigures before = server.figures();
        double seconds = exchange(new ClientExchange("GET", STACK, downloadTarget(), null, sink));
        StackFigures figures = server.figures().minus(before);
        return new Transfer("download", sink.bytes(), sent, sink.hex(), seconds, figures);
    }

    private Transfer upload(DemoServer server) {
        PayloadSource payload = uploadPayload();
        String sent = payload.hex();
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        StackFigures before = server.figures();
        double seconds = exchange(new ClientExchange("PUT", STACK, DemoSite.UPLOAD, payload, new StreamSink(answer)));
        return uploaded(sent, answer.toString(StandardCharsets.UTF_8).strip(), seconds,
                server.figures().minus(before));
    }

    /** Polls the client's stack until the exchange is over; the seconds that it took. */
    private double exchange(ClientExchange exchange) {
        long start = System.nanoTime();
        client.connect(STACK, DemoServer.PORT, exchange);
        while (!exchange.done()) {
            if (client.poll(System.nanoTime()) == 0) {
                Thread.yield();
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        // The FIN behind the last byte is still to be sent.
        client.poll(System.nanoTime());
        if (exchange.failure() != null || exchange.status() != 200) {
            throw new IllegalStateException(exchange.failure() != null ? exchange.failure()
                    : "the server answered with status " + exchange.status());
        }
        return seconds;
    }

    @Override
    List<String> howToLook() {
        return List.of("", "The serving stack is still there, but a cable in memory has no end outside of this process.",
                "From another terminal: tools/stack-cli list, stats, ss");
    }
}
