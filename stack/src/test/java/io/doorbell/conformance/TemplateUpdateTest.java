package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.syn;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.script.Script;
import io.doorbell.script.Segment;
import io.doorbell.script.Sent;
import io.doorbell.tcp.MessageTemplate;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/**
 * Any updates in any order, against an array of bytes and a set of holes. That the checksum follows is judged from the
 * wire, by summing every segment byte for byte.
 */
class TemplateUpdateTest {
    /** What the template must be like. */
    private static final class Model {
        private final byte[] content;
        private final BitSet holes = new BitSet();
        private final BitSet missing = new BitSet();

        Model(int length) {
            content = new byte[length];
            holes.set(0, length);
            missing.set(0, length);
        }

        int update(int offset, byte[] bytes) {
            System.arraycopy(bytes, 0, content, offset, bytes.length);
            missing.clear(offset, offset + bytes.length);
            return missing.cardinality();
        }
    }

    @Property(tries = 200)
    @Label("RFC 1624 section 3: the checksum is updated by the difference, whatever is updated and in which order")
    void rfc1624_3_updates(@ForAll @IntRange(min = 1, max = 4000) int length, @ForAll @IntRange(min = 536, max = 1460) int mss,
                           @ForAll boolean timestamps, @ForAll @LongRange(min = 0, max = 1_000_000_000) long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Script script = new Script();
        try {
            script.seed(seed);
            Segment peer = syn(0).mss(mss);
            script.establish(timestamps ? peer.timestamps(seed, 0) : peer.noTimestamps());
            MessageTemplate template = script.connection().template(length);
            Model model = new Model(length);
            int sent = 0;
            for (int i = 0; i < 4; i++) {
                while (model.missing.cardinality() > 0 || random.nextInt(3) > 0) {
                    change(template, model, random);
                }
                sent = send(script, template, model, sent);
            }
            script.finish();
        } finally {
            script.release();
        }
    }

    private static int send(Script script, MessageTemplate template, Model model, int before) {
        script.act("template", () -> {
            script.flow().application().wrote(model.content.clone(), model.content.length);
            assertEquals(MessageTemplate.FAST, template.send(script.clockNanos()));
        });
        int end = 1 + before + model.content.length;
        Sent last;
        do {
            last = script.nextBy(script.time());
        } while (last.end() != end);
        script.receive(ack(end));
        model.missing.or(model.holes);
        assertEquals(model.missing.cardinality(), template.missing());
        return before + model.content.length;
    }

    private static void change(MessageTemplate template, Model model, SplittableRandom random) {
        byte[] bytes = new byte[random.nextInt(Math.min(model.content.length, 1 << random.nextInt(13)) + 1)];
        random.nextBytes(bytes);
        if (random.nextInt(4) == 0) {
            // Words of ones and zeros are where ones' complement has two zeros.
            Arrays.fill(bytes, (byte) -random.nextInt(2));
        }
        int offset = random.nextInt(model.content.length - bytes.length + 1);
        switch (random.nextInt(4)) {
            case 0 -> {
                model.holes.clear(offset, offset + bytes.length);
                assertEquals(model.update(offset, bytes), template.known(offset, bytes));
            }
            case 1 -> {
                if (model.content.length >= Long.BYTES) {
                    long value = random.nextBoolean() ? random.nextLong() : -random.nextInt(2);
                    int at = random.nextInt(model.content.length - Long.BYTES + 1);
                    byte[] eight = java.nio.ByteBuffer.allocate(Long.BYTES).putLong(value).array();
                    assertEquals(model.update(at, eight), template.update64(at, value));
                }
            }
            case 2 -> {
                int cut = random.nextInt(bytes.length + 1);
                int second = random.nextInt(model.content.length - bytes.length + 1);
                model.update(offset, Arrays.copyOf(bytes, cut));
                assertEquals(model.update(second, Arrays.copyOfRange(bytes, cut, bytes.length)),
                        template.update(new int[] {offset, second}, new int[] {cut, bytes.length - cut}, 2,
                                MemorySegment.ofArray(bytes), 0));
            }
            default -> assertEquals(model.update(offset, bytes), template.update(offset, bytes));
        }
    }
}
