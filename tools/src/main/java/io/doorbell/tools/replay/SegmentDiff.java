package io.doorbell.tools.replay;

import java.util.ArrayList;
import java.util.List;

/** The shortest way from one list of segments to another, as diff finds it. */
final class SegmentDiff {
    /** Above it, what differs in the middle is not aligned but shown one list after the other. */
    private static final long MOST_CELLS = 16_000_000;

    /** A pair of segments that are alike, or one that only one list has; the other is null then. */
    record Entry(RelativeSegment captured, RelativeSegment replayed) {
        boolean same() {
            return captured != null && replayed != null;
        }

        long timeNanos(long zero) {
            return captured != null ? captured.segment().timeNanos() - zero : replayed.segment().timeNanos();
        }
    }

    private SegmentDiff() {
    }

    static List<Entry> of(List<RelativeSegment> captured, List<RelativeSegment> replayed) {
        int head = 0;
        int least = Math.min(captured.size(), replayed.size());
        while (head < least && captured.get(head).isLike(replayed.get(head))) {
            head++;
        }
        int tail = 0;
        while (tail < least - head && captured.get(captured.size() - 1 - tail)
                .isLike(replayed.get(replayed.size() - 1 - tail))) {
            tail++;
        }
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < head; i++) {
            entries.add(new Entry(captured.get(i), replayed.get(i)));
        }
        middle(captured.subList(head, captured.size() - tail), replayed.subList(head, replayed.size() - tail), entries);
        for (int i = tail; i > 0; i--) {
            entries.add(new Entry(captured.get(captured.size() - i), replayed.get(replayed.size() - i)));
        }
        return entries;
    }

    private static void middle(List<RelativeSegment> one, List<RelativeSegment> two, List<Entry> entries) {
        if ((long) one.size() * two.size() > MOST_CELLS) {
            one.forEach(each -> entries.add(new Entry(each, null)));
            two.forEach(each -> entries.add(new Entry(null, each)));
            return;
        }
        int[][] common = commonLengths(one, two);
        int i = 0;
        int j = 0;
        while (i < one.size() || j < two.size()) {
            if (i < one.size() && j < two.size() && one.get(i).isLike(two.get(j))) {
                entries.add(new Entry(one.get(i++), two.get(j++)));
            } else if (j == two.size() || i < one.size() && common[i + 1][j] >= common[i][j + 1]) {
                entries.add(new Entry(one.get(i++), null));
            } else {
                entries.add(new Entry(null, two.get(j++)));
            }
        }
    }

    /** The length of the longest common subsequence of what follows, for each pair of places. */
    private static int[][] commonLengths(List<RelativeSegment> one, List<RelativeSegment> two) {
        int[][] common = new int[one.size() + 1][two.size() + 1];
        for (int i = one.size() - 1; i >= 0; i--) {
            for (int j = two.size() - 1; j >= 0; j--) {
                common[i][j] = one.get(i).isLike(two.get(j)) ? common[i + 1][j + 1] + 1
                        : Math.max(common[i + 1][j], common[i][j + 1]);
            }
        }
        return common;
    }
}
