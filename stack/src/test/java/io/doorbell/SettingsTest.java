package io.doorbell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.ConnectionOptions;
import io.doorbell.tcp.Keepalive;
import io.doorbell.tcp.Pacing;
import io.doorbell.tcp.TcpConfig;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every setting can be set, is bounded, and stands in docs/settings.md with its real default. */
class SettingsTest {
    private static Path project() {
        Path candidate = Path.of("").toAbsolutePath();
        while (candidate != null && !Files.exists(candidate.resolve("docs/settings.md"))) {
            candidate = candidate.getParent();
        }
        assertTrue(candidate != null, "no docs/settings.md above " + Path.of("").toAbsolutePath());
        return candidate;
    }

    @Test
    void the_table_names_every_setting_with_its_default() throws IOException {
        Path project = project();
        String expected = new SettingsPage(project.resolve("stack/src/main/java")).table(TcpConfig.defaults());
        String page = Files.readString(project.resolve("docs/settings.md"));
        int begin = page.indexOf(SettingsPage.BEGIN);
        int end = page.indexOf(SettingsPage.END);
        assertTrue(begin >= 0 && end > begin, "docs/settings.md needs the markers of the table");
        String actual = page.substring(begin, end) + SettingsPage.END;
        Path made = project.resolve("stack/target/settings.md");
        if (!expected.equals(actual)) {
            Files.writeString(made, page.substring(0, begin) + expected
                    + page.substring(end + SettingsPage.END.length()));
        }
        assertEquals(expected, actual, "docs/settings.md is not what TcpConfig says: copy " + made + " there");
    }

    @Test
    void every_setting_can_be_set() throws ReflectiveOperationException {
        for (RecordComponent component : TcpConfig.class.getRecordComponents()) {
            TcpConfig.Builder builder = TcpConfig.builder();
            Object other = other(component.getType(), component.getAccessor().invoke(TcpConfig.defaults()));
            Method setter = TcpConfig.Builder.class.getMethod(component.getName(), component.getType());
            assertSame(builder, setter.invoke(builder, other));
            assertEquals(other, component.getAccessor().invoke(builder.build()), component.getName());
        }
    }

    @Test
    void every_option_of_a_connection_begins_with_the_setting_of_its_name_and_can_be_chosen()
            throws ReflectiveOperationException {
        for (RecordComponent component : ConnectionOptions.class.getRecordComponents()) {
            String name = component.getName();
            Object standard = TcpConfig.class.getMethod(name).invoke(TcpConfig.defaults());
            Object other = other(component.getType(), standard);
            TcpConfig.Builder builder = TcpConfig.builder();
            TcpConfig.Builder.class.getMethod(name, component.getType()).invoke(builder, other);
            assertEquals(other, component.getAccessor().invoke(ConnectionOptions.of(builder.build())), name);

            ConnectionOptions options = ConnectionOptions.of(TcpConfig.defaults());
            Method with = ConnectionOptions.class.getMethod(
                    "with" + Character.toUpperCase(name.charAt(0)) + name.substring(1), component.getType());
            ConnectionOptions chosen = (ConnectionOptions) with.invoke(options, other);
            List<String> differing = Arrays.stream(ConnectionOptions.class.getRecordComponents())
                    .filter(c -> !value(c, chosen).equals(value(c, options))).map(RecordComponent::getName).toList();
            assertEquals(List.of(name), differing);
            assertEquals(other, component.getAccessor().invoke(chosen), name);
        }
    }

    private static Object value(RecordComponent component, Object of) {
        try {
            return component.getAccessor().invoke(of);
        } catch (IllegalAccessException | InvocationTargetException broken) {
            throw new AssertionError(broken);
        }
    }

    /** A valid value that is not this one. */
    private static Object other(Class<?> type, Object value) {
        if (type == boolean.class) {
            return !(Boolean) value;
        }
        if (type == int.class) {
            return (Integer) value + 1;
        }
        if (type == long.class) {
            return (Long) value + 1_000_000;
        }
        if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants()).filter(c -> c != value).findFirst().orElseThrow();
        }
        return type == Keepalive.class ? Keepalive.ON : Pacing.ON;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "rtoNanos | 1000000000 | 1 s", "xNanos | 7200000000000 | 2 h", "xNanos | 600000000000 | 10 min",
        "xNanos | 40000000 | 40 ms", "xNanos | 1500 | 1500 ns", "xNanos | 0 | 0", "xBytes | 1048576 | 1 MiB",
        "xBytes | 2048 | 2 KiB", "xBytes | 65535 | 65535 bytes", "retries | 15 | 15"})
    void a_value_is_written_with_its_unit(String name, long value, String text) {
        assertEquals(text, SettingsPage.text(name, value));
        assertEquals("yes", SettingsPage.text(name, true));
        assertEquals("new reno", SettingsPage.text(name, CongestionAlgorithm.NEW_RENO));
    }

    @Test
    void what_no_standard_allows_is_refused_with_the_reason() {
        assertRefused("RFC 7323 section 5.4", () -> TcpConfig.builder().timestampTickNanos(999_999).build());
        assertRefused("RFC 7323 section 5.4", () -> TcpConfig.builder().timestampTickNanos(1_000_000_001).build());
        assertRefused("RFC 9293 section 3.8.6.3", () -> TcpConfig.builder().delayedAckNanos(500_000_000).build());
        assertRefused("RFC 9293 section 3.8.6.3",
                () -> ConnectionOptions.of(TcpConfig.defaults()).withDelayedAckNanos(500_000_000));
        assertRefused("choose 100 to 1000", () -> new Pacing(true, 99, 120));
        assertRefused("choose 100 to 1000", () -> new Pacing(true, 200, 1001));
        assertRefused("keepalive.idleNanos is 0", () -> Keepalive.after(0, 1, 1));
        assertRefused("keepalive.intervalNanos is 0", () -> Keepalive.after(1, 0, 1));
        assertRefused("keepalive.probes is 0", () -> Keepalive.after(1, 1, 0));
        assertRefused("userTimeoutNanos is -1", () -> TcpConfig.builder().userTimeoutNanos(-1).build());
        assertRefused("dscp is 64: it must be 0 to 63", () -> TcpConfig.builder().dscp(64).build());
        assertRefused("sendBufferBytes is 0", () -> ConnectionOptions.of(TcpConfig.defaults()).withSendBufferBytes(0));
        assertRefused("userTimeoutNanos is -1",
                () -> ConnectionOptions.of(TcpConfig.defaults()).withUserTimeoutNanos(-1));
        assertRefused("dscp is -1", () -> ConnectionOptions.of(TcpConfig.defaults()).withDscp(-1));
        assertRefused("timeToLive is 0", () -> TcpConfig.builder().timeToLive(0).build());
        assertRefused("timeToLive is 256", () -> TcpConfig.builder().timeToLive(256).build());
        assertRefused("synAckRetries is -1", () -> TcpConfig.builder().synAckRetries(-1).build());
        assertRefused("corkNanos is 0", () -> TcpConfig.builder().corkNanos(0).build());
    }

    /** Sets an int or a long by its name. */
    private static void set(TcpConfig.Builder builder, String name, long value) throws ReflectiveOperationException {
        for (Method setter : TcpConfig.Builder.class.getMethods()) {
            if (setter.getName().equals(name)) {
                boolean narrow = setter.getParameterTypes()[0] == int.class;
                setter.invoke(builder, narrow ? (Object) Math.toIntExact(value) : (Object) value);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"sendBufferBytes, 1,", "receiveWindowBytes, 1, 1073741824", "initialRtoNanos, 1,", "minRtoNanos, 1, 120000000000",
        "maxRtoNanos, 200000000,", "delayedAckNanos, 0, 499999999", "timeWaitNanos, 0,", "finWait2Nanos, 0,",
        "synRetries, 0,", "retries, 0,", "peerAckDelayNanos, 0,", "initialWindowSegments, 1,", "maxSegmentSize, 0,",
        "maxConnections, 1,", "timeWaitLimit, 1,", "halfOpenLimit, 1,", "acceptQueueLimit, 1,",
        "challengeAcksPerSecond, 0,", "userTimeoutNanos, 0,", "corkNanos, 1,", "timestampTickNanos, 1000000, 1000000000",
        "initialReceiveWindowBytes, 1,", "outOfOrderFrames, 0,", "pathRetries, 1,", "baseSegmentSize, 48,",
        "minPathMtu, 68,", "pathMtuAgeNanos, 1,", "synAckRetries, 0, 126", "dscp, 0, 63", "timeToLive, 1, 255",
        "leastPartBytes, 1,", "promptAcks, 0, 127", "invalidAckNanos, 0,", "referenceBytes, 1,"})
    void a_setting_takes_its_least_and_its_most_and_no_other(String name, long least, Long most)
            throws ReflectiveOperationException {
        for (long good : most == null ? new long[] {least} : new long[] {least, most}) {
            TcpConfig.Builder builder = TcpConfig.builder();
            set(builder, name, good);
            Object is = TcpConfig.class.getMethod(name).invoke(builder.build());
            assertEquals(good, ((Number) is).longValue());
        }
        for (long bad : most == null ? new long[] {least - 1} : new long[] {least - 1, most + 1}) {
            TcpConfig.Builder builder = TcpConfig.builder();
            set(builder, name, bad);
            IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, builder::build, name);
            // The bound of one setting may be another.
            assertTrue(name.equals("minRtoNanos") || refusal.getMessage().startsWith(name + " is " + bad), refusal.getMessage());
        }
    }

    @Test
    void a_rate_is_100_to_1000_percent_of_the_window() {
        assertEquals(100, new Pacing(true, 100, 1000).slowStartPercent());
        assertEquals(1000, new Pacing(true, 1000, 100).slowStartPercent());
    }

    private static void assertRefused(String reason, Runnable setting) {
        String message = assertThrows(IllegalArgumentException.class, setting::run).getMessage();
        assertTrue(message.contains(reason), message);
    }
}
