package io.doorbell.tools.cli;

/** What a user can put right: one line that tells the fix, and the exit code. */
public final class UserError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    public UserError(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }

    static UserError usage(String message) {
        return new UserError(ExitCode.USAGE, message);
    }

    static UserError environment(String message) {
        return new UserError(ExitCode.ENVIRONMENT, message);
    }
}
