package io.doorbell.packet;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A program of classic BPF while it is written (linux/filter.h): what a packet socket may see. */
final class SocketFilter {
    static final int LD_W_ABS = 0x20;
    static final int LD_H_ABS = 0x28;
    static final int LD_B_ABS = 0x30;
    static final int JMP_JA = 0x05;
    static final int JMP_JEQ_K = 0x15;
    static final int RET_K = 0x06;
    /** Returned by a program that accepts. */
    static final int WHOLE_FRAME = 0x40000;

    private static final int INSTRUCTION_BYTES = 8;

    private final MemorySegment code;
    private int at;

    /** @param instructions at the most */
    SocketFilter(Arena arena, int instructions) {
        code = arena.allocate((long) instructions * INSTRUCTION_BYTES, 8);
    }

    /** @param ifTrue instructions to leave out if a comparison holds, {@code ifFalse} if it does not */
    void emit(int operation, int ifTrue, int ifFalse, int operand) {
        long offset = (long) at++ * INSTRUCTION_BYTES;
        code.set(ValueLayout.JAVA_SHORT, offset, (short) operation);
        code.set(ValueLayout.JAVA_BYTE, offset + 2, (byte) ifTrue);
        code.set(ValueLayout.JAVA_BYTE, offset + 3, (byte) ifFalse);
        code.set(ValueLayout.JAVA_INT, offset + 4, operand);
    }

    /** The {@code struct sock_fprog} of what was emitted, in memory of the arena. */
    MemorySegment program(Arena arena) {
        MemorySegment program = arena.allocate(16, 8);
        program.set(ValueLayout.JAVA_SHORT, 0, (short) at);
        program.set(ValueLayout.ADDRESS, 8, code);
        return program;
    }
}
