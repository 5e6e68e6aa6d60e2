package io.doorbell.tools.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

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

    /** Why a file cannot be read or written, without the names of Java's exceptions. */
    static String why(IOException error) {
        return switch (error) {
            case NoSuchFileException missing -> "no such file or directory";
            case AccessDeniedException denied -> "permission denied";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default -> error.getMessage();
        };
    }

    static UserError usage(String message) {
        return new UserError(ExitCode.USAGE, message);
    }

    static UserError environment(String message) {
        return new UserError(ExitCode.ENVIRONMENT, message);
    }
}
