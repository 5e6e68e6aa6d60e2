package io.doorbell.tools.sim;

import io.doorbell.sim.Simulation;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Instruction;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/** Loads a stack and its simulation once more, with one instruction changed, beside the one that is right. */
public final class MutantStack extends ClassLoader {
    private static final String STACK = "io.doorbell.";
    private static final String TOOLS = "io.doorbell.tools.";

    private final Mutant mutant;
    private final String changed;
    private final Method run;
    private boolean found;

    public MutantStack(Mutant mutant) {
        super(Simulation.class.getClassLoader());
        this.mutant = mutant;
        this.changed = STACK + (mutant.type().indexOf('.') < 0 ? "tcp." : "") + mutant.type();
        try {
            loadClass(changed);
            run = loadClass(Simulation.class.getName()).getMethod("run", long.class);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("mutant " + mutant.name() + ": " + e, e);
        }
    }

    /** What the simulation finds wrong with the mutant, null for nothing. */
    public String violation(long seed) {
        try {
            Object outcome = run.invoke(null, seed);
            return (String) outcome.getClass().getMethod("violation").invoke(outcome);
        } catch (InvocationTargetException e) {
            return e.getCause().toString();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("mutant " + mutant.name() + ": " + e, e);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(STACK) || name.startsWith(TOOLS)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        byte[] bytes;
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (name.equals(changed)) {
            bytes = mutate(bytes);
        }
        return defineClass(name, bytes, 0, bytes.length);
    }

    private byte[] mutate(byte[] bytes) {
        ClassFile classFile = ClassFile.of();
        byte[] result = classFile.transformClass(classFile.parse(bytes), ClassTransform.transformingMethodBodies(
                method -> method.methodName().equalsString(mutant.method()), CodeTransform.ofStateful(this::once)));
        if (!found) {
            throw new IllegalStateException("mutant " + mutant.name() + ": " + mutant.type() + "." + mutant.method()
                    + " has no such instruction any more: find the line that " + mutant.broken() + " would change");
        }
        return result;
    }

    private CodeTransform once() {
        int[] seen = {0};
        return (code, element) -> {
            if (element instanceof Instruction i && mutant.edit().where().test(i) && seen[0]++ == mutant.edit().index()) {
                found = true;
                mutant.edit().instead().accept(code, i);
            } else {
                code.with(element);
            }
        };
    }
}
