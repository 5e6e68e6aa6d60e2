package io.doorbell.tools.cli;

import io.doorbell.tools.demo.Demo;
import io.doorbell.tools.demo.DemoPlan;
import io.doorbell.tools.demo.LinkKind;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code stack-cli demo}. */
@Command(name = "demo", mixinStandardHelpOptions = true,
        description = {"Shows the stack at work: a file goes down and another goes up between Doorbell and the real curl,"
            + " and both ends must agree about every byte.",
            "As root it makes two network namespaces joined by a veth, runs Doorbell on AF_XDP in one and curl over"
            + " the kernel's TCP in the other, and removes everything at the end. Without privileges two Doorbell"
            + " stacks do the same over a cable in memory."},
        footer = {"", "Exit code 0 only if both digests agree and the kernel beside Doorbell answered all along.", "",
            "Examples:",
            "  tools/stack-cli demo",
            "  tools/stack-cli demo --link tap --size 1G",
            "  tools/stack-cli demo --loss 0.01 --seed 7",
            "  tools/stack-cli demo --keep"})
final class DemoCommand implements Callable<Integer> {
    @Option(names = "--link", paramLabel = "KIND",
            description = "What carries the frames: xdp, packet, tap or pipe. Default: xdp as root, else pipe.")
    private LinkKind link;

    @Option(names = "--size", paramLabel = "SIZE", defaultValue = "200M", converter = SizeConverter.class,
            description = "Bytes of each transfer, with k, M, G (powers of 1000) or Ki, Mi, Gi. Default: ${DEFAULT-VALUE}.")
    private long size;

    @Option(names = "--loss", paramLabel = "P", defaultValue = "0", converter = LossConverter.class,
            description = "Lose each frame, each way, with this probability: 0.01 or 1%%. Default: none.")
    private double loss;

    @Option(names = "--seed", paramLabel = "N",
            description = "Of the payload and of the loss: the same seed, the same bytes. Default: by the clock, and printed.")
    private Long seed;

    @Option(names = "--keep", description = "Keep everything running at the end, and tell how to look at it, until Enter or Ctrl-C.")
    private boolean keep;

    @Override
    public Integer call() {
        PrintStream out = System.out;
        LinkKind chosen = chooseLink(out);
        long chosenSeed = seed == null ? System.nanoTime() & 0xff_ffff : seed;
        out.println("Seed " + chosenSeed + (loss > 0 ? ", loss " + loss : "") + ".");
        boolean good = Demo.of(new DemoPlan(chosen, size, loss, chosenSeed, keep), out).run();
        return good ? ExitCode.OK : ExitCode.FAILED;
    }

    private LinkKind chooseLink(PrintStream out) {
        String missing = Privileges.missingForNamespaces();
        if (link == null && missing != null) {
            out.println("No privileges to make network namespaces (" + missing + "): showing the same job over a cable in");
            out.println("memory, with Doorbell at both ends. With sudo it runs over AF_XDP, against curl and the kernel's TCP.");
            return LinkKind.pipe;
        }
        LinkKind chosen = link == null ? LinkKind.xdp : link;
        if (chosen != LinkKind.pipe && missing != null) {
            throw UserError.environment("the demo over " + chosen + " makes network namespaces and needs root (" + missing
                    + "): run it with sudo, or without privileges: stack-cli demo --link pipe");
        }
        return chosen;
    }
}
