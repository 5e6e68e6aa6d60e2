package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Data that does not arrive in order. */
@ExtendWith(Scripts.class)
class ReassemblyTest {
    @Test
    void rfc5681_4_2_aSegmentBehindAHoleIsAcknowledgedAtOnceAndKept(Script script) {
        script.establish();
        script.receive(data(101, 100));
        script.expect(ack(1));
        script.expectDelivered(0).receive(data(1, 100)).expectDelivered(200);
        script.expect(ack(201));
        script.expectCounter(Counter.TCP_OUT_OF_ORDER_IN, 1);
    }

    @Test
    void rfc5681_4_2_everySegmentBehindAHoleCausesADuplicateAck(Script script) {
        script.establish();
        for (int i = 1; i <= 8; i++) {
            script.receive(data(1 + 100 * i, 100));
            script.expect(ack(1).seq(1));
        }
        script.receive(data(1, 100)).expectDelivered(900);
        script.expect(ack(901));
    }

    @Test
    void rfc5681_4_2_duplicateAcksHaveAnUnchangedWindow(Script script) {
        script.establish();
        script.receive(data(1001, 1000));
        int window = script.expect(ack(1)).window;
        script.receive(data(2001, 1000));
        script.expect(ack(1).win(window));
        script.receive(data(3001, 1000));
        script.expect(ack(1).win(window));
    }

    @Test
    void rfc9293_3_10_7_4_piecesInReverseOrder(Script script) {
        script.establish();
        for (int seq = 401; seq > 1; seq -= 100) {
            script.receive(data(seq, 100));
            script.expect(ack(1));
        }
        script.receive(data(1, 100)).expectDelivered(500);
        script.expect(ack(501));
    }

    @Test
    void rfc9293_3_10_7_4_aHoleThatIsFilledInPartStaysAHole(Script script) {
        script.establish();
        script.receive(data(201, 100));
        script.expect(ack(1));
        script.receive(data(1, 100)).expectDelivered(100);
        script.expect(ack(101));
        script.receive(data(101, 50)).expectDelivered(50);
        script.expect(ack(151));
        script.receive(data(151, 50)).expectDelivered(150);
        script.expect(ack(301));
    }

    @Test
    void rfc9293_3_10_7_4_twoHolesAreFilledOneByOne(Script script) {
        script.establish();
        script.receive(data(101, 100));
        script.expect(ack(1));
        script.receive(data(301, 100));
        script.expect(ack(1));
        script.receive(data(1, 100)).expectDelivered(200);
        script.expect(ack(201));
        script.receive(data(201, 100)).expectDelivered(200);
        script.expect(ack(401));
    }

    @Test
    void rfc9293_3_10_7_4_overlappingPiecesAreDeliveredOnce(Script script) {
        script.establish();
        script.receive(data(101, 100));
        script.expect(ack(1));
        script.receive(data(151, 150));
        script.expect(ack(1));
        script.receive(data(51, 100));
        script.expect(ack(1));
        script.receive(data(1, 120)).expectDelivered(300);
        script.expect(ack(301));
    }

    @Test
    void rfc9293_3_10_7_4_aPieceThatContainsOthers(Script script) {
        script.establish();
        script.receive(data(101, 10));
        script.expect(ack(1));
        script.receive(data(131, 10));
        script.expect(ack(1));
        script.receive(data(81, 100));
        script.expect(ack(1));
        script.receive(data(1, 80)).expectDelivered(180);
        script.expect(ack(181));
    }

    @Test
    void rfc9293_3_10_7_4_aPieceThatIsContainedInAnother(Script script) {
        script.establish();
        script.receive(data(101, 100));
        script.expect(ack(1));
        script.receive(data(121, 20));
        script.expect(ack(1));
        script.receive(data(101, 100));
        script.expect(ack(1));
        script.receive(data(1, 100)).expectDelivered(200);
        script.expect(ack(201));
    }

    @Test
    void rfc9293_3_10_7_4_aSegmentThatBridgesSeveralPieces(Script script) {
        script.establish();
        for (int seq = 101; seq <= 901; seq += 200) {
            script.receive(data(seq, 100));
            script.expect(ack(1));
        }
        script.receive(data(1, 1100)).expectDelivered(1100);
        script.expect(ack(1101));
    }

    @Test
    void rfc9293_3_10_7_4_inOrderDataThatOverlapsAKeptPiece(Script script) {
        script.establish();
        script.receive(data(51, 100));
        script.expect(ack(1));
        script.receive(data(1, 60)).expectDelivered(150);
        script.expect(ack(151));
    }

    @Test
    void rfc9293_3_10_7_4_piecesAcrossTheWrap(Script script) {
        script.peerIsn(-250);
        script.establish();
        script.receive(data(401, 100));
        script.expect(ack(1));
        script.receive(data(201, 100));
        script.expect(ack(1));
        script.receive(data(101, 100));
        script.expect(ack(1));
        script.receive(data(1, 100)).expectDelivered(300);
        script.expect(ack(301));
        script.receive(data(301, 100)).expectDelivered(200);
        script.expect(ack(501));
    }

    @Test
    void rfc9293_3_10_7_4_aFinBehindAHoleWaits(Script script) {
        script.establish();
        script.receive(fin(101));
        script.expect(ack(1));
        script.expectPeerNotClosed().expectState("ESTABLISHED");
        script.receive(data(1, 100)).expectDelivered(100).expectPeerClosed().expectState("CLOSE-WAIT");
        script.expect(ack(102));
    }

    @Test
    void rfc9293_3_10_7_4_aFinWithDataBehindAHoleWaits(Script script) {
        script.establish();
        script.receive(data(51, 50).fin());
        script.expect(ack(1));
        script.expectPeerNotClosed();
        script.receive(data(1, 50)).expectDelivered(100).expectPeerClosed();
        script.expect(ack(102));
    }

    @Test
    void rfc9293_3_10_7_4_aRepeatedFinBehindAHoleIsCountedOnce(Script script) {
        script.establish();
        script.receive(fin(101));
        script.expect(ack(1));
        script.receive(data(51, 50).fin());
        script.expect(ack(1));
        script.receive(data(1, 50)).expectDelivered(100).expectPeerClosed();
        script.expect(ack(102));
        script.receive(fin(101));
        script.expect(ack(102));
    }

    @Test
    void rfc9293_3_10_7_4_dataBehindTheFinIsNeverDelivered(Script script) {
        script.establish();
        script.receive(data(1, 10).fin()).expectDelivered(10).expectPeerClosed();
        script.expectBy(millis(500), ack(12));
        script.receive(data(12, 10));
        script.allow(ack(12));
        script.expectNothing().expectDelivered(0).expectState("CLOSE-WAIT");
    }

    @Test
    void rfc5681_4_2_fillingAHoleInPartIsAcknowledgedAtOnce(Script script) {
        script.establish();
        script.receive(data(101, 10));
        script.expect(ack(1));
        script.receive(data(1, 20)).expectDelivered(20);
        script.expect(ack(21));
    }

    @Test
    void rfc9293_3_10_7_4_manyHolesAreBoundedAndLoseNothing(Script script) {
        script.establish();
        int pieces = 2000;
        for (int i = pieces; i > 0; i--) {
            script.receive(data(1 + 20 * i, 10));
            script.expect(ack(1));
        }
        int next = 1;
        for (int round = 0; round < 4 * pieces && next < 20 * pieces + 11; round++) {
            script.receive(data(next, 10));
            List<Sent> answers = script.takeAll();
            next = answers.isEmpty() ? next + 10 : answers.getLast().ack;
        }
        script.expectDelivered(20 * pieces + 10);
        script.at(script.time() + seconds(1));
        script.allow(ack(20 * pieces + 11));
    }

    @Test
    void rfc9293_3_8_6_outOfOrderDataBeyondTheWindowIsNotKept(Script script) {
        script.tcp().receiveWindowBytes(4096);
        script.establish();
        script.receive(data(4000, 1000));
        script.expect(ack(1));
        script.receive(data(5000, 100));
        script.expect(ack(1));
        script.receive(data(1, 1400));
        script.takeAll();
        script.receive(data(1401, 1400));
        script.takeAll();
        script.receive(data(2801, 1199));
        // Whether the piece of 97 bytes that fitted was kept is the receiver's choice.
        int acknowledged = script.allow(ack(4097)) ? 4097 : script.expectBy(millis(500), ack(4000)).ack;
        script.expectDelivered(acknowledged - 1);
    }

    @Test
    void rfc9293_3_10_7_4_aResetDiscardsKeptPieces(Script script) {
        script.establish();
        script.receive(data(101, 100));
        script.expect(ack(1));
        script.receive(rst(1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER).expectDelivered(0);
    }

    @Test
    void rfc9293_3_8_6_3_aBurstInAnyOrderIsDeliveredInOrder(Script script) {
        script.establish();
        script.receive(data(301, 100), data(101, 100), data(1, 100), data(401, 100), data(201, 100));
        script.expectDelivered(500);
        script.require(script.takeAll().getLast().ack == 501, "the last ACK is not the highest");
    }

    @Test
    void rfc9293_3_10_7_4_whatLiesBehindTheFinIsThrownAway(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        script.receive(data(101, 100));
        script.expect(ack(1).sack(101, 201));
        script.receive(fin(1));
        script.expect(ack(2).noOptions());
        script.expectPeerClosed().expectState("CLOSE-WAIT");
    }

    @Test
    void rfc9293_3_10_7_4_whatLiesBehindTheFinIsThrownAwayAndWhatIsUnreadStays(Script script) {
        script.initialAppetite(0);
        script.establish(syn(0).mss(1000).sackOk());
        script.receive(data(1, 100));
        script.expectBy(millis(499), ack(101));
        script.receive(data(201, 100));
        script.expect(ack(101).sack(201, 301));
        script.receive(fin(101));
        script.expect(ack(102).noOptions());
        script.expectPeerNotClosed().resume().expectDelivered(100).expectPeerClosed();
    }
}
