package io.doorbell;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Adds up reports of PIT: {@code tools/mutation} runs it as it is, without a build. Reports of parts of the code may be
 * given together. {@code --page} also writes the table in {@code docs/mutation.md}.
 */
final class MutationScore {
    private static final String PAGE = "docs/mutation.md";
    private static final String BEGIN = "<!-- TABLE -->";
    private static final String END = "<!-- END OF TABLE -->";
    private static final int WANTED_PERCENT = 75;

    private static final class Counts {
        private int killed;
        private int timedOut;
        private int survived;
        private int uncovered;

        void add(String status) {
            switch (status) {
                case "KILLED", "RUN_ERROR", "MEMORY_ERROR", "NON_VIABLE" -> killed++;
                case "TIMED_OUT" -> timedOut++;
                case "NO_COVERAGE" -> uncovered++;
                default -> survived++;
            }
        }

        void add(Counts other) {
            killed += other.killed;
            timedOut += other.timedOut;
            survived += other.survived;
            uncovered += other.uncovered;
        }

        int mutants() {
            return killed + timedOut + survived + uncovered;
        }

        double percent() {
            return 100.0 * (killed + timedOut) / mutants();
        }

        String row(String name) {
            return String.format(Locale.ROOT, "| %s | %d | %d | %d | %d | %d | %.0f %% |%n", name, mutants(), killed, timedOut,
                    survived, uncovered, percent());
        }
    }

    private final Map<String, Counts> packages = new TreeMap<>();
    private final Map<String, Map<String, Counts>> classes = new TreeMap<>();

    private MutationScore() {
    }

    /** The program: the directory of the project, {@code --page} if wanted, the reports. */
    public static void main(String[] args) throws IOException, ParserConfigurationException, SAXException {
        Path root = Path.of(args[0]);
        List<String> rest = new ArrayList<>(Arrays.asList(args).subList(1, args.length));
        boolean page = rest.remove("--page");
        MutationScore score = new MutationScore();
        for (String report : rest) {
            score.read(Path.of(report));
        }
        if (page) {
            score.write(root.resolve(PAGE));
        }
        System.exit(score.print() ? 0 : 1);
    }

    private void read(Path report) throws IOException, ParserConfigurationException, SAXException {
        NodeList mutants = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report.toFile())
                .getElementsByTagName("mutation");
        for (int i = 0; i < mutants.getLength(); i++) {
            Element mutant = (Element) mutants.item(i);
            String name = mutant.getElementsByTagName("mutatedClass").item(0).getTextContent().replaceFirst("\\$.*", "");
            int dot = name.lastIndexOf('.');
            String status = mutant.getAttribute("status");
            packages.computeIfAbsent(name.substring(0, dot), key -> new Counts()).add(status);
            classes.computeIfAbsent(name.substring(0, dot), key -> new TreeMap<>())
                    .computeIfAbsent(name.substring(dot + 1), key -> new Counts()).add(status);
        }
    }

    private Counts total() {
        Counts total = new Counts();
        packages.values().forEach(total::add);
        return total;
    }

    private void write(Path page) throws IOException {
        StringBuilder table = new StringBuilder(BEGIN + "\n| class | mutants | killed | timed out | survived | not run | score |\n"
                + "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        classes.forEach((name, counts) -> {
            table.append(packages.get(name).row("**" + name + "**"));
            counts.forEach((one, count) -> table.append(count.row(one)));
        });
        table.append(total().row("**together**"));
        String text = Files.readString(page);
        Files.writeString(page, text.substring(0, text.indexOf(BEGIN)) + table + text.substring(text.indexOf(END)));
        System.out.println("written: " + PAGE);
    }

    /** Whether the score is good enough. */
    private boolean print() {
        Counts total = total();
        if (total.mutants() == 0) {
            System.out.println("no mutant was made: do the names in -Dmutation.classes exist?");
            return false;
        }
        packages.forEach((name, counts) -> System.out.printf(Locale.ROOT, "%-20s %s%n", name, line(counts)));
        System.out.printf(Locale.ROOT, "%-20s %s%n", "together", line(total));
        boolean enough = total.percent() >= WANTED_PERCENT;
        if (!enough) {
            System.out.println("less than " + WANTED_PERCENT + " %");
        }
        return enough;
    }

    private static String line(Counts counts) {
        return String.format(Locale.ROOT, "%5.1f %%  mutants %d, killed %d, timed out %d, survived %d, no coverage %d", counts.percent(),
                counts.mutants(), counts.killed, counts.timedOut, counts.survived, counts.uncovered);
    }
}
