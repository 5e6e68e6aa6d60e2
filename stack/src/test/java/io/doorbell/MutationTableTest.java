package io.doorbell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.MutationTable.Counts;
import io.doorbell.MutationTable.Row;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Results of parts, in one table. */
class MutationTableTest {
    private static final String EMPTY = "before\n" + MutationTable.BEGIN + MutationTable.END + "\nafter\n";
    private static final Row FIRST = new Row(new Counts(10, 2, 3, 1), "0123abc", "2026-01-31");
    private static final Row SECOND = new Row(new Counts(4, 0, 0, 0), "4567def+", "2026-02-01");
    private static final Row WITHOUT_CODE = new Row(Counts.NONE, "0123abc", "2026-02-01");

    private static String page() {
        MutationTable table = MutationTable.of(EMPTY);
        table.put("io.doorbell.wire.Seq", SECOND);
        table.put("io.doorbell.tcp.Tcp", FIRST);
        table.put("io.doorbell.tcp.TcpState", WITHOUT_CODE);
        return table.into(EMPTY);
    }

    @Test
    void whatWasWrittenIsReadAgain() {
        MutationTable table = MutationTable.of(page());
        assertEquals(FIRST, table.get("io.doorbell.tcp.Tcp"));
        assertEquals(SECOND, table.get("io.doorbell.wire.Seq"));
        assertEquals(WITHOUT_CODE, table.get("io.doorbell.tcp.TcpState"));
        assertEquals(List.of("io.doorbell.tcp", "io.doorbell.wire"), table.packages());
        assertEquals(page(), table.into(page()));
        assertTrue(page().startsWith("before\n") && page().endsWith("\nafter\n"), page());
    }

    @Test
    void aPartReplacesItsClassesAndTheSumsAreThoseOfAll() {
        MutationTable table = MutationTable.of(page());
        table.put("io.doorbell.tcp.Tcp", new Row(new Counts(12, 2, 2, 0), "89abcde", "2026-02-02"));
        assertEquals(new Counts(12, 2, 2, 0), table.total("io.doorbell.tcp"));
        assertEquals(new Counts(16, 2, 2, 0), table.total(""));
        assertEquals(90, table.total("").percent());
        String page = table.into(page());
        assertTrue(page.contains("| Tcp | 16 | 12 | 2 | 2 | 0 | 88 % | 89abcde | 2026-02-02 |\n"), page);
        assertTrue(page.contains("| TcpState | 0 | 0 | 0 | 0 | 0 |  | 0123abc | 2026-02-01 |\n"), page);
        assertTrue(page.contains("| **together** | 20 | 16 | 2 | 2 | 0 | 90 % |  |  |\n"), page);
    }

    @Test
    void aClassThatIsNoMoreIsForgotten() {
        MutationTable table = MutationTable.of(page());
        table.retain(Set.of("io.doorbell.tcp.Tcp"));
        assertNull(table.get("io.doorbell.wire.Seq"));
        assertEquals(FIRST.counts(), table.total(""));
    }

    @Test
    void everyOutcomeOfAMutantIsCounted() {
        Counts counts = Counts.NONE;
        for (String status : List.of("KILLED", "MEMORY_ERROR", "TIMED_OUT", "SURVIVED", "NO_COVERAGE", "SURVIVED")) {
            counts = counts.plus(status);
        }
        assertEquals(new Counts(2, 1, 2, 1), counts);
        assertEquals(50, counts.percent());
    }
}
