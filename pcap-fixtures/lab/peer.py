"""A TCP peer made by hand: it sends exactly the segments that a scenario says."""

import select
import socket
import struct
import time

from network import ACK, FIN, LEFT, LEFT_MAC, PSH, RIGHT, RIGHT_MAC, RST, SYN


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac(text):
    return bytes(int(part, 16) for part in text.split(":"))


def ip_packet(protocol, source, destination, body):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def frame_to_left(packet):
    return mac(LEFT_MAC) + mac(RIGHT_MAC) + b"\x08\x00" + packet


def mss(value):
    return struct.pack("!BBH", 2, 4, value)


def window_scale(shift):
    return struct.pack("!BBBB", 1, 3, 3, shift)


SACK_PERMITTED = b"\1\1\4\2"


def timestamps(value, echo):
    return struct.pack("!BBBBII", 1, 1, 8, 10, value & 0xffffffff, echo & 0xffffffff)


class Segment:
    """A segment that the left host sent."""

    def __init__(self, data):
        header = (data[14] & 15) * 4
        tcp = 14 + header
        self.source, self.destination, self.seq, self.ack = struct.unpack_from("!HHII", data, tcp)
        self.flags = data[tcp + 13]
        offset = (data[tcp + 12] >> 4) * 4
        self.payload = data[tcp + offset:14 + struct.unpack_from("!H", data, 16)[0]]
        self.options = data[tcp + 20:tcp + offset]
        self.end = (self.seq + len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)) & 0xffffffff

    def timestamp(self):
        at = 0
        while at < len(self.options):
            kind = self.options[at]
            if kind == 0:
                break
            if kind == 8:
                return struct.unpack_from("!I", self.options, at + 2)[0]
            at += 1 if kind == 1 else self.options[at + 1]
        return 0


class Peer:
    """The right host's address and one port of it, spoken for by hand."""

    def __init__(self, lab, port, peer_port=0, seq=1000):
        self.raw = lab.near
        self.port = port
        self.peer_port = peer_port
        self.seq = seq
        self.ack = 0
        self.window = 65535

    def send(self, flags, seq=None, ack=None, payload=b"", options=b"", window=None, count=True):
        """Sends a segment; what is not said is what an orderly peer would say."""
        seq = self.seq if seq is None else seq & 0xffffffff
        ack = (self.ack if ack is None else ack & 0xffffffff) if flags & ACK else 0
        window = self.window if window is None else window
        header = 20 + len(options)
        tcp = struct.pack("!HHIIBBHHH", self.port, self.peer_port, seq, ack, header << 2, flags, window, 0, 0)
        tcp += options + payload
        pseudo = socket.inet_aton(RIGHT) + socket.inet_aton(LEFT) + struct.pack("!HH", 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        self.raw.send(frame_to_left(ip_packet(6, RIGHT, LEFT, tcp)))
        if count and not flags & RST:
            self.seq = (seq + len(payload) + bool(flags & SYN) + bool(flags & FIN)) & 0xffffffff

    def expect(self, flags=0, seconds=5.0):
        """The next segment from the left host that has these flags; takes note of its end."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not select.select([self.raw], [], [], max(0, until - time.monotonic()))[0]:
                break
            data, address = self.raw.recvfrom(65536)
            if address[2] == 4 or data[12:14] != b"\x08\x00" or data[23] != 6:
                continue
            segment = Segment(data)
            if segment.destination != self.port or segment.flags & flags != flags:
                continue
            self.peer_port = segment.source
            if not segment.flags & RST:
                self.ack = segment.end
            return segment
        raise RuntimeError("no segment with flags %#x came" % flags)

    def nothing(self, seconds=0.2):
        """Lets time pass, and takes note of what was sent meanwhile."""
        time.sleep(seconds)
        while select.select([self.raw], [], [], 0)[0]:
            self.raw.recvfrom(65536)

    def accept(self, options=mss(1460)):
        """Answers a SYN of the left host."""
        syn = self.expect(SYN)
        time.sleep(0.01)
        self.send(SYN | ACK, options=options)
        self.expect(ACK)
        return syn

    def connect(self, port, options=mss(1460)):
        """Connects to a port of the left host."""
        self.peer_port = port
        self.send(SYN, options=options)
        answer = self.expect(SYN | ACK)
        time.sleep(0.01)
        self.send(ACK)
        time.sleep(0.01)
        return answer


__all__ = ["ACK", "FIN", "PSH", "RST", "SYN", "Peer", "SACK_PERMITTED", "frame_to_left", "ip_packet", "checksum",
           "mss", "timestamps", "window_scale"]
