package io.doorbell.tools.fuzz;

import io.doorbell.grant.GrantedSender;
import io.doorbell.link.LinkDecorator;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.OwnerSends;
import java.lang.foreign.MemorySegment;

/**
 * An engine that one connection is granted to. What the owner sends goes first, so that bytes come in the order of the
 * calls. Its own packets never leave: the stack has to send them.
 */
final class Delegated {
    private static final MemorySegment SOURCE = MemorySegment.ofArray(FuzzUser.STREAM);
    private static final int MOST_AT_ONCE = 2_000;

    private final Stage stage;
    private final FuzzUser user;
    private Grant grant;
    private GrantedSender engine;

    /** A cable that nothing leaves by. */
    private static final class Nowhere extends LinkDecorator {
        Nowhere() {
            super(PipeLink.options().frames(8).queueLength(8).pair().left());
        }

        @Override
        public boolean transmit(long address, int length, long nowNanos) {
            return false;
        }
    }

    Delegated(Stage stage, FuzzUser user) {
        this.stage = stage;
        this.user = user;
    }

    void act(int what, int length) {
        if (grant == null) {
            open(what, 1 + length * 32);
        }
        if (grant == null) {
            return;
        }
        switch (what) {
            case 0 -> {
                if (length % 4 == 0) {
                    end();
                } else {
                    send(length);
                }
            }
            case 1 -> grant.recall(stage.now + length * Stage.MILLISECOND);
            case 2 -> engine.request(length * 64);
            default -> send(1 + length * 8);
        }
    }

    private void open(int what, int bytes) {
        if (user.connection == null || user.finished) {
            return;
        }
        GrantOptions options = GrantOptions.of(bytes).withSegments(4).withOwnerSends(OwnerSends.FIRST);
        grant = user.connection.grant(what == 0 ? options.once() : options);
        engine = grant == null ? null : grant.sender(new Nowhere());
    }

    private void send(int length) {
        int size = Math.min(length, MOST_AT_ONCE);
        if (!user.mayStream(size)) {
            return;
        }
        int at = user.sent.length();
        user.sent.put(at, FuzzUser.STREAM, at & 0xff, size);
        int result = engine.send(SOURCE, at & 0xff, size, stage.now);
        user.sent.truncate(result >= 0 ? at + size : at);
        if (result >= 0 && grant.isOver()) {
            user.fault = "an engine has sent " + size + " bytes after its grant was over";
        }
    }

    /** The engine is no more. */
    void end() {
        if (grant != null) {
            grant.engineEnded();
            grant = null;
        }
    }
}
