package io.doorbell.script;

import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives every test a fresh {@link Script} and, if the test passed, runs the checks that end a script. */
public final class Scripts implements ParameterResolver, AfterTestExecutionCallback {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(Scripts.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Script.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Script script = new Script();
        context.getStore(NAMESPACE).put(Script.class, script);
        return script;
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        Script script = context.getStore(NAMESPACE).get(Script.class, Script.class);
        if (script != null) {
            if (context.getExecutionException().isEmpty()) {
                script.finish();
            }
            script.release();
        }
    }
}
