package io.doorbell.tools.cli;

import java.util.regex.Pattern;

/** IPv4 addresses and ports as users type them. Names are refused: this stack has no resolver. */
final class Addresses {
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final Pattern ADDRESS = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    private static final Pattern PREFIX = Pattern.compile("[12]?[0-9]|3[0-2]");

    private Addresses() {
    }

    /** {@code text} itself, if it is an address. */
    static String parse(String what, String text) {
        if (!ADDRESS.matcher(text).matches()) {
            throw UserError.usage(what + " " + text + " is not an IPv4 address: write four numbers, as in 10.0.0.2");
        }
        return text;
    }

    /** The address of an "address/prefix". */
    static String parseCidr(String what, String text) {
        int slash = text.indexOf('/');
        if (slash < 0 || !ADDRESS.matcher(text.substring(0, slash)).matches()
                || !PREFIX.matcher(text.substring(slash + 1)).matches()) {
            throw UserError.usage(what + " " + text
                    + " is not in CIDR form: write the address and the length of its network's prefix, as in 10.0.0.2/24");
        }
        return text.substring(0, slash);
    }

    /** Refuses a {@code --port} that cannot be. */
    static void requirePort(int port) {
        if (port < 1 || port > 65_535) {
            throw UserError.usage("--port " + port + " cannot be: ports are 1 to 65535");
        }
    }
}
