package io.doorbell.tools.demo;

import io.doorbell.counters.InspectionBlock;
import io.doorbell.run.PublishedFile;
import java.io.IOException;
import java.io.PrintStream;

/** Shows a stack to {@code stack-cli list} and its kin. */
public final class Publishing {
    private Publishing() {
    }

    /**
     * A block to show a stack in, whose file goes with {@code cleanup}. The stack is to be added to that later, so that
     * it is closed before. Null, and a line to {@code err}, if there is no place for the file: a stack works without it.
     */
    public static InspectionBlock block(Cleanup cleanup, PrintStream err) {
        try {
            return cleanup.add(PublishedFile.open()).block();
        } catch (IOException e) {
            err.println("stack-cli ss and its kin will not see this stack: " + e.getMessage());
            return null;
        }
    }
}
