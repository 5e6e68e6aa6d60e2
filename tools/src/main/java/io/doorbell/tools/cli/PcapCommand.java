package io.doorbell.tools.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.doorbell.tools.pcap.Capture;
import io.doorbell.tools.pcap.CapturedConnection;
import io.doorbell.tools.pcap.DirectionSummary;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code stack-cli pcap}. */
@Command(name = "pcap", mixinStandardHelpOptions = true,
        description = "Lists the TCP connections in a capture (pcap or pcapng).",
        footer = {"", "Exit code 1 if the file is damaged: what comes before the damage is listed.", "", "Examples:",
            "  tools/stack-cli pcap capture.pcap",
            "  tools/stack-cli pcap capture.pcapng --json"})
final class PcapCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "A capture.")
    private Path file;

    @Option(names = "--json", description = "As JSON, times in nanoseconds.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (Capture capture = Capture.open(file)) {
            if (json) {
                out.println(toJson(capture));
            } else {
                print(capture, out);
            }
            out.flush();
            if (capture.damage() != null) {
                spec.commandLine().getErr().println("stack-cli: " + capture.damage().getMessage());
                return ExitCode.FAILED;
            }
            return ExitCode.OK;
        }
    }

    private static void print(Capture capture, PrintWriter out) {
        for (CapturedConnection each : capture.connections()) {
            out.printf(Locale.ROOT, "%d  %s -> %s  %s%s, %s; %d packets in %.6f s%n", each.index(), each.name(true),
                    each.name(false), handshake(each), roundTrip(each), each.end(), each.packets(),
                    (each.lastNanos() - each.firstNanos()) / 1e9);
            printSide(out, "client", each.client());
            printSide(out, "server", each.server());
        }
        out.printf("%d packets, %d connections, %d packets that are not TCP over IPv4, %d unreadable%n",
                capture.packets(), capture.connections().size(), capture.notTcp(), capture.unreadable());
    }

    private static void printSide(PrintWriter out, String name, DirectionSummary side) {
        out.printf("   %s: %d bytes in %d segments; %s%s%s%s%s%n", name, side.payloadBytes(), side.segments(),
                side.options(), count(side.retransmissions(), "retransmitted"),
                count(side.outOfOrder(), "out of order"), count(side.zeroWindows(), "with a zero window"),
                count(side.keepalives(), "keepalives or probes"));
    }

    private static String count(long number, String what) {
        return number == 0 ? "" : "; " + number + " " + what;
    }

    private static String handshake(CapturedConnection each) {
        return switch (each.handshake()) {
            case COMPLETE -> "connected";
            case REFUSED -> "refused";
            case UNANSWERED -> "never answered";
            case INCOMPLETE -> "handshake not completed";
            case SIMULTANEOUS -> "opened by both";
            case NOT_CAPTURED -> "captured in mid-course";
        };
    }

    private static String roundTrip(CapturedConnection each) {
        return each.handshakeNanos() == 0 ? ""
                : String.format(Locale.ROOT, " in %.3f ms", each.handshakeNanos() / 1e6);
    }

    private static String toJson(Capture capture) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
            out.writeStartObject();
            out.writeStringField("file", capture.name());
            out.writeNumberField("packets", capture.packets());
            out.writeNumberField("notTcp", capture.notTcp());
            out.writeNumberField("unreadable", capture.unreadable());
            if (capture.damage() != null) {
                out.writeStringField("damage", capture.damage().getMessage());
            }
            out.writeArrayFieldStart("connections");
            for (CapturedConnection each : capture.connections()) {
                writeConnection(out, each);
            }
            out.writeEndArray();
            out.writeEndObject();
        }
        return text.toString();
    }

    private static void writeConnection(JsonGenerator out, CapturedConnection each) throws IOException {
        out.writeStartObject();
        out.writeNumberField("index", each.index());
        out.writeStringField("handshake", each.handshake().name().toLowerCase(Locale.ROOT));
        out.writeNumberField("handshakeNanos", each.handshakeNanos());
        out.writeStringField("end", each.end());
        out.writeNumberField("packets", each.packets());
        out.writeNumberField("firstNanos", each.firstNanos());
        out.writeNumberField("lastNanos", each.lastNanos());
        out.writeNumberField("icmpErrors", each.icmpErrors());
        writeSide(out, "client", each.name(true), each.client());
        writeSide(out, "server", each.name(false), each.server());
        out.writeEndObject();
    }

    private static void writeSide(JsonGenerator out, String name, String address, DirectionSummary side)
            throws IOException {
        out.writeObjectFieldStart(name);
        out.writeStringField("address", address);
        out.writeNumberField("segments", side.segments());
        out.writeNumberField("bytes", side.payloadBytes());
        out.writeNumberField("retransmissions", side.retransmissions());
        out.writeNumberField("outOfOrder", side.outOfOrder());
        out.writeNumberField("zeroWindows", side.zeroWindows());
        out.writeNumberField("keepalives", side.keepalives());
        out.writeNumberField("selectiveAcks", side.selectiveAcks());
        out.writeBooleanField("fin", side.fin());
        out.writeBooleanField("reset", side.reset());
        if (side.syn()) {
            out.writeObjectFieldStart("options");
            out.writeNumberField("maxSegmentSize", side.maxSegmentSize());
            out.writeNumberField("windowScale", side.windowScale());
            out.writeBooleanField("sackPermitted", side.sackPermitted());
            out.writeBooleanField("timestamps", side.timestamps());
            out.writeEndObject();
        }
        out.writeEndObject();
    }
}
