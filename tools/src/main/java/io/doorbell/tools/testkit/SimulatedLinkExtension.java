package io.doorbell.tools.testkit;

import io.doorbell.link.Impairment;
import java.security.SecureRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/** What {@link SimulatedLink} does. */
final class SimulatedLinkExtension
        implements BeforeEachCallback, AfterEachCallback, ParameterResolver, TestExecutionExceptionHandler {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(SimulatedLinkExtension.class);
    private static final Pattern TIME = Pattern.compile("(\\d+)\\s*(us|ms|s)");
    /** What a router's queue holds when the rate is limited. */
    private static final int QUEUE_BYTES = 256 << 10;

    /** What the annotation says, its seed drawn; and what was made of it. */
    private static final class Prepared {
        private final Impairment impairment;
        private final long seed;
        private AutoCloseable made;

        Prepared(Impairment impairment, long seed) {
            this.impairment = impairment;
            this.seed = seed;
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        SimulatedLink wanted = context.getRequiredTestMethod().getAnnotation(SimulatedLink.class);
        long seed = wanted.seed() != 0 ? wanted.seed() : new SecureRandom().nextLong();
        long rttNanos = nanos(wanted.rtt());
        Impairment.Builder impairment = Impairment.builder().seed(seed).loss(wanted.loss())
                .duplicate(wanted.duplicate()).corrupt(wanted.corrupt()).delayNanos(rttNanos / 2);
        if (wanted.reorder() > 0) {
            impairment.reorder(wanted.reorder(), Math.max(1, rttNanos));
        }
        if (wanted.rate() > 0) {
            impairment.rate(wanted.rate(), QUEUE_BYTES);
        }
        context.getStore(NAMESPACE).put(Prepared.class, new Prepared(impairment.build(), seed));
    }

    static long nanos(String text) {
        Matcher time = TIME.matcher(text.strip());
        if (!time.matches()) {
            throw new IllegalArgumentException("rtt \"" + text + "\" is no time: write a number with us, ms or s, like"
                    + " \"20ms\"");
        }
        long unit = switch (time.group(2)) {
            case "us" -> 1_000L;
            case "ms" -> 1_000_000L;
            default -> 1_000_000_000L;
        };
        return Math.multiplyExact(Long.parseLong(time.group(1)), unit);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == SimulatedNetwork.class || type == ScriptedPeer.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Prepared prepared = prepared(context);
        if (prepared.made != null) {
            throw new IllegalArgumentException("a test has one link: ask for a SimulatedNetwork or a ScriptedPeer, once");
        }
        prepared.made = parameter.getParameter().getType() == SimulatedNetwork.class
                ? new SimulatedNetwork(prepared.impairment, prepared.seed)
                : new ScriptedPeer(prepared.impairment, prepared.seed);
        return prepared.made;
    }

    private static Prepared prepared(ExtensionContext context) {
        return context.getStore(NAMESPACE).get(Prepared.class, Prepared.class);
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable problem) throws Throwable {
        Prepared prepared = prepared(context);
        problem.addSuppressed(new AssertionError("to repeat it: @SimulatedLink(..., seed = " + prepared.seed + "L), "
                + prepared.impairment));
        throw problem;
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        Prepared prepared = prepared(context);
        if (prepared != null && prepared.made != null) {
            prepared.made.close();
        }
    }
}
