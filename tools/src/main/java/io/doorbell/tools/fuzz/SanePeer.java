package io.doorbell.tools.fuzz;

import io.doorbell.tcp.CloseReason;

/**
 * What a peer that keeps to RFC 9293 does with a connection in whatever state it was left: it fills the gaps in what
 * it has sent, exchanges some data both ways, and closes. The stack must follow to the end.
 */
final class SanePeer {
    private static final int MOST_STEPS = 3_000;
    private static final long MOST_NANOS = 1_200 * Stage.SECOND;
    private static final int EXCHANGED = 700;
    private static final int WINDOW = 0xffff;
    private final Stage stage;
    private final Peer peer;
    private final long begun;
    private final long until;
    private int steps;

    SanePeer(Stage stage) {
        this.stage = stage;
        this.peer = stage.peer;
        this.begun = stage.now;
        this.until = stage.now + MOST_NANOS;
    }

    /** Brings the connection to its end. */
    void end(FuzzUser user) {
        user.appetite = Integer.MAX_VALUE;
        user.connection.resume();
        if (user.connection.state().equals("SYN-SENT")) {
            answerSyn(user);
        }
        user.unusual.completeAll();
        user.delegated.end();
        if (!peer.known) {
            // Somebody has guessed what acknowledges a SYN-ACK that never left. Who waits for it sends his SYN again, and
            // the challenge ACK (RFC 5961 section 4) tells whether timestamps were agreed on.
            stage.receive(peer.segment(Peer.SYN, peer.iss, 0, WINDOW, new byte[0], 0));
        }
        acknowledge();
        fillGaps(user);
        if (user.closed == null && !user.finished) {
            exchange(user);
        }
        boolean orderly = user.closed == null && !user.deaf;
        if (user.closed == null && !user.finished) {
            user.closeOutput();
        }
        while (user.closed == null) {
            finish();
            step(user, "does not close");
        }
        if (orderly && user.closed != CloseReason.NORMAL) {
            throw new Stage.Finding("a sane peer's connection ended with " + user.closed);
        }
    }

    private void answerSyn(FuzzUser user) {
        while (!peer.known && user.closed == null) {
            step(user, "sends no SYN");
        }
        if (user.closed == null) {
            peer.furthest = peer.iss + 1;
            byte[] options = peer.timestamps ? Peer.timestamps(1, peer.stackTimestamp) : new byte[0];
            stage.receive(peer.segment(Peer.SYN | Peer.ACK, peer.iss, peer.stackIss + 1, WINDOW, options, 0));
        }
    }

    private void acknowledge() {
        peer.takeOwed();
        stage.receive(peer.segment(Peer.ACK, peer.stackAck, peer.stackNext(), WINDOW, peer.saneOptions(), 0));
    }

    /** Time passes up to the next deadline, and what the stack sent is acknowledged. */
    private void step(FuzzUser user, String otherwise) {
        if (++steps > MOST_STEPS || stage.now >= until) {
            throw new Stage.Finding("with a sane peer the connection " + otherwise + ": " + user.connection.state()
                    + " after " + steps + " steps");
        }
        user.connection.resume();
        stage.describe(user);
        stage.now += Stage.MILLISECOND;
        stage.poll();
        if (peer.takeOwed() > 0) {
            acknowledge();
        } else {
            stage.nextDeadline(Math.min(until, stage.now + 10 * Stage.SECOND));
        }
    }

    /** Sends everything again that it may have sent before and that was not acknowledged. */
    private void fillGaps(FuzzUser user) {
        while (user.closed == null && !user.deaf && !user.peerClosed && peer.furthest - peer.stackAck > 0) {
            data(peer.furthest - peer.stackAck);
            step(user, "does not take what fills a gap");
        }
    }

    private void data(int length) {
        int window = peer.stackEdge - peer.stackAck;
        // One byte probes a window that is closed.
        int size = Math.min(Math.min(length, Math.min(peer.maxSegmentSize, 1_400) - 12), Math.max(1, window));
        stage.receive(peer.segment(Peer.ACK | Peer.PSH, peer.stackAck, peer.stackNext(), WINDOW, peer.saneOptions(),
                Math.max(1, size)));
    }

    private void exchange(FuzzUser user) {
        int wantedOut = Math.min(user.sent.length() + EXCHANGED, SentStream.MOST);
        while (user.sent.length() < wantedOut && user.closed == null) {
            user.send(wantedOut - user.sent.length());
            step(user, "takes no data to send");
        }
        long wanted = user.received + (user.peerClosed ? 0 : EXCHANGED);
        while (user.received < wanted && user.closed == null && !user.peerClosed) {
            data((int) (wanted - user.received));
            step(user, "delivers no data");
        }
    }

    private void finish() {
        stage.receive(peer.segment(Peer.FIN | Peer.ACK, peer.stackAck, peer.stackNext(), WINDOW, peer.saneOptions(), 0));
    }

    /** A new client must be served as ever. */
    static void freshClient(Stage stage) {
        Peer client = new Peer(51_000, Stage.PORT, 77_000);
        stage.peer = client;
        stage.appetite = Integer.MAX_VALUE;
        int users = stage.users.size();
        stage.receive(client.segment(Peer.SYN, client.iss, 0, WINDOW, new byte[0], 0));
        if (!client.known) {
            throw new Stage.Finding("a new client's SYN is not answered");
        }
        stage.receive(client.segment(Peer.ACK, client.iss + 1, client.stackIss + 1, WINDOW, client.saneOptions(), 0));
        if (stage.users.size() != users + 1) {
            throw new Stage.Finding("a new client is not accepted");
        }
        new SanePeer(stage).end(stage.users.getLast());
    }
}
