package io.doorbell;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.PackageTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** The house rules that a source file shows: its length, its methods' lengths, names, suppressions, loose ends. */
final class SourceRules {
    static final int FILE_LINES = 500;
    static final int METHOD_LINES = 70;
    /** Names that say nothing about what is inside. */
    private static final Set<String> EMPTY_NAMES =
            Set.of("impl", "util", "utils", "common", "helper", "helpers", "manager");
    private static final Set<String> TESTS = Set.of("Test", "ParameterizedTest", "RepeatedTest", "Property", "Example",
            "TestFactory");
    /** Where a name in camel case has its next word. */
    private static final Pattern NEXT_WORD = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_");
    /** Written apart, so that this file keeps the rule too. */
    private static final Pattern LOOSE_END = Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");

    /**
     * A source file.
     *
     * @param path   as it is to be named in a violation
     * @param text   all of it
     * @param isTest whether the rules for main code only do not apply
     */
    record Source(String path, String text, boolean isTest) {
    }

    private SourceRules() {
    }

    /** Every Java source below a directory that belongs to a module's {@code src}, build output left out. */
    static List<Source> sourcesBelow(Path root) {
        try (Stream<Path> paths = Files.walk(root)) {
            return paths.filter(path -> path.toString().endsWith(".java")).map(root::relativize)
                    .filter(path -> !isBuildOutput(path)).sorted().map(path -> read(root, path)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isBuildOutput(Path path) {
        for (Path part : path) {
            if (part.toString().equals("target") || part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    private static Source read(Path root, Path path) {
        try {
            String name = path.toString().replace('\\', '/');
            return new Source(name, Files.readString(root.resolve(path)), name.contains("src/test/"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One line for each place where a source breaks a rule; empty if none does. */
    static List<String> violations(List<Source> sources) {
        List<String> violations = new ArrayList<>();
        for (Source source : sources) {
            checkText(source, violations);
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        List<SourceObject> objects = IntStream.range(0, sources.size())
                .mapToObj(i -> new SourceObject(i, sources.get(i).text())).toList();
        JavacTask task = (JavacTask) compiler.getTask(null, null, problems, List.of("-proc:none"), null, objects);
        try {
            for (CompilationUnitTree unit : task.parse()) {
                Source source = sources.get(SourceObject.index(unit.getSourceFile()));
                new Rules(unit, source, Trees.instance(task).getSourcePositions(), violations).scan(unit, null);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (Diagnostic<? extends JavaFileObject> problem : problems.getDiagnostics()) {
            if (problem.getKind() == Diagnostic.Kind.ERROR) {
                violations.add(sources.get(SourceObject.index(problem.getSource())).path() + ":"
                        + problem.getLineNumber() + ": cannot be parsed: " + problem.getMessage(Locale.ROOT));
            }
        }
        return violations;
    }

    private static void checkText(Source source, List<String> violations) {
        List<String> lines = source.text().lines().toList();
        if (lines.size() > FILE_LINES) {
            violations.add(source.path() + ": " + lines.size() + " lines, at most " + FILE_LINES
                    + ": split it by concern");
        }
        for (int i = 0; i < lines.size(); i++) {
            if (LOOSE_END.matcher(lines.get(i)).find()) {
                violations.add(source.path() + ":" + (i + 1) + ": a loose end: do it, or open an issue");
            }
        }
    }

    /** Walks one file's syntax tree. */
    private static final class Rules extends TreePathScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final Source source;
        private final SourcePositions positions;
        private final List<String> violations;

        Rules(CompilationUnitTree unit, Source source, SourcePositions positions, List<String> violations) {
            this.unit = unit;
            this.source = source;
            this.positions = positions;
            this.violations = violations;
        }

        @Override
        public Void visitPackage(PackageTree tree, Void nothing) {
            for (String part : tree.getPackageName().toString().split("\\.")) {
                if (EMPTY_NAMES.contains(part.toLowerCase(Locale.ROOT))) {
                    report(tree, "package " + tree.getPackageName() + " is named for nothing: name it for what it does");
                }
            }
            return super.visitPackage(tree, nothing);
        }

        @Override
        public Void visitClass(ClassTree tree, Void nothing) {
            for (String word : NEXT_WORD.split(tree.getSimpleName())) {
                if (EMPTY_NAMES.contains(word.toLowerCase(Locale.ROOT))) {
                    report(tree, "class " + tree.getSimpleName() + " is named for nothing: name it for what it does");
                }
            }
            if (getCurrentPath().getParentPath().getLeaf() instanceof ClassTree && hasTests(tree)
                    && !annotated(tree.getModifiers(), Set.of("Nested", "Group"))) {
                report(tree, "the tests of " + tree.getSimpleName() + " never run: only a @Nested class inside another is"
                        + " found");
            }
            return super.visitClass(tree, nothing);
        }

        private static boolean hasTests(ClassTree tree) {
            return tree.getMembers().stream().anyMatch(member -> member instanceof MethodTree method
                    && annotated(method.getModifiers(), TESTS));
        }

        private static boolean annotated(ModifiersTree modifiers, Set<String> names) {
            return modifiers.getAnnotations().stream()
                    .anyMatch(annotation -> names.contains(annotation.getAnnotationType().toString()));
        }

        @Override
        public Void visitMethod(MethodTree tree, Void nothing) {
            checkLength(tree, "method " + tree.getName());
            return super.visitMethod(tree, nothing);
        }

        @Override
        public Void visitBlock(BlockTree tree, Void nothing) {
            if (getCurrentPath().getParentPath().getLeaf() instanceof ClassTree) {
                checkLength(tree, "initializer");
            }
            return super.visitBlock(tree, nothing);
        }

        @Override
        public Void visitAnnotation(AnnotationTree tree, Void nothing) {
            String name = tree.getAnnotationType().toString();
            if (!source.isTest() && (name.equals("SuppressWarnings") || name.endsWith(".SuppressWarnings"))) {
                report(tree, "a suppressed warning: mend what it warns of");
            }
            return super.visitAnnotation(tree, nothing);
        }

        private void checkLength(Tree tree, String what) {
            long end = positions.getEndPosition(unit, tree);
            if (end >= 0) {
                long lines = unit.getLineMap().getLineNumber(end) - line(tree) + 1;
                if (lines > METHOD_LINES) {
                    report(tree, what + " has " + lines + " lines, at most " + METHOD_LINES + ": split it");
                }
            }
        }

        private long line(Tree tree) {
            return unit.getLineMap().getLineNumber(positions.getStartPosition(unit, tree));
        }

        private void report(Tree tree, String what) {
            violations.add(source.path() + ":" + line(tree) + ": " + what);
        }
    }

    /** A source as javac wants it, named by its index: javac hands back wrapped objects, but keeps their names. */
    private static final class SourceObject extends SimpleJavaFileObject {
        private final String text;

        SourceObject(int index, String text) {
            super(URI.create("source:/" + index), Kind.SOURCE);
            this.text = text;
        }

        static int index(FileObject object) {
            return Integer.parseInt(object.toUri().getPath().substring(1));
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        /** Any class may be in any file: samples are not named after theirs. */
        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return true;
        }
    }
}
