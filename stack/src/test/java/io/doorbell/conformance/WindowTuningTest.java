package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.syn;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import io.doorbell.script.Sent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The receive window's growth (dynamic right-sizing, as Linux's tcp_rcv_space_adjust) and its bound. */
@ExtendWith(Scripts.class)
class WindowTuningTest {
    /** The shift for the default bound of 1 MiB. */
    private static final int SHIFT = 5;
    private static final int SIZE = 1460;

    private static void establish(Script script) {
        script.frames(4096);
        script.establish(syn(0).mss(SIZE).wscale(7).sackOk());
    }

    /** One round trip of a peer that sends this many segments; returns the window then offered, in bytes. */
    private static int round(Script script, int seq, int segments) {
        for (int i = 0; i < segments; i += 32) {
            Segment[] burst = new Segment[Math.min(32, segments - i)];
            for (int k = 0; k < burst.length; k++) {
                burst[k] = data(seq + (i + k) * SIZE, SIZE);
            }
            script.receive(burst);
            if (i + burst.length < segments) {
                script.takeAll();
            }
        }
        List<Sent> sent = script.takeAll();
        script.advance(millis(10));
        return sent.isEmpty() ? -1 : sent.getLast().window << SHIFT;
    }

    @Test
    void linuxTcpRcvSpaceAdjust_theWindowBeginsAt64KiB(Script script) {
        establish(script);
        script.receive(data(1, SIZE), data(1 + SIZE, SIZE)).expectDelivered(2 * SIZE);
        Sent sent = script.expect(ack(1 + 2 * SIZE));
        script.require(sent.window << SHIFT <= 65_535 + 32, "the first window is " + (sent.window << SHIFT));
    }

    @Test
    void linuxTcpRcvSpaceAdjust_aSenderThatFillsWindowsIsOfferedMoreEachRoundTrip(Script script) {
        script.anyDelivery();
        establish(script);
        int seq = 1;
        int segments = 10;
        int before = 0;
        for (int round = 0; round < 8; round++) {
            int window = round(script, seq, segments);
            script.require(round < 4 || window >= Math.min(1 << 20, 2 * segments * SIZE),
                    "after a round trip of " + segments + " segments " + window + " bytes are offered");
            script.require(window >= before || before >= 900_000, "the window fell from " + before + " to " + window);
            before = window;
            seq += segments * SIZE;
            segments = Math.min(2 * segments, 300);
        }
        script.require(before > 1_000_000 && before <= 1 << 20, "the window ends at " + before);
    }

    @Test
    void linuxTcpRcvSpaceAdjust_theBoundHolds(Script script) {
        script.tcp().receiveWindowBytes(200_000);
        script.anyDelivery();
        script.frames(4096);
        script.establish(syn(0).mss(SIZE).wscale(7).sackOk());
        int seq = 1;
        for (int round = 0; round < 12; round++) {
            round(script, seq, 40);
            seq += 40 * SIZE;
        }
        script.receive(data(seq, SIZE), data(seq + SIZE, SIZE));
        int window = script.takeAll().getLast().window << 2;
        script.require(window > 190_000 && window <= 200_000 + 4, "the window is " + window);
    }

    @Test
    void linuxTcpRcvSpaceAdjust_aLittleTrafficLeavesTheWindow(Script script) {
        script.anyDelivery();
        establish(script);
        int seq = 1;
        int window = 0;
        for (int round = 0; round < 200; round++) {
            window = round(script, seq, 2);
            seq += 2 * SIZE;
        }
        script.require(window <= 65_535 + 32, "the window grew to " + window);
    }

    @Test
    void linuxTcpRcvSpaceAdjust_anApplicationThatTakesNothingIsOfferedNoMore(Script script) {
        script.initialAppetite(0);
        establish(script);
        int window = round(script, 1, 22);
        script.require(window <= 65_535 - 22 * SIZE + 64, "the window is " + window);
        window = round(script, 1 + 22 * SIZE, 22);
        script.require(window <= 65_535 - 44 * SIZE + 64, "the window is " + window);
        script.resume().expectDelivered(44 * SIZE);
        script.takeAll();
    }
}
