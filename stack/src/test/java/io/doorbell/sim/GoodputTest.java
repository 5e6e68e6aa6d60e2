package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What a change costs or gains is to be seen in review: the committed table says what the stack does now. */
class GoodputTest {
    @Test
    void theTableIsWhatTheStackDoes() throws IOException {
        assertEquals(Files.readString(Path.of("..", "docs", "goodput.txt")), GoodputGrid.table(),
                "goodput has changed: if that is meant, tools/sim --goodput > docs/goodput.txt");
    }
}
