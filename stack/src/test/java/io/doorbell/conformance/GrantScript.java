package io.doorbell.conformance;

import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.syn;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.doorbell.grant.GrantedSender;
import io.doorbell.link.Link;
import io.doorbell.script.Script;
import io.doorbell.script.Segment;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** What scripts of delegated sends share: one grant of one connection, and the engine that has it. */
abstract class GrantScript {
    Grant grant;
    GrantedSender engine;
    Link link;
    int freeBefore;

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String text(int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < length; i++) {
            text.append(i).append(' ');
        }
        return text.substring(0, length);
    }

    static Segment peer() {
        return syn(0).mss(1000).sackOk().wscale(0).timestamps(77, 0).win(20000);
    }

    void grant(Script script, GrantOptions options) {
        freeBefore = script.link().frames().available();
        script.act("grant", () -> grant = script.connection().grant(options));
        assertNotNull(grant, "refused");
        link = script.link().second();
        engine = grant.sender(link);
    }

    void grant(Script script, int bytes) {
        grant(script, GrantOptions.of(bytes));
    }

    /** The engine sends; the stack does not know of it yet. */
    void send(Script script, String content, int code) {
        if (code >= 0) {
            script.flow().application().wrote(bytes(content), content.length());
        }
        assertEquals(code, engine.send(MemorySegment.ofArray(bytes(content)), 0, content.length(), script.clockNanos()));
    }

    /** It gives its right back, and with it all frames. */
    void engineIsDone(Script script) {
        engine.giveBack();
        allFramesAreBack(script);
    }

    void allFramesAreBack(Script script) {
        script.advance(millis(1));
        assertEquals(freeBefore, script.link().frames().available());
    }
}
