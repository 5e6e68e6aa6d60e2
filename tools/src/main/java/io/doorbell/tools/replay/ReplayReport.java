package io.doorbell.tools.replay;

import io.doorbell.tools.pcap.CapturedSegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * A replay as a diff: lines that both have, those of the capture only (-), those of the stack only (+), and the peer's
 * between them; the first difference that counts is marked.
 */
final class ReplayReport {
    private record Line(long timeNanos, int order, String text) {
    }

    private ReplayReport() {
    }

    static String of(String capture, ReplaySide side, Strictness strictness, long zero, List<CapturedSegment> peer,
                     List<SegmentDiff.Entry> entries, List<Difference> differences, Judgement judgement) {
        List<Line> lines = new ArrayList<>();
        for (CapturedSegment segment : peer) {
            lines.add(new Line(segment.timeNanos() - zero, 0, "  < " + judgement.peerSegment(segment)));
        }
        // An entry must not come before the one above it: a time that the stack took later than the capture moves on.
        long latest = 0;
        for (SegmentDiff.Entry entry : entries) {
            latest = Math.max(latest, entry.timeNanos(zero));
            lines.add(new Line(latest, 2, mark(entry)));
        }
        if (!differences.isEmpty()) {
            // Behind what the peer sent until then, before what was answered.
            lines.add(new Line(differences.getFirst().timeNanos(), 1, null));
        }
        lines.sort(Comparator.comparingLong(Line::timeNanos).thenComparingInt(Line::order));
        StringBuilder text = new StringBuilder();
        text.append("--- ").append(capture).append('\n');
        text.append("+++ Doorbell as the ").append(side.name().toLowerCase(Locale.ROOT)).append(", same ")
                .append(strictness.name().toLowerCase(Locale.ROOT)).append('\n');
        for (Line line : lines) {
            if (line.text() == null) {
                text.append(">>> first difference, at ").append(seconds(line.timeNanos())).append(" s: ")
                        .append(differences.getFirst().text()).append('\n');
            } else {
                text.append(line.text().charAt(0)).append(' ').append(seconds(line.timeNanos()))
                        .append(line.text().substring(1)).append('\n');
            }
        }
        text.append(differences.isEmpty() ? "same " + strictness.name().toLowerCase(Locale.ROOT)
                : differences.size() + (differences.size() == 1 ? " difference" : " differences")).append('\n');
        return text.toString();
    }

    private static String mark(SegmentDiff.Entry entry) {
        if (entry.same()) {
            return "  > " + entry.captured();
        }
        return entry.captured() != null ? "- > " + entry.captured() : "+ > " + entry.replayed();
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%11.6f", nanos / 1e9);
    }
}
