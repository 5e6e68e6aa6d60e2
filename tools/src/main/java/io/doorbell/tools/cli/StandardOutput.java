package io.doorbell.tools.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Where commands print, with a way past the encoder for text that is bytes already: in a long table most of its cost. */
final class StandardOutput extends PrintWriter {
    private final PrintStream stream;
    private final boolean likeAscii;

    StandardOutput(PrintStream stream) {
        super(stream, true, stream.charset());
        this.stream = stream;
        this.likeAscii = Set.of(StandardCharsets.UTF_8, StandardCharsets.US_ASCII, StandardCharsets.ISO_8859_1)
                .contains(stream.charset());
    }

    /** Prints {@code text} on {@code out} by the shortest way that it has. */
    static void print(AsciiText text, PrintWriter out) {
        if (out instanceof StandardOutput standard && standard.likeAscii) {
            standard.flush();
            text.writeTo(standard.stream);
        } else {
            out.write(text.toString());
        }
    }

    @Override
    public boolean checkError() {
        return super.checkError() || stream.checkError();
    }
}
