package io.doorbell.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tools.demo.PayloadSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example compiles without a warning and does what is said of it. */
class ReadmeTest {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
    private static final int BYTES = 3_000_000;

    @TempDir
    private Path directory;

    private static String readme() throws IOException {
        return Files.readString(Path.of("..", "README.md"));
    }

    /** The example's {@code serve}, compiled from the README as it stands. */
    private Method compile(ClassLoader[] keep) throws IOException, ReflectiveOperationException {
        Matcher block = JAVA_BLOCK.matcher(readme());
        assertTrue(block.find(), "README.md has a java block");
        Path source = Files.writeString(directory.resolve("Echo.java"), block.group(1));
        int result = ToolProvider.getSystemJavaCompiler().run(null, null, null, "-Xlint:all,-path", "-Werror", "-d",
                directory.toString(), "-cp", System.getProperty("java.class.path"), source.toString());
        assertEquals(0, result, "the compiler's words are above");
        keep[0] = new URLClassLoader(new URL[] {directory.toUri().toURL()}, getClass().getClassLoader());
        Method serve = keep[0].loadClass("Echo").getDeclaredMethod("serve", Link.class);
        serve.setAccessible(true);
        return serve;
    }

    @Test
    void theEmbeddingExampleRuns() throws IOException, ReflectiveOperationException {
        ClassLoader[] keep = new ClassLoader[1];
        Method serve = compile(keep);
        byte[] question = new byte[BYTES];
        new PayloadSource(1, BYTES).fill(ByteBuffer.wrap(question), 0);
        EchoClient client = new EchoClient(question);
        try (PipeLink.Pair pair = PipeLink.pair();
                TcpStack server = (TcpStack) serve.invoke(null, pair.left());
                TcpStack stack = TcpStack.on(pair.right()).address("10.0.0.3/24").build()) {
            stack.connect("10.0.0.2", 7, client);
            long nowNanos = 0;
            for (int i = 0; i < 1_000_000 && client.answer.size() < BYTES; i++) {
                nowNanos += 100_000;
                server.poll(nowNanos);
                stack.poll(nowNanos);
            }
        }
        assertArrayEquals(question, client.answer.toByteArray());
        ((URLClassLoader) keep[0]).close();
    }

    @Test
    void everyFileThatTheReadmeNamesExists() throws IOException {
        Matcher link = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(readme());
        while (link.find()) {
            assertTrue(Files.exists(Path.of("..", link.group(1))), link.group(1));
        }
        for (String command : new String[] {"tools/stack-cli", "tools/check"}) {
            assertTrue(Files.isExecutable(Path.of("..", command)), command);
        }
    }

    /** Sends all of a question as there is room, and keeps the answer. */
    private static final class EchoClient implements ConnectionHandler {
        private final MemorySegment question;
        private final ByteArrayOutputStream answer = new ByteArrayOutputStream();
        private int sent;

        EchoClient(byte[] question) {
            this.question = MemorySegment.ofArray(question);
        }

        @Override
        public void connected(Connection connection) {
            writable(connection);
        }

        @Override
        public void writable(Connection connection) {
            sent += Math.max(0, connection.write(question, sent, (int) question.byteSize() - sent));
        }

        @Override
        public int data(Connection connection, MemorySegment memory, long offset, int length) {
            answer.writeBytes(memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE));
            return length;
        }
    }
}
