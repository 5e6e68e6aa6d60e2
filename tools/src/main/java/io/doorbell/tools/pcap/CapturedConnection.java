package io.doorbell.tools.pcap;

import io.doorbell.ip.Ipv4Address;
import io.doorbell.wire.TcpHeader;

/** One connection of a capture, summed up while it was read. The client is who sent the first SYN. */
public final class CapturedConnection {
    /** How a connection began, as far as the capture shows it. */
    public enum Handshake { COMPLETE, REFUSED, UNANSWERED, INCOMPLETE, SIMULTANEOUS, NOT_CAPTURED }

    /** Round-trip time that is assumed while none is known, as Wireshark does to tell reordering from loss. */
    private static final long UNKNOWN_ROUND_TRIP_NANOS = 3_000_000L;

    private final int index;
    private final int clientAddress;
    private final int clientPort;
    private final int serverAddress;
    private final int serverPort;
    private final boolean fromStart;
    private final long firstNumber;
    private final long firstNanos;
    private final DirectionSummary client = new DirectionSummary();
    private final DirectionSummary server = new DirectionSummary();
    private final int clientInitialSequence;
    private long lastNanos;
    private long synNanos;
    private long synAckNanos;
    private long packets;
    private int lastFlags;
    private boolean lastFromClient;
    private boolean serverSynWithoutAck;
    private boolean resetBeforeAnswer;
    private boolean established;
    private long icmpErrors;

    CapturedConnection(int index, PacketDecoder first, boolean sourceIsClient, long number, long timeNanos) {
        this.index = index;
        this.firstNumber = number;
        this.clientAddress = sourceIsClient ? first.source : first.destination;
        this.clientPort = sourceIsClient ? first.sourcePort : first.destinationPort;
        this.serverAddress = sourceIsClient ? first.destination : first.source;
        this.serverPort = sourceIsClient ? first.destinationPort : first.sourcePort;
        this.fromStart = (first.flags & TcpHeader.SYN) != 0;
        this.clientInitialSequence = first.seq;
        this.firstNanos = timeNanos;
        this.synNanos = timeNanos;
    }

    void add(PacketDecoder segment, long timeNanos) {
        packets++;
        lastNanos = timeNanos;
        boolean fromClient = isFromClient(segment);
        boolean syn = (segment.flags & TcpHeader.SYN) != 0;
        boolean ack = (segment.flags & TcpHeader.ACK) != 0;
        if (syn && fromClient && !ack) {
            synNanos = timeNanos;
        } else if (syn && !fromClient && ack) {
            synAckNanos = timeNanos;
        } else if (syn && !fromClient) {
            serverSynWithoutAck = true;
        } else if (fromClient && synAckNanos != 0 && ack && (segment.flags & TcpHeader.RST) == 0) {
            established = true;
        } else if (!fromClient && synAckNanos == 0 && (segment.flags & TcpHeader.RST) != 0) {
            resetBeforeAnswer = true;
        }
        lastFlags = segment.flags;
        lastFromClient = fromClient;
        (fromClient ? client : server).add(segment, timeNanos, roundTripNanos());
    }

    void addIcmpError(long timeNanos) {
        packets++;
        icmpErrors++;
        lastNanos = timeNanos;
    }

    void complete() {
        client.complete();
        server.complete();
    }

    boolean isFromClient(PacketDecoder segment) {
        return segment.source == clientAddress && segment.sourcePort == clientPort;
    }

    /** Whether a SYN of the same ports is the beginning of another connection. */
    boolean isOver(PacketDecoder syn) {
        boolean again = isFromClient(syn) && syn.seq == clientInitialSequence;
        boolean ended = client.reset() || server.reset() || client.fin() && server.fin();
        return !again && (ended || established && isFromClient(syn) && Integer.compareUnsigned(
                syn.seq - clientInitialSequence, 1 << 30) > 0);
    }

    /** From 1, in the order of their first packets. */
    public int index() {
        return index;
    }

    public int clientAddress() {
        return clientAddress;
    }

    public int clientPort() {
        return clientPort;
    }

    public int serverAddress() {
        return serverAddress;
    }

    public int serverPort() {
        return serverPort;
    }

    /** The number of its first packet in the capture. */
    public long firstNumber() {
        return firstNumber;
    }

    /** Address and port of a side. */
    public String name(boolean ofClient) {
        return ofClient ? Ipv4Address.format(clientAddress) + ":" + clientPort
                : Ipv4Address.format(serverAddress) + ":" + serverPort;
    }

    /** Whether its first packet is a SYN: what was captured in mid-course cannot be replayed. */
    public boolean fromStart() {
        return fromStart;
    }

    public long firstNanos() {
        return firstNanos;
    }

    public long lastNanos() {
        return lastNanos;
    }

    public long packets() {
        return packets;
    }

    /** ICMP errors about its segments. */
    public long icmpErrors() {
        return icmpErrors;
    }

    public DirectionSummary client() {
        return client;
    }

    public DirectionSummary server() {
        return server;
    }

    public Handshake handshake() {
        if (!fromStart) {
            return Handshake.NOT_CAPTURED;
        }
        if (serverSynWithoutAck) {
            return Handshake.SIMULTANEOUS;
        }
        if (synAckNanos == 0) {
            return resetBeforeAnswer ? Handshake.REFUSED : Handshake.UNANSWERED;
        }
        return established ? Handshake.COMPLETE : Handshake.INCOMPLETE;
    }

    /** From the SYN to its answer, where the capture was made; 0 if not known. */
    public long handshakeNanos() {
        return synAckNanos == 0 || !client.syn() ? 0 : Math.max(0, synAckNanos - synNanos);
    }

    private long roundTripNanos() {
        long known = handshakeNanos();
        return Math.max(known, UNKNOWN_ROUND_TRIP_NANOS);
    }

    /** How it ended, in words. */
    public String end() {
        if (client.reset() || server.reset()) {
            boolean byClient = (lastFlags & TcpHeader.RST) != 0 ? lastFromClient : client.reset();
            return handshake() == Handshake.REFUSED ? "refused" : "reset by the " + (byClient ? "client" : "server");
        }
        if (client.fin() && server.fin()) {
            return "closed by both";
        }
        if (client.fin() || server.fin()) {
            return "closed by the " + (client.fin() ? "client" : "server") + " only";
        }
        return "still open";
    }
}
