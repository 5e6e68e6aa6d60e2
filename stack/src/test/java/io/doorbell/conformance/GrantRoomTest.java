package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.seconds;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.Connection;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.OwnerSends;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An owner who waits to write is told when there is room, though an engine has it and no ACK will come. */
@ExtendWith(Scripts.class)
class GrantRoomTest extends GrantScript {
    private static GrantOptions options(OwnerSends sends) {
        return GrantOptions.of(4000).once().withOwnerSends(sends);
    }

    /** All of the buffer is granted, nothing is out, and the owner has nothing queued. */
    private void allGranted(Script script, OwnerSends sends) {
        script.tcp().sendBufferBytes(4000);
        script.establish(peer());
        grant(script, options(sends));
        assertEquals(4000, grant.granted());
    }

    private void end(Script script) {
        script.act("fence", () -> grant.fence());
        grant.engineEnded();
        script.advance(0);
    }

    @Test
    void rfc9293_3_9_1_theEndOfAGrantMakesRoom(Script script) {
        allGranted(script, OwnerSends.WAIT);
        script.sendRefused(100, Connection.BACKPRESSURE);
        script.expectNothingUntil(seconds(1)).require(script.writableCalls() == 0, "told of room that an engine has");
        end(script);
        script.expectNothing().expectWritable();
    }

    @Test
    void rfc9293_3_9_1_anEngineThatGivesItsRightBackMakesRoom(Script script) {
        allGranted(script, OwnerSends.WAIT);
        script.sendRefused(100, Connection.BACKPRESSURE);
        engine.giveBack();
        // The first poll sees it when all handlers were called; the owner hears of it with the next.
        script.advance(0).advance(0).expectNothing().expectWritable();
    }

    /** What was refused before the grant, for want of room, is not asked for while the engine alone may send. */
    @Test
    void rfc9293_3_9_1_whoIsRefusedForAGrantIsToldWhenItIsOver(Script script) {
        outFirst(script, OwnerSends.REFUSE);
        script.receive(ack(4001)).expectNothing();
        script.require(script.writableCalls() == 0, "told of room though every send is refused");
        end(script);
        script.expectNothing().expectWritable();
    }

    /** The buffer is full of what the owner has sent; as it is acknowledged the engine gets the room. */
    private void outFirst(Script script, OwnerSends sends) {
        script.tcp().sendBufferBytes(4000);
        script.establish(peer());
        script.send(4000);
        script.expectBytes(1, 4001);
        script.sendRefused(1000, Connection.BACKPRESSURE);
        grant(script, options(sends));
        script.receive(ack(1001)).expectNothing();
        script.require(script.writableCalls() == 0, "told of room with less than half of the buffer free");
    }

    @Test
    void rfc9293_3_9_1_whereTheOwnersSendsComeFirstWhatIsGrantedIsRoom(Script script) {
        outFirst(script, OwnerSends.FIRST);
        script.receive(ack(2001)).expectNothing().expectWritable();
        end(script);
        script.require(script.writableCalls() == 1, "told twice");
    }

    @Test
    void rfc9293_3_9_1_withNothingOutAnyRoomIsToldThoughTheEngineHasMore(Script script) {
        outFirst(script, OwnerSends.WAIT);
        script.receive(ack(2001)).expectNothing().receive(ack(3001)).expectNothing();
        script.require(script.writableCalls() == 0, "told of room that an engine has");
        script.receive(ack(4001)).expectNothing().expectWritable();
        end(script);
    }

    @Test
    void rfc9293_3_9_1_framesThatComeBackAreRoomThoughAnEngineRests(Script script) {
        script.tcp().sendBufferBytes(8000);
        script.establish(peer());
        grant(script, options(OwnerSends.WAIT));
        script.link().withholdFrames(0);
        script.sendRefused(100, Connection.BACKPRESSURE);
        script.expectNothingUntil(seconds(1)).require(script.writableCalls() == 0, "told of room without frames");
        script.link().returnFrames();
        script.advance(0).expectNothing().expectWritable();
        end(script);
    }

    @Test
    void rfc9293_3_9_1_framesThatComeBackWhenTheGrantIsOverAreRoom(Script script) {
        allGranted(script, OwnerSends.WAIT);
        script.sendRefused(100, Connection.BACKPRESSURE);
        script.link().withholdFrames(0);
        end(script);
        script.expectNothingUntil(seconds(1)).require(script.writableCalls() == 0, "told of room without frames");
        script.link().returnFrames();
        script.advance(0).expectNothing().expectWritable();
    }
}
