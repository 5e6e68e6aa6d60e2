package io.doorbell.tools.cli;

import io.doorbell.counters.ConnectionField;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.StackFile;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options that choose connections. */
final class ConnectionFilter {
    private static final Map<String, String> SHORT_STATES = Map.of("ESTAB", "ESTABLISHED", "SYN-RECV", "SYN-RECEIVED");

    @Option(names = "--state", paramLabel = "STATE", split = ",",
            description = "Only these states: established, time-wait, ...")
    private List<String> states = List.of();

    @Option(names = "--address", paramLabel = "IP", description = "Only connections with this address at either end.")
    private String address;

    @Option(names = "--port", paramLabel = "N", description = "Only connections with this port at either end.")
    private Integer port;

    void check() {
        if (address != null) {
            Addresses.parse("--address", address);
        }
    }

    List<ConnectionRow> of(StackFile stack) {
        return stack.connections().stream().filter(this::matches).toList();
    }

    private boolean matches(ConnectionRow row) {
        return (states.isEmpty() || states.stream().anyMatch(state -> name(state).equals(row.state())))
                && (address == null || address.equals(row.localAddress()) || address.equals(row.remoteAddress()))
                && (port == null || row.get(ConnectionField.LOCAL_PORT) == port
                || row.get(ConnectionField.REMOTE_PORT) == port);
    }

    private static String name(String state) {
        String name = state.toUpperCase(Locale.ROOT).replace('_', '-');
        return SHORT_STATES.getOrDefault(name, name);
    }
}
