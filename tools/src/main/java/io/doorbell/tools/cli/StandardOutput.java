package io.doorbell.tools.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Where commands print, with a way past the encoder for text that is bytes already: in a long table most of its cost. */
final class StandardOutput extends PrintWriter {
    /** Remembers what the streams and writers above it only tell as yes or no. */
    private static final class Watched extends FilterOutputStream {
        private IOException failure;

        Watched(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }
    }

    private final PrintStream stream;
    private final boolean likeAscii;
    private Watched watched;

    StandardOutput(PrintStream stream) {
        super(stream, true, stream.charset());
        this.stream = stream;
        this.likeAscii = Set.of(StandardCharsets.UTF_8, StandardCharsets.US_ASCII, StandardCharsets.ISO_8859_1)
                .contains(stream.charset());
    }

    /** On the process's standard output. */
    static StandardOutput open() {
        return on(new FileOutputStream(FileDescriptor.out));
    }

    /** On a stream whose failures are to be told. */
    static StandardOutput on(OutputStream target) {
        Watched watched = new Watched(target);
        StandardOutput output = new StandardOutput(new PrintStream(new BufferedOutputStream(watched), false,
                System.out.charset()));
        output.watched = watched;
        return output;
    }

    /** Writes what is left; why something could not be written, or null. */
    IOException failure() {
        flush();
        return watched == null ? null : watched.failure;
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
