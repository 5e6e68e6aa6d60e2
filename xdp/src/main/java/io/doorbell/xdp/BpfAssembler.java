package io.doorbell.xdp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes eBPF instructions (RFC 9669 section 3), as many as the filter needs. One instruction is eight bytes:
 * <pre>
 *  0      1        2          4
 *  +------+--------+----------+--------------------+
 *  |opcode|src |dst|  offset  |     immediate      |
 *  +------+--------+----------+--------------------+
 * </pre>
 * Jumps go forward to labels; {@link #bind} says where a label is. Multi-byte packet fields are loaded in the
 * machine's order, so they are compared with constants in {@link #networkOrder16 network order}.
 */
final class BpfAssembler {
    static final int R0 = 0;
    static final int R1 = 1;
    static final int R2 = 2;
    static final int R3 = 3;
    static final int R4 = 4;
    static final int R5 = 5;
    static final int R6 = 6;

    static final int SIZE_32 = 0x00;
    static final int SIZE_16 = 0x08;
    static final int SIZE_8 = 0x10;

    private static final int LDX_MEM = 0x61;
    private static final int LD_IMM_64 = 0x18;
    private static final int MOV64_IMM = 0xb7;
    private static final int MOV64_REGISTER = 0xbf;
    private static final int ADD64_IMM = 0x07;
    private static final int AND64_IMM = 0x57;
    private static final int JUMP_ALWAYS = 0x05;
    private static final int JUMP_GREATER_REGISTER = 0x2d;
    private static final int JUMP32_EQUAL_IMM = 0x16;
    private static final int JUMP32_NOT_EQUAL_IMM = 0x56;
    private static final int CALL = 0x85;
    private static final int EXIT = 0x95;
    private static final int PSEUDO_MAP_FD = 1;

    /** A place in the program that jumps lead to. */
    static final class Label {
        private final List<Integer> jumps = new ArrayList<>();
    }

    private final List<Long> instructions = new ArrayList<>();

    /** Constant that equals a 16-bit field as the machine loads it. */
    static int networkOrder16(int value) {
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        return (little ? Short.reverseBytes((short) value) : (short) value) & 0xffff;
    }

    /** Constant that equals a 32-bit field as the machine loads it. */
    static int networkOrder32(int value) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                ? Integer.reverseBytes(value) : value;
    }

    /** {@code target = *(size *)(base + offset)}, zero-extended. */
    BpfAssembler load(int size, int target, int base, int offset) {
        return emit(LDX_MEM | size, target, base, offset, 0);
    }

    BpfAssembler move(int target, int source) {
        return emit(MOV64_REGISTER, target, source, 0, 0);
    }

    BpfAssembler set(int target, int value) {
        return emit(MOV64_IMM, target, 0, 0, value);
    }

    BpfAssembler add(int target, int value) {
        return emit(ADD64_IMM, target, 0, 0, value);
    }

    BpfAssembler and(int target, int value) {
        return emit(AND64_IMM, target, 0, 0, value);
    }

    /** {@code target} = the map behind a file descriptor; takes two instructions. */
    BpfAssembler setMap(int target, int mapFd) {
        emit(LD_IMM_64, target, PSEUDO_MAP_FD, 0, mapFd);
        return emit(0, 0, 0, 0, 0);
    }

    BpfAssembler jump(Label label) {
        return jumpTo(label, JUMP_ALWAYS, 0, 0, 0);
    }

    /** Jumps if {@code left > right}, as unsigned 64-bit numbers. */
    BpfAssembler jumpIfGreater(int left, int right, Label label) {
        return jumpTo(label, JUMP_GREATER_REGISTER, left, right, 0);
    }

    /** Jumps if the low 32 bits equal {@code value}. */
    BpfAssembler jumpIfEqual(int register, int value, Label label) {
        return jumpTo(label, JUMP32_EQUAL_IMM, register, 0, value);
    }

    /** Jumps if the low 32 bits differ from {@code value}. */
    BpfAssembler jumpIfNotEqual(int register, int value, Label label) {
        return jumpTo(label, JUMP32_NOT_EQUAL_IMM, register, 0, value);
    }

    BpfAssembler call(int helper) {
        return emit(CALL, 0, 0, 0, helper);
    }

    BpfAssembler exit() {
        return emit(EXIT, 0, 0, 0, 0);
    }

    /** The label is here: before the next instruction. */
    BpfAssembler bind(Label label) {
        for (int jump : label.jumps) {
            int distance = instructions.size() - jump - 1;
            if (distance > Short.MAX_VALUE) {
                throw new IllegalStateException("a jump over " + distance + " instructions does not fit into 16 bits");
            }
            instructions.set(jump, instructions.get(jump) | (distance & 0xffffL) << 16);
        }
        label.jumps.clear();
        return this;
    }

    /** How many instructions there are so far. */
    int size() {
        return instructions.size();
    }

    /** The program as bpf(2) takes it. */
    MemorySegment assemble(Arena arena) {
        MemorySegment code = arena.allocate(instructions.size() * 8L, 8);
        for (int i = 0; i < instructions.size(); i++) {
            long fields = instructions.get(i);
            code.set(ValueLayout.JAVA_BYTE, i * 8L, (byte) fields);
            code.set(ValueLayout.JAVA_BYTE, i * 8L + 1, (byte) registers((int) (fields >>> 8) & 0xff));
            code.set(ValueLayout.JAVA_SHORT, i * 8L + 2, (short) (fields >>> 16));
            code.set(ValueLayout.JAVA_INT, i * 8L + 4, (int) (fields >>> 32));
        }
        return code;
    }

    /** The register byte holds source and target; which half is which depends on the byte order (RFC 9669). */
    private static int registers(int sourceAndTarget) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? sourceAndTarget
                : (sourceAndTarget & 0xf) << 4 | sourceAndTarget >>> 4;
    }

    private BpfAssembler jumpTo(Label label, int opcode, int target, int source, int immediate) {
        label.jumps.add(instructions.size());
        return emit(opcode, target, source, 0, immediate);
    }

    private BpfAssembler emit(int opcode, int target, int source, int offset, int immediate) {
        long low = (offset & 0xffffL) << 16 | (long) (source << 4 | target) << 8 | opcode;
        instructions.add((long) immediate << 32 | low);
        return this;
    }
}
