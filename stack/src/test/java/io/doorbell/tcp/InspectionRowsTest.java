package io.doorbell.tcp;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.doorbell.Connection;
import io.doorbell.Listener;
import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.InspectionLayout;
import io.doorbell.script.Flow;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Which connection has which row of the inspection block, when a row is written, and what can be asked for. */
@ExtendWith(Scripts.class)
class InspectionRowsTest {
    private static final int ROWS = 3;
    private static final int PEER = 0x0a00_0001;
    private static final int STACK = 0x0a00_0002;

    private final InspectedBlock inspected = new InspectedBlock(ROWS);

    private Flow connect(Script script, int peerPort) {
        Flow flow = script.flow(peerPort, 80);
        script.use(flow).establish();
        return flow;
    }

    private long id(int row) {
        return inspected.field(row, ConnectionField.ID);
    }

    @Test
    void eachConnectionHasItsRowAndKeepsItsNumber(Script script) {
        script.inspection(inspected.block);
        connect(script, 5001);
        connect(script, 5002);
        assertEquals(2, inspected.rowsUsed());
        assertEquals(1, id(0));
        assertEquals(2, id(1));
        assertEquals(0, id(2));
        assertEquals(5001, inspected.field(0, ConnectionField.REMOTE_PORT));
        assertEquals(5002, inspected.field(1, ConnectionField.REMOTE_PORT));
        assertEquals(TcpState.ESTABLISHED.ordinal(), inspected.field(1, ConnectionField.STATE));
        long opened = inspected.field(1, ConnectionField.OPENED_NANOS);
        script.advance(seconds(1)).send(10);
        script.expect(data(1, 10));
        assertEquals(opened, inspected.field(1, ConnectionField.OPENED_NANOS));
        assertEquals(script.clockNanos(), inspected.field(1, ConnectionField.WRITTEN_NANOS));
        assertEquals(10, inspected.field(1, ConnectionField.SEND_QUEUE));
        assertEquals(2, id(1));
        script.receive(ack(11));
        assertEquals(0, inspected.field(1, ConnectionField.SEND_QUEUE));
    }

    @Test
    void onlyRowsOfConnectionsThatSomethingHappenedToAreWritten(Script script) {
        script.inspection(inspected.block);
        connect(script, 5001);
        Flow second = connect(script, 5002);
        long untouched = inspected.writes(0);
        long written = inspected.writes(1);
        script.use(second).send(10);
        script.expect(data(1, 10));
        script.receive(ack(11)).advance(seconds(2));
        assertEquals(untouched, inspected.writes(0));
        assertNotEquals(written, inspected.writes(1));
    }

    @Test
    void aRowThatBecameFreeIsGivenToTheNextConnectionUnderANewNumber(Script script) {
        script.inspection(inspected.block);
        Flow first = connect(script, 5001);
        connect(script, 5002);
        script.use(first).receive(rst(1)).expectConnections(1);
        assertEquals(0, id(0));
        assertEquals(TcpState.CLOSED.ordinal(), inspected.field(0, ConnectionField.STATE));
        assertEquals(2, id(1));
        connect(script, 5003);
        connect(script, 5004);
        assertEquals(3, id(0));
        assertEquals(5003, inspected.field(0, ConnectionField.REMOTE_PORT));
        assertEquals(4, id(2));
        assertEquals(3, inspected.rowsUsed());
    }

    @Test
    void aConnectionThatFindsNoRowIsCountedAndGetsOneWhenOneIsFree(Script script) {
        script.inspection(inspected.block);
        Flow first = connect(script, 5001);
        connect(script, 5002);
        connect(script, 5003);
        assertEquals(0, inspected.rowsMissing());
        Flow fourth = connect(script, 5004);
        assertNotEquals(0, inspected.rowsMissing());
        script.use(first).receive(rst(1));
        assertEquals(0, id(0));
        script.use(fourth).send(10);
        script.expect(data(1, 10));
        assertEquals(5004, inspected.field(0, ConnectionField.REMOTE_PORT));
        script.receive(rst(1));
        assertEquals(0, id(0));
        assertEquals(2, id(1));
    }

    @Test
    void manyConnectionsCanBeDueInOnePoll(Script script) {
        InspectedBlock large = new InspectedBlock(600);
        script.inspection(large.block);
        script.tcp().maxConnections(1000);
        script.frames(4096);
        script.listen(80);
        Connection[] all = new Connection[600];
        for (int i = 0; i < all.length; i++) {
            script.use(script.flow(10_000 + i, 80)).establish();
            all[i] = script.connection();
        }
        script.act("send on all", () -> {
            for (Connection each : all) {
                each.cork();
                each.send(new byte[] {1}, 0, 1);
            }
        });
        script.takeAll();
        for (int i = 0; i < all.length; i++) {
            assertEquals(1, large.field(i, ConnectionField.SEND_QUEUE), "row " + i);
        }
    }

    @Test
    void aConnectionIsKilledByItsNumber(Script script) {
        script.inspection(inspected.block);
        connect(script, 5001);
        connect(script, 5002);
        inspected.ask(InspectionLayout.OPERATION_KILL, 3);
        script.advance(millis(1));
        assertEquals(InspectionLayout.RESULT_NO_SUCH_CONNECTION, poll(script));
        script.expectConnections(2);
        inspected.ask(InspectionLayout.OPERATION_KILL, 2);
        assertEquals(InspectionLayout.RESULT_DONE, poll(script));
        script.expect(rst(1).ack(1));
        script.expectConnections(1).advance(millis(1)).expectClosed(CloseReason.ABORTED);
        inspected.ask(InspectionLayout.OPERATION_KILL, 2);
        assertEquals(InspectionLayout.RESULT_NO_SUCH_CONNECTION, poll(script));
        inspected.ask(99, 1);
        assertEquals(InspectionLayout.RESULT_NO_SUCH_OPERATION, poll(script));
    }

    private long poll(Script script) {
        script.act("poll", () -> { });
        return inspected.answer();
    }

    private void expectEntry(int entry, int remotePort, long deadline, long snd, long rcv, long retries) {
        long[] expected = {STACK, PEER, 80, remotePort, deadline, snd & 0xffff_ffffL, rcv & 0xffff_ffffL, retries};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], inspected.pageEntry(entry, i), "entry " + entry + ", number " + i);
        }
    }

    @Test
    void halfOpenConnectionsAreListed(Script script) {
        script.inspection(inspected.block);
        script.tcp().initialRtoNanos(seconds(1));
        script.listen(80);
        Flow first = script.flow(5001, 80);
        script.use(first).receive(syn(0));
        int iss = script.expect(synAck(0).ack(1)).rawSeq;
        long begun = script.clockNanos();
        script.advance(millis(100));
        Flow second = script.flow(5002, 80);
        script.use(second).receive(syn(0));
        int other = script.expect(synAck(0).ack(1)).rawSeq;
        inspected.ask(InspectionLayout.OPERATION_LIST_HALF_OPEN, 0);
        assertEquals(InspectionLayout.RESULT_DONE, poll(script));
        assertEquals(2, inspected.pageEntries());
        assertEquals(-1, inspected.pageNext());
        expectEntry(0, 5001, begun + seconds(1), iss + 1, 1_000_001, 0);
        expectEntry(1, 5002, begun + seconds(1) + millis(100), other + 1, 1_000_001, 0);
        script.use(first).expectAt(millis(1000), synAck(0).ack(1));
        inspected.ask(InspectionLayout.OPERATION_LIST_HALF_OPEN, 0);
        poll(script);
        expectEntry(0, 5001, begun + seconds(3), iss + 1, 1_000_001, 1);
        inspected.ask(InspectionLayout.OPERATION_LIST_HALF_OPEN, 1);
        poll(script);
        assertEquals(1, inspected.pageEntries());
        inspected.ask(InspectionLayout.OPERATION_LIST_HALF_OPEN, -5);
        poll(script);
        assertEquals(2, inspected.pageEntries());
        inspected.ask(InspectionLayout.OPERATION_LIST_HALF_OPEN, Long.MAX_VALUE);
        poll(script);
        assertEquals(0, inspected.pageEntries());
        assertEquals(-1, inspected.pageNext());
        script.use(first).receive(rst(1)).use(second).receive(rst(1));
    }

    @Test
    void connectionsInTimeWaitAreListed(Script script) {
        script.inspection(inspected.block);
        script.tcp().timeWaitNanos(seconds(60));
        script.establish();
        script.close();
        int seq = script.expect(fin(1).ack(1)).rawSeq;
        script.receive(ack(2)).receive(fin(1));
        script.expectBy(script.time() + millis(499), ack(2).seq(2));
        assertEquals(0, id(0));
        inspected.ask(InspectionLayout.OPERATION_LIST_TIME_WAIT, 0);
        assertEquals(InspectionLayout.RESULT_DONE, poll(script));
        assertEquals(1, inspected.pageEntries());
        assertEquals(-1, inspected.pageNext());
        expectEntry(0, 40000, script.clockNanos() + seconds(60), seq + 1, 1_000_002, 0);
        inspected.ask(InspectionLayout.OPERATION_LIST_TIME_WAIT, 1);
        poll(script);
        assertEquals(0, inspected.pageEntries());
    }

    /** A page takes 32, and one request looks at 256 places. */
    @Test
    void aLongListComesInPages(Script script) {
        script.inspection(inspected.block);
        script.tcp().maxConnections(1024).synAckRetries(0).halfOpenLimit(1024);
        script.listen(80);
        for (int i = 0; i < 300; i++) {
            script.use(script.flow(10_000 + i, 80)).receive(syn(0));
            script.expect(synAck(0).ack(1));
        }
        boolean[] seen = new boolean[300];
        long from = 0;
        for (int pages = 0; from >= 0; pages++) {
            inspected.ask(InspectionLayout.OPERATION_LIST_HALF_OPEN, from);
            poll(script);
            for (int entry = 0; entry < inspected.pageEntries(); entry++) {
                int which = (int) inspected.pageEntry(entry, 3) - 10_000;
                assertEquals(false, seen[which], "listed twice");
                seen[which] = true;
            }
            assertEquals(pages < 9 ? 32 : 12, inspected.pageEntries(), "page " + pages);
            from = inspected.pageNext();
        }
        for (boolean each : seen) {
            assertEquals(true, each);
        }
        for (int i = 0; i < 290; i++) {
            script.use(script.flow(10_000 + i, 80)).receive(rst(1));
        }
        inspected.ask(InspectionLayout.OPERATION_LIST_HALF_OPEN, 0);
        poll(script);
        assertEquals(256, inspected.pageNext());
        assertEquals(0, inspected.pageEntries());
        inspected.ask(InspectionLayout.OPERATION_LIST_HALF_OPEN, 256);
        poll(script);
        assertEquals(10, inspected.pageEntries());
    }

    @Test
    void portsInListenAreShownWithTheirCounts(Script script) {
        script.inspection(inspected.block);
        script.tcp().halfOpenLimit(1).acceptQueueLimit(7);
        Listener first = script.listen(80);
        script.listen(81);
        connect(script, 5001);
        script.use(script.flow(5002, 80)).receive(syn(0));
        script.expect(synAck(0).ack(1));
        script.use(script.flow(5003, 80)).receive(syn(0).mss(1460));
        script.expect(synAck(0).ack(1));
        script.advance(millis(10)).receive(ack(1)).expectConnected();
        script.use(script.flow(5004, 80)).receive(ack(1));
        script.takeAll();
        script.advance(millis(300));
        script.act("poll", () -> { });
        assertEquals(80, inspected.listener(0, 0));
        assertEquals(2, inspected.listener(0, 1));
        assertEquals(1, inspected.listener(0, 2));
        assertEquals(0, inspected.listener(0, 3));
        assertEquals(1, inspected.listener(0, 4));
        assertEquals(1, inspected.listener(0, 5));
        assertEquals(1, inspected.listener(0, 6));
        assertEquals(81, inspected.listener(1, 0));
        assertEquals(0, inspected.listener(1, 1));
        assertEquals(0, inspected.listener(2, 0));
        first.close();
        script.advance(millis(300));
        script.act("poll", () -> { });
        script.takeAll();
        assertEquals(0, inspected.listener(0, 0));
        assertEquals(81, inspected.listener(1, 0));
        script.listen(82);
        script.advance(millis(300));
        script.act("poll", () -> { });
        assertEquals(82, inspected.listener(0, 0));
        assertEquals(0, inspected.listener(2, 0));
    }
}
