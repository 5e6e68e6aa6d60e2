package io.doorbell.tools.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files below the directory are served, and nothing else is. */
class DirectorySiteTest {
    @TempDir
    private Path temporary;
    private Site site;

    @BeforeEach
    void makeFiles() throws IOException {
        Path root = Files.createDirectory(temporary.resolve("public"));
        Files.writeString(temporary.resolve("secret.txt"), "secret");
        Files.createDirectory(temporary.resolve("public-not"));
        Files.writeString(temporary.resolve("public-not/secret.txt"), "secret");
        Files.writeString(root.resolve("index.html"), "index");
        Files.createDirectory(root.resolve("sub"));
        Files.writeString(root.resolve("sub/a b.txt"), "spaced");
        Files.createSymbolicLink(root.resolve("inside"), Path.of("sub/a b.txt"));
        Files.createSymbolicLink(root.resolve("outside"), temporary.resolve("secret.txt"));
        Files.createSymbolicLink(root.resolve("up"), temporary);
        site = new DirectorySite(root);
    }

    private Answer ask(String method, String target) throws HttpProblem {
        byte[] bytes = (method + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
        return site.answer(Request.of(Head.parse(bytes, bytes.length)));
    }

    @ParameterizedTest
    @CsvSource({"/, index", "/index.html, index", "/sub/a%20b.txt, spaced", "/./sub//a%20b.txt, spaced", "/inside, spaced",
        "/sub/../index.html, index", "/index.html?x=../y, index"})
    void aFileBelowTheDirectoryIsServed(String target, String content) throws HttpProblem {
        Answer answer = ask("GET", target);
        assertEquals(200, answer.status);
        ByteBuffer buffer = ByteBuffer.allocate((int) answer.body.length());
        assertEquals(content.length(), answer.body.fill(buffer, 0));
        answer.body.close();
        assertEquals(content, new String(buffer.array(), StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/sub/../../secret.txt", "/outside",
        "/up/secret.txt", "/../public-not/secret.txt", "//etc/passwd", "/%2fetc/passwd", "/a%00b", "/none", "/sub", "/sub/"})
    void nothingElseIsServed(String target) throws HttpProblem {
        assertEquals(404, ask("GET", target).status);
    }

    @Test
    void otherMethodsAreNotAllowed() throws HttpProblem {
        assertEquals(405, ask("PUT", "/index.html").status);
        assertEquals(405, ask("DELETE", "/index.html").status);
    }
}
