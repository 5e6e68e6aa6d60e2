package io.doorbell.tools.bench;

import java.util.ArrayList;
import java.util.List;

/** Copying a last part beside sending it by reference, at several lengths; and where the one overtakes the other. */
final class LastPartReport {
    /** The longest message fits into it, and veth still runs the filter in the driver. */
    static final int MTU = 2900;
    static final int FRAME_BYTES = 4096;
    private static final int[] LAST_BYTES = {64, 128, 256, 512, 1024, 1400, 2048, 2700};

    private final List<LastPartSends> all = new ArrayList<>();

    /** Pairs of contestants, the one that copies first. */
    interface Maker {
        LastPartSends make(boolean reference, int lastBytes, int index);
    }

    LastPartReport(Maker maker) {
        for (int i = 0; i < LAST_BYTES.length; i++) {
            all.add(maker.make(false, LAST_BYTES[i], 2 * i));
            all.add(maker.make(true, LAST_BYTES[i], 2 * i + 1));
        }
    }

    List<LastPartSends> contestants() {
        return all;
    }

    Table table() {
        Table table = new Table("", "to descriptor, p50 ns", "until it returns, p50 ns", "sends", "bytes allocated / op");
        for (LastPartSends each : all) {
            table.row(each.name(), Table.number(0, each.median(PostedTimes::p50Nanos)),
                    Table.number(0, each.median(PostedTimes::returnedNanos)), Table.number(0, each.sum(PostedTimes::count)),
                    Table.number(3, each.sum(PostedTimes::allocatedBytes) / each.sum(PostedTimes::count)));
        }
        return table;
    }

    /** An object for each length. */
    List<Figures> figures() {
        List<Figures> figures = new ArrayList<>();
        for (int i = 0; i < all.size(); i += 2) {
            LastPartSends copied = all.get(i);
            LastPartSends reference = all.get(i + 1);
            figures.add(new Figures().put("last_bytes", LAST_BYTES[i / 2])
                    .put("copied_to_descriptor_p50_ns", Math.round(copied.median(PostedTimes::p50Nanos)))
                    .put("reference_to_descriptor_p50_ns", Math.round(reference.median(PostedTimes::p50Nanos)))
                    .put("copied_returned_p50_ns", Math.round(copied.median(PostedTimes::returnedNanos)))
                    .put("reference_returned_p50_ns", Math.round(reference.median(PostedTimes::returnedNanos))));
        }
        return figures;
    }
}
