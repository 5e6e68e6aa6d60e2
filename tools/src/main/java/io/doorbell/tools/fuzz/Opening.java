package io.doorbell.tools.fuzz;

import java.io.ByteArrayOutputStream;

/** Brings a connection into each of RFC 9293's states, as a sane peer and a sane user would. */
final class Opening {
    static final int STATES = 14;
    private static final int WINDOW = 30_000;

    private final Stage stage;
    private final Peer peer;
    private final int options;
    private final int extras;

    /**
     * @param options which options the peer's SYN has, as bits
     * @param extras  more of them
     */
    Opening(Stage stage, int options, int extras) {
        this.stage = stage;
        this.peer = stage.peer;
        this.options = options;
        this.extras = extras;
    }

    void reach(int state) {
        switch (state) {
            case 0 -> { } // LISTEN
            case 1 -> stage.connect(); // SYN-SENT
            case 2 -> stage.receive(syn(Peer.SYN)); // SYN-RECEIVED
            case 3 -> { // SYN-RECEIVED, both having sent a SYN
                stage.connect();
                stage.receive(syn(Peer.SYN));
            }
            case 4 -> passive();
            case 5 -> active();
            case 6 -> sending();
            case 7 -> holes();
            default -> closing(state);
        }
    }

    private void closing(int state) {
        if (state % 2 == 0) {
            passive();
        } else {
            active();
        }
        FuzzUser user = stage.main();
        if (user == null || !user.connected) {
            return;
        }
        switch (state) {
            case 8 -> { // FIN-WAIT-1
                user.send(3_000);
                user.closeOutput();
            }
            case 9 -> { // FIN-WAIT-2
                user.closeOutput();
                stage.poll();
                stage.receive(ack());
            }
            case 10 -> { // CLOSE-WAIT
                stage.receive(fin());
                user.send(3_000);
            }
            case 11 -> { // CLOSING
                user.close();
                int before = peer.stackNext();
                stage.poll();
                stage.receive(segment(Peer.FIN | Peer.ACK, before));
            }
            case 12 -> { // LAST-ACK
                stage.receive(fin());
                user.closeOutput();
            }
            default -> { // TIME-WAIT
                user.closeOutput();
                stage.poll();
                stage.receive(fin());
            }
        }
        stage.poll();
    }

    private void passive() {
        stage.receive(syn(Peer.SYN));
        stage.receive(ack());
    }

    private void active() {
        stage.connect();
        stage.receive(syn(Peer.SYN | Peer.ACK));
    }

    /** More is out than the peer has acknowledged. */
    private void sending() {
        passive();
        FuzzUser user = stage.main();
        if (user != null) {
            user.send(12_000);
            stage.poll();
        }
    }

    /** Segments have come that lie beyond gaps. */
    private void holes() {
        sending();
        int window = Math.min(peer.stackEdge - peer.stackAck, 9_000);
        for (int at = 700; at + 500 < window; at += 1_100) {
            stage.receive(peer.segment(Peer.ACK, peer.stackAck + at, peer.stackEnd, WINDOW, peer.saneOptions(), 500));
        }
    }

    private byte[] syn(int flags) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if ((options & 1) == 0) {
            bytes.writeBytes(new byte[] {2, 4, 5, (byte) 0xb4});
        }
        if ((options & 2) == 0) {
            bytes.writeBytes(new byte[] {1, 1, 4, 2});
        }
        if ((options & 4) == 0) {
            bytes.writeBytes(Peer.timestamps(1, peer.stackTimestamp));
        }
        if ((options & 8) == 0) {
            bytes.writeBytes(new byte[] {1, 3, 3, 2});
        }
        boolean answer = (flags & Peer.ACK) != 0;
        if ((extras & 2) == 0 && (!answer || peer.severalParts)) {
            bytes.writeBytes(SeveralParts.handshake(Peer.NONCE, answer ? peer.stackNonce : null));
        }
        // ECN is asked for with both flags, and agreed to with one (RFC 3168 section 6.1.1).
        int ecn = (extras & 4) != 0 ? 0 : answer ? 0x40 : 0xc0;
        peer.furthest = peer.iss + 1;
        return peer.segment(flags | ecn, peer.iss, peer.stackIss + 1, WINDOW, bytes.toByteArray(), 0);
    }

    private byte[] ack() {
        return segment(Peer.ACK, peer.stackNext());
    }

    private byte[] fin() {
        return segment(Peer.FIN | Peer.ACK, peer.stackNext());
    }

    private byte[] segment(int flags, int ack) {
        return peer.segment(flags, peer.stackAck, ack, WINDOW, peer.saneOptions(), 0);
    }
}
