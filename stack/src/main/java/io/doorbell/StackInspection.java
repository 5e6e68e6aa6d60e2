package io.doorbell;

import io.doorbell.counters.InspectionBlock;
import io.doorbell.counters.InspectionLayout;
import io.doorbell.counters.StackGauge;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.tcp.InspectionRows;
import io.doorbell.tcp.Tcp;

/** What a stack shows of itself in an inspection block, and what it does for those who ask through it. */
final class StackInspection {
    /** A link's statistics may cost a system call: not in every poll. */
    private static final long GAUGES_NANOS = 250_000_000L;

    private final InspectionBlock block;
    private final Tcp tcp;
    private final Link link;
    private final int address;
    private final InspectionRows rows;
    private long gaugesDue;
    private boolean started;

    StackInspection(InspectionBlock block, Tcp tcp, Link link, int address) {
        this.block = block;
        this.tcp = tcp;
        this.link = link;
        this.address = address;
        rows = tcp.inspect(block);
        block.linkMode(link.statistics().mode);
    }

    /** Carries out what was asked for, before the output of this duty cycle. */
    void requests() {
        if (block.requested()) {
            block.answer(carryOut(block.operation(), block.argument()));
        }
    }

    private long carryOut(long operation, long argument) {
        if (operation == InspectionLayout.OPERATION_KILL) {
            return rows.kill(argument) ? InspectionLayout.RESULT_DONE : InspectionLayout.RESULT_NO_SUCH_CONNECTION;
        }
        if (operation == InspectionLayout.OPERATION_LIST_HALF_OPEN) {
            rows.listHalfOpen(argument);
        } else if (operation == InspectionLayout.OPERATION_LIST_TIME_WAIT) {
            rows.listTimeWait(argument);
        } else {
            return InspectionLayout.RESULT_NO_SUCH_OPERATION;
        }
        return InspectionLayout.RESULT_DONE;
    }

    /** Shows what this duty cycle has changed. */
    void show(long nowNanos) {
        rows.write(nowNanos);
        block.heartbeat(nowNanos);
        if (!started || nowNanos - gaugesDue >= 0) {
            started = true;
            gaugesDue = nowNanos + GAUGES_NANOS;
            gauges();
            rows.writeListeners();
        }
    }

    private void gauges() {
        FramePool frames = link.frames();
        block.gauge(StackGauge.ADDRESS, address & 0xffff_ffffL);
        block.gauge(StackGauge.CONNECTIONS, tcp.connections());
        block.gauge(StackGauge.TIME_WAIT, tcp.timeWait());
        block.gauge(StackGauge.HALF_OPEN, tcp.halfOpen());
        block.gauge(StackGauge.FRAMES, frames.capacity());
        block.gauge(StackGauge.FRAMES_FREE, frames.available());
        block.gauge(StackGauge.FRAME_BYTES, frames.frameSize());
        LinkStatistics s = link.statistics();
        block.gauge(StackGauge.LINK_RX_FRAMES, s.rxFrames);
        block.gauge(StackGauge.LINK_RX_BYTES, s.rxBytes);
        block.gauge(StackGauge.LINK_TX_FRAMES, s.txFrames);
        block.gauge(StackGauge.LINK_TX_BYTES, s.txBytes);
        block.gauge(StackGauge.LINK_DOORBELLS, s.doorbells);
        block.gauge(StackGauge.LINK_TX_REFUSED, s.txRefused);
        block.gauge(StackGauge.LINK_RX_DROPPED, s.rxDropped);
        block.gauge(StackGauge.LINK_TX_DROPPED, s.txDropped);
        block.gauge(StackGauge.LINK_FILL_RING_EMPTY, s.fillRingEmpty);
        block.gauge(StackGauge.LINK_TX_RING_EMPTY, s.txRingEmpty);
        block.gauge(StackGauge.LINK_INVALID_DESCRIPTORS, s.invalidDescriptors);
    }

    /** The stack was closed in order. */
    void closed() {
        rows.write(0);
        block.closed();
    }
}
