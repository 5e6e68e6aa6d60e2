package io.doorbell.tools.fuzz;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.util.function.UnaryOperator;

/** The program behind {@code tools/fuzz}: {@link FuzzCommand} in a loader that watches which code runs. */
public final class Fuzz {
    private Fuzz() {
    }

    /** The program. */
    public static void main(String[] args) {
        System.exit(execute(new PrintWriter(System.out, true), UnaryOperator.identity(), args));
    }

    /** @param sabotage changes classes before they are loaded, to see whether that is found */
    static int execute(PrintWriter out, UnaryOperator<byte[]> sabotage, String... args) {
        ClassLoader loader = new CoverageLoader(Fuzz.class.getClassLoader(), sabotage);
        try {
            return (int) loader.loadClass(FuzzCommand.class.getName())
                    .getMethod("execute", PrintWriter.class, String[].class).invoke(null, out, args);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("the command ended with " + e.getCause(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the classes of this program are not complete: build it again", e);
        }
    }
}
