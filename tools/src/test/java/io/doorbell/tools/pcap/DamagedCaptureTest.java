package io.doorbell.tools.pcap;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.tools.Fixtures;
import io.doorbell.tools.replay.PcapReplay;
import io.doorbell.tools.replay.ReplaySide;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Damaged captures: truncated at every length, and at least as many with random bytes; 100 000 variants at least. */
class DamagedCaptureTest {
    private static final int VARIANTS = 100_000;
    /** An exception and its message, or the objects of a reader: what is there whatever the file holds. */
    private static final long CONSTANT_BYTES = 16_384;

    private static final String[] FILES = {"handshake-client-all-options.pcap", "format-pcapng.pcapng",
        "format-cooked.pcap", "format-cooked-2.pcap", "format-raw.pcap", "path-mtu.pcap", "keepalive.pcap"};

    private static final List<byte[]> WHOLE = Arrays.stream(FILES).map(each -> Fixtures.named(each).bytes()).toList();

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final PacketDecoder decoder = new PacketDecoder();
    private int variants;
    private int refused;

    /** Reads all of it; whatever goes wrong must be said by the one exception that there is for it. */
    private void read(byte[] file, long seed) {
        variants++;
        long most = file.length + CONSTANT_BYTES;
        long allocated = allocatedBy(file, seed);
        // A message that is formed for the first time loads what it needs: only that may go beyond.
        if (allocated > most) {
            allocated = allocatedBy(file, seed);
        }
        assertTrue(allocated <= most, "variant " + variants + ", seed " + seed + ": " + allocated
                + " bytes for a file of " + file.length);
    }

    private long allocatedBy(byte[] file, long seed) {
        MemorySegment memory = MemorySegment.ofArray(file);
        long before = threads.getCurrentThreadAllocatedBytes();
        try {
            CaptureReader reader = new CaptureReader(memory);
            while (reader.next()) {
                decoder.decode(reader);
            }
        } catch (CaptureFormatException e) {
            refused++;
            assertFalse(e.getMessage().isBlank());
        } catch (RuntimeException e) {
            throw new AssertionError("variant " + variants + ", seed " + seed, e);
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    @Test
    void aHundredThousandDamagedCapturesAreReadOrRefused() {
        byte[] warm = WHOLE.getFirst();
        for (int i = 0; i < 100; i++) {
            // Formats and exceptions load classes once: that is not the file's doing.
            read(Arrays.copyOf(warm, i), 0);
        }
        for (byte[] whole : WHOLE) {
            for (int length = 0; length < whole.length; length++) {
                read(Arrays.copyOf(whole, length), 0);
            }
        }
        long seed = System.nanoTime();
        System.out.println("damaged captures: seed " + seed);
        SplittableRandom random = new SplittableRandom(seed);
        int cut = variants;
        while (variants < Math.max(VARIANTS, 2 * cut)) {
            byte[] file = WHOLE.get(variants % FILES.length).clone();
            damage(file, random);
            read(file, seed);
        }
        assertTrue(variants >= VARIANTS && cut >= WHOLE.stream().mapToInt(each -> each.length).sum(), variants + ", " + cut);
        assertTrue(refused > VARIANTS / 10, "only " + refused + " were refused");
    }

    private static void damage(byte[] file, SplittableRandom random) {
        int count = 1 + random.nextInt(8);
        for (int i = 0; i < count; i++) {
            // The headers in front decide about all the rest: they get more than their share.
            int at = random.nextInt(random.nextBoolean() ? Math.min(file.length, 200) : file.length);
            file[at] = switch (random.nextInt(3)) {
                case 0 -> (byte) 0xff;
                case 1 -> 0;
                default -> (byte) random.nextInt();
            };
        }
    }

    /** Lists and replays: a connection of a damaged capture may be any, but no exception other than a refusal comes. */
    @Test
    void damagedCapturesAreListedAndReplayedWithoutACrash() {
        long seed = System.nanoTime();
        System.out.println("damaged replays: seed " + seed);
        SplittableRandom random = new SplittableRandom(seed);
        int replayed = 0;
        for (int i = 0; i < 3_000; i++) {
            byte[] file = WHOLE.get(i % FILES.length).clone();
            damage(file, random);
            if (i % 3 == 0) {
                file = Arrays.copyOf(file, random.nextInt(file.length));
            }
            try (PcapReplay replay = PcapReplay.of(Capture.of("damaged", file))) {
                replay.as(random.nextBoolean() ? ReplaySide.CLIENT : ReplaySide.SERVER).run();
                replayed++;
            } catch (IllegalArgumentException e) {
                assertFalse(e.getMessage().isBlank());
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("variant " + i + ", seed " + seed, e);
            }
        }
        assertTrue(replayed > 300, "only " + replayed + " could be replayed");
    }

    @Test
    void aLengthInTheFileIsNeverAllocated() {
        byte[] file = CaptureFiles.pcap(ByteOrder.LITTLE_ENDIAN, true, 1);
        byte[] record = new byte[16];
        Arrays.fill(record, 8, 12, (byte) 0x7f);
        read(CaptureFiles.join(file, record), 0);
        byte[][] interfaces = new byte[2001][];
        Arrays.fill(interfaces, CaptureFiles.description(ByteOrder.LITTLE_ENDIAN, 1, 0, -1, 0));
        interfaces[0] = CaptureFiles.section(ByteOrder.LITTLE_ENDIAN);
        read(CaptureFiles.join(interfaces), 0);
    }
}
