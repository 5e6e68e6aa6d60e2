package io.doorbell.tools.replay;

import java.util.List;

/**
 * What a replay has shown.
 *
 * @param capture     the file and the connection in it, for people
 * @param side        whose part the stack took
 * @param strictness  how alike the two had to be
 * @param delivered   the bytes that the stack delivered to its application
 * @param differences in the order of their times; none if the two are as alike as they had to be
 * @param report      a diff of the two packet lists, the first difference marked
 */
public record ReplayResult(String capture, ReplaySide side, Strictness strictness, byte[] delivered,
                           List<Difference> differences, String report) {
    /** Whether the stack did what the capture shows. */
    public boolean same() {
        return differences.isEmpty();
    }

    /**
     * For tests.
     *
     * @throws AssertionError with the report, if they differ
     */
    public void assertSame() {
        if (!same()) {
            throw new AssertionError(report);
        }
    }
}
