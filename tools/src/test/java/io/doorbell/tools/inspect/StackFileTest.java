package io.doorbell.tools.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.counters.InspectionLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows are whole or not there, and no file, however damaged, does more than a message. */
class StackFileTest {
    private static final int ROWS = 4;

    @TempDir
    private Path directory;
    private Path path;

    @BeforeEach
    void write() throws IOException {
        path = directory.resolve("1.stack");
        MemorySegment memory = MemorySegment.ofArray(new long[(int) (InspectionBlock.bytes(ROWS, 1 << 13) / 8)]);
        fill(memory);
        Files.write(path, memory.toArray(ValueLayout.JAVA_BYTE));
    }

    private static InspectionBlock fill(MemorySegment memory) {
        InspectionBlock block = InspectionBlock.create(memory, ROWS, 1 << 13, 1, 0, 0, 0);
        block.rowsUsed(1);
        writeRow(block, 1);
        return block;
    }

    private static void writeRow(InspectionBlock block, long value) {
        long row = block.beginRow(0);
        for (ConnectionField field : ConnectionField.values()) {
            block.set(row, field, value);
        }
        block.endRow(row);
    }

    /** Everything that a command would ask for. */
    private static void readAll(Path path) throws IOException {
        try (StackFile file = StackFile.open(path)) {
            file.condition();
            file.linkMode();
            file.counters();
            file.gauges();
            file.listeners();
            for (ConnectionRow row : file.connections()) {
                row.state();
                row.limit();
                row.algorithm();
                row.flags();
                row.local();
                row.remote();
            }
        }
    }

    @Test
    void whatWasWrittenIsReadUnderTheNamesInTheFile() throws IOException {
        try (StackFile file = StackFile.open(path)) {
            ConnectionRow row = file.connections().getFirst();
            assertEquals(1, row.id());
            assertEquals(ConnectionField.values().length, row.names().size());
            assertEquals(0L, file.counters().get("drop.tcp.checksum"));
        }
    }

    @Test
    void aRowIsNeverSeenHalfWritten() throws Exception {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Arena arena = Arena.ofShared()) {
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size(), arena);
            InspectionBlock block = InspectionBlock.create(memory, ROWS, 1 << 13, 1, 0, 0, 0);
            boolean[] stop = new boolean[1];
            Thread writer = Thread.ofPlatform().start(() -> {
                for (long value = 2; !stopped(stop); value++) {
                    writeRow(block, value);
                }
            });
            int read = 0;
            try (StackFile file = StackFile.open(path)) {
                for (int i = 0; i < 200_000; i++) {
                    for (ConnectionRow row : file.connections()) {
                        long first = row.value(0);
                        for (int field = 1; field < row.names().size(); field++) {
                            assertEquals(first, row.value(field));
                        }
                        read++;
                    }
                }
            } finally {
                synchronized (stop) {
                    stop[0] = true;
                }
                writer.join();
            }
            assertTrue(read > 1000, read + " rows read");
        }
    }

    private static boolean stopped(boolean[] stop) {
        synchronized (stop) {
            return stop[0];
        }
    }

    @Test
    void aRowWhoseWriterDiedInTheMiddleIsLeftOutAndCounted() throws IOException {
        MemorySegment memory = MemorySegment.ofArray(new long[(int) (InspectionBlock.bytes(ROWS, 1 << 13) / 8)]);
        fill(memory).beginRow(0);
        Files.write(path, memory.toArray(ValueLayout.JAVA_BYTE));
        try (StackFile file = StackFile.open(path)) {
            assertTrue(file.connections().isEmpty());
            assertEquals(1, file.torn());
        }
    }

    @Test
    void aCutFileIsRefusedAtEveryLength() throws IOException {
        byte[] whole = Files.readAllBytes(path);
        for (int length = 0; length < whole.length; length += length < 2048 ? 1 : 61) {
            Files.write(path, Arrays.copyOf(whole, length));
            StackFileException error = assertThrows(StackFileException.class, () -> readAll(path));
            assertTrue(error.getMessage().contains("damaged"), error.getMessage());
        }
    }

    @Test
    void aFileOfAnotherVersionIsRefusedWithTheFix() throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        bytes[InspectionLayout.SLOT_VERSION] = 9;
        Files.write(path, bytes);
        StackFileException error = assertThrows(StackFileException.class, () -> readAll(path));
        assertTrue(error.getMessage().contains("version 9"), error.getMessage());
    }

    @Test
    void randomDamageIsAMessageOrOddNumbersAndNothingElse() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] whole = Files.readAllBytes(path);
        for (int i = 0; i < 3000; i++) {
            byte[] bytes = whole.clone();
            int changes = 1 + random.nextInt(8);
            for (int change = 0; change < changes; change++) {
                int at = 8 + random.nextInt(random.nextBoolean() ? 160 : bytes.length - 8);
                bytes[at] = (byte) random.nextInt();
            }
            if (i % 10 == 0) {
                random.nextBytes(bytes);
            }
            Files.write(path, bytes);
            int round = i;
            try {
                readAll(path);
            } catch (StackFileException e) {
                assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
        }
    }
}
