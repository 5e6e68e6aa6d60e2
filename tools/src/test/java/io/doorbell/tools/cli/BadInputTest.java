package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tools.RequiresRoot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What a user may get wrong without any privilege: one line that tells the fix, and exit code 2. */
class BadInputTest {
    private static final String WHERE = " --interface lo --address 10.9.0.2/24";

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "''                                                   | a command is missing",
        "dmo                                                  | 'dmo'",
        "demo --lnik xdp                                      | Unknown options: '--lnik'",
        "demo --link xpd                                      | xdp, packet, tap, pipe",
        "demo --size 20X                                      | with k, M, G",
        "demo --size -1                                       | with k, M, G",
        "demo --size 9999999999999G                           | more than can be counted",
        "demo --loss 2                                        | 0.01 or 1%",
        "demo --loss x                                        | 0.01 or 1%",
        "demo --seed one                                      | --seed",
        "demo extra                                           | 'extra'",
        "serve                                                | --interface",
        "serve --interface lo                                 | --address",
        "serve --interface lo --address 10.9.0.2              | CIDR form",
        "serve --interface lo --address 10.9.0.2/33           | CIDR form",
        "serve --interface lo --address 10.9.0.256/24         | CIDR form",
        "serve --interface lo --address server/24             | CIDR form",
        "serve --interface lo --address 10.9.0.2/24 --port 0     | ports are 1 to 65535",
        "serve --interface lo --address 10.9.0.2/24 --port 65536 | ports are 1 to 65535",
        "serve --interface lo --address 10.9.0.2/24 --port http  | --port",
        "serve --interface lo --address 10.9.0.2/24 --dir /none  | is not a directory",
        "serve --interface lo --address 10.9.0.2/24 --link pipe  | use xdp, packet or tap",
        "serve --interface lo --address 10.9.0.2/24 --queue -1   | queues count from 0",
        "serve --interface lo --address 10.9.0.2/24 --gateway gw | four numbers",
        "serve --interface lo --address 10.9.0.2/24 --idle nap   | SPIN, YIELD, PARK",
        "quotes -i lo -a 10.9.0.2/24 --symbols 2000000000        | --symbols 1 to 100000",
        "ss --state nonsense                                     | nonsense is no state of a connection: use closed, syn-sent",
        "ss --state estab,listening                              | listening is no state",
        "ss --port 0                                             | ports are 1 to 65535",
        "ss --port 65536                                         | ports are 1 to 65535",
        "top --port 65536                                        | ports are 1 to 65535",
        "top --iterations -1                                     | --iterations is 0 or more",
        "top --lines 0                                           | --lines 1 or more",
        "capture 1 -w x --seconds -1                             | --seconds -1.0 cannot be",
        "capture 1 -w x --seconds NaN                            | --seconds NaN cannot be",
        "capture 1 -w x port 65536                               | ports are 1 to 65535",
        "capture 1 -w x port 0                                   | ports are 1 to 65535",
        "capture 1 -w x tcp icmp                                 | no frame is all",
        "capture 1 -w x arp and port 80                          | no frame is all",
    })
    void aMistakeIsNamedWithItsFix(String arguments, String expected) {
        check(arguments, expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "https://10.9.0.1/      | only http://",
        "10.9.0.1               | only http://",
        "http://server/         | four numbers",
        "http://10.9.0.1:99999/ | ports are 1 to 65535",
        "http://10.9.0.1:0/     | ports are 1 to 65535",
        "http://10.9.0.1/a^b    | is malformed",
    })
    void aUrlThatCannotBeFetchedIsNamed(String url, String expected) {
        check("get " + url + WHERE, expected);
    }

    private static void check(String arguments, String expected) {
        CliRun run = CliRun.of(arguments.isBlank() ? new String[0] : arguments.strip().split(" +"));
        assertEquals(ExitCode.USAGE, run.exitCode(), run.errors());
        assertTrue(run.firstLine().startsWith("stack-cli: "), run.errors());
        assertTrue(run.firstLine().contains(expected), run.errors());
        assertFalse(run.errors().contains("\tat "), "no stack trace: " + run.errors());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "quotes -i lo -a 10.9.0.2/24 --prices /none | --prices /none cannot be read: no such file or directory",
        "quotes -i lo -a 10.9.0.2/24 --prices /     | --prices / cannot be read: Is a directory",
        "list --dir /none                           | there is no directory /none",
        "ss --dir /dev/null                         | there is no directory /dev/null",
    })
    void aFileThatCannotBeReadIsNamed(String arguments, String expected) {
        CliRun run = CliRun.of(arguments.strip().split(" +"));
        assertEquals(ExitCode.ENVIRONMENT, run.exitCode(), run.errors());
        assertEquals("stack-cli: " + expected, run.errors().strip());
    }

    @Test
    @RequiresRoot
    void anOutputThatCannotBeWrittenIsNamed() {
        CliRun run = CliRun.of(("get http://10.9.0.1/ -o /none/x" + WHERE).split(" "));
        assertEquals(ExitCode.ENVIRONMENT, run.exitCode(), run.errors());
        assertEquals("stack-cli: --output /none/x cannot be written: no such file or directory", run.errors().strip());
    }

    @Test
    void debugShowsWhereAnErrorCameFrom() {
        CliRun run = CliRun.of("serve", "--debug", "--interface", "lo", "--address", "10.9.0.2");
        assertEquals(ExitCode.USAGE, run.exitCode());
        assertTrue(run.errors().contains("\tat io.doorbell.tools.cli."), run.errors());
    }

    @Test
    void helpTellsExitCodesAndExamplesForEveryCommand() {
        CommandLine line = StackCli.commandLine();
        assertTrue(line.getUsageMessage().contains("Exit codes:"));
        for (CommandLine each : line.getSubcommands().values()) {
            assertTrue(each.getUsageMessage().contains("Examples:"), each.getCommandName());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "7, 7", "2k, 2000", "200M, 200000000", "1G, 1000000000", "2Ki, 2048", "3MiB, 3145728", "5kB, 5000"})
    void sizesHaveUnits(String text, long bytes) {
        assertEquals(bytes, new SizeConverter().convert(text));
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0.01, 0.01", "1%, 0.01", "50%, 0.5"})
    void lossIsAProbabilityOrPercent(String text, double loss) {
        assertEquals(loss, new LossConverter().convert(text), 1e-12);
    }
}
