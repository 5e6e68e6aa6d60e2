package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The two hashes against what they are said to be, and the table of connections against a plain map. */
class HashTest {
    /** The key 00 01 .. 0f of SipHash's published vectors. */
    private static final KeyedHash SIP_HASH = new KeyedHash(0x0706_0504_0302_0100L, 0x0f0e_0d0c_0b0a_0908L);

    /** SipHash-2-4 of the message 00 01 .. 0f, in the table that its authors publish. */
    @Test
    void rfc6528_3_theFunctionIsSipHash24() {
        assertEquals(0x3f2a_cc7f_57c2_9bdbL, SIP_HASH.hash(0x0706_0504_0302_0100L, 0x0f0e_0d0c_0b0a_0908L));
    }

    @Test
    void rfc6528_3_theAddressesAndPortsAreTheMessage() {
        assertEquals(SIP_HASH.hash(0xc0a8_0001_ac10_0002L, 0xfde8_c350L),
                SIP_HASH.hash(0xc0a8_0001, 0xac10_0002, 65_000 << 16 | 50_000));
    }

    /** RFC 6528 section 3: M counts every 4 microseconds; the secrets after it are others. */
    @Test
    void rfc6528_3_theNumberIsTheClockPlusTheHash() {
        InitialSequence numbers = new InitialSequence(new long[] {0x0706_0504_0302_0100L, 0x0f0e_0d0c_0b0a_0908L, 3, 4, 5, 6});
        int local = 0x0706_0504;
        int remote = 0x0302_0100;
        int hash = (int) SIP_HASH.hash(local, remote, 77);
        assertEquals(hash, numbers.next(local, remote, 77, 3_999));
        assertEquals(hash + 1, numbers.next(local, remote, 77, 4_000));
        assertEquals(hash + 250_000, numbers.next(local, remote, 77, 1_000_000_000L));
        KeyedHash second = new KeyedHash(3, 4);
        assertEquals((int) second.hash(local, remote, 77), numbers.timestampOffset(local, remote, 77));
        assertEquals((int) (second.hash(local, remote, 77) >>> 32) | 1, numbers.nonce(local, remote, 77));
        assertNotEquals(numbers.nonce(local, remote, 77), numbers.nonce(local, remote, 78));
    }

    /** RFC 4987 section 3.6: whoever changes one thing has no good cookie any more. */
    @Test
    void rfc4987_3_6_everythingIsInTheCookie() {
        SynCookies cookies = new SynCookies(SIP_HASH);
        int cookie = cookies.bake(1, 2, 3, 4, 1460, SynCookies.NO_SCALE, 0);
        assertEquals(cookie, cookies.bake(1, 2, 3, 4, 1460, SynCookies.NO_SCALE, 63_999_999_999L));
        int[] others = {cookies.bake(9, 2, 3, 4, 1460, SynCookies.NO_SCALE, 0), cookies.bake(1, 9, 3, 4, 1460, SynCookies.NO_SCALE, 0),
            cookies.bake(1, 2, 9, 4, 1460, SynCookies.NO_SCALE, 0), cookies.bake(1, 2, 3, 9, 1460, SynCookies.NO_SCALE, 0),
            cookies.bake(1, 2, 3, 4, 1440, SynCookies.NO_SCALE, 0), cookies.bake(1, 2, 3, 4, 1460, 0, 0),
            cookies.bake(1, 2, 3, 4, 1460, SynCookies.NO_SCALE, 64_000_000_000L)};
        Set<Integer> hashes = new HashSet<>(Set.of(cookie >>> 3));
        for (int other : others) {
            assertTrue(hashes.add(other >>> 3), "a hash comes twice");
        }
        assertTrue(hashes.add(cookies.bake(1, 2, 3, 4, 1460, 1, 0) >>> 3), "the options are not in the hash");
        // 0 is no least size: an MSS of 0 is the default of 536 (RFC 9293 section 3.7.1).
        assertEquals(2, cookies.bake(1, 2, 3, 4, 0, 0, 0) & 7);
        assertEquals(0, cookies.bake(1, 2, 3, 4, 1, 0, 0) & 7);
        assertEquals(1, cookies.bake(1, 2, 3, 4, 256, 0, 0) & 7);
        assertEquals(7, cookies.bake(1, 2, 3, 4, 65_535, 0, 0) & 7);
    }

    /** RFC 7323 section 5.4: what follows on the connection must be later, and the clock little behind. */
    @Property
    void rfc7323_5_4_aCookiesTimestampIsTheLatestThatSaysItsOptions(@ForAll int clock,
                                                                    @ForAll @IntRange(max = 63) int options) {
        int stamp = SynCookies.timestamp(clock, options);
        assertEquals(options, stamp & 63);
        assertTrue(clock - stamp >= 0 && clock - stamp < 64, "the clock " + clock + " became " + stamp);
    }

    /** RFC 6056 section 3.3.3: the last free port of a destination is found, and when there is none that is said. */
    @Test
    void rfc6056_3_3_3_everyPortIsFoundThatIsFree() {
        InitialSequence numbers = new InitialSequence(new long[] {1, 2, 3, 4, 5, 6});
        BucketHash hash = new BucketHash(7, 8_888_888_888_888_888L, 9_999_999_999_999_999L, 0x1234_5678_9abc_def1L);
        ConnectionTable table = new ConnectionTable(hash);
        TimeWaitTable waiting = new TimeWaitTable(hash, 10);
        TcpConfig config = TcpConfig.defaults();
        Clock clock = new Clock();
        TimeWait timeWait = new TimeWait(waiting, null, null, null, config, new Counters(), clock);
        for (int port = 49_152; port < 65_536; port++) {
            if (port == 49_152 || port == 60_000 || port == 65_535) {
                continue;
            }
            ControlBlock c = new ControlBlock();
            c.localAddress = 1;
            c.remoteAddress = 2;
            c.ports = port << 16 | 80;
            table.add(c);
        }
        int row = waiting.add(1, 2, 60_000 << 16 | 80);
        waiting.timestamps[row] = true;
        waiting.await(row, 0, config.timeWaitNanos());
        clock.now(1_000_000_000L);
        Set<Integer> found = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            found.add(numbers.ephemeralPort(table, waiting, timeWait, 1, 2, 80));
        }
        assertEquals(Set.of(49_152, 65_535), found);
        // RFC 6191: one second later the timestamps tell old segments from new ones.
        clock.now(1_000_000_001L);
        for (int i = 0; i < 4; i++) {
            found.add(numbers.ephemeralPort(table, waiting, timeWait, 1, 2, 80));
        }
        assertEquals(Set.of(49_152, 60_000, 65_535), found);
        waiting.timestamps[row] = false;
        for (int port : new int[] {49_152, 65_535}) {
            ControlBlock c = new ControlBlock();
            c.localAddress = 1;
            c.remoteAddress = 2;
            c.ports = port << 16 | 80;
            table.add(c);
        }
        assertEquals(0, numbers.ephemeralPort(table, waiting, timeWait, 1, 2, 80));
        assertNotEquals(0, numbers.ephemeralPort(table, waiting, timeWait, 1, 2, 81));
    }

    private static final class Port extends ListenPort {
        Port(int port) {
            super(port);
        }
    }

    @Test
    void rfc9293_3_9_1_1_allPortsButZeroCanBeListenedOn() {
        ListenPorts ports = new ListenPorts();
        assertNull(ports.any());
        for (int number : new int[] {1, 65_535}) {
            Port port = new Port(number);
            ports.add(port);
            assertSame(port, ports.find(number));
            assertSame(port, ports.any());
            ports.remove(port);
            assertNull(ports.find(number));
            assertNull(ports.any());
        }
        for (int number : new int[] {0, 65_536}) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> ports.add(new Port(number))).getMessage()
                    .contains("not between 1 and 65535"));
        }
    }

    /** The high half of the low 64 bits of k0 + k1 * local + k2 * remote + k3 * ports, all of them unsigned. */
    @Property
    void bucketsAreMultilinear(@ForAll int local, @ForAll int remote, @ForAll int ports, @ForAll long k0, @ForAll long k1,
                               @ForAll long k2, @ForAll long k3, @ForAll @IntRange(max = 20) int log) {
        BigInteger sum = BigInteger.valueOf(k0);
        long[][] terms = {{k1, Integer.toUnsignedLong(local)}, {k2, Integer.toUnsignedLong(remote)},
            {k3, Integer.toUnsignedLong(ports)}};
        for (long[] term : terms) {
            sum = sum.add(BigInteger.valueOf(term[0]).multiply(BigInteger.valueOf(term[1])));
        }
        int expected = sum.shiftRight(32).mod(BigInteger.ONE.shiftLeft(log)).intValue();
        assertEquals(expected, new BucketHash(k0, k1, k2, k3).bucket(local, remote, ports, 1 << log));
    }

    private static ControlBlock connection(SplittableRandom random) {
        ControlBlock c = new ControlBlock();
        c.localAddress = random.nextInt(3);
        c.remoteAddress = random.nextInt(3);
        c.ports = random.nextInt(300);
        return c;
    }

    private static List<Integer> name(Tcb c) {
        return List.of(c.localAddress, c.remoteAddress, c.ports);
    }

    /** All in a table's own order, each once. */
    private static Set<Tcb> all(ConnectionTable table) {
        Set<Tcb> found = new HashSet<>();
        for (Tcb c = table.after(null); c != null; c = table.after(c)) {
            assertTrue(found.add(c), "a connection comes twice");
        }
        return found;
    }

    @Property(tries = 20)
    void connectionsAreFoundAsInAPlainMap(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ConnectionTable table = new ConnectionTable(
                new BucketHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong()));
        Map<List<Integer>, Tcb> model = new HashMap<>();
        for (int i = 0; i < 4_000; i++) {
            ControlBlock c = connection(random);
            Tcb known = table.find(c.localAddress, c.remoteAddress, c.ports);
            assertSame(model.get(name(c)), known, "seed " + seed);
            if (known == null && random.nextInt(8) > 0) {
                table.add(c);
                model.put(name(c), c);
            } else if (known != null && random.nextInt(4) == 0) {
                table.remove(known);
                model.remove(name(known));
                assertNull(known.nextInBucket);
            }
            assertEquals(model.size(), table.size());
        }
        assertEquals(new HashSet<>(model.values()), all(table), "seed " + seed);
        List<Tcb> rest = new ArrayList<>(model.values());
        for (Tcb c : rest) {
            table.remove(c);
        }
        assertEquals(0, table.size());
        assertNull(table.after(null));
    }

    /** Chains must stay short, however many connections there are: the table doubles. */
    @Test
    void theTableGrowsWithItsConnections() {
        SplittableRandom random = new SplittableRandom(1);
        ConnectionTable table = new ConnectionTable(
                new BucketHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong()));
        for (int i = 0; i < 50_000; i++) {
            ControlBlock c = new ControlBlock();
            c.remoteAddress = random.nextInt();
            c.ports = i;
            table.add(c);
        }
        int longest = 0;
        for (Tcb first = table.after(null); first != null; first = table.after(first)) {
            int chain = 0;
            for (Tcb c = first; c.nextInBucket != null; c = c.nextInBucket) {
                chain++;
            }
            longest = Math.max(longest, chain);
        }
        assertTrue(longest <= 16, "a chain of " + longest);
    }
}
