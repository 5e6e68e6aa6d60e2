package io.doorbell.tools.http;

import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/** What a {@link Site} answers: a body to send, or a sink for the request's body and an answer for when it is full. */
public final class Answer {
    final int status;
    final String fields;
    final BodySource body;
    final BodySink sink;
    final Supplier<Answer> afterwards;

    private Answer(int status, String fields, BodySource body, BodySink sink, Supplier<Answer> afterwards) {
        this.status = status;
        this.fields = fields;
        this.body = body;
        this.sink = sink;
        this.afterwards = afterwards;
    }

    /** A line of text and a status. */
    public static Answer text(int status, String text) {
        BodySource body = new BytesSource((text + "\n").getBytes(StandardCharsets.UTF_8));
        return new Answer(status, "Content-Type: text/plain; charset=utf-8\r\n", body, null, null);
    }

    /** 405, naming what is allowed (RFC 9110 section 15.5.6). */
    public static Answer notAllowed(String allowed) {
        BodySource body = new BytesSource(("allowed here: " + allowed + "\n").getBytes(StandardCharsets.UTF_8));
        return new Answer(405, "Content-Type: text/plain; charset=utf-8\r\nAllow: " + allowed + "\r\n", body, null, null);
    }

    /** 200 with a body, which the server closes. */
    public static Answer stream(String contentType, BodySource body) {
        return new Answer(200, "Content-Type: " + contentType + "\r\n", body, null, null);
    }

    /** Takes the request's body into {@code sink}, which the server closes, then asks for the answer. */
    public static Answer receive(BodySink sink, Supplier<Answer> afterwards) {
        return new Answer(100, "", null, sink, afterwards);
    }

    /** The head as it goes out, with the empty line. */
    byte[] head(boolean keepAlive) {
        String text = "HTTP/1.1 " + status + " " + reason(status) + "\r\n" + fields
                + "Content-Length: " + body.length() + "\r\n" + (keepAlive ? "" : "Connection: close\r\n") + "\r\n";
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** RFC 9110 section 15. */
    private static String reason(int status) {
        return switch (status) {
            case 200 -> "OK";
            case 201 -> "Created";
            case 400 -> "Bad Request";
            case 403 -> "Forbidden";
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            case 413 -> "Content Too Large";
            case 431 -> "Request Header Fields Too Large";
            case 500 -> "Internal Server Error";
            case 501 -> "Not Implemented";
            case 505 -> "HTTP Version Not Supported";
            default -> "Status " + status;
        };
    }
}
