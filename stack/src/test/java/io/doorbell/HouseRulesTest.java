package io.doorbell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.doorbell.SourceRules.Source;
import io.doorbell.counters.Counters;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds the walls: of every module's sources, and of the stack's classes. And shows that it would notice a hole. */
class HouseRulesTest {
    /** One for all samples: it keeps what it read of the JDK. */
    private static final StandardJavaFileManager FILES =
            ToolProvider.getSystemJavaCompiler().getStandardFileManager(null, null, null);

    @TempDir
    private Path directory;

    @AfterAll
    static void close() throws IOException {
        FILES.close();
    }

    private static void assertNone(List<String> violations) {
        assertTrue(violations.isEmpty(), () -> violations.size() + " violations:\n" + String.join("\n", violations));
    }

    // ---- the rules, held

    @Test
    void every_source_of_every_module_keeps_the_house_rules() throws IOException {
        List<Source> sources = SourceRules.sourcesBelow(projectRoot());
        assertTrue(sources.stream().anyMatch(source -> source.path().equals(
                "stack/src/test/java/io/doorbell/HouseRulesTest.java")), "the scan must find at least this file");
        assertNone(SourceRules.violations(sources));
    }

    @Test
    void every_class_of_the_stack_knows_only_what_is_below_it_and_allowed() {
        assertNone(ClassRules.violations(new ClassFileImporter().importUrl(stackClasses())));
    }

    /** The directory of the parent pom: the one that names modules. */
    private static Path projectRoot() throws IOException {
        Path candidate = Path.of("").toAbsolutePath();
        while (candidate != null) {
            Path pom = candidate.resolve("pom.xml");
            if (Files.exists(pom) && Files.readString(pom).contains("<modules>")) {
                return candidate;
            }
            candidate = candidate.getParent();
        }
        throw new AssertionError("no pom.xml with modules above " + Path.of("").toAbsolutePath());
    }

    private static URL stackClasses() {
        return Counters.class.getProtectionDomain().getCodeSource().getLocation();
    }

    // ---- sources that break them

    private static List<String> violationsOf(String path, String text) {
        return SourceRules.violations(List.of(new Source(path, text, path.contains("src/test/"))));
    }

    private static String classWithMethodOf(int lines) {
        return "class A {\n    void f() {\n" + "        f();\n".repeat(lines - 2) + "    }\n}\n";
    }

    @Test
    void a_file_of_501_lines_is_noticed() {
        assertNone(violationsOf("A.java", "class A {\n" + "\n".repeat(498) + "}\n"));
        assertEquals(List.of("A.java: 501 lines, at most 500: split it by concern"),
                violationsOf("A.java", "class A {\n" + "\n".repeat(499) + "}\n"));
    }

    @Test
    void a_method_of_71_lines_is_noticed() {
        assertNone(violationsOf("A.java", classWithMethodOf(70)));
        assertEquals(List.of("A.java:2: method f has 71 lines, at most 70: split it"),
                violationsOf("A.java", classWithMethodOf(71)));
    }

    @Test
    void long_constructors_initializers_and_inner_methods_are_noticed() {
        String body = " {\n" + "        int x;\n".repeat(70) + "    }\n";
        assertEquals(List.of("A.java:2: method <init> has 72 lines, at most 70: split it"),
                violationsOf("A.java", "class A {\n    A()" + body + "}\n"));
        assertEquals(List.of("A.java:2: initializer has 72 lines, at most 70: split it"),
                violationsOf("A.java", "class A {\n    static" + body + "}\n"));
        assertEquals(List.of("A.java:3: method g has 72 lines, at most 70: split it"),
                violationsOf("A.java", "class A {\n    Object o = new Object() {\n    void g()" + body + "};\n}\n"));
    }

    @ParameterizedTest
    @CsvSource({"Impl", "LinkImpl", "Utils", "StringUtil", "CommonThings", "TestHelper", "ConnectionManager",
        "TCPUtils", "TCP_UTIL"})
    void a_class_named_for_nothing_is_noticed(String name) {
        assertEquals(List.of("A.java:1: class " + name + " is named for nothing: name it for what it does"),
                violationsOf("A.java", "class " + name + " { }\n"));
        assertEquals(List.of("A.java:1: class " + name + " is named for nothing: name it for what it does"),
                violationsOf("A.java", "interface A { record " + name + "() { } }\n"));
    }

    @ParameterizedTest
    @CsvSource({"Implementation", "Simple", "Utility", "Uncommon", "Managed"})
    void a_class_that_only_contains_such_letters_is_not(String name) {
        assertNone(violationsOf("A.java", "class " + name + " { }\n"));
    }

    @ParameterizedTest
    @CsvSource({"io.doorbell.util", "io.doorbell.impl.tcp", "io.common", "helper"})
    void a_package_named_for_nothing_is_noticed(String name) {
        assertEquals(List.of("A.java:1: package " + name + " is named for nothing: name it for what it does"),
                violationsOf("A.java", "package " + name + ";\nclass A { }\n"));
    }

    @Test
    void tests_that_nobody_runs_are_noticed() {
        String tests = " class B {\n    @Test\n    void f() { }\n    }\n}\n";
        assertEquals(List.of("A.java:2: the tests of B never run: only a @Nested class inside another is found"),
                violationsOf("A.java", "class A {\n    static" + tests));
        assertNone(violationsOf("A.java", "class A {\n    @Nested" + tests));
        assertNone(violationsOf("A.java", "class A {\n    static class B { void f() { } }\n}\n"));
    }

    @Test
    void a_suppressed_warning_is_noticed_in_main_code_only() {
        String text = "class A {\n    @SuppressWarnings(\"unused\")\n    int x;\n"
                + "    void f(@java.lang.SuppressWarnings(\"unused\") int y) { }\n}\n";
        assertEquals(List.of("src/main/A.java:2: a suppressed warning: mend what it warns of",
                "src/main/A.java:4: a suppressed warning: mend what it warns of"), violationsOf("src/main/A.java", text));
        assertNone(violationsOf("src/test/A.java", text));
    }

    @ParameterizedTest
    @CsvSource({"TO,DO", "FIX,ME", "XX,X"})
    void a_loose_end_is_noticed(String first, String second) {
        assertEquals(List.of("A.java:2: a loose end: do it, or open an issue"),
                violationsOf("A.java", "class A {\n    // " + first + second + ": more\n}\n"));
        assertNone(violationsOf("A.java", "class A {\n    int m" + first + second + "s;\n}\n"));
    }

    @Test
    void a_source_that_is_no_java_is_noticed() {
        assertTrue(violationsOf("A.java", "class {").getFirst().startsWith("A.java:1: cannot be parsed: "));
    }

    @Test
    void build_output_and_hidden_directories_are_not_sources() throws IOException {
        for (String path : List.of("a/src/main/java/A.java", "a/src/test/java/A.java", "a/target/A.java", ".x/A.java")) {
            Files.createDirectories(directory.resolve(path).getParent());
            Files.writeString(directory.resolve(path), "class A { }\n");
        }
        assertEquals(List.of(new Source("a/src/main/java/A.java", "class A { }\n", false),
                new Source("a/src/test/java/A.java", "class A { }\n", true)), SourceRules.sourcesBelow(directory));
    }

    // ---- classes that break them

    /** Compiles a class {@code A} of the given package and body and returns what is wrong with it. */
    private List<String> violationsOfClass(String packageName, String body) throws IOException, URISyntaxException {
        Path source = directory.resolve("A.java");
        Files.writeString(source, "package " + packageName + ";\npublic class A {\n" + body + "\n}\n");
        Path output = Files.createDirectory(directory.resolve("classes"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> options = List.of("-proc:none", "-nowarn", "-d", output.toString(), "-classpath",
                Path.of(stackClasses().toURI()).toString());
        StringWriter messages = new StringWriter();
        boolean compiled = compiler.getTask(messages, FILES, null, options, null, FILES.getJavaFileObjects(source)).call();
        assertTrue(compiled, () -> "the sample must compile: " + messages);
        return ClassRules.violations(new ClassFileImporter().importPath(output));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "io.doorbell.wire     | io.doorbell.link.Link x;",
        "io.doorbell.wire     | io.doorbell.counters.Counters x;",
        "io.doorbell.link     | int x = io.doorbell.ip.Ipv4.SENT + io.doorbell.ip.Ipv4Address.parse(\"\");",
        "io.doorbell.link     | io.doorbell.counters.Counter[] x;",
        "io.doorbell.counters | void f(io.doorbell.link.Link x) { }",
        "io.doorbell.link.sub | java.util.List<io.doorbell.ip.Ipv4> x;"})
    void a_dependency_that_points_up_or_aside_is_noticed(String packageName, String body)
            throws IOException, URISyntaxException {
        List<String> violations = violationsOfClass(packageName, body);
        assertTrue(!violations.isEmpty() && violations.getFirst().contains("which is not below it"),
                violations.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "io.doorbell.link | long x = io.doorbell.wire.Bytes.u8(null, 0);",
        "io.doorbell.ip   | io.doorbell.counters.Counters x; io.doorbell.link.Link y; io.doorbell.wire.Bytes z;",
        "io.doorbell.tcp  | io.doorbell.ip.Ipv4 x; void f(java.io.OutputStream o, java.lang.foreign.Arena a) { }",
        "io.doorbell      | io.doorbell.ip.Ipv4 x; io.doorbell.link.Link y;",
        "io.doorbell.run  | Thread x = new Thread(); long y = System.nanoTime();",
        "io.doorbell.run  | java.nio.file.Path x; long y = ProcessHandle.current().pid();"})
    void what_is_below_and_allowed_is_not(String packageName, String body) throws IOException, URISyntaxException {
        assertNone(violationsOfClass(packageName, body));
    }

    @Test
    void a_class_in_no_room_is_noticed() throws IOException, URISyntaxException {
        assertEquals(List.of("io.doorbell.attic.A is in no room of the stack: see the architecture page"),
                violationsOfClass("io.doorbell.attic", ""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "java.lang.System.nanoTime          | long x = System.nanoTime();",
        "java.lang.System.nanoTime          | java.util.function.LongSupplier x = System::nanoTime;",
        "java.lang.System.nanoTime          | java.util.function.LongSupplier x = () -> System.nanoTime();",
        "java.lang.System.currentTimeMillis | long x = System.currentTimeMillis();",
        "java.time.Instant.now              | Object x = java.time.Instant.now();",
        "java.lang.Thread                   | Thread x;",
        "java.lang.Thread                   | void f() { Thread.onSpinWait(); }",
        "java.util.concurrent.Executors     | Object x = java.util.concurrent.Executors.newCachedThreadPool();",
        "java.io.FileOutputStream           | Object x() throws Exception { return new java.io.FileOutputStream(\"\"); }",
        "java.nio.file.Path                 | Object x = java.nio.file.Path.of(\"\");",
        "java.lang.foreign.Linker           | Object x = java.lang.foreign.Linker.nativeLinker();",
        "java.lang.System.out               | void f() { System.out.println(); }",
        "java.lang.System.err               | void f() { System.err.println(); }",
        "java.net.Socket                    | java.net.Socket x;",
        "sun.misc.Unsafe                    | sun.misc.Unsafe x;"})
    void a_forbidden_call_is_noticed(String what, String body) throws IOException, URISyntaxException {
        List<String> violations = violationsOfClass("io.doorbell.ip", body);
        assertTrue(violations.stream().anyMatch(violation -> violation.contains(what)
                && violation.endsWith(", which this room may not")), violations.toString());
    }
}
