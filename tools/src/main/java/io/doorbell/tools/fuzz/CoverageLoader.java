package io.doorbell.tools.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.HashSet;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Loads Doorbell's classes anew, so that those of the protocol tell {@link Edges} of each basic block that they enter.
 * Other classes come from the loader above. Block numbers follow from the order of loading, which is the same each time.
 */
public final class CoverageLoader extends ClassLoader {
    private static final String OURS = "io.doorbell.";
    private static final Set<String> WATCHED = Set.of("io.doorbell.tcp.", "io.doorbell.ip.", "io.doorbell.send.");
    private static final ClassDesc EDGES = ClassDesc.of(Edges.class.getName());
    private static final MethodTypeDesc BLOCK = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int);
    /** Odd, so that multiplying spreads the numbers without making two the same. */
    private static final int SPREAD = 0x9e37_79b1;

    private final UnaryOperator<byte[]> sabotage;
    private int blocks;

    /** @param sabotage changes a class before it is loaded; for tests of what would be noticed */
    CoverageLoader(ClassLoader parent, UnaryOperator<byte[]> sabotage) {
        super("doorbell-coverage", parent);
        this.sabotage = sabotage;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(OURS)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = sabotage.apply(in.readAllBytes());
            if (WATCHED.stream().anyMatch(name::startsWith)) {
                bytes = instrumented(bytes);
            }
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }

    private byte[] instrumented(byte[] bytes) {
        ClassFile format = ClassFile.of();
        ClassTransform methods = (type, element) -> {
            if (element instanceof MethodModel method && method.code().isPresent()) {
                Set<Label> targets = targets(method.code().get());
                boolean[] entered = new boolean[1];
                type.transformMethod(method, (into, part) -> {
                    if (part instanceof CodeModel code) {
                        into.transformCode(code, (body, instruction) -> instrument(body, instruction, targets, entered));
                    } else {
                        into.with(part);
                    }
                });
            } else {
                type.with(element);
            }
        };
        return format.transformClass(format.parse(bytes), methods);
    }

    private static Set<Label> targets(CodeModel code) {
        Set<Label> targets = new HashSet<>();
        for (CodeElement element : code) {
            switch (element) {
                case BranchInstruction branch -> targets.add(branch.target());
                case TableSwitchInstruction table -> {
                    targets.add(table.defaultTarget());
                    table.cases().forEach(one -> targets.add(one.target()));
                }
                case LookupSwitchInstruction lookup -> {
                    targets.add(lookup.defaultTarget());
                    lookup.cases().forEach(one -> targets.add(one.target()));
                }
                default -> { }
            }
        }
        return targets;
    }

    private void instrument(CodeBuilder body, CodeElement element, Set<Label> targets, boolean[] entered) {
        if (!entered[0]) {
            entered[0] = true;
            block(body);
        }
        body.with(element);
        boolean target = element instanceof LabelTarget label && targets.contains(label.label());
        boolean notTaken = element instanceof BranchInstruction branch && branch.opcode() != Opcode.GOTO
                && branch.opcode() != Opcode.GOTO_W;
        if (target || notTaken) {
            block(body);
        }
    }

    private void block(CodeBuilder body) {
        body.loadConstant(++blocks * SPREAD >>> 16).invokestatic(EDGES, "block", BLOCK);
    }
}
