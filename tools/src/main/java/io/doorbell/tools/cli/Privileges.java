package io.doorbell.tools.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process may do, by its effective capabilities (capabilities(7)). */
final class Privileges {
    private static final int CAP_NET_ADMIN = 12;
    private static final int CAP_NET_RAW = 13;
    private static final int CAP_SYS_ADMIN = 21;
    private static final int CAP_BPF = 39;

    private Privileges() {
    }

    /** Why no namespaces can be made; null if they can. */
    static String missingForNamespaces() {
        String status = status();
        if (status == null) {
            return "this is not Linux";
        }
        if (!status.contains("\nUid:\t0\t0\t")) {
            return "not root";
        }
        return missing(status, CAP_SYS_ADMIN, "CAP_SYS_ADMIN", CAP_NET_ADMIN, "CAP_NET_ADMIN");
    }

    /** Why a link of this kind cannot be opened; null if it can. */
    static String missingForXdp() {
        String status = status();
        if (status == null) {
            return "AF_XDP exists on Linux only";
        }
        String network = missing(status, CAP_NET_ADMIN, "CAP_NET_ADMIN", CAP_NET_RAW, "CAP_NET_RAW");
        boolean bpf = has(status, CAP_BPF) || has(status, CAP_SYS_ADMIN);
        return network != null ? network : bpf ? null : "CAP_BPF is missing";
    }

    static String missingForPacket() {
        String status = status();
        return status == null ? "AF_PACKET exists on Linux only" : missing(status, CAP_NET_RAW, "CAP_NET_RAW",
                CAP_NET_RAW, "CAP_NET_RAW");
    }

    static String missingForTap() {
        String status = status();
        return status == null ? "this TAP needs Linux" : missing(status, CAP_NET_ADMIN, "CAP_NET_ADMIN", CAP_NET_ADMIN,
                "CAP_NET_ADMIN");
    }

    private static String missing(String status, int first, String firstName, int second, String secondName) {
        return !has(status, first) ? firstName + " is missing" : !has(status, second) ? secondName + " is missing" : null;
    }

    private static boolean has(String status, int capability) {
        int at = status.indexOf("CapEff:");
        int end = status.indexOf('\n', at);
        return at >= 0 && (Long.parseUnsignedLong(status.substring(at + 7, end).strip(), 16) >>> capability & 1) != 0;
    }

    private static String status() {
        try {
            return Files.readString(Path.of("/proc/self/status"));
        } catch (IOException e) {
            return null;
        }
    }
}
