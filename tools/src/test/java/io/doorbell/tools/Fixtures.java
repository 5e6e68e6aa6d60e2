package io.doorbell.tools;

import io.doorbell.tools.replay.ReplaySide;
import io.doorbell.tools.replay.Strictness;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;

/** The captures of pcap-fixtures, and what its table says of them. */
public final class Fixtures {
    private static final String FOLDER = "/captures/";

    /**
     * One line of the table.
     *
     * @param packets as tcpdump counts them
     */
    public record Fixture(String file, ReplaySide side, Strictness strictness, int packets, String shows) {
        public byte[] bytes() {
            return read(FOLDER + file);
        }

        @Override
        public String toString() {
            return file;
        }
    }

    private Fixtures() {
    }

    public static List<Fixture> all() {
        String table = new String(read(FOLDER + "fixtures.tsv"), StandardCharsets.UTF_8);
        return table.lines().filter(line -> !line.startsWith("#")).map(Fixtures::parse).toList();
    }

    public static Stream<Fixture> stream() {
        return all().stream();
    }

    public static Fixture named(String file) {
        return all().stream().filter(each -> each.file().equals(file)).findFirst().orElseThrow();
    }

    private static Fixture parse(String line) {
        List<String> cells = Arrays.asList(line.split("\t"));
        return new Fixture(cells.get(0), ReplaySide.valueOf(cells.get(1).toUpperCase(Locale.ROOT)),
                Strictness.valueOf(cells.get(2).toUpperCase(Locale.ROOT)), Integer.parseInt(cells.get(3)), cells.get(4));
    }

    private static byte[] read(String resource) {
        try (InputStream in = Objects.requireNonNull(Fixtures.class.getResourceAsStream(resource), resource)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
