package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.Link;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.tools.RequiresRoot;
import io.doorbell.xdp.XdpLink;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Interfaces that cannot be used as asked: one line that tells the fix. */
@RequiresRoot
class BadEnvironmentTest {
    private Namespace namespace;
    private VethPair pair;

    @BeforeEach
    void make() {
        namespace = Namespace.create();
        pair = VethPair.between(namespace, namespace).names("dbl", "dbr").addresses("10.9.0.1/24", null).create();
    }

    @AfterEach
    void remove() {
        namespace.close();
    }

    private CliRun serve(String interfaceName, String... more) {
        List<String> arguments = new ArrayList<>(List.of("serve", "--interface", interfaceName, "--address", "10.9.0.2/24"));
        arguments.addAll(List.of(more));
        return namespace.call(() -> CliRun.of(arguments.toArray(String[]::new)));
    }

    private static void check(CliRun run, int exitCode, String... expected) {
        for (String each : expected) {
            assertTrue(run.firstLine().contains(each), run.errors());
        }
        assertTrue(run.firstLine().startsWith("stack-cli: "), run.errors());
        assertEquals(exitCode, run.exitCode(), run.errors());
        assertFalse(run.errors().contains("\tat "), "no stack trace: " + run.errors());
    }

    @Test
    void anAbsentInterfaceIsNamedBesideThoseThatExist() {
        check(serve("dbnone"), ExitCode.USAGE, "no interface dbnone", "dbl", "dbr");
        check(serve("dbnone", "--link", "packet"), ExitCode.USAGE, "no interface dbnone");
    }

    @Test
    void anInterfaceThatIsDownComesWithTheCommandThatRaisesIt() {
        pair.left().down();
        check(serve("dbl"), ExitCode.ENVIRONMENT, "dbl is down", "ip link set dev dbl up");
        check(serve("dbl", "--link", "packet"), ExitCode.ENVIRONMENT, "dbl is down");
    }

    @Test
    void anInterfaceInUseIsRefused() {
        try (Link other = namespace.call(() -> XdpLink.on("dbl").address("10.9.0.7").open())) {
            check(serve("dbl"), ExitCode.ENVIRONMENT, "dbl");
            assertEquals("xdp native copy", other.statistics().mode);
        }
    }

    @Test
    void theKernelsAddressIsRefused() {
        CliRun run = namespace.call(() -> CliRun.of("serve", "--interface", "dbl", "--address", "10.9.0.1/24"));
        check(run, ExitCode.USAGE, "10.9.0.1 is the kernel's own address", "nobody has");
    }

    @Test
    void aQueueThatIsNotThereIsRefused() {
        check(serve("dbl", "--queue", "7"), ExitCode.USAGE, "queue 7", "use queue 0");
    }

    @Test
    void anMtuBeyondAFrameIsRefused() {
        pair.left().mtu(9000);
        check(serve("dbl"), ExitCode.USAGE, "MTU 9000", "mtu 1500");
    }

    @Test
    void aRingSizeThatIsNoPowerOfTwoIsRefused() {
        check(serve("dbl", "--ring-size", "1000"), ExitCode.USAGE, "ring size 1000", "power of two");
    }
}
