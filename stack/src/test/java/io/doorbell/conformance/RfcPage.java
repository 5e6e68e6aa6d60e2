package io.doorbell.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Writes {@code docs/rfc.md}: which test holds which clause of which RFC, from the tests' names, and what is
 * deliberately not done, from a small table. {@code tools/rfc-page} runs it as it is, without a build.
 */
final class RfcPage {
    static final String PAGE = "docs/rfc.md";
    private static final String DATA = "stack/src/test/resources/io/doorbell/conformance/";
    /** The number, the clause's numbers, and what the test says about it. */
    private static final Pattern NAME = Pattern.compile("\\bvoid\\s+rfc(\\d+)((?:_\\d+)*)_(\\w*)\\s*\\(");
    private static final Pattern SHOWN = Pattern.compile("@DisplayName\\(\"RFC (\\d+) (?:section )?([0-9.]*[0-9]):? ([^\"]*)\"");
    private static final Pattern NEXT_WORD = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_");

    /** A clause as numbers, so that 3.10 comes behind 3.9. */
    record Clause(int rfc, List<Integer> numbers) implements Comparable<Clause> {
        static Clause of(String rfc, String clause) {
            return new Clause(Integer.parseInt(rfc), Stream.of(clause.split("[._]")).filter(part -> !part.isEmpty())
                    .map(Integer::valueOf).toList());
        }

        String section() {
            return String.join(".", numbers.stream().map(String::valueOf).toList());
        }

        @Override
        public int compareTo(Clause other) {
            int order = Integer.compare(rfc, other.rfc);
            return order != 0 ? order : Arrays.compare(numbers.toArray(Integer[]::new),
                    other.numbers.toArray(Integer[]::new));
        }
    }

    private final Path root;
    private final Map<Integer, String> titles = new TreeMap<>();
    private final Map<Clause, Map<String, List<String>>> tests = new TreeMap<>();
    private final Map<Clause, List<String>> notDone = new TreeMap<>();
    private int count;

    private RfcPage(Path root) {
        this.root = root;
    }

    /** The program: the directory of the project is the argument. */
    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0]);
        Files.writeString(root.resolve(PAGE), text(root));
        System.out.println("written: " + PAGE);
    }

    /** The page as it has to be. */
    static String text(Path root) {
        RfcPage page = new RfcPage(root);
        page.readTables();
        page.readTests();
        return page.format();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> lines(String name) {
        return read(root.resolve(DATA + name)).lines().filter(line -> !line.isBlank() && !line.startsWith("#")).toList();
    }

    private void readTables() {
        for (String line : lines("rfc-titles.txt")) {
            titles.put(Integer.valueOf(line.substring(0, line.indexOf(' '))), line.substring(line.indexOf(' ') + 1));
        }
        for (String line : lines("rfc-not-done.txt")) {
            String[] cells = line.split(" \\| ");
            if (cells.length != 3) {
                throw new IllegalStateException("rfc-not-done.txt: '" + line + "' needs three cells: RFC and clause |"
                        + " what | why");
            }
            String[] place = cells[0].split(" ");
            notDone.computeIfAbsent(Clause.of(place[0], place.length == 1 ? "" : place[1]), clause -> new ArrayList<>())
                    .add(cells[1] + " | " + cells[2]);
        }
    }

    private void readTests() {
        try (Stream<Path> modules = Files.list(root)) {
            for (Path module : modules.sorted().toList()) {
                Path sources = module.resolve("src/test/java");
                if (Files.isDirectory(sources)) {
                    try (Stream<Path> files = Files.walk(sources)) {
                        files.filter(file -> file.toString().endsWith("Test.java")).sorted().forEach(this::readTest);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void readTest(Path file) {
        String name = file.getFileName().toString().replace(".java", "");
        String source = read(file);
        Matcher method = NAME.matcher(source);
        while (method.find()) {
            add(Clause.of(method.group(1), method.group(2)), name, words(method.group(3)));
        }
        Matcher shown = SHOWN.matcher(source);
        while (shown.find()) {
            add(Clause.of(shown.group(1), shown.group(2)), name, shown.group(3));
        }
    }

    private void add(Clause clause, String name, String what) {
        tests.computeIfAbsent(clause, key -> new TreeMap<>()).computeIfAbsent(name, key -> new ArrayList<>()).add(what);
        count++;
    }

    private static String words(String name) {
        return NEXT_WORD.matcher(name).replaceAll(" ").toLowerCase(Locale.ROOT).strip();
    }

    private String title(int rfc) {
        if (!titles.containsKey(rfc)) {
            throw new IllegalStateException("a test names RFC " + rfc + ": add its title to " + DATA + "rfc-titles.txt");
        }
        return titles.get(rfc);
    }

    private String format() {
        StringBuilder page = new StringBuilder("""
                # RFC, clause, test

                Generated from the names of the tests: do not edit, run `tools/rfc-page`. A test fails when this page is
                behind. %d tests name a clause; they are the script or property to read, and the proof.

                - [Deliberately not done](#deliberately-not-done)
                """.formatted(count));
        List<Integer> rfcs = tests.keySet().stream().map(Clause::rfc).distinct().toList();
        for (int rfc : rfcs) {
            page.append("- [RFC %d](#rfc-%d), %s%n".formatted(rfc, rfc, title(rfc)));
        }
        page.append("\n## Deliberately not done\n\n| RFC | what | why |\n| --- | --- | --- |\n");
        notDone.forEach((clause, rows) -> rows.forEach(row -> page.append("| ").append(clause.rfc())
                .append(clause.numbers().isEmpty() ? "" : ", " + clause.section()).append(" | ").append(row)
                .append(" |\n")));
        int before = 0;
        for (Map.Entry<Clause, Map<String, List<String>>> entry : tests.entrySet()) {
            Clause clause = entry.getKey();
            if (clause.rfc() != before) {
                before = clause.rfc();
                page.append("\n## RFC %d\n\n[%s](https://www.rfc-editor.org/rfc/rfc%d)\n".formatted(before,
                        title(before), before));
            }
            page.append(clause.numbers().isEmpty() ? "\n**as a whole**\n\n" : "\n**" + clause.section() + "**\n\n");
            entry.getValue().forEach((name, whats) -> page.append("- `").append(name).append("`: ")
                    .append(String.join("; ", whats)).append('\n'));
        }
        return page.toString().replace("\r\n", "\n");
    }
}
