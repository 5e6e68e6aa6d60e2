package io.doorbell.tcp;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.counters.InspectionLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** An inspection block, and what somebody else reads in it. */
final class InspectedBlock {
    final InspectionBlock block;
    private final MemorySegment memory;

    InspectedBlock(int rows) {
        memory = Arena.ofAuto().allocate(InspectionBlock.bytes(rows, 0), 64);
        block = InspectionBlock.create(memory, rows, 0, 1, 2, 3, 4);
    }

    private long number(long offset) {
        return memory.get(ValueLayout.JAVA_LONG, offset);
    }

    private long row(int row) {
        return number(InspectionLayout.SLOT_ROWS_OFFSET) + row * number(InspectionLayout.SLOT_ROW_LENGTH);
    }

    long field(int row, ConnectionField field) {
        return number(row(row) + 8 + field.ordinal() * 8L);
    }

    /** How often a row was written; fails if its writing was not ended. */
    long writes(int row) {
        long sequence = number(row(row));
        if ((sequence & 1) != 0) {
            throw new AssertionError("row " + row + " is being written");
        }
        return sequence / 2;
    }

    long rowsUsed() {
        return number(InspectionLayout.ROWS_USED);
    }

    long rowsMissing() {
        return number(InspectionLayout.ROWS_MISSING);
    }

    /** What a listener's place tells: 0 the port, then the counts in {@link InspectionLayout}'s order. */
    long listener(int place, int index) {
        return number(number(InspectionLayout.SLOT_LISTENERS_OFFSET) + (long) place * InspectionLayout.LISTENER_LENGTH
                + index * 8L);
    }

    /** Asks for something, as another process would. */
    void ask(long operation, long argument) {
        memory.set(ValueLayout.JAVA_LONG, InspectionLayout.REQUEST_OPERATION, operation);
        memory.set(ValueLayout.JAVA_LONG, InspectionLayout.REQUEST_ARGUMENT, argument);
        memory.set(ValueLayout.JAVA_LONG, InspectionLayout.REQUEST_NUMBER, number(InspectionLayout.REQUEST_NUMBER) + 1);
    }

    long answer() {
        if (number(InspectionLayout.ANSWER_NUMBER) != number(InspectionLayout.REQUEST_NUMBER)) {
            throw new AssertionError("the request was not answered");
        }
        return number(InspectionLayout.ANSWER_RESULT);
    }

    long pageEntries() {
        return number(number(InspectionLayout.SLOT_PAGE_OFFSET));
    }

    long pageNext() {
        return number(number(InspectionLayout.SLOT_PAGE_OFFSET) + 8);
    }

    /** What an entry of the page tells, by {@link InspectionLayout}'s order. */
    long pageEntry(int entry, int index) {
        return number(number(InspectionLayout.SLOT_PAGE_OFFSET) + InspectionLayout.LINE
                + (long) entry * InspectionLayout.PAGE_ENTRY_LENGTH + index * 8L);
    }
}
