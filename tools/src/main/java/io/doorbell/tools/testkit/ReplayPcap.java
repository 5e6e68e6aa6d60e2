package io.doorbell.tools.testkit;

import io.doorbell.tools.replay.ReplaySide;
import io.doorbell.tools.replay.Strictness;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Makes a method the test of a capture: a connection of it is replayed with Doorbell in the place of one side.
 *
 * <p>The method may ask for a {@link io.doorbell.tools.replay.ReplayResult} (the verdict), for a {@code byte[]} (what
 * was delivered to the application) and for the {@link io.doorbell.tools.replay.PcapReplay}, to change it and to run it
 * itself. If it asks neither for the result nor for the replay, a difference fails the test before the method is called.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ReplayPcapExtension.class)
@Test
public @interface ReplayPcap {
    /** A resource, named as {@link Class#getResource} of the test's class wants it, or a file. */
    String value();

    /** Which one, from 1; 0 for the one with the most packets. */
    int connection() default 0;

    /** Whose part Doorbell takes. */
    ReplaySide as() default ReplaySide.SERVER;

    /** What must be the same. */
    Strictness strict() default Strictness.ACKS;
}
