package io.doorbell;

import io.doorbell.MutationTable.Counts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * What {@code tools/mutation} has PIT run, and what came of it; it runs as it is, without a build. The classes are run in
 * parts that take some minutes each, and {@code docs/mutation.md} keeps the results of each class until it is run again.
 */
final class MutationScore {
    private static final String PAGE = "docs/mutation.md";
    private static final String SOURCES = "stack/src/main/java";
    private static final List<String> PACKAGES = List.of("io.doorbell.tcp", "io.doorbell.wire");
    private static final int WANTED_PERCENT = 75;
    /** Mutants in one part: what PIT needs for each part (compiling, one run of all tests) is little beside it. */
    private static final int MUTANTS_IN_A_PART = 300;
    /** For a class that was never run. */
    private static final int LINES_FOR_A_MUTANT = 2;

    private final Path root;
    /** The source of each class, by its full name. */
    private final Map<String, Path> sources = new TreeMap<>();
    private final MutationTable table;

    private MutationScore(Path root) throws IOException {
        this.root = root;
        for (String each : PACKAGES) {
            try (Stream<Path> files = Files.list(root.resolve(SOURCES).resolve(each.replace('.', '/')))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(file ->
                        sources.put(each + "." + file.getFileName().toString().replace(".java", ""), file));
            }
        }
        table = MutationTable.of(Files.readString(root.resolve(PAGE)));
        table.retain(sources.keySet());
    }

    /**
     * The program: the directory of the project, then {@code parts} with {@code all}, {@code behind} or the names of
     * classes, parted by commas: prints the parts, a line each; {@code behind}: prints the classes that are; or {@code
     * score} with {@code page} or {@code print}, the names of the classes that were run, and PIT's reports of them.
     */
    public static void main(String[] args) throws IOException, ParserConfigurationException, SAXException,
            InterruptedException {
        MutationScore score = new MutationScore(Path.of(args[0]));
        switch (args[1]) {
            case "parts" -> score.parts(score.chosen(args[2])).forEach(part -> System.out.println(String.join(",", part)));
            case "behind" -> score.behind().forEach(System.out::println);
            default -> System.exit(score.score(args[2].equals("page"), args[3], Arrays.asList(args).subList(4, args.length))
                    ? 0 : 1);
        }
    }

    // ---- what to run

    private Collection<String> chosen(String what) throws IOException, InterruptedException {
        if (what.equals("all")) {
            return sources.keySet();
        }
        if (what.equals("behind")) {
            return behind();
        }
        List<String> names = new ArrayList<>();
        for (String name : what.split(",")) {
            String full = sources.keySet().stream().filter(each -> each.equals(name) || each.endsWith("." + name)).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("no class " + name + " in " + PACKAGES
                            + ": give names as in docs/mutation.md"));
            names.add(full);
        }
        return names;
    }

    /** Classes that were never run, and then those that have changed since. */
    private List<String> behind() throws IOException, InterruptedException {
        List<String> names = new ArrayList<>(sources.keySet().stream().filter(name -> table.get(name) == null).toList());
        for (String name : sources.keySet()) {
            if (table.get(name) != null && !table.get(name).asOf().equals(asOf(name))) {
                names.add(name);
            }
        }
        return names;
    }

    private List<List<String>> parts(Collection<String> names) throws IOException {
        List<List<String>> parts = new ArrayList<>();
        int room = 0;
        for (String name : names) {
            MutationTable.Row row = table.get(name);
            int mutants = row != null ? row.counts().mutants()
                    : Files.readAllLines(sources.get(name)).size() / LINES_FOR_A_MUTANT;
            if (parts.isEmpty() || mutants > room) {
                parts.add(new ArrayList<>());
                room = MUTANTS_IN_A_PART;
            }
            parts.getLast().add(name);
            room -= mutants;
        }
        return parts;
    }

    /** The last commit that changed the class; with a plus sign if it was changed after that. */
    private String asOf(String name) throws IOException, InterruptedException {
        String file = root.relativize(sources.get(name)).toString();
        return git("log", "-1", "--format=%h", "--abbrev=7", "--", file)
                + (git("status", "--porcelain", "--", file).isEmpty() ? "" : "+");
    }

    private String git(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("git", "-C", root.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new IOException("failed: " + String.join(" ", command));
        }
        return said;
    }

    // ---- what came of it

    private boolean score(boolean page, String ran, List<String> reports) throws IOException, ParserConfigurationException,
            SAXException, InterruptedException {
        Map<String, Counts> results = new TreeMap<>();
        for (String name : ran.split(",")) {
            results.put(name, Counts.NONE);
        }
        for (String report : reports) {
            read(Path.of(report), results);
        }
        MutationTable shown = page ? table : new MutationTable();
        String day = LocalDate.now(ZoneOffset.UTC).toString();
        for (Map.Entry<String, Counts> result : results.entrySet()) {
            shown.put(result.getKey(), new MutationTable.Row(result.getValue(), asOf(result.getKey()), day));
            print(result.getKey(), result.getValue());
        }
        if (page) {
            Path file = root.resolve(PAGE);
            Files.writeString(file, shown.into(Files.readString(file)));
            System.out.println("written: " + PAGE);
        }
        return print(shown);
    }

    private static void read(Path report, Map<String, Counts> results) throws IOException, ParserConfigurationException,
            SAXException {
        NodeList mutants = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report.toFile())
                .getElementsByTagName("mutation");
        for (int i = 0; i < mutants.getLength(); i++) {
            Element mutant = (Element) mutants.item(i);
            String name = mutant.getElementsByTagName("mutatedClass").item(0).getTextContent().replaceFirst("\\$.*", "");
            results.put(name, results.getOrDefault(name, Counts.NONE).plus(mutant.getAttribute("status")));
        }
    }

    /** Whether the score is good enough. */
    private static boolean print(MutationTable table) {
        Counts total = table.total("");
        if (total.mutants() == 0) {
            System.out.println("no mutant was made: does the class have code?");
            return false;
        }
        table.packages().forEach(name -> print(name, table.total(name)));
        print("together", total);
        boolean enough = total.percent() >= WANTED_PERCENT;
        if (!enough) {
            System.out.println("less than " + WANTED_PERCENT + " %");
        }
        return enough;
    }

    private static void print(String name, Counts counts) {
        if (counts.mutants() == 0) {
            System.out.printf("%-40s has no code to mutate%n", name);
            return;
        }
        System.out.printf(Locale.ROOT, "%-40s %5.1f %%  mutants %d, killed %d, timed out %d, survived %d, no coverage %d%n", name,
                counts.percent(), counts.mutants(), counts.killed(), counts.timedOut(),
                counts.survived(), counts.uncovered());
    }
}
