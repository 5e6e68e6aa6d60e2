package io.doorbell.netns;

import io.doorbell.xdp.ffi.Libc;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What {@link RequiresRoot} asks for. */
final class RootCondition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        boolean linux = System.getProperty("os.name").equals("Linux");
        if (linux && Libc.geteuid() == 0) {
            return ConditionEvaluationResult.enabled("root on Linux");
        }
        String reason = "needs root on Linux: run the tests with sudo";
        if ("1".equals(System.getenv("DOORBELL_REQUIRE_KERNEL"))) {
            throw new IllegalStateException(reason + " (DOORBELL_REQUIRE_KERNEL=1 forbids skipping)");
        }
        return ConditionEvaluationResult.disabled(reason);
    }
}
