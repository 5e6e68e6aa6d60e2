package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.counters.Counters;
import io.doorbell.counters.CongestionPhase;
import io.doorbell.counters.SendLimit;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segments;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A row says what the connection's variables say: each its own, and each in its own field. */
@ExtendWith(Scripts.class)
class RowCopyTest {
    private static final class Port extends ListenPort {
        Port() {
            super(80);
        }
    }

    private final InspectedBlock inspected = new InspectedBlock(1);
    private final ControlBlock c = new ControlBlock();

    private long field(ConnectionField field) {
        long row = inspected.block.beginRow(0);
        RowCopy.identity(c, inspected.block, row, 77, 1_000);
        RowCopy.state(c, inspected.block, row, 2_000);
        inspected.block.endRow(row);
        return inspected.field(0, field);
    }

    private void expect(ConnectionField field, long value) {
        assertEquals(value, field(field), field.name());
    }

    private Flight flight() {
        c.flight = new Flight();
        c.flight.clear();
        return c.flight;
    }

    private void open() {
        c.state = TcpState.ESTABLISHED;
        c.mss = 1000;
        c.cwnd = 10_000;
        c.sndWnd = 20_000;
    }

    @Test
    void addressesAndPortsAreThoseOfTheConnection() {
        c.localAddress = 0xc0a8_0001;
        c.remoteAddress = 0xac10_0002;
        c.ports = 65_000 << 16 | 50_000;
        expect(ConnectionField.ID, 77);
        expect(ConnectionField.LOCAL_ADDRESS, 0xc0a8_0001L);
        expect(ConnectionField.REMOTE_ADDRESS, 0xac10_0002L);
        expect(ConnectionField.LOCAL_PORT, 65_000);
        expect(ConnectionField.REMOTE_PORT, 50_000);
        expect(ConnectionField.OPENED_NANOS, 1_000);
        expect(ConnectionField.WRITTEN_NANOS, 2_000);
        expect(ConnectionField.PASSIVE, 0);
        c.listenPort = new Port();
        expect(ConnectionField.PASSIVE, 1);
    }

    @Test
    void sendSequenceVariablesAreUnsignedAndNotMixedUp() {
        open();
        c.iss = -10;
        c.sndUna = -9;
        c.sndNxt = -8;
        c.sndWl1 = -7;
        c.sndWl2 = -6;
        c.sndEnd = -5;
        c.sndMaxWnd = 30_000;
        c.sndScale = 3;
        c.options = ConnectionOptions.of(TcpConfig.builder().sendBufferBytes(12_345).build());
        expect(ConnectionField.STATE, TcpState.ESTABLISHED.ordinal());
        expect(ConnectionField.ISS, 0xffff_fff6L);
        expect(ConnectionField.SND_UNA, 0xffff_fff7L);
        expect(ConnectionField.SND_NXT, 0xffff_fff8L);
        expect(ConnectionField.SND_WND, 20_000);
        expect(ConnectionField.SND_WL1, 0xffff_fff9L);
        expect(ConnectionField.SND_WL2, 0xffff_fffaL);
        expect(ConnectionField.SND_END, 0xffff_fffbL);
        expect(ConnectionField.SND_MAX_WND, 30_000);
        expect(ConnectionField.SND_MSS, 1000);
        expect(ConnectionField.SND_SCALE, 3);
        expect(ConnectionField.SEND_QUEUE, 4);
        expect(ConnectionField.SEND_BUFFER, 12_345);
    }

    @Test
    void theSendQueueCountsWhileThisSideSendsOrItsFinWaits() {
        open();
        c.sndUna = 100;
        c.sndEnd = 350;
        expect(ConnectionField.SEND_QUEUE, 250);
        c.state = TcpState.FIN_WAIT_1;
        expect(ConnectionField.SEND_QUEUE, 0);
        c.finQueued = true;
        expect(ConnectionField.SEND_QUEUE, 250);
    }

    @Test
    void receiveSequenceVariablesAreUnsignedAndNotMixedUp() {
        open();
        c.irs = -20;
        c.rcvNxt = -10;
        c.rcvEdge = 90;
        c.rcvUser = -15;
        c.rcvMss = 1200;
        c.rcvScale = 7;
        expect(ConnectionField.IRS, 0xffff_ffecL);
        expect(ConnectionField.RCV_NXT, 0xffff_fff6L);
        expect(ConnectionField.RCV_WND, 100);
        expect(ConnectionField.RCV_USER, 0xffff_fff1L);
        expect(ConnectionField.RCV_MSS, 1200);
        expect(ConnectionField.RCV_SCALE, 7);
        expect(ConnectionField.UNREAD_BYTES, 5);
        expect(ConnectionField.OUT_OF_ORDER_RANGES, 0);
        expect(ConnectionField.RECEIVE_FRAMES, 0);
        c.state = TcpState.SYN_SENT;
        expect(ConnectionField.UNREAD_BYTES, 0);
    }

    @Test
    void lossRecoveryAndTimersAreNotMixedUp() {
        open();
        c.ssthresh = 5_000;
        c.srttNanos = 11;
        c.rttvarNanos = 12;
        c.minRttNanos = 13;
        c.rtoNanos = 14;
        c.retries = 15;
        c.retransmissions = 16;
        c.retransmitDeadline = 17;
        c.ackDeadline = 18;
        expect(ConnectionField.IN_FLIGHT, 0);
        expect(ConnectionField.LOST_SEGMENTS, 0);
        expect(ConnectionField.SACKED_SEGMENTS, 0);
        flight();
        c.flight.inFlight = 19;
        c.flight.lostSegments = 20;
        c.flight.sackedSegments = 21;
        expect(ConnectionField.CWND, 10_000);
        expect(ConnectionField.SSTHRESH, 5_000);
        expect(ConnectionField.SRTT_NANOS, 11);
        expect(ConnectionField.RTTVAR_NANOS, 12);
        expect(ConnectionField.MIN_RTT_NANOS, 13);
        expect(ConnectionField.RTO_NANOS, 14);
        expect(ConnectionField.RETRIES, 15);
        expect(ConnectionField.RETRANSMISSIONS, 16);
        expect(ConnectionField.RETRANSMIT_DEADLINE_NANOS, 17);
        expect(ConnectionField.ACK_DEADLINE_NANOS, 18);
        expect(ConnectionField.IN_FLIGHT, 19);
        expect(ConnectionField.LOST_SEGMENTS, 20);
        expect(ConnectionField.SACKED_SEGMENTS, 21);
    }

    @Test
    void retransmissionsAreToldByTheirCause() {
        for (ConnectionField cause : new ConnectionField[] {ConnectionField.RETRANSMITTED_FAST,
            ConnectionField.RETRANSMITTED_TIMEOUT, ConnectionField.RETRANSMITTED_PROBE, ConnectionField.RECOVERIES_UNDONE}) {
            expect(cause, 0);
        }
        Counters counters = new Counters();
        flight();
        Repairs.retransmitted(c, counters);
        for (int i = 0; i < 2; i++) {
            Repairs.timedOut(c, counters);
        }
        for (int i = 0; i < 3; i++) {
            Repairs.probed(c, counters);
        }
        for (int i = 0; i < 4; i++) {
            Repairs.undone(c, counters);
        }
        expect(ConnectionField.RETRANSMITTED_FAST, 1);
        expect(ConnectionField.RETRANSMITTED_TIMEOUT, 2);
        expect(ConnectionField.RETRANSMITTED_PROBE, 3);
        expect(ConnectionField.RECOVERIES_UNDONE, 4);
        expect(ConnectionField.RETRANSMISSIONS, 6);
    }

    @Test
    void rfc9438_4_theCubicVariablesAreThereOnlyWhereCubicRuns() {
        open();
        c.options = ConnectionOptions.of(TcpConfig.builder().congestionControl(CongestionAlgorithm.CUBIC).build());
        expect(ConnectionField.CONGESTION_ALGORITHM, CongestionAlgorithm.CUBIC.ordinal());
        expect(ConnectionField.CUBIC_W_MAX, 0);
        expect(ConnectionField.CUBIC_EPOCH_NANOS, Tcb.NO_DEADLINE);
        expect(ConnectionField.NEWRENO_ACKED, 0);
        Flight f = flight();
        f.cubicMax = 20;
        f.cubicK = 1.5f;
        f.cubicEpochNanos = 99;
        f.cubicRenoEstimate = 12;
        f.ackedInAvoidance = 1234;
        expect(ConnectionField.CUBIC_W_MAX, 20_000);
        expect(ConnectionField.CUBIC_K_NANOS, 1_500_000_000L);
        expect(ConnectionField.CUBIC_EPOCH_NANOS, 99);
        expect(ConnectionField.CUBIC_W_EST, 12_000);
        expect(ConnectionField.NEWRENO_ACKED, 0);
        c.options = ConnectionOptions.of(TcpConfig.builder().congestionControl(CongestionAlgorithm.NEW_RENO).build());
        expect(ConnectionField.CONGESTION_ALGORITHM, CongestionAlgorithm.NEW_RENO.ordinal());
        expect(ConnectionField.CUBIC_W_MAX, 0);
        expect(ConnectionField.CUBIC_K_NANOS, 0);
        expect(ConnectionField.CUBIC_EPOCH_NANOS, Tcb.NO_DEADLINE);
        expect(ConnectionField.CUBIC_W_EST, 0);
        expect(ConnectionField.NEWRENO_ACKED, 1234);
    }

    private void expectPhase(CongestionPhase phase) {
        expect(ConnectionField.CONGESTION_PHASE, phase.ordinal());
    }

    @Test
    void thePhaseOfCongestionControlIsTold() {
        open();
        expectPhase(CongestionPhase.SLOW_START);
        c.ssthresh = c.cwnd + 1;
        expectPhase(CongestionPhase.SLOW_START);
        c.ssthresh = c.cwnd;
        expectPhase(CongestionPhase.CONGESTION_AVOIDANCE);
        flight().conservativeRounds = 1;
        expectPhase(CongestionPhase.CONGESTION_AVOIDANCE);
        c.ssthresh = c.cwnd + 1;
        expectPhase(CongestionPhase.CONSERVATIVE_SLOW_START);
        c.flight.conservativeRounds = 0;
        expectPhase(CongestionPhase.SLOW_START);
        c.flight.recovering = true;
        expectPhase(CongestionPhase.FAST_RECOVERY);
        c.flight.timedOut = true;
        expectPhase(CongestionPhase.LOSS_RECOVERY);
    }

    @Test
    void everyFlagIsItsOwn() {
        Map<ConnectionFlag, Consumer<Tcb>> setting = new EnumMap<>(ConnectionFlag.class);
        setting.put(ConnectionFlag.SACK, t -> t.sackOk = true);
        setting.put(ConnectionFlag.TIMESTAMPS, t -> t.timestamps = true);
        setting.put(ConnectionFlag.WINDOW_SCALING, t -> t.scaled = true);
        setting.put(ConnectionFlag.ECN, t -> t.seldom().ecn = true);
        setting.put(ConnectionFlag.FIN_QUEUED, t -> t.finQueued = true);
        setting.put(ConnectionFlag.FIN_SENT, t -> t.finSent = true);
        setting.put(ConnectionFlag.FIN_RECEIVED, t -> t.finReceived = true);
        setting.put(ConnectionFlag.RECOVERY, t -> t.flight.recovering = true);
        setting.put(ConnectionFlag.LOSS, t -> t.flight.timedOut = true);
        setting.put(ConnectionFlag.PERSIST, t -> t.persisting = true);
        setting.put(ConnectionFlag.USER_CLOSED, t -> t.userClosed = true);
        setting.put(ConnectionFlag.CORKED, t -> t.seldom().corked = true);
        setting.put(ConnectionFlag.WANTS_WRITABLE, t -> t.wantsWritable = true);
        setting.put(ConnectionFlag.DATA_LEFT, t -> t.dataLeft = true);
        long all = 0;
        expect(ConnectionField.FLAGS, all);
        flight();
        c.seldom();
        c.multi = new MultiSegment(0);
        expect(ConnectionField.FLAGS, all);
        for (Map.Entry<ConnectionFlag, Consumer<Tcb>> each : setting.entrySet()) {
            each.getValue().accept(c);
            all |= each.getKey().bit(true);
            expect(ConnectionField.FLAGS, all);
        }
    }

    private void expectLimit(SendLimit limit) {
        expect(ConnectionField.LIMIT, limit.ordinal());
    }

    @Test
    void withNothingToSendItIsTheStateTheApplicationOrTheFrames() {
        expectLimit(SendLimit.STATE);
        open();
        expectLimit(SendLimit.APPLICATION);
        c.awaitsFrames = true;
        expectLimit(SendLimit.FRAMES);
    }

    @Test
    void withSomethingToSendItIsWhateverTheNextSegmentMeetsFirst() {
        open();
        c.sendUnsent = 5;
        c.sndUna = 1_000;
        c.sndNxt = 11_000;
        c.sndEnd = 13_000;
        c.sndWnd = 10_999;
        expectLimit(SendLimit.RECEIVER_WINDOW);
        c.sndWnd = 11_000;
        expectLimit(SendLimit.FRAMES);
        flight().inFlight = 9_001;
        expectLimit(SendLimit.CONGESTION_WINDOW);
        c.flight.inFlight = 9_000;
        expectLimit(SendLimit.FRAMES);
        c.seldom();
        expectLimit(SendLimit.FRAMES);
        c.seldom().paceDeadline = 5;
        expectLimit(SendLimit.HELD_BACK);
        c.seldom = null;
        c.sndEnd = 11_999;
        expectLimit(SendLimit.HELD_BACK);
        c.sndWnd = 10_999;
        expectLimit(SendLimit.HELD_BACK);
        c.sndWnd = 10_998;
        expectLimit(SendLimit.RECEIVER_WINDOW);
    }

    @Test
    void whatWasReceivedOutOfOrderIsCountedInRangesAndFrames(Script script) {
        script.establish();
        script.receive(Segments.data(101, 50)).expect(Segments.ack(1));
        script.receive(Segments.data(4001, 50)).expect(Segments.ack(1));
        show(script);
        assertEquals(2, inspected.field(0, ConnectionField.OUT_OF_ORDER_RANGES));
        assertEquals(2, inspected.field(0, ConnectionField.RECEIVE_FRAMES));
    }

    private void show(Script script) {
        long row = inspected.block.beginRow(0);
        RowCopy.state(script.connection(), inspected.block, row, 0);
        inspected.block.endRow(row);
    }

    @Test
    void partialMessagesAndTemplatesAreCountedWithTheirSends(Script script) {
        script.establish();
        for (int i = 0; i < 3; i++) {
            script.connection().begin(new PartialMessage(), 10);
        }
        MessageTemplate first = script.connection().template(10);
        MessageTemplate second = script.connection().template(10);
        show(script);
        assertEquals(3, inspected.field(0, ConnectionField.PARTIAL_MESSAGES));
        assertEquals(2, inspected.field(0, ConnectionField.TEMPLATES));
        first.sentFast = 4;
        first.sentQueued = 1;
        second.sentFast = 1;
        second.sentQueued = 2;
        show(script);
        assertEquals(5, inspected.field(0, ConnectionField.TEMPLATES_SENT_FAST));
        assertEquals(3, inspected.field(0, ConnectionField.TEMPLATES_SENT_QUEUED));
        script.connection().abort();
        script.act("abort", () -> { });
        script.takeAll();
    }
}
