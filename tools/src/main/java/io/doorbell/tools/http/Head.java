package io.doorbell.tools.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A message's start line and fields (RFC 9112 sections 2 to 6). */
final class Head {
    /** {@link #bodyLength} of a message in chunks. */
    static final long CHUNKED = -1;
    /** {@link #bodyLength} of a message that says nothing about its body. */
    static final long UNSTATED = -2;

    private final String startLine;
    private final List<String> names = new ArrayList<>();
    private final List<String> values = new ArrayList<>();

    private Head(String startLine) {
        this.startLine = startLine;
    }

    static Head parse(byte[] bytes, int length) throws HttpProblem {
        String text = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        Head head = null;
        for (int start = 0; start < text.length(); ) {
            int end = text.indexOf('\n', start);
            int stop = end > start && text.charAt(end - 1) == '\r' ? end - 1 : end;
            String line = text.substring(start, stop);
            start = end + 1;
            check(line);
            if (head == null) {
                head = new Head(line);
            } else if (!line.isEmpty()) {
                head.addField(line);
            }
        }
        if (head == null) {
            throw new HttpProblem(400, "empty request");
        }
        return head;
    }

    private static void check(String line) throws HttpProblem {
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c < ' ' && c != '\t' || c == 0x7f) {
                throw new HttpProblem(400, "control character in the head");
            }
        }
    }

    private void addField(String line) throws HttpProblem {
        int colon = line.indexOf(':');
        // A space before the colon and a folded line hide fields from others on the way: RFC 9112 sections 5.1, 5.2.
        if (colon <= 0 || line.charAt(0) == ' ' || line.charAt(0) == '\t' || !isToken(line.substring(0, colon))) {
            throw new HttpProblem(400, "malformed header field");
        }
        names.add(line.substring(0, colon));
        values.add(line.substring(colon + 1).strip());
    }

    /** RFC 9110 section 5.6.2. */
    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean letterOrDigit = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
            if (!letterOrDigit && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    String startLine() {
        return startLine;
    }

    /** The values of a field, joined with commas (RFC 9110 section 5.3); null if it is absent. */
    String field(String name) {
        String joined = null;
        for (int i = 0; i < names.size(); i++) {
            if (names.get(i).equalsIgnoreCase(name)) {
                joined = joined == null ? values.get(i) : joined + ", " + values.get(i);
            }
        }
        return joined;
    }

    /** How often a field occurs. */
    int count(String name) {
        int count = 0;
        for (String each : names) {
            if (each.equalsIgnoreCase(name)) {
                count++;
            }
        }
        return count;
    }

    /** Whether a comma-separated field names {@code token}. */
    boolean lists(String name, String token) {
        String value = field(name);
        if (value == null) {
            return false;
        }
        for (String part : value.split(",")) {
            if (part.strip().equalsIgnoreCase(token)) {
                return true;
            }
        }
        return false;
    }

    /** Bytes of the body, {@link #CHUNKED}, or {@link #UNSTATED} (RFC 9112 section 6.3). */
    long bodyLength() throws HttpProblem {
        String coding = field("Transfer-Encoding");
        String stated = field("Content-Length");
        if (coding != null) {
            // Both at once is how requests are smuggled past a proxy: RFC 9112 section 6.1.
            if (stated != null) {
                throw new HttpProblem(400, "Content-Length beside Transfer-Encoding");
            }
            if (!coding.equalsIgnoreCase("chunked")) {
                throw new HttpProblem(501, "only the chunked transfer coding is known here");
            }
            return CHUNKED;
        }
        return stated == null ? UNSTATED : parseLength(stated);
    }

    private static long parseLength(String stated) throws HttpProblem {
        // The same length said several times is one length: RFC 9112 section 6.3.
        String[] parts = stated.split(",", -1);
        String first = parts[0].strip();
        for (String part : parts) {
            if (!part.strip().equals(first)) {
                throw new HttpProblem(400, "two different lengths in Content-Length");
            }
        }
        if (first.isEmpty() || first.length() > 18) {
            throw new HttpProblem(400, "Content-Length is not a number");
        }
        long length = 0;
        for (int i = 0; i < first.length(); i++) {
            int digit = first.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw new HttpProblem(400, "Content-Length is not a number");
            }
            length = length * 10 + digit;
        }
        return length;
    }
}
