package io.doorbell.tools.delegated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/delegated.md compiles without a warning. */
class DelegatedPageTest {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

    @TempDir
    private Path directory;

    @Test
    void theExampleCompiles() throws IOException {
        Matcher block = JAVA_BLOCK.matcher(Files.readString(Path.of("..", "docs", "delegated.md")));
        assertTrue(block.find(), "docs/delegated.md has a java block");
        Path source = Files.writeString(directory.resolve("Engine.java"), block.group(1));
        int result = ToolProvider.getSystemJavaCompiler().run(null, null, null, "-Xlint:all,-path,-processing",
                "-Werror", "-proc:none", "-d", directory.toString(), "-cp", System.getProperty("java.class.path"),
                source.toString());
        assertEquals(0, result, "the compiler's words are above");
    }
}
