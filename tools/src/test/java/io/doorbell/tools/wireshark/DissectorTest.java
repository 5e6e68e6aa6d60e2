package io.doorbell.tools.wireshark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.CaptureLink;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.TcpConfig;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dissector of the multi-segment option, run by tshark over a capture of two stacks. With
 * {@code -Dfixtures.write=DIRECTORY} the capture is kept there.
 */
class DissectorTest {
    private static final String FIXTURE = "multi-segment.pcap";
    private static final String ORDER = "BUY 100 DB ##.25 LIMIT IOC ## AT ##### OK";

    @TempDir
    private Path directory;

    /** Without root nothing is installed, and tshark may be missing. */
    @BeforeEach
    void needsTshark() {
        boolean found = false;
        for (String place : System.getenv("PATH").split(File.pathSeparator)) {
            found |= Files.isExecutable(Path.of(place, "tshark"));
        }
        if (!found && "1".equals(System.getenv("DOORBELL_REQUIRE_KERNEL"))) {
            throw new IllegalStateException("tshark is missing: tools/check installs it, or apt-get install tshark");
        }
        Assumptions.assumeTrue(found, "needs tshark: apt-get install tshark");
    }

    private List<String> tshark(byte[] pcap, String filter, String... fields) throws Exception {
        Path file = Files.write(directory.resolve("capture.pcap"), pcap);
        List<String> command = new ArrayList<>(List.of("tshark", "-X", "lua_script:" + script(), "-r", file.toString(),
                "-Y", filter, "-T", "fields", "-E", "separator=|", "-E", "occurrence=a"));
        for (String field : fields) {
            command.add("-e");
            command.add(field);
        }
        Path errors = directory.resolve("errors");
        Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "tshark does not end");
        assertEquals(0, process.exitValue(), () -> read(errors));
        assertTrue(!read(errors).contains("Lua"), () -> read(errors));
        return out.lines().toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** The script in the tree, wherever the tests run. */
    private static Path script() {
        Path candidate = Path.of("").toAbsolutePath();
        while (candidate != null && !Files.exists(candidate.resolve("tools/wireshark/doorbell.lua"))) {
            candidate = candidate.getParent();
        }
        assertNotNull(candidate, "tools/wireshark/doorbell.lua is not above " + Path.of("").toAbsolutePath());
        return candidate.resolve("tools/wireshark/doorbell.lua");
    }

    /** An order whose holes are filled a millisecond later, between two stacks that agree to the option. */
    private static byte[] record() {
        ByteArrayOutputStream pcap = new ByteArrayOutputStream();
        TcpConfig config = TcpConfig.builder().multiSegment(true).leastPartBytes(1).build();
        PipeLink.Pair pair = PipeLink.pair();
        StringBuilder received = new StringBuilder();
        try (CaptureLink left = new CaptureLink(pair.left(), Channels.newChannel(pcap));
                TcpStack client = TcpStack.on(left).address("10.9.0.2/24").tcp(config).seed(2).build();
                TcpStack server = TcpStack.on(pair.right()).address("10.9.0.1/24").tcp(config).seed(1).build()) {
            server.listen(9000, c -> new Taker(received));
            PartialMessage message = new PartialMessage();
            byte[] order = ORDER.getBytes(StandardCharsets.ISO_8859_1);
            client.connect("10.9.0.1", 9000, new Taker(new StringBuilder()) {
                @Override
                public void connected(Connection c) {
                    c.begin(message, order.length);
                    message.complete(0, order, 0, 11);
                    message.complete(13, order, 13, 14);
                    message.complete(29, order, 29, 4);
                    message.complete(38, order, 38, 3);
                }
            });
            for (int step = 0; step < 100; step++) {
                client.poll(1_000_000_000L + step * 100_000L);
                server.poll(1_000_000_000L + step * 100_000L);
                if (step == 20) {
                    message.complete(11, order, 11, 2);
                    message.complete(27, order, 27, 2);
                    message.complete(33, order, 33, 5);
                }
            }
        }
        pair.right().close();
        assertEquals(ORDER, received.toString());
        return pcap.toByteArray();
    }

    /** Takes what comes. */
    private static class Taker implements ConnectionHandler {
        private final StringBuilder received;

        Taker(StringBuilder received) {
            this.received = received;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            byte[] bytes = new byte[length];
            MemorySegment.copy(memory, offset, MemorySegment.ofArray(bytes), 0, length);
            received.append(new String(bytes, StandardCharsets.ISO_8859_1));
            return length;
        }
    }

    private static byte[] kept() throws IOException {
        try (InputStream in = DissectorTest.class.getResourceAsStream("/captures/" + FIXTURE)) {
            assertNotNull(in, FIXTURE + " is missing: the page of pcap-fixtures says how to make it");
            return in.readAllBytes();
        }
    }

    @Test
    void aFreshRecordingShowsWhatTheKeptOneDoes() throws Exception {
        byte[] fresh = record();
        String to = System.getProperty("fixtures.write");
        if (to != null) {
            Files.write(Path.of(to, FIXTURE), fresh);
            return;
        }
        String[] fields = {"tcp.seq_raw", "tcp.payload", "doorbell.multi.check", "doorbell.multi.part.start",
            "doorbell.multi.part.length"};
        List<String> parts = tshark(fresh, "doorbell.multi.parts", fields);
        assertEquals(2, parts.size());
        assertEquals(tshark(kept(), "doorbell.multi.parts", fields), parts);
    }

    @Test
    void partsAreShownWithTheirPlaceInTheStream() throws Exception {
        assertEquals(List.of("4|1,14,30,39|11,14,4,3", "3|12,28,34|2,2,5"),
                tshark(kept(), "doorbell.multi.parts", "doorbell.multi.parts", "doorbell.multi.part.start",
                        "doorbell.multi.part.length"));
    }

    @Test
    void bytesOfThePartsAreShown() throws Exception {
        List<String> lines = tshark(kept(), "doorbell.multi.parts == 4", "doorbell.multi.part");
        assertEquals(1, lines.size());
        String first = lines.getFirst().split(",")[0].replace(":", "");
        assertEquals("BUY 100 DB ", new String(java.util.HexFormat.of().parseHex(first), StandardCharsets.ISO_8859_1));
    }

    @Test
    void theHandshakesNoncesAreShown() throws Exception {
        List<String> lines = tshark(kept(), "doorbell.multi.nonce", "tcp.flags.ack", "doorbell.multi.nonce",
                "doorbell.multi.proof");
        assertEquals(2, lines.size());
        assertTrue(lines.get(0).matches("(0|False)\\|0x[0-9a-f]{8}\\|"), lines::toString);
        assertTrue(lines.get(1).matches("(1|True)\\|0x[0-9a-f]{8}\\|0x[0-9a-f]{8}"), lines::toString);
    }

    @Test
    void aMalformedLayoutIsSaidToBe() throws Exception {
        byte[] pcap = kept();
        int option = -1;
        for (int i = 24; i < pcap.length - 9; i++) {
            boolean data = (pcap[i] & 0xff) == 253 && (pcap[i + 2] & 0xff) == 0xdb && pcap[i + 3] == 0x0e && pcap[i + 1] > 12;
            option = option < 0 && data ? i : option;
        }
        assertTrue(option > 0, "no data option in the capture");
        pcap[option + 9]++;
        assertEquals(List.of("a part's length is wrong"),
                tshark(pcap, "doorbell.multi.malformed", "doorbell.multi.malformed"));
    }
}
