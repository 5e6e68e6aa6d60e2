package io.doorbell.tools.cli;

import io.doorbell.counters.ConnectionField;
import io.doorbell.ip.Ipv4Address;
import io.doorbell.tcp.TcpState;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.StackFile;
import io.doorbell.tools.inspect.WaitingRow;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** The options that choose connections. */
final class ConnectionFilter {
    private static final Map<String, String> SHORT_STATES = Map.of("ESTAB", "ESTABLISHED", "SYN-RECV", "SYN-RECEIVED");
    private static final List<String> KNOWN_STATES = Stream.concat(Arrays.stream(TcpState.values()).map(TcpState::name)
            .map(ConnectionFilter::name), Stream.of("TIME-WAIT")).toList();

    @Option(names = "--state", paramLabel = "STATE", split = ",",
            description = "Only these states: established, time-wait, ...")
    private List<String> states = List.of();

    @Option(names = "--address", paramLabel = "IP", description = "Only connections with this address at either end.")
    private String address;

    @Option(names = "--port", paramLabel = "N", description = "Only connections with this port at either end.")
    private Integer port;

    private Set<String> wantedStates = Set.of();
    private int wantedAddress;

    /** To be called first. */
    void check() {
        if (address != null) {
            wantedAddress = Ipv4Address.parse(Addresses.parse("--address", address));
        }
        if (port != null) {
            Addresses.requirePort(port);
        }
        for (String each : states) {
            if (!KNOWN_STATES.contains(name(each))) {
                throw UserError.usage("--state " + each + " is no state of a connection: use "
                        + String.join(", ", KNOWN_STATES).toLowerCase(Locale.ROOT));
            }
        }
        wantedStates = states.stream().map(ConnectionFilter::name).collect(Collectors.toSet());
    }

    List<ConnectionRow> of(StackFile stack) {
        return stack.connections().stream().filter(this::matches).toList();
    }

    /** Those that have no rows; the stack must be asked for them. */
    List<WaitingRow> waiting(StackFile stack, long timeoutNanos) throws IOException {
        return stack.waiting(timeoutNanos).stream().filter(this::matches).toList();
    }

    boolean matches(ConnectionRow row) {
        return (wantedStates.isEmpty() || wantedStates.contains(row.state()))
                && addressIsOneOf((int) row.get(ConnectionField.LOCAL_ADDRESS), (int) row.get(ConnectionField.REMOTE_ADDRESS))
                && portIsOneOf(row.get(ConnectionField.LOCAL_PORT), row.get(ConnectionField.REMOTE_PORT));
    }

    private boolean matches(WaitingRow row) {
        return (wantedStates.isEmpty() || wantedStates.contains(row.state()))
                && addressIsOneOf(row.localAddress(), row.remoteAddress())
                && portIsOneOf(row.localPort(), row.remotePort());
    }

    private boolean addressIsOneOf(int local, int remote) {
        return address == null || wantedAddress == local || wantedAddress == remote;
    }

    private boolean portIsOneOf(long local, long remote) {
        return port == null || local == port || remote == port;
    }

    private static String name(String state) {
        String name = state.toUpperCase(Locale.ROOT).replace('_', '-');
        return SHORT_STATES.getOrDefault(name, name);
    }
}
