package io.doorbell.tools.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The command as a whole. */
class SimTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path directory;

    private int execute(String... arguments) {
        CommandLine line = Sim.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        return line.execute(arguments);
    }

    @Test
    void manySeedsAreRunAndCounted() {
        assertEquals(0, execute("--seeds", "20", "--first", "100", "--json"), err.toString());
        assertTrue(out.toString().contains("20 seeds from 100") && out.toString().contains("all clean"), out.toString());
        assertTrue(out.toString().lines().toList().getLast().startsWith("{\"seeds\":20,\"failures\":0,"), out.toString());
    }

    @Test
    void oneSeedIsShownAndKept() throws IOException {
        Path pcap = directory.resolve("one.pcap");
        assertEquals(0, execute("--seed", "7", "--pcap", pcap.toString()), err.toString());
        assertTrue(out.toString().contains("[S] seq 0 win"), out.toString());
        assertTrue(out.toString().contains("seed 7 is clean"), out.toString());
        assertTrue(Files.size(pcap) > 100 && Files.size(directory.resolve("one-server.pcap")) > 100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--seeds=0", "--seed=x", "--audit-every=0", "--nonsense"})
    void whatCannotBeIsRefused(String argument) {
        assertEquals(2, execute(argument));
        assertTrue(err.toString().contains("See: tools/sim --help"), err.toString());
    }

    @Test
    void aPcapThatCannotBeWrittenIsSaid() {
        assertEquals(3, execute("--seed", "7", "--pcap", directory.resolve("no/such/dir.pcap").toString()));
        assertTrue(err.toString().contains("the pcap cannot be written"), err.toString());
    }
}
