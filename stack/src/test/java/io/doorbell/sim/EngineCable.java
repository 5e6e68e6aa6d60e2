package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.PipeLink;

/**
 * The client of two stacks has one connection, and an engine a cable of its own, whose other end is here. Made once: what
 * is measured allocates nothing.
 */
final class EngineCable implements AutoCloseable {
    private static final FrameReceiver NOBODY = (memory, offset, length) -> { };

    final ReceivedBytes received = new ReceivedBytes();
    final Connection connection;
    private final PipeLink.Pair cable = PipeLink.pair();
    private final TwoStacks two;
    private final FrameReceiver onwards;

    EngineCable(TwoStacks two) {
        this.two = two;
        this.onwards = (memory, offset, length) -> two.post(two.client, memory, offset, length);
        two.admitEngines();
        two.server.listen(80, c -> received);
        connection = two.client.connect(TwoStacks.SERVER, 80, new ReceivedBytes());
        while (connection.sendSpace() == 0) {
            two.step();
        }
    }

    /** The engine's end. */
    PipeLink link() {
        return cable.left();
    }

    /** What the engine has posted goes on to the cable of its stack. */
    void cross() {
        cable.right().receive(onwards, 64, two.now);
        cable.right().receive(NOBODY, 0, two.now);
    }

    void poll(long later) {
        two.now += later;
        two.client.poll(two.now);
        two.server.poll(two.now);
    }

    @Override
    public void close() {
        cable.close();
    }
}
