package io.doorbell.netns;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Marks tests that need root and a Linux kernel with network namespaces. Elsewhere they are skipped with a message;
 * with DOORBELL_REQUIRE_KERNEL=1 in the environment they fail instead, so that a full check cannot pass by skipping.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(RootCondition.class)
public @interface RequiresRoot {
}
