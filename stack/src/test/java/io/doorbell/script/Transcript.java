package io.doorbell.script;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** What happened in a script so far, and how it is told when the script fails. */
final class Transcript {
    private static final int LINES = 60;
    /** The latest lines, as what makes them: most scripts never need the text. */
    private final ArrayDeque<Supplier<String>> lines = new ArrayDeque<>();
    private int forgotten;

    void into(long timeNanos, Flow flow, String what) {
        add(() -> stamp(timeNanos) + " < " + (flow == null ? "" : flow + " ") + what);
    }

    void outOf(Sent sent) {
        add(() -> stamp(sent.timeNanos) + " > " + line(sent));
    }

    void note(long timeNanos, String what) {
        add(() -> stamp(timeNanos) + " . " + what);
    }

    private void add(Supplier<String> line) {
        lines.add(line);
        if (lines.size() > LINES) {
            lines.remove();
            forgotten++;
        }
    }

    static String line(Sent sent) {
        return (sent.flow == null ? sent.sourcePort + "-" + sent.destinationPort : sent.flow.toString()) + ' ' + sent;
    }

    static String stamp(long timeNanos) {
        return String.format(Locale.ROOT, "%12.6f", timeNanos / 1e9);
    }

    /** A failure that shows everything up to it. */
    AssertionError failure(String what) {
        return new AssertionError(what + "\n\n" + story());
    }

    /**
     * A failed expectation: both lists side by side, the first difference marked.
     *
     * @param matched how many of both agree
     */
    AssertionError mismatch(String what, List<String> expected, List<Sent> actual, int matched) {
        StringBuilder report = new StringBuilder(what).append("\n\n  expected\n");
        for (int i = 0; i < Math.max(expected.size(), matched + 1); i++) {
            report.append(i == matched ? "  * " : "    ").append(i < expected.size() ? expected.get(i) : "nothing more")
                    .append('\n');
        }
        report.append("  actual\n");
        for (int i = 0; i < Math.max(actual.size(), matched + 1); i++) {
            report.append(i == matched ? "  * " : "    ")
                    .append(i < actual.size() ? stamp(actual.get(i).timeNanos).strip() + "  " + line(actual.get(i))
                            : "nothing more")
                    .append('\n');
        }
        return new AssertionError(report.append('\n').append(story()).toString());
    }

    private String story() {
        StringBuilder story = new StringBuilder("  the script so far (seconds; < into the stack, > out of it, . its application)\n");
        if (forgotten > 0) {
            story.append("    ... ").append(forgotten).append(" lines before\n");
        }
        for (Supplier<String> line : lines) {
            story.append("  ").append(line.get()).append('\n');
        }
        return story.toString();
    }
}
