package io.doorbell.script;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A script that is wrong must fail, and say why. */
class ScriptReportTest {
    private final Script script = new Script();

    @AfterEach
    void release() {
        script.release();
    }

    private String failure(Consumer<Script> lines) {
        return assertThrows(AssertionError.class, () -> lines.accept(script)).getMessage();
    }

    @Test
    void aWrongExpectationShowsBothListsAndMarksTheFirstDifference() {
        script.establish();
        script.send("hello");
        String report = failure(s -> s.expect(data(1, "help!").ack(1)));
        assertTrue(report.startsWith("segment 1 of 1: the payload is \"hello\", not \"help!\""), report);
        assertTrue(report.contains("  expected\n  * ACK seq 1 len 5 ack 1\n"), report);
        assertTrue(report.contains("  actual\n  * 0.000000  40000-80 PSH ACK seq 1 len 5 ack 1"), report);
        assertTrue(report.contains("   -0.010000 < 40000-80 SYN seq 0 win 65535 <mss 1460"), report);
        assertTrue(report.contains("    0.000000 . send(5)"), report);
    }

    @Test
    void aSegmentThatIsMissingIsReported() {
        script.establish();
        String report = failure(s -> s.expect(ack(1)));
        assertTrue(report.startsWith("segment 1 of 1: the stack did not send it"), report);
        assertTrue(report.contains("  * nothing more"), report);
    }

    @Test
    void whatNobodyExpectsFailsTheNextLine() {
        script.establish();
        script.send("hello");
        String report = failure(s -> s.receive(ack(6)));
        assertTrue(report.startsWith("unexpected, before receive(ACK seq next ack 6)"), report);
    }

    @Test
    void whatNobodyExpectsFailsTheEnd() {
        script.establish();
        script.send("hello");
        String report = failure(Script::finish);
        assertTrue(report.startsWith("unexpected, at the end of the script"), report);
    }

    @Test
    void bytesThatNobodyAskedForFailTheEnd() {
        script.establish();
        script.receive(data(1, 10));
        script.expectBy(millis(500), ack(11));
        String report = failure(Script::finish);
        assertTrue(report.startsWith("10 bytes were delivered that no line asked for"), report);
    }

    @Test
    void aSegmentAtTheWrongTimeIsReported() {
        script.connect(80);
        script.expect(syn(0));
        String report = failure(s -> s.expectAt(millis(1500), syn(0)));
        assertTrue(report.startsWith("segment 1 of 1: it was sent at 1.000000 s, not 1.500000"), report);
    }

    @Test
    void everyDifferenceHasItsWords() {
        script.listen(80);
        script.receive(syn(0).mss(1460).wscale(7).timestamps(100, 0));
        Sent sent = script.expect(synAck(0));
        assertEquals(null, sent.differenceTo(synAck(0).ack(1).mss(1460).echo(100)));
        assertEquals("flags are SYN ACK, not ACK", sent.differenceTo(ack(1).seq(0)));
        assertEquals("seq is 0, not 1", sent.differenceTo(synAck(1)));
        assertEquals("ack is 1, not 2", sent.differenceTo(synAck(0).ack(2)));
        assertEquals("mss is 1460, not 536", sent.differenceTo(synAck(0).mss(536)));
        assertEquals("timestamps are missing", decodedWithoutOptions().differenceTo(ack(1).seq(1).echo(1)));
        assertEquals("TSecr is 100, not 99", sent.differenceTo(synAck(0).echo(99)));
        assertEquals("PSH is missing", sent.differenceTo(synAck(0).psh()));
        assertEquals("the window is 65535, not 1", sent.differenceTo(synAck(0).win(1)));
    }

    /** An ACK without options, made by hand and taken for one of the stack's. */
    private Sent decodedWithoutOptions() {
        Flow flow = script.flow(50_000, 80);
        Segment segment = ack(1).seq(1);
        FrameWriter.complete(segment, flow);
        Sent sent = new Sent(0, FrameWriter.frame(segment, flow));
        sent.seq = 1;
        sent.ack = 1;
        return sent;
    }

    @Test
    void aDamagedPacketHasFaults() {
        Flow flow = script.flow(50_000, 80);
        Segment segment = data(1, 100).ack(1);
        FrameWriter.complete(segment, flow);
        byte[] frame = FrameWriter.frame(segment, flow);
        assertTrue(new Sent(0, frame).faults.isEmpty());
        for (int bit = 14 * 8; bit < frame.length * 8; bit++) {
            byte[] damaged = frame.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertFalse(new Sent(0, damaged).faults.isEmpty(), "bit " + bit);
        }
    }
}
