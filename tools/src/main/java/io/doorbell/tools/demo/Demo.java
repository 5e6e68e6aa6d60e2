package io.doorbell.tools.demo;

import io.doorbell.counters.InspectionBlock;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/**
 * The main job, to be seen: bytes go from Doorbell to a client and back, and both ends must agree about every one.
 * Everything that a demo makes is removed at its end, however it ends.
 */
public abstract sealed class Demo permits KernelDemo, PipeDemo {
    final DemoPlan plan;
    final PrintStream out;
    final Cleanup cleanup = new Cleanup();
    private ImpairedLink impaired;

    Demo(DemoPlan plan, PrintStream out) {
        this.plan = plan;
        this.out = out;
    }

    /** The demo for a plan; it prints what it does. */
    public static Demo of(DemoPlan plan, PrintStream out) {
        return plan.link() == LinkKind.pipe ? new PipeDemo(plan, out) : new KernelDemo(plan, out);
    }

    /** Runs to the end; whether everything that must agree does. */
    public final boolean run() {
        DemoReport report = new DemoReport();
        try (cleanup) {
            play(report);
            out.println();
            out.print(report);
            if (plan.keep()) {
                keep();
            }
        }
        out.println(report.good() ? "Both digests agree. Everything that was made is removed."
                : "FAILED: see the lines that say NO. Everything that was made is removed.");
        return report.good();
    }

    abstract void play(DemoReport report);

    /** Lines for somebody who wants to look around while everything is kept. */
    abstract List<String> howToLook();

    /** {@code link}, or a lossy path over it if the plan has one. */
    final Link onPath(Link link) {
        if (plan.loss() == 0) {
            return link;
        }
        Impairment loss = Impairment.builder().seed(plan.seed()).loss(plan.loss()).build();
        impaired = new ImpairedLink(link, loss);
        return impaired;
    }

    /** Where the serving stack shows itself, if somebody will be there to look; else null. */
    final InspectionBlock inspection() {
        return plan.keep() ? Publishing.block(cleanup, out) : null;
    }

    final void introduce(DemoReport report, DemoServer server, Link link) {
        report.line("link", link.statistics().mode);
        if (impaired != null) {
            // Written by the stack's thread: asking it for anything makes its writes visible here.
            server.figures();
            report.line("frames lost on purpose", String.format(Locale.ROOT, "%d of %d sent, %d of %d received (seed %d)",
                    impaired.transmitCounts().dropped(), impaired.transmitCounts().frames,
                    impaired.receiveCounts().dropped(), impaired.receiveCounts().frames, plan.seed()));
        }
    }

    final PayloadSource downloadPayload() {
        return new PayloadSource(plan.seed(), plan.bytes());
    }

    final PayloadSource uploadPayload() {
        return new PayloadSource(plan.seed() + 1, plan.bytes());
    }

    final String downloadTarget() {
        return DemoSite.PAYLOAD + "?size=" + plan.bytes() + "&seed=" + plan.seed();
    }

    /** The transfer as both ends saw it; {@code answer} is "digest length" as {@link DemoSite} says it. */
    final Transfer uploaded(String sentHex, String answer, double seconds, StackFigures figures) {
        String expected = sentHex + " " + plan.bytes();
        String receivedHex = answer.equals(expected) ? sentHex : answer.isEmpty() ? "nothing" : answer;
        return new Transfer("upload", plan.bytes(), sentHex, receivedHex, seconds, figures);
    }

    final void say(String format, Object... values) {
        out.printf(Locale.ROOT, format + "%n", values);
        out.flush();
    }

    final void sayDone(Transfer transfer) {
        say("%s: %d bytes in %.2f s, %.0f Mbit/s", transfer.name(), transfer.bytes(), transfer.seconds(),
                transfer.megabitsPerSecond());
    }

    private void keep() {
        howToLook().forEach(out::println);
        out.println("Press Enter, or Ctrl-C, to remove it all.");
        out.flush();
        try {
            int key = System.in.read();
            if (key < 0) {
                // No terminal: stay until a signal comes.
                Thread.currentThread().join();
            }
        } catch (IOException e) {
            throw new IllegalStateException("standard input cannot be read: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
