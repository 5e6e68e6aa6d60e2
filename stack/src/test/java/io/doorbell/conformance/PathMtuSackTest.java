package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.syn;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What SACK blocks may not do to a packet's size. */
@ExtendWith(Scripts.class)
class PathMtuSackTest {
    private static final int FRAGMENTATION_NEEDED = 4;

    @Test
    void rfc1191_6_3_sackBlocksDoNotMakePacketsLargerThanThePathCarries(Script script) {
        script.establish(syn(0).mss(1460).win(60_000).sackOk());
        script.send(1000);
        Sent tooLarge = script.expect(data(1, 1000));
        script.receiveIcmp(3, FRAGMENTATION_NEEDED, 600, tooLarge);
        script.takeAll();
        script.receive(ack(1001)).expectNothing();
        script.receive(data(2001, 100).ack(1001));
        script.takeAll();
        script.send(3000);
        int covered = 1001;
        for (Sent sent : script.takeAll()) {
            script.require(40 + sent.optionBytes + sent.payload.length <= 600, "too large for the path: " + sent);
            covered = Math.max(covered, sent.end());
        }
        script.require(covered > 1001, "nothing was sent");
    }

    @Test
    void rfc6691_2_sackBlocksDoNotMakeSegmentsLargerThanThePeerTakes(Script script) {
        script.establish(syn(0).mss(536).win(60_000).sackOk());
        script.receive(data(2001, 100));
        script.takeAll();
        script.send(3000);
        int covered = 1;
        for (Sent sent : script.takeAll()) {
            script.require(sent.optionBytes + sent.payload.length <= 536, "too large for the peer: " + sent);
            covered = Math.max(covered, sent.end());
        }
        script.require(covered > 1, "nothing was sent");
    }
}
