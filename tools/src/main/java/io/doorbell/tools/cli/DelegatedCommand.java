package io.doorbell.tools.cli;

import io.doorbell.tools.delegated.DelegatedExample;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code stack-cli delegated}. */
@Command(name = "delegated", mixinStandardHelpOptions = true,
        description = {"Shows delegated sends: the stack and its connection in this process, an engine that sends on it in"
            + " another, the kernel's TCP as the peer. Engines are killed in mid-send, and others go on.",
            "It makes two network namespaces joined by a veth, and removes everything at the end. It needs root."},
        footer = {"", "Exit code 0 only if each order has arrived once and in order.", "",
            "Examples:",
            "  tools/stack-cli delegated",
            "  tools/stack-cli delegated --orders 1000000 --kills 10"})
final class DelegatedCommand implements Callable<Integer> {
    private static final int MOST_ORDERS = 99_999_999;

    @Option(names = "--orders", paramLabel = "N", defaultValue = "200000",
            description = "How many orders are sent. Default: ${DEFAULT-VALUE}.")
    private int orders;

    @Option(names = "--kills", paramLabel = "N", defaultValue = "2",
            description = "How many engines are killed on the way. Default: ${DEFAULT-VALUE}.")
    private int kills;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1",
            description = "Of the moments at which they are killed. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Override
    public Integer call() throws Exception {
        if (orders < 1 || orders > MOST_ORDERS || kills < 0) {
            throw UserError.usage("--orders must be 1 to " + MOST_ORDERS + ", and --kills at least 0");
        }
        String missing = Privileges.missingForNamespaces();
        missing = missing == null ? Privileges.missingForXdp() : missing;
        if (missing != null) {
            throw UserError.environment("the example makes network namespaces and needs root (" + missing
                    + "): run it with sudo");
        }
        return new DelegatedExample(orders, kills, seed, System.out).run() ? ExitCode.OK : ExitCode.FAILED;
    }
}
