package io.doorbell.tools.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Makes a method the test of a program over a network that is as bad as one asks, on a virtual clock: same seed, same
 * frames. The method asks for a {@link SimulatedNetwork}, which has two stacks, or for a {@link ScriptedPeer}, which has
 * one and plays the other side by hand. They are closed after the test.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SimulatedLinkExtension.class)
@Test
public @interface SimulatedLink {
    /** The probability that a frame is lost, 0 to 1, in each direction. */
    double loss() default 0;

    /** The probability that a frame comes twice. */
    double duplicate() default 0;

    /** The probability that a frame is overtaken: it comes a round-trip time late. */
    double reorder() default 0;

    /** The probability that a frame has a wrong bit. */
    double corrupt() default 0;

    /** The round-trip time, half of it each way: a number with {@code us}, {@code ms} or {@code s}. */
    String rtt() default "1ms";

    /** Bits per second in each direction, 0 for no limit. */
    long rate() default 0;

    /** Draws everything that is random. 0 for another one each time, which a failing test tells. */
    long seed() default 1;
}
