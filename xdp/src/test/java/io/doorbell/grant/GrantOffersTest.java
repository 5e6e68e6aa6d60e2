package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.Link;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.run.GrantFile;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.MessageGrant;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** Who gets a grant that lies in a file: one engine, of this process or of another, and nobody when it is over. */
@RequiresRoot
class GrantOffersTest {
    private static final Path FILE = Path.of("/dev/shm", "doorbell-offers-" + ProcessHandle.current().pid());
    private static final long SECOND = 1_000_000_000L;
    private static final GrantOptions OPTIONS = GrantOptions.of(9_000);

    @Test
    void oneEngineForEachOffer() throws Exception {
        try (Stage stage = new Stage(Stage.seed(), 0, FILE); Link link = stage.engineLink("xdp");
                GrantFile file = GrantFile.open(FILE)) {
            assertTrue(file.offers().isEmpty());
            Grant first = stage.grant(OPTIONS);
            assertEquals(0, stage.onStack(first::claimedBy));
            List<GrantFile.Offer> offers = file.offers();
            assertEquals(1, offers.size());
            assertEquals(9000, offers.getFirst().remotePort());
            assertEquals(64, offers.getFirst().segments());
            GrantedSender sender = file.claim(offers.getFirst(), link);
            assertEquals(ProcessHandle.current().pid(), stage.onStack(first::claimedBy).longValue());
            assertNull(file.claim(offers.getFirst(), link));
            assertTrue(file.offers().isEmpty());
            assertThrows(ExecutionException.class, () -> stage.onStack(() -> first.sender(link)));
            assertEquals(GrantedSender.FAST, stage.send(sender, 0));
            sender.giveBack();

            Grant second = stage.grant(OPTIONS);
            List<GrantFile.Offer> later = file.offers();
            GrantedSender own = stage.onStack(() -> second.sender(link));
            assertNull(file.claim(later.getFirst(), link), "taken by the owner's own engine");
            assertNull(file.claim(offers.getFirst(), link), "an offer of long ago");
            assertEquals(GrantedSender.RETURNED, stage.send(sender, 1), "of the grant before, in the same block");
            assertEquals(GrantedSender.FAST, stage.send(own, 1));
            stage.engineEnded(second);
            assertEquals(GrantedSender.FENCED, stage.send(own, 2));

            Grant third = stage.grant(OPTIONS);
            stage.engineEnded(third);
            Grant fourth = stage.grant(OPTIONS);
            assertEquals(1, file.offers().size(), "what was not claimed is withdrawn with its grant");
            stage.engineEnded(fourth);
            stage.finish(2);
        }
    }

    @Test
    void aGrantThatIsOverTakesNoOtherOnesOffer() throws Exception {
        try (Stage stage = new Stage(Stage.seed(), 0, FILE); Link link = stage.engineLink("xdp");
                GrantFile file = GrantFile.open(FILE)) {
            Grant gone = stage.grant(OPTIONS);
            stage.engineEnded(gone);
            Grant next = stage.grant(OPTIONS);
            assertThrows(ExecutionException.class, () -> stage.onStack(() -> gone.sender(link)));
            assertEquals(0, stage.onStack(next::claimedBy));
            assertEquals(1, file.offers().size());
            stage.engineEnded(next);
            stage.finish(0);
        }
    }

    @Test
    void aGrantGoneOfAMessageTakesNoOtherOnesOffer() throws Exception {
        try (Stage stage = new Stage(Stage.seedOfOneSegment(), 0, FILE); Link link = stage.engineLink("xdp");
                GrantFile file = GrantFile.open(FILE)) {
            MemorySegment whole = Arena.ofAuto().allocate(Messages.HEADER + Messages.MOST);
            int length = stage.messages.write(Messages.ENGINE, 0, whole);
            PartialMessage message = new PartialMessage();
            MessageGrant gone = stage.onStack(() -> {
                assertEquals(0, stage.connection.begin(message, length));
                return message.grant();
            });
            stage.engineEnded(gone);
            MessageGrant next = stage.onStack(message::grant);
            assertThrows(ExecutionException.class, () -> stage.onStack(() -> gone.engine(link)));
            assertEquals(0, stage.onStack(next::claimedBy));
            // The duty cycle withdraws the offer of the one that is gone, and all of this may come before its next one.
            for (long until = System.nanoTime() + 10 * SECOND; file.offers().size() > 1; ) {
                assertTrue(System.nanoTime() < until, "not withdrawn");
            }
            assertEquals(1, file.offers().size());
            stage.onStack(() -> {
                next.engineEnded();
                return message.complete(0, whole, 0, length);
            });
            stage.finish(1);
        }
    }

    @Test
    void aGrantOfMoreSegmentsThanTheFileHasIsRefused() throws Exception {
        try (Stage stage = new Stage(Stage.seed(), 0, FILE)) {
            ExecutionException error = assertThrows(ExecutionException.class,
                    () -> stage.onStack(() -> stage.connection.grant(GrantOptions.of(1).withSegments(128))));
            assertTrue(error.getCause().getMessage().contains("64 at the most"), error::toString);
            stage.finish(0);
        }
    }

    @Test
    void templatesOfTheOwnerComeWithAnOffer() throws Exception {
        try (Stage stage = new Stage(Stage.seedOfOneSegment(), 0, FILE); Link link = stage.engineLink("xdp");
                GrantFile file = GrantFile.open(FILE)) {
            MemorySegment whole = Arena.ofAuto().allocate(Messages.HEADER + Messages.MOST);
            int length = stage.messages.write(Messages.ENGINE, 0, whole);
            Grant grant = stage.onStack(() -> {
                MessageTemplate template = stage.connection.template(length);
                template.known(0, whole, 0, 3);
                template.known(5, whole, 5, length - 7);
                return stage.connection.grant(OPTIONS, stage.connection.template(7), template);
            });
            GrantedSender sender = file.claim(file.offers().getFirst(), link);
            assertEquals(7, sender.prepared(0).missing());
            GrantedTemplate prepared = sender.prepared(1);
            assertEquals(length, prepared.length());
            assertEquals(4, prepared.missing());
            assertEquals(2, prepared.update(3, whole, 3, 2));
            assertEquals(0, prepared.update(length - 2, whole, length - 2, 2));
            assertEquals(GrantedSender.FAST, prepared.send(System.nanoTime()));
            assertEquals(4, prepared.missing());
            sender.giveBack();
            for (long until = System.nanoTime() + 10 * SECOND; !stage.onStack(grant::isOver); ) {
                assertTrue(System.nanoTime() < until, "not over");
            }
            stage.finish(1);
        }
    }

    @Test
    void aTemplateLongerThanAFrameIsRefused() throws Exception {
        try (Stage stage = new Stage(Stage.seed(), 0, FILE)) {
            ExecutionException error = assertThrows(ExecutionException.class, () -> stage.onStack(() -> {
                MessageTemplate template = stage.connection.template(5_000);
                template.known(0, MemorySegment.ofArray(new byte[5_000]), 0, 5_000);
                return stage.connection.grant(OPTIONS, template);
            }));
            assertTrue(error.getCause().getMessage().contains("have the engine prepare it"), error::toString);
        }
    }

    @Test
    void aMessageIsCompletedByTheEngineThatClaimsIt() throws Exception {
        try (Stage stage = new Stage(Stage.seedOfOneSegment(), 0, FILE); Link link = stage.engineLink("xdp");
                GrantFile file = GrantFile.open(FILE)) {
            MemorySegment whole = Arena.ofAuto().allocate(Messages.HEADER + Messages.MOST);
            int length = stage.messages.write(Messages.ENGINE, 0, whole);
            PartialMessage message = new PartialMessage();
            MessageGrant grant = stage.onStack(() -> {
                assertEquals(0, stage.connection.begin(message, length));
                message.complete(8, whole, 8, length - 12);
                return message.grant();
            });
            GrantFile.Offer offer = file.offers().getFirst();
            assertNull(file.claim(offer, link), "it is one of a message");
            GrantedMessage engine = file.claimMessage(offer, link);
            assertEquals(ProcessHandle.current().pid(), stage.onStack(grant::claimedBy).longValue());
            assertEquals(12, engine.missing());
            assertEquals(4, engine.supply(0, whole, 0, 8));
            assertEquals(0, engine.supply(length - 4, whole, length - 4, 4));
            assertEquals(GrantedSender.FAST, engine.send(System.nanoTime()));
            for (long until = System.nanoTime() + 10 * SECOND; !stage.onStack(grant::isCompleted); ) {
                assertTrue(System.nanoTime() < until, "not completed");
            }
            stage.finish(1);
        }
    }
}
