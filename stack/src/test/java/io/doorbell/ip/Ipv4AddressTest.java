package io.doorbell.ip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses and the stack's configuration: what is read, and what is refused with which advice. */
class Ipv4AddressTest {
    private static String refusal(String cidr, String gateway) {
        return assertThrows(IllegalArgumentException.class, () -> Ipv4Config.of(cidr, gateway)).getMessage();
    }

    @Property
    void parse_reads_what_format_writes(@ForAll int address) {
        assertEquals(address, Ipv4Address.parse(Ipv4Address.format(address)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10", "10.0.0", "10.0.0.", ".10.0.0.1", "10..0.1", "10.0.0.256", "10.0.0.1.2", "10.0.0.-1",
            "10.0.0.+1", "10.0.0.1 ", "ten.0.0.1", "010.0.0.1", "10.0.0.00", "10.0.0.1000000000000", "::1"})
    void parse_refuses_what_is_not_four_numbers(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> Ipv4Address.parse(text)).getMessage();
        assertTrue(message.contains("'" + text + "'") && message.contains("like 10.0.0.2"), message);
    }

    @Test
    void parse_refuses_nothing_at_all() {
        assertThrows(IllegalArgumentException.class, () -> Ipv4Address.parse(null));
    }

    @Test
    void config_takes_an_address_its_prefix_and_a_gateway() {
        assertEquals(new Ipv4Config(Frames.OURS, 24, Frames.PEER, 64, 16, 30_000_000_000L),
                Ipv4Config.of("10.0.0.2/24", "10.0.0.1"));
        assertEquals(new Ipv4Config(Frames.OURS, 8, 0, 64, 16, 30_000_000_000L),
                Ipv4Config.of("10.0.0.2/8", null));
    }

    @Test
    void config_takes_a_point_to_point_network_and_a_host_route() {
        assertEquals(Ipv4Address.parse("10.0.0.3"), Ipv4Config.of("10.0.0.2/31", "10.0.0.3").gateway());
        assertEquals(Ipv4Address.parse("169.254.1.1"), Ipv4Config.of("10.0.0.2/32", "169.254.1.1").gateway());
    }

    @Test
    void config_refuses_an_address_without_prefix_and_shows_the_form() {
        assertEquals("'10.0.0.2' is not in CIDR form: write 10.0.0.2/24", refusal("10.0.0.2", null));
        assertEquals("'' is not in CIDR form: write 10.0.0.2/24", refusal("", null));
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.2/,         , write a number from 1 to 32 behind the slash",
        "10.0.0.2/x,        , write a number from 1 to 32 behind the slash",
        "10.0.0.2/24/24,    , write a number from 1 to 32 behind the slash",
        "10.0.0.2/0,        , is not between 1 and 32",
        "10.0.0.2/33,       , is not between 1 and 32",
        "10.0.0.2/-1,       , is not between 1 and 32",
        "10.0.0/24,         , is not an IPv4 address",
        "10.0.0.0/24,       , choose one between 10.0.0.1 and 10.0.0.254",
        "10.0.0.255/24,     , choose one between 10.0.0.1 and 10.0.0.254",
        "0.0.0.0/24,        , cannot be a host's address",
        "127.0.0.1/8,       , cannot be a host's address",
        "224.0.0.1/24,      , cannot be a host's address",
        "255.255.255.255/32,, cannot be a host's address",
        "10.0.0.2/24, 10.0.0.2, is the stack's own address",
        "10.0.0.2/24, 10.0.1.1, is not in the network of 10.0.0.2/24: choose one between 10.0.0.1 and 10.0.0.254",
        "10.0.0.2/24, 10.0.0.255, is not a single host's address: choose one between 10.0.0.1 and 10.0.0.254",
        "10.0.0.2/24, 10.0.0.0, is not a single host's address",
        "10.0.0.2/31, 10.0.0.4, choose one between 10.0.0.2 and 10.0.0.3",
        "10.0.0.2/32, 224.0.0.1, is not a single host's address: choose the router's own address",
        "10.0.0.2/24, 0.0.0.0,  leave the gateway out",
        "10.0.0.2/24, router,   is not an IPv4 address"})
    void config_refuses_what_cannot_work_and_says_how_to_mend_it(String cidr, String gateway, String advice) {
        String message = refusal(cidr, gateway);
        assertTrue(message.contains(advice), message);
    }

    @Test
    void rfc3021_2_1_networks_of_two_and_of_one_have_no_broadcast_address() {
        assertFalse(Ipv4Config.of("10.0.0.2/31", null).isBroadcast(Ipv4Address.parse("10.0.0.3")));
        assertFalse(Ipv4Config.of("10.0.0.3/31", null).isBroadcast(Ipv4Address.parse("10.0.0.3")));
        assertFalse(Ipv4Config.of("10.0.0.2/32", "10.0.0.1").isBroadcast(Frames.OURS));
        assertTrue(Ipv4Config.of("10.0.0.2/30", null).isBroadcast(Ipv4Address.parse("10.0.0.3")));
        assertTrue(Ipv4Config.of("10.0.0.2/31", null).isBroadcast(-1));
    }

    @Test
    void prefix_decides_who_is_on_the_link() {
        Ipv4Config config = Ipv4Config.of("10.1.2.3/20", null);
        assertTrue(config.isOnLink(Ipv4Address.parse("10.1.0.1")));
        assertTrue(config.isOnLink(Ipv4Address.parse("10.1.15.254")));
        assertFalse(config.isOnLink(Ipv4Address.parse("10.1.16.1")));
        assertTrue(config.isBroadcast(Ipv4Address.parse("10.1.15.255")));
        assertFalse(config.isBroadcast(Ipv4Address.parse("10.1.2.255")));
    }
}
