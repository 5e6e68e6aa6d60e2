package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Set;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** A parser that knows one command only, as each call makes it, against the one that knows them all. */
class StackCliTest {
    private record Run(int exitCode, String output, String errors) {
    }

    private static Run run(CommandLine line, String... arguments) {
        StringWriter output = new StringWriter();
        StringWriter errors = new StringWriter();
        line.setOut(new PrintWriter(output, true));
        line.setErr(new PrintWriter(errors, true));
        return new Run(line.execute(arguments), output.toString(), errors.toString());
    }

    @Test
    void aParserOfOneCommandSaysWhatTheWholeOneSays() {
        for (String name : StackCli.commandLine().getSubcommands().keySet()) {
            assertEquals(Set.of(name), StackCli.commandLine(name).getSubcommands().keySet());
            for (String[] arguments : new String[][] {{name, "--help"}, {name, "--nonsense"}, {name, "--debug", "--help"}}) {
                Run whole = run(StackCli.commandLine(), arguments);
                assertEquals(whole, run(StackCli.commandLine(name), arguments));
                assertEquals(arguments[1].equals("--nonsense") ? ExitCode.USAGE : ExitCode.OK, whole.exitCode(), whole.toString());
            }
        }
    }

    @Test
    void whatIsNoCommandHasTheWholeParser() {
        for (String word : new String[] {"", "--help", "--debug", "sss"}) {
            assertEquals(14, StackCli.commandLine(word).getSubcommands().size());
        }
    }

    @Test
    void theRehearsalBeforeTheFirstStartWorks() throws IOException, InterruptedException {
        assertTrue(Rehearsal.run(), "a command of the rehearsal failed: its words are above");
    }
}
