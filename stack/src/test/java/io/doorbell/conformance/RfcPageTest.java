package io.doorbell.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page of RFCs, clauses and tests is what the tests' names say now. */
class RfcPageTest {
    @TempDir
    private Path project;

    private static Path root() {
        Path candidate = Path.of("").toAbsolutePath();
        while (!Files.exists(candidate.resolve("docs/architecture.md"))) {
            candidate = candidate.getParent();
        }
        return candidate;
    }

    @Test
    void the_page_is_up_to_date() throws IOException {
        assertEquals(RfcPage.text(root()), Files.readString(root().resolve(RfcPage.PAGE)),
                "the tests' names or the tables have changed: run tools/rfc-page and commit " + RfcPage.PAGE);
    }

    @Test
    void clauses_are_read_from_names_and_put_in_order() throws IOException {
        Path data = Files.createDirectories(project.resolve("stack/src/test/resources/io/doorbell/conformance"));
        Files.writeString(data.resolve("rfc-titles.txt"), "# a comment\n9293 TCP\n826 ARP\n");
        Files.writeString(data.resolve("rfc-not-done.txt"), "9293 3.8.5 | urgent data | not used\n");
        Path sources = Files.createDirectories(project.resolve("a/src/test/java"));
        String declare = "vo" + "id rfc";
        Files.writeString(sources.resolve("SomeTest.java"), declare + "9293_3_10_aLate(Script script) {\n" + declare
                + "9293_3_9_anEarlyRSTCounts() {\n" + declare + "826_who_asks() {\n" + declare + "9293_3_9_another() {");
        String page = RfcPage.text(project);
        assertTrue(page.contains("| 9293, 3.8.5 | urgent data | not used |"), page);
        assertTrue(page.contains("**3.9**\n\n- `SomeTest`: an early rst counts; another\n\n**3.10**\n\n- `SomeTest`: a late\n"),
                page);
        assertTrue(page.indexOf("## RFC 826") < page.indexOf("## RFC 9293"), page);
        assertTrue(page.contains("**as a whole**\n\n- `SomeTest`: who asks\n"), page);
    }
}
