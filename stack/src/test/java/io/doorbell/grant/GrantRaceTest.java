package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The lines that a stack and an engine share, under two real threads. */
class GrantRaceTest {
    /** {@code -Dtest.jvm.args=-Dgrant.race.grants=N} for a longer race. */
    private static final int GRANTS = Integer.getInteger("grant.race.grants", 300);
    private static final int ATTEMPTS = 20;

    @Test
    void whoeverComesFirstBothSidesKnow() throws InterruptedException {
        long seed = Long.getLong("grant.seed", new SplittableRandom().nextLong());
        System.out.println("seed " + seed);
        GrantRace race = new GrantRace(seed, GRANTS, GrantRace.Fault.NONE);
        assertNull(race.run(), () -> "seed " + seed);
        assertTrue(race.publications > 0);
    }

    /** What cannot notice a fault proves nothing. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aFaultIsNoticed(GrantRace.Fault fault) throws InterruptedException {
        String found = null;
        for (int i = 0; i < ATTEMPTS && found == null; i++) {
            found = new GrantRace(i, 1_000, fault).run();
        }
        assertNotNull(found);
    }
}
