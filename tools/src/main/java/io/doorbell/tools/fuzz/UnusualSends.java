package io.doorbell.tools.fuzz;

import io.doorbell.Connection;
import io.doorbell.tcp.Audit;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Partial messages, templates and rehearsals of one connection, each beside a plain model of what it must answer. */
final class UnusualSends {
    private static final int MOST_MESSAGES = 4;
    private static final int MOST_TEMPLATES = 3;
    private static final MemorySegment SOURCE = MemorySegment.ofArray(FuzzUser.STREAM);

    private static final class OpenMessage {
        private final PartialMessage message = new PartialMessage();
        private int at;
        private boolean[] known;
        private int missing;
    }

    private static final class OpenTemplate {
        private MessageTemplate template;
        private byte[] bytes;
        private boolean[] hole;
        private boolean[] missing;
    }

    private final Stage stage;
    private final FuzzUser user;
    private final List<OpenMessage> messages = new ArrayList<>();
    private final List<OpenTemplate> templates = new ArrayList<>();

    UnusualSends(Stage stage, FuzzUser user) {
        this.stage = stage;
        this.user = user;
    }

    private void expect(boolean condition, String otherwise) {
        if (!condition && user.fault == null) {
            user.fault = otherwise;
        }
    }

    // ---- partial messages

    void begin(int length, long deadlineNanos) {
        messages.removeIf(open -> !open.message.isOpen());
        if (!user.mayStream(length) || messages.size() == MOST_MESSAGES) {
            return;
        }
        OpenMessage open = new OpenMessage();
        open.at = user.sent.length();
        int result = user.connection.begin(open.message, length);
        expect(result < 0 || !user.finished && length > 0, "a partial message was begun by a user that had closed");
        expect(open.message.isOpen() == (result == 0), "a partial message is open, or not, against what begin() said");
        if (result == 0) {
            open.known = new boolean[length];
            open.missing = length;
            user.sent.forget(open.at, length);
            messages.add(open);
            if (deadlineNanos > stage.now) {
                open.message.deadline(deadlineNanos);
            }
        }
    }

    /** Supplies a part of an open message, or tries to. */
    void complete(int which, int from, int length) {
        if (!messages.isEmpty()) {
            complete(messages.get(which % messages.size()), from, length);
        }
    }

    private void complete(OpenMessage open, int from, int length) {
        boolean inside = from >= 0 && length > 0 && from + length <= open.known.length;
        int given = 0;
        for (int i = 0; inside && i < length; i++) {
            given += open.known[from + i] ? 1 : 0;
        }
        int expected = !inside ? PartialMessage.OUT_OF_RANGE : given > 0 ? PartialMessage.ALREADY_KNOWN
                : open.missing - length;
        if (!open.message.isOpen()) {
            expected = Connection.CLOSED;
        }
        int at = open.at + from;
        if (expected >= 0) {
            user.sent.put(at, FuzzUser.STREAM, at & 0xff, length);
        }
        int result = open.message.complete(from, SOURCE, at & 0xff, length);
        if (result == PartialMessage.TOO_MANY_RUNS && expected > 0) {
            user.sent.forget(at, length);
            return;
        }
        expect(result == expected, "complete() answered " + result + " where " + expected + " is due");
        if (result >= 0) {
            Arrays.fill(open.known, from, from + length, true);
            open.missing = result;
        }
    }

    /** Supplies everything that is missing. */
    void completeAll() {
        for (OpenMessage open : messages) {
            int at = 0;
            while (open.message.isOpen() && at < open.known.length) {
                int end = at;
                while (end < open.known.length && !open.known[end]) {
                    end++;
                }
                if (end > at) {
                    complete(open, at, end - at);
                }
                at = Math.max(end, at + 1);
            }
        }
    }

    // ---- templates

    void openTemplate(int length, int knownBytes) {
        templates.removeIf(open -> open.template.isClosed());
        if (user.connection == null || templates.size() == MOST_TEMPLATES) {
            return;
        }
        OpenTemplate open = new OpenTemplate();
        open.template = user.connection.template(length);
        if (open.template == null) {
            return;
        }
        expect(!user.finished, "a template was opened by a user that had closed");
        open.bytes = new byte[length];
        open.hole = new boolean[length];
        open.missing = new boolean[length];
        Arrays.fill(open.hole, true);
        Arrays.fill(open.missing, true);
        templates.add(open);
        supply(open, 0, Math.min(knownBytes, length), length, true);
    }

    void updateTemplate(int which, int from, int length, int value) {
        if (!templates.isEmpty()) {
            supply(templates.get(which % templates.size()), from, length, value, false);
        }
    }

    private void supply(OpenTemplate open, int from, int length, int value, boolean forGood) {
        int source = value & 0xff;
        boolean inside = from >= 0 && from + length <= open.bytes.length;
        boolean closed = open.template.isClosed();
        int result = forGood ? open.template.known(from, SOURCE, source, length)
                : open.template.update(from, SOURCE, source, length);
        if (!inside || closed) {
            expect(result < 0, "a template took bytes beyond its end, or after its end");
            return;
        }
        System.arraycopy(FuzzUser.STREAM, source, open.bytes, from, length);
        Arrays.fill(open.missing, from, from + length, false);
        if (forGood) {
            Arrays.fill(open.hole, from, from + length, false);
        }
        expect(result == missing(open), "a template misses " + result + " bytes where " + missing(open) + " are missing");
    }

    private static int missing(OpenTemplate open) {
        int missing = 0;
        for (boolean one : open.missing) {
            missing += one ? 1 : 0;
        }
        return missing;
    }

    /** Sends a template, with {@code whole} after what it misses was supplied. */
    void sendTemplate(int which, boolean whole, int flags) {
        if (templates.isEmpty()) {
            return;
        }
        OpenTemplate open = templates.get(which % templates.size());
        int length = open.bytes.length;
        boolean warm = (flags & MessageTemplate.WARM) != 0;
        if (!user.mayStream(length)) {
            return;
        }
        for (int i = 0; whole && !warm && i < length; i++) {
            if (open.missing[i]) {
                supply(open, i, 1, user.sent.length() + i, false);
            }
        }
        int missing = missing(open);
        int at = user.sent.length();
        String before = warm ? snapshot() : null;
        if (!warm && missing == 0) {
            user.sent.put(at, open.bytes, 0, length);
        }
        int result = open.template.send(stage.now, flags);
        boolean accepted = !warm && (result == MessageTemplate.FAST || result == MessageTemplate.QUEUED);
        user.sent.truncate(accepted ? at + length : at);
        if (warm) {
            expect(snapshot().equals(before), "the rehearsal of a template's send has changed something");
            return;
        }
        expect(!accepted || missing == 0 && !user.finished, "a template was sent with holes, or after the user had closed");
        expect((result == MessageTemplate.HOLES) == (missing > 0) || result == MessageTemplate.CLOSED,
                "a template with " + missing + " holes answered " + result);
        if (accepted) {
            System.arraycopy(open.hole, 0, open.missing, 0, length);
        }
    }

    void closeTemplate(int which) {
        if (!templates.isEmpty()) {
            templates.remove(which % templates.size()).template.close();
        }
    }

    // ---- rehearsals

    /** Sends and receives, without that anything may be seen of it. */
    void rehearse(int length) {
        if (user.connection == null) {
            return;
        }
        String before = snapshot();
        user.connection.send(SOURCE, 0, length, MessageTemplate.WARM);
        expect(snapshot().equals(before), "the rehearsal of a send has changed something");
        long received = user.received;
        user.connection.warmReceive(SOURCE, 0, length);
        expect(snapshot().equals(before) && user.received == received, "the rehearsal of a receive has changed something");
    }

    private String snapshot() {
        return Audit.describe(user.connection) + " frames " + stage.link.frames().available() + " sent "
                + stage.link.transmitted;
    }
}
