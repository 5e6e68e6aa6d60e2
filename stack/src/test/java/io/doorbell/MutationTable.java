package io.doorbell;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The table in {@code docs/mutation.md}: for each class how its mutants fared when it was last run, which commit had made
 * it what it was then, and the day. It is read back, so that the results of a part replace what they are newer than.
 */
final class MutationTable {
    static final String BEGIN = "<!-- TABLE -->\n";
    static final String END = "<!-- END OF TABLE -->";
    private static final String HEAD = "| class | mutants | killed | timed out | survived | not run | score | as of | run |\n"
            + "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n";
    private static final Pattern PACKAGE = Pattern.compile("\\| \\*\\*(io\\.[a-z.]+)\\*\\* \\|.*");
    private static final Pattern CLASS = Pattern.compile(
            "\\| (\\w+) \\| (\\d+) \\| (\\d+) \\| (\\d+) \\| (\\d+) \\| (\\d+) \\|[^|]*\\| ([^|]*) \\| ([^|]*) \\|");

    /** How mutants fared. {@code uncovered}: no test comes by. */
    record Counts(int killed, int timedOut, int survived, int uncovered) {
        static final Counts NONE = new Counts(0, 0, 0, 0);

        Counts plus(Counts other) {
            return new Counts(killed + other.killed, timedOut + other.timedOut, survived + other.survived,
                    uncovered + other.uncovered);
        }

        /** One more, with this outcome in PIT's words. */
        Counts plus(String status) {
            return switch (status) {
                case "KILLED", "RUN_ERROR", "MEMORY_ERROR", "NON_VIABLE" -> plus(new Counts(1, 0, 0, 0));
                case "TIMED_OUT" -> plus(new Counts(0, 1, 0, 0));
                case "NO_COVERAGE" -> plus(new Counts(0, 0, 0, 1));
                default -> plus(new Counts(0, 0, 1, 0));
            };
        }

        int mutants() {
            return killed + timedOut + survived + uncovered;
        }

        double percent() {
            return 100.0 * (killed + timedOut) / mutants();
        }

        private String cells(String name, String asOf, String day) {
            String score = mutants() == 0 ? "" : String.format(Locale.ROOT, "%.0f %%", percent());
            return String.format(Locale.ROOT, "| %s | %d | %d | %d | %d | %d | %s | %s | %s |%n", name, mutants(), killed,
                    timedOut, survived, uncovered, score, asOf, day);
        }
    }

    /**
     * A class's row.
     *
     * @param asOf the last commit that had changed the class when it was run
     * @param day  when that was, {@code 2026-01-31}
     */
    record Row(Counts counts, String asOf, String day) {
    }

    /** By the classes' full names. */
    private final Map<String, Row> rows = new TreeMap<>();

    /** What a page's table says; an empty table if it has none in today's form. */
    static MutationTable of(String page) {
        MutationTable table = new MutationTable();
        String inPackage = null;
        for (String line : page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END)).split("\n")) {
            Matcher opens = PACKAGE.matcher(line);
            Matcher row = CLASS.matcher(line);
            if (opens.matches()) {
                inPackage = opens.group(1);
            } else if (row.matches() && inPackage != null) {
                int[] n = new int[4];
                for (int i = 0; i < n.length; i++) {
                    n[i] = Integer.parseInt(row.group(3 + i));
                }
                table.rows.put(inPackage + "." + row.group(1),
                        new Row(new Counts(n[0], n[1], n[2], n[3]), row.group(7), row.group(8)));
            }
        }
        return table;
    }

    /** The page with this table in place of its own. */
    String into(String page) {
        StringBuilder text = new StringBuilder(HEAD);
        String inPackage = "";
        for (Map.Entry<String, Row> entry : rows.entrySet()) {
            int dot = entry.getKey().lastIndexOf('.');
            String name = entry.getKey().substring(0, dot);
            if (!name.equals(inPackage)) {
                inPackage = name;
                text.append(total(name).cells("**" + name + "**", "", ""));
            }
            Row row = entry.getValue();
            text.append(row.counts.cells(entry.getKey().substring(dot + 1), row.asOf, row.day));
        }
        text.append(total("").cells("**together**", "", ""));
        return page.substring(0, page.indexOf(BEGIN) + BEGIN.length()) + text + page.substring(page.indexOf(END));
    }

    void put(String name, Row row) {
        rows.put(name, row);
    }

    /** The row of a class, null if it was never run. */
    Row get(String name) {
        return rows.get(name);
    }

    /** Forgets classes that there are no more. */
    void retain(Set<String> names) {
        rows.keySet().retainAll(names);
    }

    List<String> packages() {
        List<String> names = new ArrayList<>();
        rows.keySet().forEach(name -> {
            String in = name.substring(0, name.lastIndexOf('.'));
            if (!names.contains(in)) {
                names.add(in);
            }
        });
        return names;
    }

    /** The sum over the classes of a package; of all if its name is empty. */
    Counts total(String inPackage) {
        return rows.entrySet().stream()
                .filter(row -> inPackage.isEmpty() || row.getKey().substring(0, row.getKey().lastIndexOf('.')).equals(inPackage))
                .map(row -> row.getValue().counts).reduce(Counts.NONE, Counts::plus);
    }
}
