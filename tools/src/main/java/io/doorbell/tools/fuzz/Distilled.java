package io.doorbell.tools.fuzz;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/** The inputs without which some edge would not be taken any more. */
final class Distilled {
    private Distilled() {
    }

    static List<byte[]> of(List<byte[]> inputs) {
        List<byte[]> byLength = new ArrayList<>(inputs);
        byLength.sort(Comparator.comparingInt(input -> input.length));
        BitSet taken = new BitSet();
        List<byte[]> needed = new ArrayList<>();
        for (byte[] input : byLength) {
            Edges.clear();
            new Session(input, null).play();
            BitSet edges = Edges.taken();
            edges.andNot(taken);
            if (!edges.isEmpty()) {
                taken.or(edges);
                needed.add(input);
            }
        }
        return needed;
    }
}
