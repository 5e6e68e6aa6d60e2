package io.doorbell.tools.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.engine.discovery.DiscoverySelectors;

/** The example of docs/testkit.md compiles without a warning, and its tests pass. */
class TestKitPageTest {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

    @TempDir
    private Path directory;

    @Test
    void theExampleIsCompiledAndRun() throws IOException, ReflectiveOperationException {
        Matcher block = JAVA_BLOCK.matcher(Files.readString(Path.of("..", "docs", "testkit.md")));
        assertTrue(block.find(), "docs/testkit.md has a java block");
        Path source = Files.writeString(directory.resolve("EchoTest.java"), block.group(1));
        int result = ToolProvider.getSystemJavaCompiler().run(null, null, null, "-Xlint:all,-path,-processing",
                "-Werror", "-proc:none", "-d", directory.toString(), "-cp", System.getProperty("java.class.path"),
                source.toString());
        assertEquals(0, result, "the compiler's words are above");
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {directory.toUri().toURL()},
                getClass().getClassLoader())) {
            LauncherFactory.create().execute(LauncherDiscoveryRequestBuilder.request()
                    .selectors(DiscoverySelectors.selectClass(loader.loadClass("EchoTest"))).build(), summary);
        }
        summary.getSummary().getFailures().forEach(each -> each.getException().printStackTrace());
        assertEquals(0, summary.getSummary().getTestsFailedCount());
        assertEquals(4, summary.getSummary().getTestsSucceededCount());
    }
}
