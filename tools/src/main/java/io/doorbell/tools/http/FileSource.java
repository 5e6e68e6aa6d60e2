package io.doorbell.tools.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A body that is a file. Reads block the caller, as a file in the page cache does not for long. */
public final class FileSource implements BodySource {
    private final FileChannel channel;
    private final long length;

    /** Opens {@code file}, which must be a real path: a link at its end is refused. */
    public FileSource(Path file) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        length = channel.size();
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public int fill(ByteBuffer target, long position) {
        int start = target.position();
        try {
            while (target.hasRemaining()) {
                if (channel.read(target, position + target.position() - start) < 0) {
                    break;
                }
            }
        } catch (IOException e) {
            return 0;
        }
        return target.position() - start;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
