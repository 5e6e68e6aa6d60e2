package io.doorbell.tools.testkit;

import io.doorbell.tools.pcap.Capture;
import io.doorbell.tools.replay.PcapReplay;
import io.doorbell.tools.replay.ReplayResult;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Parameter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** What {@link ReplayPcap} does. */
final class ReplayPcapExtension implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(ReplayPcapExtension.class);

    /** The replay, and its result when somebody has asked for it. */
    private static final class Prepared {
        private final PcapReplay replay;
        private ReplayResult result;

        Prepared(PcapReplay replay) {
            this.replay = replay;
        }

        ReplayResult result() {
            if (result == null) {
                result = replay.run();
            }
            return result;
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        ReplayPcap wanted = context.getRequiredTestMethod().getAnnotation(ReplayPcap.class);
        PcapReplay replay = PcapReplay.of(open(context.getRequiredTestClass(), wanted.value()));
        replay.as(wanted.as()).strict(wanted.strict());
        if (wanted.connection() != 0) {
            replay.connection(wanted.connection());
        }
        Prepared prepared = new Prepared(replay);
        context.getStore(NAMESPACE).put(Prepared.class, prepared);
        boolean judges = Arrays.stream(context.getRequiredTestMethod().getParameterTypes())
                .anyMatch(type -> type == ReplayResult.class || type == PcapReplay.class);
        if (!judges) {
            prepared.result().assertSame();
        }
    }

    private static Capture open(Class<?> test, String name) throws IOException {
        try (InputStream resource = test.getResourceAsStream(name)) {
            if (resource != null) {
                return Capture.of(name, resource.readAllBytes());
            }
        }
        if (!Files.exists(Path.of(name))) {
            throw new FileNotFoundException(name + " is neither a resource of " + test.getName() + " nor a file in "
                    + Path.of("").toAbsolutePath());
        }
        return Capture.open(Path.of(name));
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Prepared prepared = context.getStore(NAMESPACE).get(Prepared.class, Prepared.class);
        if (prepared != null) {
            prepared.replay.close();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == PcapReplay.class || type == ReplayResult.class || type == byte[].class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Prepared prepared = context.getStore(NAMESPACE).get(Prepared.class, Prepared.class);
        Parameter wanted = parameter.getParameter();
        if (wanted.getType() == PcapReplay.class) {
            return prepared.replay;
        }
        return wanted.getType() == byte[].class ? prepared.result().delivered() : prepared.result();
    }
}
