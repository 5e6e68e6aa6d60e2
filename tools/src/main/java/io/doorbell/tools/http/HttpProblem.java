package io.doorbell.tools.http;

/** A message that breaks HTTP's rules, with the status that answers it. Carries no stack trace: it is ordinary input. */
public final class HttpProblem extends Exception {
    private final int status;

    public HttpProblem(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    public int status() {
        return status;
    }
}
