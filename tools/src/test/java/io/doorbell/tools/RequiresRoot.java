package io.doorbell.tools;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Marks tests that make network namespaces and need root on Linux. Elsewhere they are skipped with a message; with
 * DOORBELL_REQUIRE_KERNEL=1 in the environment they fail instead.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RootOnly.class)
public @interface RequiresRoot {
}
