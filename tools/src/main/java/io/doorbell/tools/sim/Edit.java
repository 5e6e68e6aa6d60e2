package io.doorbell.tools.sim;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * One instruction of a method, made wrong.
 *
 * @param where   which instructions are meant
 * @param index   the how manieth of them in the method, from 0
 * @param instead what stands in its place
 */
record Edit(Predicate<Instruction> where, int index, BiConsumer<CodeBuilder, Instruction> instead) {
    /** A condition holds when it should not, and the other way round. */
    static Edit negated(int index) {
        return new Edit(i -> i instanceof BranchInstruction b && !isUnconditional(b.opcode()), index, (code, i) -> {
            BranchInstruction branch = (BranchInstruction) i;
            code.branch(opposite(branch.opcode()), branch.target());
        });
    }

    /** Another method of the same form is called. */
    static Edit called(String name, int index, String other) {
        return new Edit(call(name), index, (code, i) -> {
            InvokeInstruction call = (InvokeInstruction) i;
            code.invoke(call.opcode(), call.owner().asSymbol(), other, call.typeSymbol(), call.isInterface());
        });
    }

    /** A call is left out; in place of an int that it returns, there is its only argument. */
    static Edit notCalled(String name, int index) {
        return new Edit(call(name), index, (code, i) -> {
            InvokeInstruction call = (InvokeInstruction) i;
            if (TypeKind.from(call.typeSymbol().returnType()) == TypeKind.VOID) {
                popArguments(code, call);
            } else if (call.opcode() != Opcode.INVOKESTATIC) {
                code.swap().pop();
            }
        });
    }

    /** A call is left out; in place of the int or boolean that it returns, there is a constant. */
    static Edit answered(String name, int index, int answer) {
        return new Edit(call(name), index, (code, i) -> {
            popArguments(code, (InvokeInstruction) i);
            code.loadConstant(answer);
        });
    }

    private static void popArguments(CodeBuilder code, InvokeInstruction call) {
        for (ClassDesc argument : call.typeSymbol().parameterList().reversed()) {
            pop(code, TypeKind.from(argument));
        }
        if (call.opcode() != Opcode.INVOKESTATIC) {
            code.pop();
        }
    }

    /** A field keeps its value. */
    static Edit notStored(String field, int index) {
        return new Edit(i -> i instanceof FieldInstruction f && f.opcode() == Opcode.PUTFIELD
                && f.name().equalsString(field), index, (code, i) -> {
            pop(code, TypeKind.from(((FieldInstruction) i).typeSymbol()));
            code.pop();
        });
    }

    /** Another operator stands there. */
    static Edit operator(Opcode operator, int index, Opcode other) {
        return new Edit(i -> i instanceof OperatorInstruction && i.opcode() == operator, index, (code, i) -> {
            switch (other) {
                case IADD -> code.iadd();
                case ISUB -> code.isub();
                case IOR -> code.ior();
                case LADD -> code.ladd();
                case LSUB -> code.lsub();
                default -> throw new IllegalArgumentException("no such operator here: " + other);
            }
        });
    }

    private static Predicate<Instruction> call(String name) {
        return i -> i instanceof InvokeInstruction call && call.name().equalsString(name);
    }

    private static void pop(CodeBuilder code, TypeKind kind) {
        if (kind.slotSize() == 2) {
            code.pop2();
        } else {
            code.pop();
        }
    }

    private static boolean isUnconditional(Opcode opcode) {
        return opcode == Opcode.GOTO || opcode == Opcode.GOTO_W;
    }

    private static Opcode opposite(Opcode opcode) {
        return switch (opcode) {
            case IFEQ -> Opcode.IFNE;
            case IFNE -> Opcode.IFEQ;
            case IFLT -> Opcode.IFGE;
            case IFGE -> Opcode.IFLT;
            case IFGT -> Opcode.IFLE;
            case IFLE -> Opcode.IFGT;
            case IF_ICMPEQ -> Opcode.IF_ICMPNE;
            case IF_ICMPNE -> Opcode.IF_ICMPEQ;
            case IF_ICMPLT -> Opcode.IF_ICMPGE;
            case IF_ICMPGE -> Opcode.IF_ICMPLT;
            case IF_ICMPGT -> Opcode.IF_ICMPLE;
            case IF_ICMPLE -> Opcode.IF_ICMPGT;
            case IF_ACMPEQ -> Opcode.IF_ACMPNE;
            case IF_ACMPNE -> Opcode.IF_ACMPEQ;
            case IFNULL -> Opcode.IFNONNULL;
            case IFNONNULL -> Opcode.IFNULL;
            default -> throw new IllegalArgumentException("no condition: " + opcode);
        };
    }
}
