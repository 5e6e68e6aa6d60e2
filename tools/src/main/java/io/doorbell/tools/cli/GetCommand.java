package io.doorbell.tools.cli;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.tools.demo.Cleanup;
import io.doorbell.tools.http.ClientExchange;
import io.doorbell.tools.http.StreamSink;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stack-cli get}. */
@Command(name = "get", mixinStandardHelpOptions = true,
        description = "Fetches a URL over HTTP/1.1 with Doorbell's TCP; tells SHA-256 and rate on standard error.",
        footer = {"", "Exit code 1 if the transfer failed or the status is 400 or above.", "", "Examples:",
            "  tools/stack-cli get http://10.0.0.2/ --interface eth9 --address 10.0.0.3/24",
            "  tools/stack-cli get http://192.0.2.1:8080/file --interface eth9 --address 10.0.0.3/24 \\",
            "      --gateway 10.0.0.1 -o file"})
final class GetCommand implements Callable<Integer> {
    private static final long GOODBYE_NANOS = 500_000_000;

    @Parameters(index = "0", paramLabel = "URL", description = "http://, with an IPv4 address for a host.")
    private String url;

    @Mixin
    private LinkOptions link;

    @Option(names = {"-o", "--output"}, paramLabel = "FILE", description = "Where the body goes. Default: standard output.")
    private Path output;

    @Override
    public Integer call() throws IOException {
        URI uri = parse();
        link.check();
        try (OutputStream out = open()) {
            return fetch(uri, out);
        }
    }

    private URI parse() {
        try {
            URI uri = new URI(url);
            if (!"http".equalsIgnoreCase(uri.getScheme()) || uri.getHost() == null) {
                throw UserError.usage("URL " + url + " cannot be fetched: only http://ADDRESS[:PORT]/PATH is known");
            }
            Addresses.parse("the URL's host", uri.getHost());
            if (uri.getPort() == 0 || uri.getPort() > 65535) {
                throw UserError.usage("port " + uri.getPort() + " in the URL cannot be: ports are 1 to 65535");
            }
            return uri;
        } catch (URISyntaxException e) {
            throw UserError.usage("URL " + url + " is malformed: " + e.getReason());
        }
    }

    private OutputStream open() throws IOException {
        try {
            return new BufferedOutputStream(output == null ? System.out : Files.newOutputStream(output));
        } catch (IOException e) {
            throw UserError.environment("--output " + output + " cannot be written: " + UserError.why(e));
        }
    }

    private int fetch(URI uri, OutputStream out) throws IOException {
        StreamSink sink = new StreamSink(out);
        String target = (uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath())
                + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
        ClientExchange exchange = new ClientExchange("GET", uri.getRawAuthority(), target, null, sink);
        try (Cleanup cleanup = new Cleanup()) {
            TcpStack stack = cleanup.add(link.stack(cleanup.add(link.open())));
            long start = System.nanoTime();
            Connection connection = stack.connect(uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort(), exchange);
            poll(stack, exchange);
            double seconds = (System.nanoTime() - start) / 1e9;
            out.flush();
            sayGoodbye(stack, connection);
            return report(exchange, sink, seconds);
        }
    }

    private static void poll(TcpStack stack, ClientExchange exchange) {
        while (!exchange.done()) {
            if (stack.poll(System.nanoTime()) == 0) {
                Thread.yield();
            }
        }
    }

    /** Lets the FINs pass, so that the server sees an end and not a reset. */
    private static void sayGoodbye(TcpStack stack, Connection connection) {
        long end = System.nanoTime() + GOODBYE_NANOS;
        while (System.nanoTime() - end < 0 && !connection.state().equals("TIME-WAIT") && !connection.state().equals("CLOSED")) {
            stack.poll(System.nanoTime());
        }
    }

    private int report(ClientExchange exchange, StreamSink sink, double seconds) {
        if (exchange.failure() != null) {
            String cause = sink.failure() == null ? "" : ": " + sink.failure().getMessage();
            throw new UserError(ExitCode.FAILED, url + ": " + exchange.failure() + cause);
        }
        long bytes = exchange.received();
        System.err.printf(Locale.ROOT, "status %d, %d bytes in %.3f s, %.1f Mbit/s, RTT %.0f us, sha256 %s%n",
                exchange.status(), bytes, seconds, bytes * 8 / seconds / 1e6, exchange.rttNanos() / 1e3, sink.digest().hex());
        return exchange.status() >= 400 ? ExitCode.FAILED : ExitCode.OK;
    }
}
