package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The two processors that the two ends are tied to, by their numbers. */
record Processors(int first, int second) {
    /** The first two that this process may use. */
    static Processors allowed() {
        List<Integer> allowed;
        try {
            allowed = parse(ThreadStatus.field(Files.readString(Path.of("/proc/self/status")), "Cpus_allowed_list"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (allowed.size() < 2) {
            throw new UserError(ExitCode.ENVIRONMENT, "each end spins on a processor of its own, and this process may"
                    + " use only one: give it two (taskset, the container's or machine's settings)");
        }
        return new Processors(allowed.get(0), allowed.get(1));
    }

    /** A list as the kernel writes it: {@code 0-2,4}. */
    static List<Integer> parse(String list) {
        List<Integer> processors = new ArrayList<>();
        for (String range : list.split(",")) {
            String[] ends = range.strip().split("-");
            int last = Integer.parseInt(ends[ends.length - 1]);
            for (int cpu = Integer.parseInt(ends[0]); cpu <= last; cpu++) {
                processors.add(cpu);
            }
        }
        return processors;
    }

    @Override
    public String toString() {
        return first + " and " + second;
    }
}
