package io.doorbell.ip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The table against a plain model: a map for what is in it, an insertion-ordered one for the order of use. */
class NeighboursTest {
    private static final int CAPACITY = 16;

    private final Neighbours table = new Neighbours(CAPACITY);
    private final Map<Integer, Neighbour> all = new HashMap<>();
    private final Map<Integer, Neighbour> unpinned = new LinkedHashMap<>();

    private void use(int address) {
        Neighbour known = table.find(address);
        assertSame(all.get(address), known);
        if (known != null) {
            table.touch(known);
            if (unpinned.remove(address) != null) {
                unpinned.put(address, known);
            }
            return;
        }
        if (table.isFull()) {
            evict();
        }
        if (!table.isFull()) {
            Neighbour added = table.add(address);
            assertEquals(address, added.address());
            all.put(address, added);
            unpinned.put(address, added);
        }
    }

    private void evict() {
        Neighbour victim = table.leastRecentlyUsed();
        if (unpinned.isEmpty()) {
            assertNull(victim);
            return;
        }
        assertSame(unpinned.values().iterator().next(), victim);
        unpinned.remove(victim.address());
        all.remove(victim.address());
        table.remove(victim);
    }

    private void pin(int address) {
        Neighbour known = table.find(address);
        if (known != null) {
            table.pin(known);
            unpinned.remove(address);
        }
    }

    private void unpin(int address) {
        Neighbour known = table.find(address);
        if (known != null && known.users > 0) {
            table.unpin(known);
            if (known.users == 0) {
                unpinned.put(address, known);
            }
        }
    }

    @Property
    void table_agrees_with_the_model_after_every_step(
            @ForAll @Size(max = 300) List<@IntRange(min = 0, max = 40 * 8 - 1) Integer> steps) {
        for (int step : steps) {
            int address = 0x0a00_0000 + step / 8 * 64;
            switch (step % 8) {
                case 0, 1, 2, 3 -> use(address);
                case 4, 5 -> pin(address);
                case 6 -> unpin(address);
                default -> evict();
            }
            assertEquals(all.size(), table.size());
            for (int i = 0; i < 40; i++) {
                assertSame(all.get(0x0a00_0000 + i * 64), table.find(0x0a00_0000 + i * 64));
            }
        }
    }
}
