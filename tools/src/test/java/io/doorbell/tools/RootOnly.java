package io.doorbell.tools;

import io.doorbell.xdp.ffi.Libc;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The condition of {@link RequiresRoot}. */
final class RootOnly implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        if (System.getProperty("os.name").equals("Linux") && Libc.geteuid() == 0) {
            return ConditionEvaluationResult.enabled("root on Linux");
        }
        if ("1".equals(System.getenv("DOORBELL_REQUIRE_KERNEL"))) {
            throw new IllegalStateException("this test needs root on Linux, and DOORBELL_REQUIRE_KERNEL=1 forbids skipping");
        }
        return ConditionEvaluationResult.disabled("needs root on Linux: run the tests with sudo");
    }
}
