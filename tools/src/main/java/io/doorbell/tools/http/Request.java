package io.doorbell.tools.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** A request's head, checked: what a {@link Site} looks at. */
public final class Request {
    private final Head head;
    private final String method;
    private final String path;
    private final Map<String, String> query;
    private final boolean http10;
    private final long bodyLength;

    private Request(Head head, String method, String target, boolean http10) throws HttpProblem {
        this.head = head;
        this.method = method;
        this.http10 = http10;
        int mark = target.indexOf('?');
        this.path = decode(mark < 0 ? target : target.substring(0, mark));
        this.query = mark < 0 ? Map.of() : parseQuery(target.substring(mark + 1));
        this.bodyLength = head.bodyLength();
    }

    static Request of(Head head) throws HttpProblem {
        String[] parts = head.startLine().split(" ", -1);
        if (parts.length != 3 || !Head.isToken(parts[0])) {
            throw new HttpProblem(400, "malformed request line");
        }
        boolean http10 = parts[2].equals("HTTP/1.0");
        if (!http10 && !parts[2].equals("HTTP/1.1")) {
            boolean other = parts[2].startsWith("HTTP/");
            throw new HttpProblem(other ? 505 : 400, other ? "only HTTP/1.1 is spoken here" : "malformed request line");
        }
        // RFC 9112 section 3.2: exactly one Host, or 400.
        if (head.count("Host") > 1 || !http10 && head.count("Host") == 0) {
            throw new HttpProblem(400, "exactly one Host field is required");
        }
        return new Request(head, parts[0], originForm(parts[1]), http10);
    }

    /** RFC 9112 section 3.2.2: a server must also accept the absolute form. */
    private static String originForm(String target) throws HttpProblem {
        if (target.regionMatches(true, 0, "http://", 0, 7)) {
            int slash = target.indexOf('/', 7);
            return slash < 0 ? "/" : target.substring(slash);
        }
        if (!target.startsWith("/")) {
            throw new HttpProblem(400, "malformed request target");
        }
        return target;
    }

    private static String decode(String text) throws HttpProblem {
        try {
            // URLDecoder is for forms, in which a plus is a space; in a path it is a plus.
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new HttpProblem(400, "malformed percent-encoding");
        }
    }

    private static Map<String, String> parseQuery(String text) throws HttpProblem {
        Map<String, String> query = new TreeMap<>();
        for (String pair : text.split("&")) {
            int equals = pair.indexOf('=');
            query.put(decode(equals < 0 ? pair : pair.substring(0, equals)),
                    equals < 0 ? "" : decode(pair.substring(equals + 1)));
        }
        return query;
    }

    public String method() {
        return method;
    }

    /** Decoded, without the query; starts with a slash, and may hold anything else. */
    public String path() {
        return path;
    }

    /** The decoded value of a query parameter, or null. */
    public String query(String name) {
        return query.get(name);
    }

    /** The value of a header field, or null. */
    public String field(String name) {
        return head.field(name);
    }

    /** Bytes of the body as stated; 0 if nothing is stated, -1 if it comes in chunks. */
    public long bodyLength() {
        return bodyLength == Head.UNSTATED ? 0 : bodyLength;
    }

    boolean expectsContinue() {
        return !http10 && head.lists("Expect", "100-continue");
    }

    boolean keepAlive() {
        return http10 ? head.lists("Connection", "keep-alive") : !head.lists("Connection", "close");
    }

    boolean isHead() {
        return method.equals("HEAD");
    }
}
