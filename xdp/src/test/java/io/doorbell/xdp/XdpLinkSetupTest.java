package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.xdp.ffi.Bpf;
import io.doorbell.xdp.ffi.LibXdp;
import io.doorbell.xdp.ffi.Rtnetlink;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What opening a link refuses, and that every refusal says what to do; and what is left behind, which is nothing. */
@RequiresRoot
class XdpLinkSetupTest {
    private Namespace a;
    private Namespace b;
    private VethPair veth;

    @BeforeEach
    void cable() {
        a = Namespace.create();
        b = Namespace.create();
        veth = VethPair.between(a, b).addresses("10.97.0.10/24", "10.97.0.1/24").queues(2).create();
    }

    @AfterEach
    void unplug() {
        boolean clean = !a.exec("ip", "link", "show", "veth0").contains("xdp");
        a.close();
        b.close();
        assertTrue(clean, "a program stayed on the interface");
    }

    private static XdpLinkBuilder builder() {
        return XdpLink.on("veth0").address("10.97.0.2");
    }

    private void refused(Supplier<XdpLinkBuilder> builder, String... words) {
        String message = assertThrows(RuntimeException.class, () -> a.call(() -> builder.get().open())).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), () -> "'" + word + "' is missing in: " + message);
        }
    }

    @Test
    void wrongAddresses() {
        for (String bad : List.of("", "10.97.0", "10.97.0.2/24", "10.97.0.256", "10.97.0.02", "host", "1.2.3.4.5")) {
            refused(() -> XdpLink.on("veth0").address(bad), "'" + bad + "'", "10.0.0.2");
        }
        for (String bad : new String[] {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
            refused(() -> XdpLink.on("veth0").address(bad), bad, "unicast");
        }
        refused(() -> XdpLink.on("veth0"), "no address", "address(\"10.0.0.2\")");
        refused(() -> XdpLink.on("veth0").address("10.97.0.10"), "10.97.0.10", "the kernel's own", "ip address del");
    }

    @Test
    void wrongSizes() {
        refused(() -> builder().ringSize(1000), "1000", "power of two");
        refused(() -> builder().ringSize(32), "32", "from 64");
        refused(() -> builder().frameSize(1024), "1024", "2048 or 4096");
        refused(() -> builder().frames(2048), "2048", "4096");
        refused(() -> builder().queue(-1), "-1");
    }

    @Test
    void wrongInterfaces() {
        refused(() -> XdpLink.on("nosuch0").address("10.97.0.2"), "nosuch0", "veth0", "namespace");
        refused(() -> XdpLink.on("lo").address("10.97.0.2"), "loopback", "PipeLink");
        refused(() -> builder().queue(2), "queue 2", "2 queues", "0 to 1");
        veth.left().down();
        refused(() -> builder(), "down", "ip link set dev veth0 up");
        veth.left().up();
        veth.left().mtu(1779);
        refused(() -> builder(), "MTU 1779", "1778", "frameSize(4096)", "mtu 1500");
        veth.left().mtu(9000);
        refused(() -> builder().frameSize(4096), "MTU 9000", "3826", "mtu 1500");
        veth.left().mtu(1778);
        a.call(() -> builder().open()).close();
    }

    @Test
    void modesThatTheDriverDoesNotHave() {
        refused(() -> builder().zeroCopy(Preference.REQUIRE), "zero copy", "zeroCopy(AUTO)");
        refused(() -> builder().zeroCopy(Preference.REQUIRE).nativeMode(Preference.OFF), "zero copy", "native");
        // veth has no native XDP while its peer may send packets longer than a page.
        veth.right().mtu(9000);
        refused(() -> builder().nativeMode(Preference.REQUIRE), "veth0", "native", "nativeMode(AUTO)");
        XdpLink link = a.call(() -> builder().open());
        assertEquals("xdp generic copy", link.statistics().mode);
        link.close();
    }

    @Test
    void aQueueInUse() {
        XdpLink link = a.call(() -> builder().open());
        refused(() -> builder(), "queue 0", "another link of this process");
        refused(() -> builder().queue(1).nativeMode(Preference.OFF), "native", "same mode");
        link.close();
    }

    @Test
    void aQueueThatSomebodyElseHasBound() {
        try (Arena area = Arena.ofShared(); Arena rings = Arena.ofShared()) {
            MemorySegment frames = area.allocate(2048 * 256, 4096);
            XskSocket other = a.call(() -> XskSocket.open("veth0", 0, frames, 2048, 64, 0, true, rings));
            refused(() -> builder(), "queue 0 of veth0", "EBUSY", "another AF_XDP socket", "another queue");
            other.close();
        }
        a.call(() -> builder().open()).close();
    }

    @Test
    void aForeignProgramIsNamed() {
        int map = Bpf.createXskMap("foreign_map", 1);
        int program = XdpFilter.load(map, new int[] {1});
        int index = a.call(() -> Rtnetlink.interfaces().stream().filter(i -> i.name().equals("veth0")).findFirst()
                .orElseThrow().index());
        int link = a.call(() -> Bpf.createXdpLink(program, index, Bpf.XDP_FLAGS_SKB_MODE));
        refused(() -> builder(), "veth0", "'" + XdpFilter.NAME + "'", "id ", "generic", "xdp off", "stop the process");
        for (int fd : new int[] {link, program, map}) {
            Bpf.close(fd);
        }
        a.call(() -> builder().open()).close();
    }

    @Test
    void theLibraryIsNamedWhenItIsMissing() throws IOException {
        String said = child(List.of(), List.of("-Dio.doorbell.libxdp=libno-such.so.1")).readLine();
        assertEquals("libxdp.so.1 not found: install it, on Debian or Ubuntu: apt-get install libxdp1", said);
        LibXdp.require();
    }

    @Test
    void missingPrivilegesAreNamed() throws IOException {
        String said = child(List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all"), List.of()).readLine();
        assertTrue(said.contains("EPERM") && said.contains("root") && said.contains("CAP_NET_ADMIN"), said);
    }

    @Test
    void theNamedCapabilitiesAreEnough() throws Exception {
        List<String> setpriv =
                List.of("setpriv", "--inh-caps=-all", "--bounding-set=-all,+net_raw,+bpf,+net_admin,+ipc_lock");
        Process child = a.command(command(setpriv, List.of())).redirectErrorStream(true).start();
        try {
            assertEquals("holding xdp native copy", child.inputReader().readLine());
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    @Test
    void aKilledProcessLeavesNothingOnTheInterface() throws Exception {
        for (int round = 0; round < 2; round++) {
            Process child = a.command(command(List.of(), List.of())).start();
            try {
                String said = child.inputReader().readLine();
                assertEquals("holding xdp native copy", said);
                assertTrue(a.exec("ip", "link", "show", "veth0").contains("xdp"));
                refused(() -> builder(), "'" + XdpFilter.NAME + "'");
            } finally {
                // SIGKILL, to this child only.
                child.destroyForcibly().waitFor();
            }
            assertFalse(a.exec("ip", "link", "show", "veth0").contains("xdp"));
            XdpLink link = a.call(() -> builder().open());
            link.close();
        }
    }

    private BufferedReader child(List<String> before, List<String> options) throws IOException {
        return a.command(command(before, options)).redirectErrorStream(true).start().inputReader();
    }

    private static String[] command(List<String> before, List<String> options) {
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                LinkHolder.class.getName(), "veth0", "10.97.0.2"));
        return command.toArray(String[]::new);
    }
}
