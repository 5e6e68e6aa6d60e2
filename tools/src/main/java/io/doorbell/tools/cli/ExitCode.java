package io.doorbell.tools.cli;

/** What stack-cli ends with; {@code --help} shows the same list. */
public final class ExitCode {
    public static final int OK = 0;
    /** The job was done, or tried, and its result is bad. */
    public static final int FAILED = 1;
    /** An option, an argument or a value that cannot be. */
    public static final int USAGE = 2;
    /** Something outside is missing or in the way: privileges, packages, interfaces, addresses. */
    public static final int ENVIRONMENT = 3;
    /** A defect of Doorbell. */
    public static final int DEFECT = 70;

    private ExitCode() {
    }
}
