"""Scenarios between two hosts that both run Linux's TCP. The left one is captured, and is Doorbell's part later."""

import socket
import struct
import time

from network import ACK, FIN, LEFT, RIGHT, SYN
from peer import Peer, checksum, ip_packet

TCP_MAXSEG = 2
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_SEND_QUEUE = 19, 20, 21, 2
SCENARIOS = []


def scenario(name, shows, side="client", strict="acks", snaplen=0, form="tcpdump", relayed=True):
    """Registers a scenario: its capture's name, what it shows, the left host's part, and how alike a replay must be."""
    def register(function):
        SCENARIOS.append({"name": name, "shows": shows, "side": side, "strict": strict, "snaplen": snaplen,
                          "form": form, "relayed": relayed, "run": function})
        return function
    return register


def text(length):
    return bytes(33 + i * 7 % 94 for i in range(length))


def take(sock, length):
    got = b""
    while len(got) < length:
        piece = sock.recv(65536)
        if not piece:
            break
        got += piece
    return got


def exchange(lab, server=None, request=120, answer=600, **options):
    """A short question and its answer; the client closes first."""
    left, right = lab.pair(server or lab.right, **options)
    client, host = (left, right) if server is not lab.left else (right, left)
    time.sleep(0.02)
    client.sendall(text(request))
    take(host, request)
    host.sendall(text(answer))
    take(client, answer)
    time.sleep(0.08)
    client.close()
    host.recv(1)
    host.close()
    time.sleep(0.1)


def stream(lab, from_left, length, policy=None, server=None, pause=0.3, **options):
    """One direction, all at once, with what the path does to it; then an orderly end from the sender."""
    left, right = lab.pair(server or lab.right, **options)
    lab.relay.policy = policy
    sender, receiver = (left, right) if from_left else (right, left)
    time.sleep(0.05)
    sender.sendall(text(length))
    take(receiver, length)
    time.sleep(pause)
    lab.relay.policy = None
    sender.close()
    receiver.recv(1)
    receiver.close()
    time.sleep(0.1)


class Every:
    """Counts the frames of one direction that a test is true for, and does something to some of them."""

    def __init__(self, from_left, test, fate):
        self.from_left, self.test, self.fate, self.count = from_left, test, fate, 0

    def __call__(self, from_left, frame):
        if from_left != self.from_left or not self.test(frame):
            return [0.0]
        self.count += 1
        return self.fate.get(self.count, [0.0])


def has_data(frame):
    return frame.payload > 0


def is_syn(frame):
    return frame.has(SYN)


def is_fin(frame):
    return frame.has(FIN)


LOST = []

# --- handshakes ---

OPTION_MIXES = [("all-options", {}, {}), ("no-timestamps", {"timestamps": 0}, {}), ("no-sack", {"sack": 0}, {}),
                ("no-window-scale", {"window_scaling": 0}, {}),
                ("mss-only", {"timestamps": 0, "sack": 0, "window_scaling": 0}, {}),
                ("peer-without-timestamps", {}, {"timestamps": 0}), ("peer-without-sack", {}, {"sack": 0}),
                ("peer-mss-only", {}, {"timestamps": 0, "sack": 0, "window_scaling": 0})]


def off(settings):
    return {"net.ipv4.tcp_" + name: str(value) for name, value in settings.items()}


def handshake(name, side, mine, peers):
    words = name.replace("-", " ")

    @scenario("handshake-%s-%s" % (side, name), "handshake as %s, %s; question, answer, orderly end" % (side, words),
              side=side, strict="segments" if side == "client" else "acks")
    def run(lab):
        lab.left.sysctl(off(mine))
        lab.right.sysctl(off(peers))
        exchange(lab, lab.left if side == "server" else lab.right)


for mix in OPTION_MIXES:
    handshake(mix[0], "client", mix[1], mix[2])
for mix in (OPTION_MIXES[0], OPTION_MIXES[4], OPTION_MIXES[5], OPTION_MIXES[7]):
    handshake(mix[0], "server", mix[1], mix[2])


@scenario("small-mss", "the peer takes segments of 536 bytes and no more", strict="segments")
def _(lab):
    stream(lab, True, 6000, server_options=[(socket.IPPROTO_TCP, TCP_MAXSEG, 536)])


@scenario("syn-lost", "the first SYN is lost; the second comes after a second", strict="segments")
def _(lab):
    lab.relay.policy = Every(True, is_syn, {1: LOST})
    exchange(lab)


@scenario("syn-ack-lost", "the first SYN-ACK is lost: the SYN and its answer come again", side="server")
def _(lab):
    lab.relay.policy = Every(True, is_syn, {1: LOST})
    exchange(lab, lab.left)


@scenario("handshake-ack-lost", "the ACK that ends the handshake is lost; data does its work", side="server")
def _(lab):
    lab.relay.policy = Every(False, lambda frame: frame.flags == ACK, {1: LOST})
    exchange(lab, lab.left)


@scenario("syn-cookies", "a SYN flood from made-up ports; Linux answers with cookies; one true client gets through",
          side="server")
def _(lab):
    lab.left.sysctl({"net.ipv4.tcp_syncookies": "2"})
    listener = lab.listen(lab.left, 7000)
    lab.relay.ended = True
    lab.relay.join()
    from peer import SACK_PERMITTED, mss, window_scale
    for port in range(20000, 20040):
        Peer(lab, port, 7000, seq=port).send(SYN, options=mss(1460) + SACK_PERMITTED + window_scale(7))
    time.sleep(0.1)
    from network import Relay, drain
    drain(lab.near)
    lab.relay = Relay(lab.near, lab.far)
    lab.relay.start()
    client = lab.socket(lab.right)
    client.connect((LEFT, 7000))
    host = lab.accept(listener)
    client.sendall(text(200))
    take(host, 200)
    host.sendall(text(400))
    take(client, 400)
    time.sleep(0.08)
    client.close()
    host.recv(1)
    host.close()
    time.sleep(0.1)


# --- loss, reordering, recovery ---


@scenario("loss-one-sender", "one of the segments that the client sends is lost; SACK and a fast retransmission",
          strict="segments")
def _(lab):
    stream(lab, True, 20000, Every(True, has_data, {5: LOST}))


@scenario("loss-three-sender", "three segments of one flight are lost", strict="segments")
def _(lab):
    stream(lab, True, 30000, Every(True, has_data, {3: LOST, 6: LOST, 9: LOST}))


@scenario("loss-no-sack-sender", "a loss, and a peer that knows no SACK: duplicate ACKs", strict="segments")
def _(lab):
    lab.right.sysctl(off({"sack": 0}))
    stream(lab, True, 20000, Every(True, has_data, {4: LOST}))


@scenario("loss-tail-sender", "the last segment is lost: nothing comes back that would tell", strict="segments")
def _(lab):
    stream(lab, True, 4000, Every(True, has_data, {3: LOST}))


@scenario("loss-timeout-sender", "a single segment is lost three times: retransmission timeouts that double",
          strict="segments")
def _(lab):
    stream(lab, True, 1000, Every(True, has_data, {1: LOST, 2: LOST, 3: LOST}))


@scenario("loss-one-receiver", "a segment is lost on its way to Doorbell: SACK tells the peer")
def _(lab):
    stream(lab, False, 20000, Every(False, has_data, {5: LOST}))


@scenario("loss-three-receiver", "three holes at once: three SACK blocks, the latest first")
def _(lab):
    stream(lab, False, 20000, Every(False, has_data, {3: LOST, 5: LOST, 7: LOST}))


@scenario("loss-no-sack-receiver", "a hole, and SACK was not agreed on: duplicate ACKs")
def _(lab):
    lab.left.sysctl(off({"sack": 0}))
    stream(lab, False, 20000, Every(False, has_data, {4: LOST}))


@scenario("reordered-receiver", "segments overtake one another on their way to Doorbell")
def _(lab):
    stream(lab, False, 20000, Every(False, has_data, {2: [0.003], 6: [0.002], 9: [0.004]}))


@scenario("reordered-sender", "segments that Doorbell sends overtake one another: SACK, and nothing is lost",
          strict="segments")
def _(lab):
    stream(lab, True, 20000, Every(True, has_data, {3: [0.002], 7: [0.002]}))


@scenario("duplicated-receiver", "segments come twice: DSACK says so")
def _(lab):
    stream(lab, False, 10000, Every(False, has_data, {2: [0.0, 0.001], 5: [0.0, 0.001]}))


@scenario("ack-lost-receiver", "ACKs are lost: the peer sends again what Doorbell has")
def _(lab):
    stream(lab, False, 1000, Every(True, lambda frame: frame.flags == ACK and not frame.payload, {1: LOST, 2: LOST}))


# --- windows, keepalive, path MTU ---


@scenario("window-scaling", "a window of more than 64 KB is used; packets cut to 96 bytes", snaplen=96)
def _(lab):
    stream(lab, False, 150000)


@scenario("zero-window-sender", "the peer's window closes and opens again; the sender probes meanwhile")
def _(lab):
    left, right = lab.pair(lab.right, server_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    left.setblocking(False)
    sent = left.send(text(12000))
    time.sleep(1.2)
    take(right, sent)
    time.sleep(0.3)
    left.close()
    right.recv(1)
    right.close()
    time.sleep(0.1)


@scenario("zero-window-receiver", "the receiver's window closes; the peer probes; it opens again", strict="bytes")
def _(lab):
    left, right = lab.pair(lab.right, client_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    right.setblocking(False)
    sent = right.send(text(12000))
    time.sleep(1.2)
    take(left, sent)
    time.sleep(0.3)
    right.close()
    left.recv(1)
    left.close()
    time.sleep(0.1)


@scenario("keepalive", "the peer asks every second whether Doorbell is still there", strict="segments")
def _(lab):
    left, right = lab.pair(lab.right)
    right.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    right.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    right.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    time.sleep(3.3)
    left.close()
    right.recv(1)
    right.close()
    time.sleep(0.1)


@scenario("path-mtu", "a router on the way takes packets of 1000 bytes and says so (ICMP, fragmentation needed)")
def _(lab):
    left, right = lab.pair(lab.right)

    def policy(from_left, frame):
        length = len(frame.data) - 14
        if not from_left or length <= 1000:
            return [0.0]
        quoted = frame.data[14:14 + 28]
        body = struct.pack("!BBHHH", 3, 4, 0, 0, 1000) + quoted
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        packet = ip_packet(1, "10.9.1.254", LEFT, body)
        lab.relay.later(0, frame.data[6:12] + frame.data[0:6] + b"\x08\x00" + packet, 0.005)
        return LOST

    lab.relay.policy = policy
    time.sleep(0.05)
    left.sendall(text(5000))
    take(right, 5000)
    time.sleep(0.2)
    left.close()
    right.recv(1)
    right.close()
    time.sleep(0.1)


# --- ends ---


@scenario("half-close-client", "the client ends its half; the server's answer comes after that")
def _(lab):
    left, right = lab.pair(lab.right)
    left.sendall(text(100))
    left.shutdown(socket.SHUT_WR)
    take(right, 101)
    time.sleep(0.1)
    right.sendall(text(3000))
    take(left, 3000)
    time.sleep(0.08)
    right.close()
    left.recv(1)
    left.close()
    time.sleep(0.1)


@scenario("half-close-server", "the client ends its half; Doorbell, the server, answers after that", side="server")
def _(lab):
    left, right = lab.pair(lab.left)
    right.sendall(text(100))
    right.shutdown(socket.SHUT_WR)
    take(left, 101)
    time.sleep(0.1)
    left.sendall(text(3000))
    take(right, 3000)
    time.sleep(0.08)
    left.close()
    right.recv(1)
    right.close()
    time.sleep(0.1)


@scenario("fin-lost-sender", "Doorbell's FIN is lost and comes again", strict="segments")
def _(lab):
    lab.relay.policy = Every(True, is_fin, {1: LOST})
    exchange(lab)
    time.sleep(0.4)


@scenario("fin-lost-receiver", "the peer's FIN is lost and comes again", strict="segments")
def _(lab):
    lab.relay.policy = Every(False, is_fin, {1: LOST})
    exchange(lab)
    time.sleep(0.4)


@scenario("fin-ack-lost", "the ACK of the peer's FIN is lost: it is repeated in TIME-WAIT", strict="segments")
def _(lab):
    left, right = lab.pair(lab.right)
    left.close()
    right.recv(1)
    lab.relay.policy = Every(True, lambda frame: frame.flags == ACK, {1: LOST})
    right.close()
    time.sleep(0.6)


@scenario("refused-client", "nobody listens: the SYN is answered with a RST", strict="segments")
def _(lab):
    client = lab.socket(lab.left)
    try:
        client.connect((RIGHT, 7001))
    except ConnectionRefusedError:
        pass
    time.sleep(0.1)


@scenario("refused-server", "a peer's SYN to a port that nobody listens on is answered with a RST", side="server",
          strict="segments")
def _(lab):
    client = lab.socket(lab.right)
    try:
        client.connect((LEFT, 7001))
    except ConnectionRefusedError:
        pass
    time.sleep(0.1)


def abort(made):
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()


@scenario("reset-by-peer", "the peer aborts an established connection", strict="segments")
def _(lab):
    left, right = lab.pair(lab.right)
    left.sendall(text(50))
    take(right, 50)
    time.sleep(0.1)
    abort(right)
    time.sleep(0.1)


@scenario("reset-by-doorbell", "Doorbell's side aborts an established connection", side="server", strict="segments")
def _(lab):
    left, right = lab.pair(lab.left)
    right.sendall(text(50))
    take(left, 50)
    time.sleep(0.1)
    abort(left)
    time.sleep(0.1)


@scenario("reset-for-unread-data", "the peer closes without reading what came: a RST instead of a FIN",
          strict="segments")
def _(lab):
    left, right = lab.pair(lab.right)
    left.sendall(text(50))
    time.sleep(0.1)
    right.close()
    time.sleep(0.1)


@scenario("data-after-close", "the peer sends to a closed socket: a RST tells that the data is lost")
def _(lab):
    left, right = lab.pair(lab.right)
    left.close()
    time.sleep(0.1)
    right.sendall(text(500))
    time.sleep(0.2)
    right.close()
    time.sleep(0.1)


@scenario("sequence-wrap-sender", "sequence numbers wrap in the middle of what Doorbell sends", strict="segments")
def _(lab):
    listener = lab.listen(lab.right, 7000)
    left = lab.socket(lab.left)
    start_at(left, 0xffffffff - 3000)
    left.connect((RIGHT, 7000))
    right = lab.accept(listener)
    left.sendall(text(8000))
    take(right, 8000)
    time.sleep(0.1)
    left.close()
    right.recv(1)
    right.close()
    time.sleep(0.1)


def start_at(made, sequence):
    """Chooses the initial sequence number of a socket that is not connected yet (socket option TCP_REPAIR)."""
    made.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    made.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)
    made.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack("I", sequence))
    made.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)


@scenario("sequence-wrap-receiver", "sequence numbers wrap in the middle of what comes in, with a loss there",
          side="server")
def _(lab):
    listener = lab.listen(lab.left, 7000)
    right = lab.socket(lab.right)
    start_at(right, 0xffffffff - 3000)
    right.connect((LEFT, 7000))
    left = lab.accept(listener)
    lab.relay.policy = Every(False, has_data, {3: LOST})
    right.sendall(text(12000))
    take(left, 12000)
    time.sleep(0.2)
    right.close()
    left.recv(1)
    left.close()
    time.sleep(0.1)


# --- other formats ---


@scenario("format-pcapng", "pcapng, as dumpcap writes it", form="dumpcap", strict="segments")
def _(lab):
    exchange(lab)


@scenario("format-cooked", "Linux cooked (SLL)", form="LINUX_SLL", strict="segments")
def _(lab):
    exchange(lab)


@scenario("format-cooked-2", "Linux cooked, second version (SLL2)", form="LINUX_SLL2", strict="segments")
def _(lab):
    exchange(lab)


@scenario("format-raw", "raw IP, big-endian, microseconds", form="raw", strict="segments")
def _(lab):
    exchange(lab)
