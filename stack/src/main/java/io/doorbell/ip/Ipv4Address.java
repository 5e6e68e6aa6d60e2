package io.doorbell.ip;

/** IPv4 addresses as big-endian ints, their text form and their kinds. Text is for set-up and for people. */
public final class Ipv4Address {
    /** The limited broadcast address, 255.255.255.255 (RFC 1122 section 3.2.1.3 (c)). */
    public static final int BROADCAST = 0xffff_ffff;

    private Ipv4Address() {
    }

    /**
     * Reads dotted decimal form.
     *
     * @throws IllegalArgumentException with the right form in its message
     */
    public static int parse(String text) {
        if (text == null) {
            throw new IllegalArgumentException("no IPv4 address given: write four numbers, like 10.0.0.2");
        }
        int address = 0;
        int position = 0;
        for (int part = 0; part < 4; part++) {
            int end = part == 3 ? text.length() : text.indexOf('.', position);
            address = address << 8 | octet(text, position, end);
            position = end + 1;
        }
        return address;
    }

    /** One number of dotted decimal form; a leading zero is refused because some readers take it for octal. */
    private static int octet(String text, int start, int end) {
        int digits = end - start;
        int value = 0;
        for (int i = start; i < end && digits <= 3; i++) {
            char c = text.charAt(i);
            value = c >= '0' && c <= '9' ? value * 10 + c - '0' : 256;
        }
        if (digits < 1 || digits > 3 || value > 255 || digits > 1 && text.charAt(start) == '0') {
            throw new IllegalArgumentException("'" + text
                    + "' is not an IPv4 address: write four numbers from 0 to 255, like 10.0.0.2");
        }
        return value;
    }

    public static String format(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xff) + "." + (address >>> 8 & 0xff) + "." + (address & 0xff);
    }

    /** 224.0.0.0/4 (RFC 1112 section 4). */
    public static boolean isMulticast(int address) {
        return address >>> 28 == 14;
    }

    /** 0.0.0.0/8, "this network" (RFC 1122 section 3.2.1.3 (a) and (b)). */
    public static boolean isThisNetwork(int address) {
        return address >>> 24 == 0;
    }

    /** 127.0.0.0/8, which must not appear outside a host (RFC 1122 section 3.2.1.3 (g)). */
    public static boolean isLoopback(int address) {
        return address >>> 24 == 127;
    }
}
