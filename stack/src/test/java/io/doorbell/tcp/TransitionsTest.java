package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransitionsTest {
    private static final List<String> NAMES =
            List.of("doorbell.ConnectionOpened", "doorbell.ConnectionClosed", "doorbell.RetransmissionTimeout");

    @TempDir
    private Path directory;

    private static final class Some extends Tcb {
    }

    private List<RecordedEvent> recorded(boolean asked) throws IOException {
        Path file = directory.resolve(asked + ".jfr");
        try (Recording recording = new Recording()) {
            if (asked) {
                NAMES.forEach(recording::enable);
            }
            recording.start();
            Some c = new Some();
            c.remoteAddress = 0x0a00_0003;
            c.ports = 80 << 16 | 4000;
            Transitions.opened(c);
            Transitions.timedOut(c);
            Transitions.closed(c, CloseReason.RESET_BY_PEER);
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream().filter(event -> NAMES.contains(event.getEventType().getName()))
                .toList();
    }

    @Test
    void eventsAreRecordedWhenARecordingAsksForThemAndElseNot() throws IOException {
        assertEquals(0, recorded(false).size());
        List<RecordedEvent> events = recorded(true);
        assertEquals(3, events.size());
        assertEquals("10.0.0.3:4000", events.getFirst().getString("remote"));
        assertTrue(events.stream().anyMatch(event -> event.hasField("reason")
                && event.getString("reason").equals("RESET_BY_PEER")));
        assertTrue(FlightRecorder.getFlightRecorder().getEventTypes().stream().map(EventType::getName).toList()
                .containsAll(NAMES));
    }
}
