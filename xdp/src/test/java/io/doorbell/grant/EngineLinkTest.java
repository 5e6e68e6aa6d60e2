package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.Link;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.packet.PacketLink;
import io.doorbell.run.GrantFile;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.xdp.EngineMemory;
import io.doorbell.xdp.XdpLink;
import io.doorbell.xdp.XdpLinkBuilder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Links of engines, and the file that they share with a stack: what works, what is refused, and what to do then. */
@RequiresRoot
class EngineLinkTest {
    private static final Path FILE = Path.of("/dev/shm", "doorbell-link-test-" + ProcessHandle.current().pid());

    private Namespace a;
    private Namespace b;

    @BeforeEach
    void cable() {
        a = Namespace.create();
        b = Namespace.create();
        VethPair.between(a, b).addresses("10.97.1.10/24", "10.97.1.1/24").queues(2).create();
    }

    @AfterEach
    void unplug() throws IOException {
        a.close();
        b.close();
        Files.deleteIfExists(FILE);
    }

    private static XdpLinkBuilder stackLink() {
        return XdpLink.on("veth0").address("10.97.1.2");
    }

    private void refused(Callable<?> opening, String... words) {
        Throwable error = assertThrows(RuntimeException.class, () -> a.call(opening));
        String message = error.getCause() instanceof IOException io ? io.getMessage() + error.getMessage()
                : error.getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), () -> "'" + word + "' is missing in: " + message);
        }
    }

    /** Sends one broadcast frame of a type that nobody knows. */
    private static void send(Link link) {
        long frame = link.frames().allocate();
        EthernetHeader.write(link.frames().memory(), frame, 0xffff_ffff_ffffL, link.mac(), 0x88b5);
        assertTrue(link.transmit(frame, 60, 0));
        link.frames().release(frame);
        link.flush(0);
    }

    private long framesAtPeer() {
        return Long.parseLong(b.exec("cat", "/sys/class/net/veth0/statistics/rx_packets").strip());
    }

    /** Far more frames than the link has, although only what a sender calls when it has none looks at completions. */
    private void sendsAndNeverReceives(Link link) {
        try (link) {
            int free = link.frames().available();
            long before = framesAtPeer();
            int sent = 3 * free;
            for (int i = 0; i < sent; i++) {
                for (int j = 0; link.frames().available() == 0 && j < 1000; j++) {
                    link.receive((memory, offset, length) -> { }, 64, 0);
                }
                send(link);
            }
            assertTrue(framesAtPeer() - before >= sent, "the peer has not got all frames");
            a.ping("10.97.1.1", 2_000);
            assertEquals(0, link.receive((memory, offset, length) -> { }, 64, 0));
            assertEquals(free, link.frames().available());
            assertEquals(0, link.statistics().rxFrames);
        }
    }

    @Test
    void anXdpLinkThatOnlySends() {
        try (XdpLink stack = a.call(() -> stackLink().open())) {
            sendsAndNeverReceives(a.call(() -> XdpLink.on("veth0").queue(1).transmitOnly().open()));
            assertEquals(0, stack.statistics().rxFrames);
        }
        sendsAndNeverReceives(a.call(() -> XdpLink.on("veth0").transmitOnly().frames(64).ringSize(64).open()));
        assertFalse(a.exec("ip", "link", "show", "veth0").contains("xdp"), "a program was attached");
    }

    @Test
    void aPacketLinkThatOnlySends() {
        sendsAndNeverReceives(a.call(() -> PacketLink.on("veth0").transmitOnly().open()));
    }

    @Test
    void whatALinkThatOnlySendsCannotHave() {
        refused(() -> stackLink().transmitOnly().open(), "only sends", "address(10.97.1.2)", "leave");
        refused(() -> XdpLink.on("veth0").transmitOnly().frames(100).open(), "100 frames", "from 512");
        refused(() -> XdpLink.on("veth0").transmitOnly().engines(EngineMemory.at(FILE)).open(), "engines(...)");
        refused(() -> XdpLink.on("veth0").transmitOnly().queue(2).open(), "queue 2", "0 to 1");
        refused(() -> PacketLink.on("veth0").address("10.97.1.2").transmitOnly().open(), "only sends", "leave");
        try (XdpLink stack = a.call(() -> stackLink().open())) {
            assertEquals(0, stack.queue());
            refused(() -> XdpLink.on("veth0").transmitOnly().open(), "queue 0", "EBUSY", "another queue");
        }
    }

    @Test
    void theFileIsItsOwnersAndGoesWithTheLink() throws IOException {
        try (XdpLink link = a.call(() -> stackLink().engines(EngineMemory.at(FILE).withFrames(128)).open())) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(FILE)));
            assertEquals(128, link.frames().availableApart());
            assertEquals(8192 - 2048, link.frames().available());
            long frame = link.frames().allocateApart();
            link.frames().memory().set(java.lang.foreign.ValueLayout.JAVA_LONG, frame, 0x1122_3344L);
            try (RandomAccessFile raw = new RandomAccessFile(FILE.toFile(), "r")) {
                raw.seek(raw.length() - 128 * 2048L + frame - 8192L * 2048);
                assertEquals(0x4433_2211, raw.readInt());
            }
            link.frames().release(frame);
            assertEquals(128, link.frames().availableApart());
            refused(() -> stackLink().queue(1).engines(EngineMemory.at(FILE)).open(), FILE.toString(), "a file for each");
            try (GrantFile opened = GrantFile.open(FILE)) {
                assertTrue(opened.stackLives());
                assertTrue(opened.offers().isEmpty());
            }
        }
        assertFalse(Files.exists(FILE));
    }

    @Test
    void filesThatCannotBe() throws IOException {
        refused(() -> stackLink().engines(EngineMemory.at(Path.of("/nosuch/file"))).open(), "/nosuch/file", "/dev/shm");
        Path onDisk = Path.of("/var/tmp", FILE.getFileName().toString());
        if (Files.getFileStore(onDisk.getParent()).type().startsWith("ext")) {
            refused(() -> stackLink().engines(EngineMemory.at(onDisk)).open(), "tmpfs", "/dev/shm");
            assertFalse(Files.exists(onDisk));
        }
        Files.writeString(FILE, "somebody's letter");
        refused(() -> stackLink().engines(EngineMemory.at(FILE)).open(), "something else", "not touched");
        assertEquals("somebody's letter", Files.readString(FILE));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> EngineMemory.at(FILE).withFrames(63)).getMessage()
                .contains("even number from 64"));
        assertThrows(IllegalArgumentException.class, () -> EngineMemory.at(FILE).withGrants(0));
        assertThrows(IllegalArgumentException.class, () -> EngineMemory.at(FILE).withSegments(65));
    }

    private static void notOpened(String... words) {
        String message = assertThrows(IOException.class, () -> GrantFile.open(FILE)).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), () -> "'" + word + "' is missing in: " + message);
        }
    }

    @Test
    void anEngineBelievesNothingOfTheFile() throws IOException {
        notOpened("there is no file", "start the stack");
        try (XdpLink link = a.call(() -> stackLink().engines(EngineMemory.at(FILE).withFrames(64)).open())) {
            assertNotNull(link.engineMemory());
            Files.setPosixFilePermissions(FILE, PosixFilePermissions.fromString("rw-r-----"));
            notOpened("others may open", "chmod 600");
            Files.setPosixFilePermissions(FILE, PosixFilePermissions.fromString("rw-------"));
            byte[] good = Files.readAllBytes(FILE);
            damage(good, 0, 1, "no file of grants");
            damage(good, 8, 9, "version", "same release");
            damage(good, 28, 65, "damaged", "start the stack again");
            damage(good, 16, 1 << 22, "has ended");
            Files.setAttribute(FILE, "unix:uid", 65534);
            notOpened("another user");
            Files.setAttribute(FILE, "unix:uid", 0);
        }
        Files.createSymbolicLink(FILE, Path.of("/dev/zero"));
        notOpened("not a regular file");
    }

    /** An int of the header is another one; the file that the link has keeps its own. */
    private static void damage(byte[] good, int at, int value, String... words) throws IOException {
        byte[] bad = good.clone();
        java.nio.ByteBuffer.wrap(bad).order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(at, value);
        Path kept = FILE.resolveSibling(FILE.getFileName() + ".kept");
        Files.move(FILE, kept);
        try {
            Files.write(FILE, bad);
            Files.setPosixFilePermissions(FILE, PosixFilePermissions.fromString("rw-------"));
            notOpened(words);
        } finally {
            Files.move(kept, FILE, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Test
    void anyBytesInTheFileAreAnErrorAtMost() throws IOException {
        long seed = Stage.seed();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        try (XdpLink link = a.call(() -> stackLink().engines(EngineMemory.at(FILE).withFrames(64)).open());
                Link engineLink = a.call(() -> XdpLink.on("veth0").queue(1).transmitOnly().open())) {
            assertNotNull(link.engineMemory());
            byte[] good = Files.readAllBytes(FILE);
            Path kept = FILE.resolveSibling(FILE.getFileName() + ".kept");
            Files.move(FILE, kept);
            try {
                for (int round = 0; round < 300; round++) {
                    byte[] bad = good.clone();
                    for (int i = random.nextInt(400); i >= 0; i--) {
                        bad[random.nextInt(random.nextBoolean() ? 512 : 60_000)] = (byte) random.nextInt();
                    }
                    if (random.nextInt(4) != 0) {
                        System.arraycopy(good, 0, bad, 0, 128);
                    }
                    Files.write(FILE, random.nextInt(8) == 0 ? java.util.Arrays.copyOf(bad, random.nextInt(9000)) : bad);
                    Files.setPosixFilePermissions(FILE, PosixFilePermissions.fromString("rw-------"));
                    useDamaged(engineLink, random);
                }
            } finally {
                Files.move(kept, FILE, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void useDamaged(Link link, Random random) throws IOException {
        try (GrantFile file = GrantFile.open(FILE); Arena arena = Arena.ofConfined()) {
            for (GrantFile.Offer offer : file.offers()) {
                GrantedSender sender = file.claim(offer, link);
                assertNull(file.claim(offer, link), "claimed twice");
                if (sender != null) {
                    sender.send(arena.allocate(100 + random.nextInt(3000)), 0, 100, 1);
                    sender.giveBack();
                }
            }
        } catch (IOException | IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException
                | ArithmeticException e) {
            // It says so, as claim does of templates; what matters is that the process lives.
            assertNotNull(e.getMessage());
        }
    }
}
