package io.doorbell.tools.cli;

import io.doorbell.counters.ConnectionField;
import io.doorbell.ip.Ipv4Address;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.StackFile;
import io.doorbell.tools.inspect.WaitingRow;
import java.io.IOException;
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

    /** Those that have no rows; the stack must be asked for them. */
    List<WaitingRow> waiting(StackFile stack, long timeoutNanos) throws IOException {
        return stack.waiting(timeoutNanos).stream().filter(this::matches).toList();
    }

    private boolean matches(ConnectionRow row) {
        return matches(row.state(), row.localAddress(), row.get(ConnectionField.LOCAL_PORT), row.remoteAddress(),
                row.get(ConnectionField.REMOTE_PORT));
    }

    private boolean matches(WaitingRow row) {
        return matches(row.state(), Ipv4Address.format(row.localAddress()), row.localPort(),
                Ipv4Address.format(row.remoteAddress()), row.remotePort());
    }

    private boolean matches(String state, String local, long localPort, String remote, long remotePort) {
        return (states.isEmpty() || states.stream().anyMatch(each -> name(each).equals(state)))
                && (address == null || address.equals(local) || address.equals(remote))
                && (port == null || localPort == port || remotePort == port);
    }

    private static String name(String state) {
        String name = state.toUpperCase(Locale.ROOT).replace('_', '-');
        return SHORT_STATES.getOrDefault(name, name);
    }
}
