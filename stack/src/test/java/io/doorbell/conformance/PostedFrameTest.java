package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Frames that the link has not let go of yet: their bytes must stay, whatever TCP has learnt meanwhile. */
@ExtendWith(Scripts.class)
class PostedFrameTest {
    @Test
    void rfc9293_3_8_1_aFrameStillPostedIsNeitherChangedNorReused(Script script) {
        script.establish(syn(0).mss(1000));
        script.link().keepPosted(true);
        script.send(5000);
        script.expectData(1, 1000, 5);
        script.receive(ack(5001));
        for (int i = 0; i < 5; i++) {
            script.send(1000);
            script.expect(data(5001 + 1000 * i, 1000));
        }
        script.receive(ack(10_001));
        script.link().keepPosted(false);
        script.expectNothingUntil(seconds(5));
    }

    @Test
    void rfc6298_5_4_aRetransmissionWaitsForTheFrameOrUsesAnother(Script script) {
        script.establish(syn(0).mss(1000));
        script.link().keepPosted(true);
        script.send(1000);
        script.expect(data(1, 1000));
        script.advanceWaiting(millis(300));
        script.link().keepPosted(false);
        script.expectBy(script.time() + seconds(1), data(1, 1000));
        script.receive(ack(1001)).expectNothingUntil(seconds(60));
    }

    @Test
    void rfc9293_3_10_7_4_aPartialAckOfAPostedFrameChangesNothingInIt(Script script) {
        script.establish(syn(0).mss(1000));
        script.link().keepPosted(true);
        script.send(2000);
        script.expectData(1, 1000, 2);
        script.receive(ack(501)).expectNothing();
        script.link().keepPosted(false);
        Sent again = script.nextBy(seconds(2));
        script.require(again.seq <= 501 && again.end() == 1001, "the retransmission is " + again);
        script.receive(ack(2001)).expectNothing();
    }

    @Test
    void rfc9293_3_10_5_anAbortedConnectionsFramesComeBackWhenTheLinkIsDone(Script script) {
        script.establish(syn(0).mss(1000));
        script.link().keepPosted(true);
        script.send(5000);
        script.expectData(1, 1000, 5);
        script.abort();
        script.takeAll();
        int held = script.link().frames().capacity() - script.link().frames().available();
        script.require(held >= 5, "frames that the link still holds were given back: only " + held + " are out");
        script.link().keepPosted(false);
        script.at(seconds(1)).expectConnections(0);
    }

    @Test
    void rfc9293_3_9_1_2_sendsBehindAPostedFrameDoNotTouchIt(Script script) {
        script.establish(syn(0).mss(1000));
        script.link().keepPosted(true);
        for (int i = 0; i < 10; i++) {
            script.send("abc");
            script.expect(data(1 + 3 * i, "abc"));
        }
        script.link().keepPosted(false);
        script.receive(ack(31)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc5681_3_2_fastRetransmitOfAPostedFrame(Script script) {
        script.establish(syn(0).mss(1000));
        script.link().keepPosted(true);
        script.send(5000);
        script.expectData(1, 1000, 5);
        script.receive(ack(1)).receive(ack(1)).receive(ack(1));
        script.takeAll();
        script.link().keepPosted(false);
        script.advanceWaiting(millis(100));
        script.takeAll();
        script.receive(ack(5001)).expectNothingUntil(seconds(5));
    }
}
