package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.link.FramePool;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A segment has become too long for its path, and cutting it in two takes a frame that is not there. */
@ExtendWith(Scripts.class)
class FrameShortageTest {
    private static final int FRAGMENTATION_NEEDED = 4;
    private static final int FRAMES = 256;

    /** One segment of 1000 bytes is out; then others have all frames but the given, and the path carries 600 bytes. */
    private static void narrowWithoutFrames(Script script, int left) {
        script.frames(FRAMES);
        script.establish(syn(0).mss(1460).win(60_000).sackOk());
        script.send(1000);
        Sent tooLarge = script.expect(data(1, 1000));
        script.link().withholdFrames(left);
        script.receiveIcmp(3, FRAGMENTATION_NEEDED, 600, tooLarge);
    }

    @Test
    void rfc1191_4_whileNoFrameIsFreeTheStackAsksForNoPollAtOnce(Script script) {
        narrowWithoutFrames(script, 0);
        script.expectNothing();
        long due = script.stack().nextDeadlineNanos();
        script.require(due > Long.MIN_VALUE, "the stack wants to be polled at once, again and again");
        // Advancing fails if a deadline stays in the past.
        script.advance(millis(50)).expectNothing();
        script.link().returnFrames();
        Sent first = script.nextBy(script.time() + millis(2));
        script.require(first.seq == 1 && first.end() <= 561, "instead of the first part there is " + first);
        script.takeAll();
        script.receive(ack(1001)).expectNothingUntil(seconds(60));
    }

    /**
     * Sends leave a quarter of the pool free and received data a sixteenth; of that, cutting segments may use half. So
     * whatever data lies in frames, there is one for a head that has to be cut; and its first part is acknowledged
     * before the second needs to be cut again.
     */
    @Test
    void rfc1191_4_framesForDataNeverTakeTheOneThatAHeadNeedsToBeCut(Script script) {
        script.frames(64);
        script.tcp().sendBufferBytes(1 << 20).receiveWindowBytes(1 << 20).initialReceiveWindowBytes(1 << 20);
        script.initialAppetite(0);
        script.establish(syn(0).mss(1460).win(60_000).sackOk());
        FramePool frames = script.link().frames();
        script.send(1000);
        Sent tooLarge = script.expect(data(1, 1000));
        int written = 1000;
        while (frames.available() > frames.capacity() / 4 + 1) {
            script.send(1000);
            written += 1000;
            script.takeAll();
        }
        // Nobody reads: this goes on until data that came is refused for want of frames.
        int received = 0;
        while (script.stack().counters().get(Counter.DROP_TCP_NO_MEMORY) == 0) {
            script.receive(data(1 + received, 1000));
            script.takeAll();
            received += 1000;
        }
        received -= 1000;
        script.receiveIcmp(3, FRAGMENTATION_NEEDED, 600, tooLarge);
        Sent first = script.takeAll().getFirst();
        script.require(first.seq == 1 && first.end() <= 561, "instead of the first part there is " + first);
        // What was cut arrives, piece by piece, and gives its frames back for the next.
        int end = 1 + written;
        for (int acked = first.end(); acked != end; acked = Math.min(end, acked + 1000)) {
            script.receive(ack(acked).seq(1 + received));
            script.takeAll();
        }
        script.receive(ack(end).seq(1 + received));
        script.read(received).expectDelivered(received);
        script.takeAll();
    }
}
