package io.doorbell.tools.pcap;

import io.doorbell.wire.TcpHeader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A capture, read once for its connections; segments are read again when they are asked for. A file is mapped, not
 * loaded, until {@link #close}.
 */
public final class Capture implements AutoCloseable {
    /** Both ends of a connection, the lower first. */
    private record Ends(long lower, long higher) {
    }

    private final String name;
    private final MemorySegment file;
    private final Arena arena;
    private final List<CapturedConnection> connections = new ArrayList<>();
    private long packets;
    private long notTcp;
    private long unreadable;
    private CaptureFormatException damage;

    private Capture(String name, MemorySegment file, Arena arena) {
        this.name = name;
        this.file = file;
        this.arena = arena;
        Map<Ends, CapturedConnection> open = new HashMap<>();
        CaptureReader reader = new CaptureReader(file);
        PacketDecoder decoder = new PacketDecoder();
        while (step(reader)) {
            packets++;
            account(decoder, decoder.decode(reader), open, reader);
        }
        connections.forEach(CapturedConnection::complete);
    }

    /** A file that ends too early, as one does whose writer was killed, is good up to there. */
    private boolean step(CaptureReader reader) {
        try {
            return reader.next();
        } catch (CaptureFormatException e) {
            damage = e;
            return false;
        }
    }

    /**
     * Opens a file.
     *
     * @throws CaptureFormatException if it is no capture
     * @throws IOException            if it cannot be read
     */
    public static Capture open(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            throw new IOException(path + " is a directory: give a pcap or pcapng file");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new Capture(path.getFileName().toString(), mapped, arena);
        } catch (NoSuchFileException e) {
            arena.close();
            throw new IOException(path + " does not exist", e);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** A capture that is in memory already. */
    public static Capture of(String name, byte[] bytes) {
        return new Capture(name, MemorySegment.ofArray(bytes), null);
    }

    private void account(PacketDecoder decoder, PacketDecoder.Kind kind, Map<Ends, CapturedConnection> open,
                         CaptureReader reader) {
        switch (kind) {
            case TCP -> {
                Ends ends = ends(decoder);
                CapturedConnection known = open.get(ends);
                if (known == null || isSyn(decoder) && known.isOver(decoder)) {
                    known = new CapturedConnection(connections.size() + 1, decoder, sourceIsClient(decoder),
                            reader.number(), reader.timeNanos());
                    open.put(ends, known);
                    connections.add(known);
                }
                known.add(decoder, reader.timeNanos());
            }
            case ICMP_ERROR -> {
                CapturedConnection known = open.get(ends(decoder));
                if (known == null) {
                    notTcp++;
                } else {
                    known.addIcmpError(reader.timeNanos());
                }
            }
            case UNREADABLE -> unreadable++;
            default -> notTcp++;
        }
    }

    private static boolean isSyn(PacketDecoder decoder) {
        return (decoder.flags & (TcpHeader.SYN | TcpHeader.ACK)) == TcpHeader.SYN;
    }

    /** In mid-course, the side with the higher port is the likelier client. */
    private static boolean sourceIsClient(PacketDecoder decoder) {
        if ((decoder.flags & TcpHeader.SYN) != 0) {
            return (decoder.flags & TcpHeader.ACK) == 0;
        }
        return decoder.sourcePort >= decoder.destinationPort;
    }

    private static Ends ends(PacketDecoder decoder) {
        long one = (decoder.source & 0xffff_ffffL) << 16 | decoder.sourcePort;
        long other = (decoder.destination & 0xffff_ffffL) << 16 | decoder.destinationPort;
        return new Ends(Math.min(one, other), Math.max(one, other));
    }

    /** The segments of a connection, and ICMP errors about them, in the order of the file. */
    public List<CapturedSegment> segments(CapturedConnection connection) {
        List<CapturedSegment> segments = new ArrayList<>();
        Map<Ends, CapturedConnection> open = new HashMap<>();
        CaptureReader reader = new CaptureReader(file);
        PacketDecoder decoder = new PacketDecoder();
        int begun = 0;
        try {
            while (reader.next()) {
                PacketDecoder.Kind kind = decoder.decode(reader);
                if (kind != PacketDecoder.Kind.TCP && kind != PacketDecoder.Kind.ICMP_ERROR) {
                    continue;
                }
                Ends ends = ends(decoder);
                CapturedConnection known = open.get(ends);
                if (kind == PacketDecoder.Kind.TCP && (known == null || isBeginning(begun, reader))) {
                    known = connections.get(begun++);
                    open.put(ends, known);
                }
                if (known == connection) {
                    segments.add(CapturedSegment.of(decoder, kind, reader.number(), reader.timeNanos(),
                            known.isFromClient(decoder)));
                }
            }
        } catch (CaptureFormatException e) {
            // Told by damage(): what came before it is good.
            return segments;
        }
        return segments;
    }

    private boolean isBeginning(int begun, CaptureReader reader) {
        return begun < connections.size() && connections.get(begun).firstNumber() == reader.number();
    }

    /** For messages. */
    public String name() {
        return name;
    }

    public List<CapturedConnection> connections() {
        return List.copyOf(connections);
    }

    public long packets() {
        return packets;
    }

    /** Packets that are neither TCP over IPv4 nor an ICMP error about it. */
    public long notTcp() {
        return notTcp;
    }

    /** Packets that were cut too short, or have lengths that cannot be. */
    public long unreadable() {
        return unreadable;
    }

    /** Why the file could not be read to its end, null if it could. */
    public CaptureFormatException damage() {
        return damage;
    }

    @Override
    public void close() {
        if (arena != null && arena.scope().isAlive()) {
            arena.close();
        }
    }
}
