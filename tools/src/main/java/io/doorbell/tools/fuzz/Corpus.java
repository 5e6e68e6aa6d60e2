package io.doorbell.tools.fuzz;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/** The inputs that took edges which none before them took, and new inputs made from them. As text: one a line, in hex. */
final class Corpus {
    private static final int LONGEST = 600;
    private final List<byte[]> inputs = new ArrayList<>();

    static List<byte[]> read(Path file) throws IOException {
        try {
            return parse(Files.readString(file));
        } catch (IllegalArgumentException | CharacterCodingException e) {
            throw new IOException(file + " holds no inputs: each is a line of hexadecimal digits", e);
        }
    }

    static List<byte[]> parse(String text) {
        return text.lines().filter(line -> !line.isBlank() && !line.startsWith("#")).map(HexFormat.of()::parseHex)
                .toList();
    }

    static String format(List<byte[]> inputs) {
        StringBuilder text = new StringBuilder();
        for (byte[] input : inputs) {
            text.append(HexFormat.of().formatHex(input)).append('\n');
        }
        return text.toString();
    }

    void add(byte[] input) {
        inputs.add(input);
    }

    List<byte[]> inputs() {
        return inputs;
    }

    /** A new input: random, or one or two of those that are here with something changed. */
    byte[] next(SplittableRandom random) {
        if (inputs.isEmpty() || random.nextInt(16) == 0) {
            byte[] fresh = new byte[20 + random.nextInt(400)];
            random.nextBytes(fresh);
            return fresh;
        }
        byte[] input = inputs.get(random.nextInt(inputs.size()));
        byte[] changed = random.nextInt(4) == 0 ? spliced(input, random) : input.clone();
        int times = 1 << random.nextInt(5);
        for (int i = 0; i < times; i++) {
            changed = changed(changed, random);
        }
        return changed;
    }

    private byte[] spliced(byte[] first, SplittableRandom random) {
        byte[] second = inputs.get(random.nextInt(inputs.size()));
        int head = random.nextInt(first.length + 1);
        int tail = random.nextInt(second.length + 1);
        byte[] both = Arrays.copyOf(first, Math.min(LONGEST, head + second.length - tail));
        System.arraycopy(second, tail, both, Math.min(head, both.length), Math.max(0, both.length - head));
        return both;
    }

    private static byte[] changed(byte[] input, SplittableRandom random) {
        if (input.length < 8) {
            return Arrays.copyOf(input, 20);
        }
        int at = random.nextInt(input.length);
        switch (random.nextInt(6)) {
            case 0 -> input[at] ^= (byte) (1 << random.nextInt(8));
            case 1, 2 -> input[at] = (byte) random.nextInt();
            case 3 -> input[at] += (byte) (random.nextInt(9) - 4);
            case 4 -> {
                // Leaves a piece out.
                int size = Math.min(input.length - at, 1 + random.nextInt(16));
                byte[] shorter = new byte[input.length - size];
                System.arraycopy(input, 0, shorter, 0, at);
                System.arraycopy(input, at + size, shorter, at, input.length - at - size);
                return shorter;
            }
            default -> {
                // Puts a piece of the same input in once more.
                int size = Math.min(Math.min(input.length - at, 1 + random.nextInt(32)), LONGEST - input.length);
                if (size > 0) {
                    byte[] longer = new byte[input.length + size];
                    System.arraycopy(input, 0, longer, 0, at);
                    System.arraycopy(input, at, longer, at + size, input.length - at);
                    int from = random.nextInt(input.length - size + 1);
                    System.arraycopy(input, from, longer, at, size);
                    return longer;
                }
            }
        }
        return input;
    }
}
