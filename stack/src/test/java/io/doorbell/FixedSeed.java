package io.doorbell;

import java.util.Optional;
import net.jqwik.api.AfterFailureMode;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.PropertyAttributes;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * Gives every property the seed in the system property {@code doorbell.properties.seed}, and no more tries than {@code
 * doorbell.properties.tries}; does nothing without them. Mutation testing needs it: a mutant's fate must not hang on a
 * fresh seed, and no sample of one mutant may be tried again on the next.
 */
public final class FixedSeed implements AroundPropertyHook {
    private static final int TRIES_OF_JQWIK = 1000;
    private static final String SEED = System.getProperty("doorbell.properties.seed");
    private static final int MAX_TRIES = Integer.getInteger("doorbell.properties.tries", Integer.MAX_VALUE);

    @Override
    public PropertyExecutionResult aroundProperty(PropertyLifecycleContext context, PropertyExecutor property) {
        if (SEED != null) {
            PropertyAttributes attributes = context.attributes();
            attributes.setSeed(SEED);
            attributes.setTries(Math.min(attributes.tries().orElse(TRIES_OF_JQWIK), MAX_TRIES));
            attributes.setShrinking(ShrinkingMode.OFF);
            attributes.setAfterFailure(AfterFailureMode.RANDOM_SEED);
        }
        return property.execute();
    }

    @Override
    public boolean appliesTo(Optional<java.lang.reflect.AnnotatedElement> element) {
        return true;
    }

    @Override
    public PropagationMode propagateTo() {
        return PropagationMode.ALL_DESCENDANTS;
    }
}
