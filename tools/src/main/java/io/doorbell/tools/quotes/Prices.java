package io.doorbell.tools.quotes;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Where prices come from: one change after the other, from a seeded random walk or from lines {@code SYMBOL PRICE}. */
public final class Prices {
    private static final int FIRST_CENTS = 10_000;

    private final List<String> symbols = new ArrayList<>();
    private final SplittableRandom random;
    private final int[] recordedSymbols;
    private final int[] recordedCents;
    private final int[] cents;
    private int position;
    private int changed;

    private Prices(long seed, int[] recordedSymbols, int[] recordedCents, List<String> symbols) {
        this.symbols.addAll(symbols);
        this.random = new SplittableRandom(seed);
        this.recordedSymbols = recordedSymbols;
        this.recordedCents = recordedCents;
        this.cents = new int[symbols.size()];
        java.util.Arrays.fill(cents, FIRST_CENTS);
    }

    /** Random walks of so many symbols, S0 and so on: the same seed gives the same prices. */
    public static Prices generated(long seed, int symbols) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < symbols; i++) {
            names.add("S" + i);
        }
        return new Prices(seed, new int[0], new int[0], names);
    }

    /**
     * Changes as they were recorded, from the first again after the last.
     *
     * @param lines such as {@code ACME 101.25}
     */
    public static Prices recorded(List<String> lines) {
        List<String> names = new ArrayList<>();
        int[] symbols = new int[lines.size()];
        int[] cents = new int[lines.size()];
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.matches("[A-Za-z0-9.]{1,16} [0-9]{1,6}\\.[0-9]{2}")) {
                throw new IllegalArgumentException("line " + (i + 1) + " of the prices is no price: write it like ACME 101.25");
            }
            String name = line.substring(0, line.indexOf(' '));
            if (!names.contains(name)) {
                names.add(name);
            }
            symbols[i] = names.indexOf(name);
            cents[i] = Integer.parseInt(line.substring(line.indexOf(' ') + 1).replace(".", ""));
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException("the prices are empty: write lines like ACME 101.25");
        }
        return new Prices(0, symbols, cents, names);
    }

    public List<String> symbols() {
        return symbols;
    }

    /** Makes the next change. */
    public void next() {
        if (recordedSymbols.length > 0) {
            changed = recordedSymbols[position];
            cents[changed] = recordedCents[position];
            position = (position + 1) % recordedSymbols.length;
        } else {
            changed = random.nextInt(cents.length);
            cents[changed] = Math.max(1, cents[changed] + random.nextInt(-5, 6));
        }
    }

    /** The symbol of the last change, as an index of {@link #symbols}. */
    public int symbol() {
        return changed;
    }

    /** Its price now, in hundredths. */
    public int cents() {
        return cents[changed];
    }
}
