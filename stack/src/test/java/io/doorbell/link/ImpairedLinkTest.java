package io.doorbell.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class ImpairedLinkTest {
    private static final long MS = 1_000_000L;

    /** A frame as it came out: when, and its bytes. */
    private record Arrival(long nanos, long number, int length, int hash) {
    }

    /** An impaired left end, a plain right end; frames carry their number in their first eight bytes. */
    private static final class Rig implements AutoCloseable {
        final PipeLink.Pair pair;
        final ImpairedLink left;
        final List<Arrival> atRight = new ArrayList<>();
        final List<Arrival> atLeft = new ArrayList<>();
        long now;

        Rig(Impairment transmit, Impairment receive) {
            pair = PipeLink.options().queueLength(256).frames(256).pair();
            left = new ImpairedLink(pair.left(), transmit, receive);
        }

        boolean send(Link link, long number, int length) {
            long frame = link.frames().allocate();
            for (int i = 0; i < length; i++) {
                Bytes.put8(link.frames().memory(), frame + i, i);
            }
            Bytes.put64(link.frames().memory(), frame, number);
            boolean posted = link.transmit(frame, length, now);
            link.frames().release(frame);
            return posted;
        }

        void collect() {
            left.flush(now);
            pair.right().flush(now);
            left.receive(into(atLeft), 1000, now);
            pair.right().receive(into(atRight), 1000, now);
        }

        void runUntil(long end) {
            while (left.nextDeadlineNanos() <= end) {
                now = Math.max(now, left.nextDeadlineNanos());
                collect();
            }
            now = end;
            collect();
        }

        private FrameReceiver into(List<Arrival> list) {
            return (memory, offset, length) -> {
                int hash = 0;
                for (int i = 0; i < length; i++) {
                    hash = 31 * hash + Bytes.u8(memory, offset + i);
                }
                list.add(new Arrival(now, Bytes.u64(memory, offset), length, hash));
            };
        }

        @Override
        public void close() {
            left.close();
            pair.close();
        }
    }

    private static void assertNothingUncounted(ImpairmentCounts counts, String seed) {
        assertEquals(counts.frames + counts.duplicated, counts.delivered + counts.dropped() + counts.waiting,
                () -> seed + ": " + counts);
    }

    @Test
    void withoutImpairmentEveryCallGoesStraightThrough() {
        try (Rig rig = new Rig(Impairment.NONE, Impairment.NONE)) {
            assertTrue(Impairment.NONE.isNone());
            assertEquals(256, rig.left.frames().available());
            for (int i = 0; i < 256; i++) {
                assertTrue(rig.send(rig.left, i, 60));
            }
            assertFalse(rig.send(rig.left, 256, 60), "the refusal of the link below passes, too");
            rig.collect();
            assertEquals(256, rig.atRight.size());
            assertEquals(Link.NEVER, rig.left.nextDeadlineNanos());
            assertEquals(1, rig.left.statistics().doorbells);
            assertEquals(0, rig.left.transmitCounts().frames);
        }
    }

    @Test
    void onlyEcnCapablePacketsAreMarkedAndTheirChecksumFollows() {
        Impairment marking = Impairment.builder().congestionMark(1).build();
        assertFalse(marking.isNone());
        try (Rig rig = new Rig(marking, Impairment.NONE)) {
            int[] seen = new int[4];
            boolean[] valid = {true};
            for (int ecn = 0; ecn < 4; ecn++) {
                long frame = rig.left.frames().allocate();
                MemorySegment memory = rig.left.frames().memory();
                EthernetHeader.write(memory, frame, 1, 2, EthernetHeader.TYPE_IPV4);
                Ipv4Header.write(memory, frame + 14, 0xb8 | ecn, 20, 0x4e1f + ecn, Ipv4Header.DONT_FRAGMENT, 64, 6,
                        0x0a000001, 0x0a000002);
                rig.left.transmit(frame, 34, 0);
                rig.left.frames().release(frame);
            }
            rig.left.flush(0);
            rig.pair.right().receive((memory, offset, length) -> {
                seen[Ipv4Header.ecn(memory, offset + 14)]++;
                valid[0] &= Ipv4Header.checksumValid(memory, offset + 14, 20)
                        && Bytes.u8(memory, offset + 15) >>> 2 == 0xb8 >>> 2;
            }, 10, 0);
            assertArrayEquals(new int[] {1, 0, 0, 3}, seen);
            assertTrue(valid[0], "a header checksum is wrong, or the DSCP has changed");
            assertEquals(2, rig.left.transmitCounts().marked);
            // No packet, too short for one, or of another kind: nothing to mark.
            assertTrue(rig.send(rig.left, -1L, 20));
            assertEquals(2, rig.left.transmitCounts().marked);
        }
    }

    @Test
    void delayHoldsFramesWithoutHoldingThePool() {
        Impairment delay = Impairment.builder().delayNanos(10 * MS).build();
        try (Rig rig = new Rig(delay, delay)) {
            int free = rig.left.frames().available();
            for (int i = 0; i < 100; i++) {
                rig.send(rig.left, i, 200);
                rig.send(rig.pair.right(), i, 200);
            }
            assertEquals(free, rig.left.frames().available());
            rig.collect();
            assertEquals(10 * MS, rig.left.nextDeadlineNanos());
            rig.runUntil(10 * MS - 1);
            assertTrue(rig.atLeft.isEmpty() && rig.atRight.isEmpty());
            rig.runUntil(10 * MS);
            assertEquals(100, rig.atLeft.size());
            assertEquals(100, rig.atRight.size());
            assertEquals(100, rig.left.transmitCounts().delayed);
            rig.left.receive((memory, offset, length) -> { }, 0, rig.now);
            assertEquals(free, rig.left.frames().available());
        }
    }

    @Test
    void aSenderThatHoldsEveryFrameDoesNotStopDelayedFrames() {
        Impairment delay = Impairment.builder().delayNanos(MS).build();
        try (Rig rig = new Rig(delay, Impairment.NONE)) {
            rig.send(rig.left, 1, 100);
            while (rig.left.frames().allocate() != FramePool.NONE) {
                rig.now++;
            }
            rig.runUntil(2 * MS);
            assertEquals(1, rig.atRight.size());
        }
    }

    @Test
    void corruptionFlipsOneBitOfTheCopyAndNotOfTheSendersFrame() {
        Impairment corrupt = Impairment.builder().seed(5).corrupt(1).build();
        try (Rig rig = new Rig(corrupt, Impairment.NONE)) {
            Link left = rig.left;
            long frame = left.frames().allocate();
            Bytes.put64(left.frames().memory(), frame, 0);
            for (int i = 0; i < 50; i++) {
                left.transmit(frame, 8, 0);
            }
            assertEquals(0, Bytes.u64(left.frames().memory(), frame));
            left.frames().release(frame);
            rig.collect();
            assertEquals(50, rig.atRight.size());
            assertTrue(rig.atRight.stream().allMatch(a -> Long.bitCount(a.number) == 1), rig.atRight::toString);
            assertTrue(rig.atRight.stream().map(Arrival::number).distinct().count() > 10);
            assertEquals(50, rig.left.transmitCounts().corrupted);
        }
    }

    @Test
    void duplicationDeliversBothCopiesInOrder() {
        try (Rig rig = new Rig(Impairment.builder().duplicate(1).build(), Impairment.NONE)) {
            for (int i = 0; i < 20; i++) {
                rig.send(rig.left, i, 60);
            }
            rig.collect();
            assertEquals(40, rig.atRight.size());
            for (int i = 0; i < 40; i++) {
                assertEquals(i / 2, rig.atRight.get(i).number);
            }
            assertNothingUncounted(rig.left.transmitCounts(), "seed 0");
        }
    }

    @Test
    void duplicationOnReceiveKeepsToTheLimit() {
        try (Rig rig = new Rig(Impairment.NONE, Impairment.builder().duplicate(1).build())) {
            for (int i = 0; i < 20; i++) {
                rig.send(rig.pair.right(), i, 60);
            }
            rig.pair.right().flush(0);
            int seen = 0;
            for (int polls = 0; polls < 100 && seen < 40; polls++) {
                int got = rig.left.receive((memory, offset, length) -> { }, 3, 0);
                assertTrue(got <= 3);
                seen += got;
            }
            assertEquals(40, seen);
        }
    }

    @Test
    void reorderedFramesComeAsMuchLaterAsAsked() {
        Impairment reorder = Impairment.builder().seed(9).reorder(0.2, 3 * MS).delayNanos(MS).build();
        try (Rig rig = new Rig(reorder, Impairment.NONE)) {
            for (int i = 0; i < 100; i++) {
                rig.send(rig.left, i, 60);
                rig.runUntil(rig.now + MS);
            }
            rig.runUntil(rig.now + 10 * MS);
            assertEquals(100, rig.atRight.size());
            long late = rig.atRight.stream().filter(a -> a.nanos == a.number * MS + 4 * MS).count();
            long straight = rig.atRight.stream().filter(a -> a.nanos == a.number * MS + MS).count();
            assertEquals(rig.left.transmitCounts().reordered, late);
            assertEquals(100, late + straight);
            assertTrue(late > 5, "late " + late);
        }
    }

    @Test
    void aLinkThatIsDownLosesFramesInItsIntervalsOnly() {
        Impairment down = Impairment.builder().down(5, 10).down(20, 21).build();
        try (Rig rig = new Rig(down, Impairment.NONE)) {
            for (int i = 0; i < 30; i++) {
                rig.now = i;
                assertTrue(rig.send(rig.left, i, 60));
            }
            rig.collect();
            assertEquals(24, rig.atRight.size());
            assertEquals(6, rig.left.transmitCounts().lostDown);
            assertTrue(rig.atRight.stream().noneMatch(a -> a.number >= 5 && a.number < 10 || a.number == 20));
        }
    }

    @Test
    void thePathsMtuIsABlackHoleThatMayOpenInMidFlow() {
        try (Rig rig = new Rig(Impairment.NONE, Impairment.NONE)) {
            rig.send(rig.left, 0, 1514);
            rig.left.change(Impairment.builder().mtu(1400).build(), Impairment.NONE);
            rig.send(rig.left, 1, 1415);
            rig.send(rig.left, 2, 1414);
            rig.collect();
            assertEquals(List.of(0L, 2L), rig.atRight.stream().map(Arrival::number).toList());
            assertEquals(1, rig.left.transmitCounts().oversized);
        }
    }

    @Test
    void aFullLinkBelowIsAnHonestRefusalAndTheRetryMeetsTheSameLuck() {
        Impairment loss = Impairment.builder().seed(3).loss(0.5).build();
        List<Long> unhindered = new ArrayList<>();
        List<Long> refusedAtTimes = new ArrayList<>();
        try (Rig rig = new Rig(loss, Impairment.NONE)) {
            for (int i = 0; i < 200; i++) {
                assertTrue(rig.send(rig.left, i, 60));
            }
            rig.collect();
            rig.atRight.forEach(a -> unhindered.add(a.number));
        }
        try (Rig rig = new Rig(loss, Impairment.NONE)) {
            for (int i = 0; i < 256; i++) {
                rig.pair.left().transmit(0, 60, 0);
            }
            for (int i = 0; i < 200; i++) {
                while (!rig.send(rig.left, i, 60)) {
                    assertFalse(rig.send(rig.left, i, 60));
                    rig.collect();
                    rig.pair.right().receive((memory, offset, length) -> { }, 0, 0);
                    rig.atRight.clear();
                }
            }
            rig.collect();
            rig.atRight.forEach(a -> refusedAtTimes.add(a.number));
        }
        assertEquals(unhindered, refusedAtTimes);
    }

    @Test
    void frameTooLargeForTheStorageIsCounted() {
        Impairment delay = Impairment.builder().delayNanos(MS).storage(4, 128).build();
        try (Rig rig = new Rig(delay, Impairment.NONE)) {
            assertTrue(rig.send(rig.left, 0, 129));
            for (int i = 0; i < 5; i++) {
                assertTrue(rig.send(rig.left, i, 128));
            }
            assertEquals(2, rig.left.transmitCounts().overflowed);
            assertNothingUncounted(rig.left.transmitCounts(), "seed 0");
        }
    }

    @Test
    void theTwoDirectionsHaveRandomNumbersOfTheirOwn() {
        Impairment loss = Impairment.builder().seed(77).loss(0.5).build();
        try (Rig rig = new Rig(loss, loss)) {
            for (int i = 0; i < 200; i++) {
                rig.send(rig.left, i, 60);
                rig.send(rig.pair.right(), i, 60);
            }
            rig.collect();
            assertNotEquals(rig.atLeft.stream().map(Arrival::number).toList(),
                    rig.atRight.stream().map(Arrival::number).toList());
        }
    }

    @Test
    void closeIsIdempotentAndGivesTheStagingFramesBack() {
        PipeLink.Pair pair = PipeLink.pair();
        ImpairedLink link = new ImpairedLink(pair.left(), Impairment.builder().delayNanos(1).build());
        assertTrue(pair.left().frames().available() < pair.left().frames().capacity());
        link.close();
        link.close();
        assertEquals(pair.left().frames().capacity(), pair.left().frames().available());
        pair.close();
    }

    @Test
    void wrongOptionsSayWhatToChange() {
        assertMessage("0.01 for 1 %", () -> Impairment.builder().loss(1.5));
        assertMessage("0.01 for 1 %", () -> Impairment.builder().corrupt(Double.NaN));
        assertMessage("cannot be negative", () -> Impairment.builder().delayNanos(-1));
        assertMessage("at least 1", () -> Impairment.builder().rate(0, 10));
        assertMessage("before the start", () -> Impairment.builder().down(2, 1));
    }

    private static void assertMessage(String part, Runnable setUp) {
        String message = assertThrows(IllegalArgumentException.class, setUp::run).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void anImpairmentPrintsWhatIsNeededToBuildItAgain() {
        Impairment all = Impairment.builder().seed(42).loss(0.1).burstLoss(0.01, 0.2, 0.9).duplicate(0.2)
                .reorder(0.3, 7).corrupt(0.4).delayNanos(8).jitterNanos(9).rate(1000, 11).mtu(576).down(1, 2).build();
        assertEquals("seed 42, loss 0.1, burst loss 0.01/0.2/0.9, duplicate 0.2, reorder 0.3 by 7 ns, corrupt 0.4, "
                + "delay 8 + 9 ns, rate 1000 bit/s, queue 11 bytes, mtu 576, down [1, 2]", all.toString());
        assertEquals(all.toString(), all.toBuilder().build().toString());
    }

    // ---- properties

    private static List<Arrival> run(Impairment impairment, int frames, long gapNanos, ImpairmentCounts[] counts) {
        try (Rig rig = new Rig(impairment, impairment)) {
            int free = rig.left.frames().available();
            for (int i = 0; i < frames; i++) {
                rig.runUntil(i * gapNanos);
                rig.send(rig.left, i, 60 + i % 1400);
                rig.send(rig.pair.right(), 1_000_000 + i, 60 + i % 1400);
                rig.collect();
            }
            rig.runUntil(rig.now + 10_000 * MS);
            assertEquals(Link.NEVER, rig.left.nextDeadlineNanos());
            assertEquals(free, rig.left.frames().available(), "frames leaked");
            assertEquals(rig.left.transmitCounts().delivered, rig.atRight.size());
            assertEquals(rig.left.receiveCounts().delivered, rig.atLeft.size());
            counts[0] = rig.left.transmitCounts();
            counts[1] = rig.left.receiveCounts();
            rig.atRight.addAll(rig.atLeft);
            return rig.atRight;
        }
    }

    @Property(tries = 60)
    void theSameSeedAndCallsGiveTheSameFramesToTheByte(@ForAll long seed, @ForAll @DoubleRange(max = 0.5) double p,
            @ForAll @LongRange(max = 5_000_000) long delay, @ForAll @LongRange(max = 2_000_000) long jitter) {
        Impairment impairment = Impairment.builder().seed(seed).loss(p / 2).burstLoss(p / 10, 0.3, p).duplicate(p)
                .corrupt(p).reorder(p, delay + 1).delayNanos(delay).jitterNanos(jitter).rate(50_000_000, 60_000).build();
        ImpairmentCounts[] first = new ImpairmentCounts[2];
        ImpairmentCounts[] second = new ImpairmentCounts[2];
        List<Arrival> once = run(impairment, 300, 100_000, first);
        assertEquals(once, run(impairment, 300, 100_000, second), impairment::toString);
        for (int i = 0; i < 2; i++) {
            assertNothingUncounted(first[i], impairment.toString());
            assertEquals(0, first[i].waiting);
            assertEquals(first[i].toString(), second[i].toString());
        }
    }

    @Property(tries = 40)
    void jitterAndDelayNeverReorder(@ForAll long seed,
            @ForAll @LongRange(min = 1, max = 3_000_000) long delay, @ForAll @LongRange(max = 3_000_000) long jitter) {
        Impairment impairment = Impairment.builder().seed(seed).delayNanos(delay).jitterNanos(jitter).build();
        List<Arrival> arrivals = run(impairment, 300, 50_000, new ImpairmentCounts[2]);
        assertEquals(600, arrivals.size(), impairment::toString);
        for (int i = 1; i < arrivals.size(); i++) {
            if (i != 300) {
                assertEquals(arrivals.get(i - 1).number + 1, arrivals.get(i).number, impairment::toString);
                assertTrue(arrivals.get(i).nanos >= arrivals.get(i - 1).nanos, impairment::toString);
            }
        }
    }

    @Property(tries = 40)
    void theRateIsNeverExceededAndTheQueueNeverLongerThanAsked(@ForAll long seed,
            @ForAll @LongRange(min = 1_000_000, max = 100_000_000) long rate, @ForAll @IntRange(max = 50_000) int queue) {
        Impairment impairment = Impairment.builder().seed(seed).rate(rate, queue).duplicate(0.1).build();
        ImpairmentCounts[] counts = new ImpairmentCounts[2];
        List<Arrival> arrivals = run(impairment, 400, 20_000, counts);
        long bits = 0;
        for (Arrival arrival : arrivals.subList(0, (int) counts[0].delivered)) {
            bits += arrival.length * 8L;
            assertTrue(bits <= (double) rate * arrival.nanos / 1e9, impairment + ": " + bits + " bits by " + arrival);
            double longest = Math.max(queue, 1514) * 8e9 / rate + 1500;
            assertTrue(arrival.nanos - arrival.number * 20_000 <= longest, impairment + ": waited too long " + arrival);
        }
        assertNothingUncounted(counts[0], impairment.toString());
    }

    @Property(tries = 20)
    void lossKeepsToItsProbability(@ForAll long seed, @ForAll @DoubleRange(max = 1) double p) {
        int n = 20_000;
        Impairment impairment = Impairment.builder().seed(seed).loss(p).build();
        assertWithinSixSigma(n, p, countLost(impairment, n).lost, impairment);
    }

    /** Mean burst 1/0.25 frames, a share of 0.02 / (0.02 + 0.25) of bad frames, all lost. */
    @Property(tries = 20)
    void burstLossHasTheShareAndTheLengthOfItsModel(@ForAll long seed) {
        int n = 50_000;
        Impairment impairment = Impairment.builder().seed(seed).burstLoss(0.02, 0.25, 1).build();
        List<Boolean> lost = new ArrayList<>();
        try (Rig rig = new Rig(impairment, Impairment.NONE)) {
            for (int i = 0; i < n; i++) {
                long before = rig.left.transmitCounts().lostInBurst;
                rig.send(rig.left, i, 60);
                lost.add(rig.left.transmitCounts().lostInBurst > before);
                rig.collect();
                rig.atRight.clear();
            }
        }
        long all = lost.stream().filter(b -> b).count();
        long bursts = 0;
        for (int i = 0; i < n; i++) {
            bursts += lost.get(i) && (i == 0 || !lost.get(i - 1)) ? 1 : 0;
        }
        double share = all / (double) n;
        double length = all / (double) bursts;
        assertTrue(share > 0.055 && share < 0.095, impairment + ": share " + share);
        assertTrue(length > 3.4 && length < 4.6, impairment + ": mean burst " + length);
    }

    @Property(tries = 10)
    void duplicationAndCorruptionKeepToTheirProbability(@ForAll long seed) {
        int n = 20_000;
        Impairment impairment = Impairment.builder().seed(seed).duplicate(0.1).corrupt(0.05).build();
        ImpairmentCounts counts = countLost(impairment, n);
        assertWithinSixSigma(n, 0.1, counts.duplicated, impairment);
        assertWithinSixSigma(n, 0.05, counts.corrupted, impairment);
    }

    private static ImpairmentCounts countLost(Impairment impairment, int n) {
        try (Rig rig = new Rig(impairment, Impairment.NONE)) {
            for (int i = 0; i < n; i++) {
                rig.send(rig.left, i, 60);
                rig.collect();
                rig.atRight.clear();
            }
            assertNothingUncounted(rig.left.transmitCounts(), impairment.toString());
            return rig.left.transmitCounts();
        }
    }

    private static void assertWithinSixSigma(int n, double p, long happened, Impairment impairment) {
        double sigma = Math.sqrt(n * p * (1 - p));
        assertTrue(Math.abs(happened - n * p) <= 6 * sigma + 1, impairment + ": " + happened + " of " + n);
    }
}
