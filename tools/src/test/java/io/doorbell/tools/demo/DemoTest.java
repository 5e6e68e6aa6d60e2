package io.doorbell.tools.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tools.RequiresRoot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The main job, small, over every link, on a good and on a bad path. */
class DemoTest {
    private static final long BYTES = 3_000_000;
    private static final long SEED = 20_260_101;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    private boolean run(LinkKind link, double loss) {
        PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
        return Demo.of(new DemoPlan(link, BYTES, loss, SEED, false), out).run();
    }

    private void check(LinkKind link, double loss) {
        boolean good = run(link, loss);
        String text = printed.toString(StandardCharsets.UTF_8);
        assertTrue(good, text);
        assertTrue(text.contains(new PayloadSource(SEED, BYTES).hex()), text);
        assertTrue(text.contains(new PayloadSource(SEED + 1, BYTES).hex()), text);
        assertTrue(text.contains("Both digests agree."), text);
        assertEquals(loss > 0, text.contains("(seed " + SEED + ")"), text);
        assertFalse(text.contains("NO:"), text);
    }

    @ParameterizedTest
    @CsvSource({"0", "0.01"})
    void overACableInMemory(double loss) {
        check(LinkKind.pipe, loss);
    }

    @RequiresRoot
    @ParameterizedTest
    @CsvSource({"xdp, 0", "xdp, 0.01", "packet, 0", "packet, 0.01", "tap, 0", "tap, 0.01"})
    void overTheKernel(LinkKind link, double loss) throws IOException {
        check(link, loss);
        assertEquals(List.of(), ownNamespaces());
        String text = printed.toString(StandardCharsets.UTF_8);
        assertEquals(link != LinkKind.tap, text.contains("TCP echoes answered at 10.77.0.1"), text);
    }

    /** What {@code ip netns} would list of this process. */
    private static List<String> ownNamespaces() throws IOException {
        Path directory = Path.of("/run/netns");
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        String own = "db" + ProcessHandle.current().pid() + "n";
        try (Stream<Path> names = Files.list(directory)) {
            return names.map(path -> path.getFileName().toString()).filter(name -> name.startsWith(own)).toList();
        }
    }

    @Test
    void aDigestThatDiffersIsAFailureThatShowsBoth() {
        StackFigures none = new StackFigures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        ExchangeRecord exchange = new ExchangeRecord(200, 1000, 0);
        DemoReport report = new DemoReport().transfers(List.of(new Transfer("download", 1, "aa", "ab", 1, none),
                new Transfer("upload", 1, "cc", "cc", 1, none)), List.of(exchange, exchange));
        assertFalse(report.good());
        assertTrue(report.toString().contains("NO: sent aa, received ab"), report.toString());
        assertTrue(report.toString().contains("yes: cc"), report.toString());
    }

    @Test
    void whatWasMadeIsUnmadeInReverseOrderThoughSomeOfItFails() {
        StringBuilder order = new StringBuilder();
        Cleanup cleanup = new Cleanup();
        cleanup.add(() -> order.append("first"));
        cleanup.add(() -> {
            throw new IllegalStateException("on purpose, by a test");
        });
        cleanup.add(() -> order.append("last "));
        cleanup.close();
        cleanup.close();
        assertEquals("last first", order.toString());
    }
}
