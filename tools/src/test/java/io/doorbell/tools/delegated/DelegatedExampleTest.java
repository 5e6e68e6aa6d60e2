package io.doorbell.tools.delegated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tools.RequiresRoot;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The example of two processes: engines are killed in mid-send, and the kernel at the other end reads every order once. */
@RequiresRoot
class DelegatedExampleTest {
    private static final int ORDERS = 50_000;

    @Test
    void enginesAreKilledAndOthersGoOn() throws Exception {
        long seed = Long.getLong("delegated.seed", System.nanoTime() & 0xffff_ffffL);
        System.out.println("seed " + seed);
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        boolean good = new DelegatedExample(ORDERS, 3, seed, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();
        String text = printed.toString(StandardCharsets.UTF_8);
        assertTrue(good, text);
        assertTrue(text.contains(ORDERS + " of " + ORDERS + " orders arrived, each once and in order."), text);
        assertTrue(text.contains(" was killed. It had published "), text);
        long self = ProcessHandle.current().pid();
        assertFalse(Files.exists(Path.of("/dev/shm", "doorbell-" + self + ".grants")));
        try (var names = Files.list(Path.of("/var/run/netns"))) {
            assertEquals(0, names.filter(name -> name.getFileName().toString().startsWith("db" + self + "n")).count());
        }
    }
}
