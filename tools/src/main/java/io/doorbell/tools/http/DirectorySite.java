package io.doorbell.tools.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;

/** The files below a directory, to read. Nothing outside of it is ever opened, by dots or by links. */
public final class DirectorySite implements Site {
    private final Path root;

    public DirectorySite(Path directory) throws IOException {
        this.root = directory.toRealPath();
    }

    @Override
    public Answer answer(Request request) {
        if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
            return Answer.notAllowed("GET, HEAD");
        }
        try {
            Path asked = root.resolve(request.path().substring(1)).normalize();
            if (Files.isDirectory(asked)) {
                asked = asked.resolve("index.html");
            }
            // The real path decides: ".." and "//" are gone from it, and links are followed to where they lead.
            Path real = asked.toRealPath();
            if (!real.startsWith(root) || !Files.isRegularFile(real)) {
                return notFound();
            }
            return Answer.stream(contentType(real.getFileName().toString()), new FileSource(real));
        } catch (IOException | InvalidPathException e) {
            return notFound();
        }
    }

    private static Answer notFound() {
        return Answer.text(404, "no such file");
    }

    private static String contentType(String name) {
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return switch (extension) {
            case "html", "htm" -> "text/html; charset=utf-8";
            case "txt", "md", "log" -> "text/plain; charset=utf-8";
            case "css" -> "text/css";
            case "js" -> "text/javascript";
            case "json" -> "application/json";
            case "svg" -> "image/svg+xml";
            case "png" -> "image/png";
            case "jpg", "jpeg" -> "image/jpeg";
            default -> "application/octet-stream";
        };
    }
}
