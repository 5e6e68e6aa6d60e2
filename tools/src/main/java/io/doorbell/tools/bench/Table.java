package io.doorbell.tools.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Rows of text in columns as wide as they need to be: the first to the left, the others, figures, to the right. */
final class Table {
    private final List<String[]> rows = new ArrayList<>();

    Table(String... heads) {
        rows.add(heads);
    }

    Table row(String... cells) {
        if (cells.length != rows.getFirst().length) {
            throw new IllegalArgumentException(cells.length + " cells under " + rows.getFirst().length + " heads");
        }
        rows.add(cells);
        return this;
    }

    /** A figure as a cell shows it. */
    static String number(int decimals, double value) {
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    @Override
    public String toString() {
        int[] widths = new int[rows.getFirst().length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                String space = " ".repeat(widths[i] - row[i].length());
                text.append(i == 0 ? row[i] + space : "  " + space + row[i]);
            }
            text.append(System.lineSeparator());
        }
        return text.toString();
    }
}
