package io.doorbell.tools.demo;

import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.LinkStatistics;

/** What a stack and its link have counted, at one moment or between two. Taken on the stack's thread. */
record StackFigures(long connections, long segmentsIn, long segmentsOut, long payloadIn, long payloadOut,
                    long retransmitted, long outOfOrder, long doorbells, long framesIn, long framesOut, long drops) {
    static StackFigures of(TcpStack stack) {
        Counters counters = stack.counters();
        LinkStatistics link = stack.link().statistics();
        return new StackFigures(
                counters.get(Counter.TCP_PASSIVE_OPENS) + counters.get(Counter.TCP_ACTIVE_OPENS),
                counters.get(Counter.TCP_SEGMENTS_IN), counters.get(Counter.TCP_SEGMENTS_OUT),
                counters.get(Counter.TCP_PAYLOAD_BYTES_IN), counters.get(Counter.TCP_PAYLOAD_BYTES_OUT),
                counters.get(Counter.TCP_RETRANSMITTED_SEGMENTS), counters.get(Counter.TCP_OUT_OF_ORDER_IN),
                link.doorbells, link.rxFrames, link.txFrames, counters.drops());
    }

    StackFigures minus(StackFigures before) {
        return new StackFigures(connections - before.connections, segmentsIn - before.segmentsIn,
                segmentsOut - before.segmentsOut, payloadIn - before.payloadIn, payloadOut - before.payloadOut,
                retransmitted - before.retransmitted, outOfOrder - before.outOfOrder, doorbells - before.doorbells,
                framesIn - before.framesIn, framesOut - before.framesOut, drops - before.drops);
    }

    double doorbellsPerThousandSegments() {
        return segmentsOut == 0 ? 0 : doorbells * 1000.0 / segmentsOut;
    }
}
