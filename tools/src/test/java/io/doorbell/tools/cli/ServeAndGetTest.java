package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.tools.RequiresRoot;
import io.doorbell.tools.demo.PayloadSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code serve} in one namespace, {@code get} and curl in another, each a process of its own. */
@RequiresRoot
class ServeAndGetTest {
    private static final int SIZE = 5_000_000;

    @TempDir
    private Path directory;
    private Namespace serving;
    private Namespace asking;
    private Process server;
    private byte[] content;

    @BeforeEach
    void make() throws IOException {
        serving = Namespace.create();
        asking = Namespace.create();
        VethPair.between(serving, asking).names("dbs", "dba").addresses("10.9.0.1/24", "10.9.0.3/24").create();
        content = new byte[SIZE];
        new PayloadSource(3, SIZE).fill(ByteBuffer.wrap(content), 0);
        Files.createDirectory(directory.resolve("public"));
        Files.write(directory.resolve("public/file.bin"), content);
        Files.writeString(directory.resolve("secret"), "secret");
    }

    @AfterEach
    void remove() throws InterruptedException {
        if (server != null) {
            server.destroy();
            server.waitFor(30, TimeUnit.SECONDS);
        }
        asking.close();
        serving.close();
    }

    private void serve(String link) throws IOException {
        ProcessBuilder builder = Script.prepare(serving.command(Script.STACK_CLI.toString(), "serve", "-i", "dbs", "-a",
                "10.9.0.2/24", "--link", link, "--port", "8080", "--dir", directory.resolve("public").toString()));
        server = builder.start();
        BufferedReader said = new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
        String first = said.readLine();
        assertTrue(first != null && first.startsWith("Serving http://10.9.0.2:8080/ on dbs"), first);
    }

    private Script.Result get(String link, String target, String... more) throws IOException, InterruptedException {
        String[] command = new String[more.length + 9];
        String[] start = {Script.STACK_CLI.toString(), "get", "http://10.9.0.2:8080" + target, "-i", "dba", "-a",
            "10.9.0.4/24", "--link", link};
        System.arraycopy(start, 0, command, 0, start.length);
        System.arraycopy(more, 0, command, start.length, more.length);
        return Script.finish(Script.prepare(asking.command(command)).start());
    }

    @ParameterizedTest
    @ValueSource(strings = {"xdp", "packet"})
    void aFileIsFetchedByUsAndByCurl(String link) throws IOException, InterruptedException {
        serve(link);
        Path target = directory.resolve("fetched");
        Script.Result result = get(link, "/file.bin", "-o", target.toString());
        assertEquals(0, result.exitCode(), result.output());
        assertTrue(result.output().contains("sha256 " + new PayloadSource(3, SIZE).hex()), result.output());
        assertEquals(-1, Files.mismatch(directory.resolve("public/file.bin"), target));
        asking.exec("curl", "-q", "-sS", "-f", "--noproxy", "*", "-o", target + ".curl", "http://10.9.0.2:8080/file.bin");
        assertEquals(-1, Files.mismatch(directory.resolve("public/file.bin"), Path.of(target + ".curl")));
    }

    @Test
    void nothingOutsideOfTheDirectoryIsServed() throws IOException, InterruptedException {
        serve("xdp");
        String status = asking.exec("curl", "-q", "-s", "--noproxy", "*", "--path-as-is", "-o", "/dev/null", "-w",
                "%{http_code}", "http://10.9.0.2:8080/../secret");
        assertEquals("404", status);
        Script.Result result = get("xdp", "/..%2fsecret");
        assertEquals(1, result.exitCode(), result.output());
        assertTrue(result.output().contains("status 404"), result.output());
    }

    @Test
    void aServerThatIsNotThereIsAFailureInOneLine() throws IOException, InterruptedException {
        Script.Result result = get("xdp", "/");
        assertNotEquals(0, result.exitCode());
        assertTrue(result.output().startsWith("stack-cli: http://10.9.0.2:8080/: host unreachable"), result.output());
        assertEquals(1, result.output().lines().count(), result.output());
    }

    @Test
    void aSecondServerOnTheSameQueueIsRefused() throws IOException, InterruptedException {
        serve("xdp");
        Script.Result second = Script.finish(Script.prepare(serving.command(Script.STACK_CLI.toString(), "serve", "-i", "dbs",
                "-a", "10.9.0.5/24")).start());
        assertEquals(3, second.exitCode(), second.output());
        assertEquals(1, second.output().lines().count(), second.output());
        assertTrue(second.output().contains("dbs"), second.output());
    }
}
