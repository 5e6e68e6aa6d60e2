package io.doorbell.tools.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A simulation that finds nothing proves nothing, unless it finds what is known to be wrong. */
class MutantTest {
    private static final int SEEDS = 100;

    static Stream<Mutant> mutants() {
        return Mutant.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void everyMutantIsCaught(Mutant mutant) {
        MutantStack stack = new MutantStack(mutant);
        String violation = null;
        for (long seed = 1; seed <= SEEDS && violation == null; seed++) {
            violation = stack.violation(seed);
        }
        assertNotNull(violation, mutant.name() + ": " + mutant.broken());
        // What the loader did wrong would be no finding of the simulation.
        assertFalse(violation.contains("LinkageError") || violation.contains("VerifyError"), violation);
    }

    @Test
    void thereAreTenAndMoreWithNamesOfTheirOwn() {
        assertTrue(Mutant.ALL.size() >= 10);
        List<String> names = Mutant.ALL.stream().map(Mutant::name).distinct().toList();
        assertEquals(Mutant.ALL.size(), names.size());
    }

    @Test
    void aStackLoadedTheSameWayWithoutAFaultIsClean() {
        Edit nothing = new Edit(i -> true, 0, (code, i) -> code.with(i));
        MutantStack stack = new MutantStack(new Mutant("none", "nothing", "LossRecovery", "timeout", nothing));
        for (long seed = 1; seed <= 10; seed++) {
            assertNull(stack.violation(seed));
        }
    }

    @Test
    void anInstructionThatIsGoneIsNoticed() {
        Mutant gone = new Mutant("gone", "no line", "LossRecovery", "timeout", Edit.notCalled("noSuchMethod", 0));
        assertThrows(IllegalStateException.class, () -> new MutantStack(gone));
    }
}
