"""Scenarios between Linux, the left host, and a peer made by hand, for what two well-behaved hosts never do."""

import itertools
import time

from network import RIGHT
from peer import ACK, FIN, PSH, RST, SACK_PERMITTED, SYN, Peer, mss, timestamps
from scenarios import scenario, take, text

# What is left of one scenario's connection must not be met by the next: each has ports of its own.
_ports = itertools.count(30000)


def fresh_port():
    return next(_ports)


def served(lab, options=mss(1460)):
    """A listening Linux and a hand-made client that has connected to it."""
    listener, peer = listening(lab)
    answer = peer.connect(peer.peer_port, options)
    return lab.accept(listener), peer, answer


def listening(lab):
    """A listening Linux and a hand-made peer that has sent nothing yet."""
    port = fresh_port()
    return lab.listen(lab.left, port), Peer(lab, fresh_port(), port)


def connecting(lab):
    """A Linux client that is in the middle of connecting to a peer made by hand."""
    port = fresh_port()
    client = lab.socket(lab.left)
    client.setblocking(False)
    client.connect_ex((RIGHT, port))
    return client, Peer(lab, port, seq=5000)


def farewell(peer, host):
    """The peer closes, then Linux."""
    time.sleep(0.05)
    peer.send(FIN | ACK)
    peer.expect(ACK)
    time.sleep(0.02)
    # What was not read would turn the FIN into a RST.
    host.settimeout(5)
    while host.recv(4096):
        pass
    host.close()
    peer.expect(FIN)
    time.sleep(0.01)
    peer.send(ACK)
    time.sleep(0.1)


def handmade(name, shows, side="server", strict="segments"):
    return scenario(name, shows, side=side, strict=strict, relayed=False)


@handmade("simultaneous-open", "both sides send a SYN (RFC 9293 figure 7)", side="client", strict="acks")
def _(lab):
    client, peer = connecting(lab)
    peer.expect(SYN)
    ours = peer.seq
    peer.send(SYN, options=mss(1460))
    peer.expect(SYN | ACK)
    time.sleep(0.01)
    peer.send(SYN | ACK, seq=ours, options=mss(1460))
    time.sleep(0.05)
    peer.send(ACK | PSH, payload=text(100))
    peer.expect(ACK)
    farewell(peer, client)


@handmade("simultaneous-close", "both sides send a FIN before they have the other's (RFC 9293 figure 13)")
def _(lab):
    host, peer, _ = served(lab)
    host.close()
    fin = peer.expect(FIN)
    peer.send(FIN | ACK, ack=fin.seq)
    peer.expect(ACK)
    time.sleep(0.01)
    peer.send(ACK)
    time.sleep(0.1)


@handmade("fin-with-data", "the peer's last bytes and its FIN share a segment")
def _(lab):
    host, peer, _ = served(lab)
    peer.send(ACK | PSH | FIN, payload=text(300))
    peer.expect(ACK)
    take(host, 301)
    time.sleep(0.05)
    host.close()
    peer.expect(FIN)
    time.sleep(0.01)
    peer.send(ACK)
    time.sleep(0.1)


@handmade("fin-before-data", "the FIN overtakes the data before it", strict="bytes")
def _(lab):
    host, peer, _ = served(lab, mss(1460) + SACK_PERMITTED)
    start = peer.seq
    peer.send(FIN | ACK, seq=start + 400)
    peer.expect(ACK)
    time.sleep(0.01)
    peer.send(ACK | PSH, seq=start, payload=text(400))
    peer.expect(ACK)
    peer.seq = start + 401
    take(host, 401)
    time.sleep(0.05)
    host.close()
    peer.expect(FIN)
    time.sleep(0.01)
    peer.send(ACK)
    time.sleep(0.1)


@handmade("reset-exact", "a RST with exactly the next sequence number ends the connection (RFC 5961 section 3.2)")
def _(lab):
    host, peer, _ = served(lab)
    peer.send(ACK | PSH, payload=text(100))
    peer.expect(ACK)
    time.sleep(0.05)
    peer.send(RST)
    time.sleep(0.1)


@handmade("reset-in-window", "a RST elsewhere in the window is answered with a challenge ACK (RFC 5961 section 3.2)")
def _(lab):
    host, peer, _ = served(lab)
    peer.send(RST, seq=peer.seq + 500)
    peer.expect(ACK)
    time.sleep(0.05)
    farewell(peer, host)


@handmade("reset-outside-window", "a RST outside the window is not answered (RFC 5961 section 3.2)")
def _(lab):
    host, peer, _ = served(lab)
    peer.send(RST, seq=peer.seq - 10)
    peer.nothing()
    farewell(peer, host)


@handmade("reset-of-syn", "a RST with the right ACK refuses a SYN; one with a wrong ACK does not", side="client",
          strict="acks")
def _(lab):
    _, peer = connecting(lab)
    syn = peer.expect(SYN)
    peer.send(RST | ACK, seq=0, ack=syn.end + 7)
    peer.nothing(0.1)
    peer.send(RST | ACK, seq=0, ack=syn.end)
    time.sleep(0.1)


@handmade("reset-half-open", "a RST ends a handshake before it is complete")
def _(lab):
    _, peer = listening(lab)
    peer.send(SYN, options=mss(1460))
    peer.expect(SYN | ACK)
    time.sleep(0.02)
    peer.send(RST)
    time.sleep(0.1)


@handmade("wrong-ack-of-syn", "a SYN-ACK that acknowledges something else is answered with a RST (RFC 9293 3.10.7.3)",
          side="client", strict="acks")
def _(lab):
    client, peer = connecting(lab)
    syn = peer.expect(SYN)
    time.sleep(0.01)
    peer.send(SYN | ACK, ack=syn.end + 100, options=mss(1460), count=False)
    peer.expect(RST)
    time.sleep(0.05)
    peer.ack = syn.end
    peer.send(SYN | ACK, options=mss(1460))
    peer.expect(ACK)
    farewell(peer, client)


@handmade("wrong-ack-of-syn-ack", "an ACK that does not acknowledge the SYN-ACK is answered with a RST")
def _(lab):
    listener, peer = listening(lab)
    peer.send(SYN, options=mss(1460))
    answer = peer.expect(SYN | ACK)
    time.sleep(0.01)
    peer.send(ACK, ack=answer.end + 50)
    peer.expect(RST)
    time.sleep(0.01)
    peer.ack = answer.end
    peer.send(ACK)
    host = lab.accept(listener)
    farewell(peer, host)


@handmade("syn-when-established", "a SYN on an established connection: a challenge ACK (RFC 5961 section 4.2)")
def _(lab):
    host, peer, _ = served(lab)
    peer.send(SYN, seq=peer.seq + 40000, options=mss(1460), count=False)
    peer.expect(ACK)
    time.sleep(0.05)
    farewell(peer, host)


@handmade("ack-of-unsent-data", "an ACK of what was never sent is answered with an ACK (RFC 5961 section 5.2)")
def _(lab):
    host, peer, _ = served(lab)
    peer.send(ACK | PSH, ack=peer.ack + 1000, payload=text(10), count=False)
    peer.expect(ACK)
    time.sleep(0.05)
    farewell(peer, host)


@handmade("old-segment", "a segment wholly before the window is answered with an ACK (RFC 9293 section 3.10.7.4)")
def _(lab):
    host, peer, _ = served(lab)
    start = peer.seq
    peer.send(ACK | PSH, payload=text(200))
    peer.expect(ACK)
    time.sleep(0.05)
    peer.send(ACK | PSH, seq=start, payload=text(200), count=False)
    peer.expect(ACK)
    peer.seq = start + 200
    time.sleep(0.05)
    farewell(peer, host)


@handmade("overlapping-segments", "segments that overlap on both sides of what is there already", strict="bytes")
def _(lab):
    host, peer, _ = served(lab, mss(1460) + SACK_PERMITTED)
    start, content = peer.seq, text(1000)
    for begin, end in ((0, 200), (400, 600), (300, 700), (100, 500), (650, 1000)):
        peer.send(ACK | PSH, seq=start + begin, payload=content[begin:end])
        peer.expect(ACK)
        time.sleep(0.05)
    peer.seq = start + 1000
    take(host, 1000)
    farewell(peer, host)


@handmade("beyond-window", "data beyond the window is not taken and is answered with an ACK")
def _(lab):
    host, peer, _ = served(lab)
    start = peer.seq
    peer.send(ACK | PSH, seq=start + 0x40000000, payload=text(100))
    peer.expect(ACK)
    peer.seq = start
    farewell(peer, host)


@handmade("old-timestamp", "a segment with an old timestamp is not taken (PAWS, RFC 7323 section 5)")
def _(lab):
    listener, peer = listening(lab)
    peer.send(SYN, options=mss(1460) + timestamps(100000, 0))
    theirs = peer.expect(SYN | ACK).timestamp()
    time.sleep(0.01)
    peer.send(ACK, options=timestamps(100010, theirs))
    host = lab.accept(listener)
    time.sleep(0.01)
    peer.send(ACK | PSH, payload=text(100), options=timestamps(100020, theirs))
    peer.expect(ACK)
    time.sleep(0.05)
    peer.send(ACK | PSH, payload=text(50), options=timestamps(90000, theirs), count=False)
    peer.expect(ACK)
    time.sleep(0.05)
    peer.send(ACK | FIN, options=timestamps(100200, theirs))
    peer.expect(ACK)
    take(host, 101)
    host.close()
    theirs = peer.expect(FIN).timestamp()
    time.sleep(0.01)
    peer.send(ACK, options=timestamps(100300, theirs))
    time.sleep(0.1)


@handmade("data-in-time-wait", "the peer repeats its FIN when Doorbell waits in TIME-WAIT")
def _(lab):
    host, peer, _ = served(lab)
    host.close()
    peer.expect(FIN)
    time.sleep(0.01)
    start = peer.seq
    peer.send(FIN | ACK)
    peer.expect(ACK)
    time.sleep(0.6)
    peer.send(FIN | ACK, seq=start)
    peer.expect(ACK)
    time.sleep(0.1)


@handmade("reset-after-close", "data for a socket that was closed, from a peer made by hand: a RST", strict="acks")
def _(lab):
    host, peer, _ = served(lab)
    host.close()
    peer.expect(FIN)
    peer.send(ACK)
    time.sleep(0.05)
    peer.send(ACK | PSH, payload=text(100))
    peer.expect(RST)
    time.sleep(0.1)


@handmade("unanswered-syn-ack", "nobody ends the handshake: the SYN-ACK comes again and again")
def _(lab):
    _, peer = listening(lab)
    peer.send(SYN, options=mss(1460))
    for _ in range(3):
        peer.expect(SYN | ACK, seconds=6)
    time.sleep(0.05)
    peer.send(RST, seq=peer.seq)
    time.sleep(0.1)


@handmade("shrinking-window", "the peer takes back window that it had offered")
def _(lab):
    host, peer, _ = served(lab)
    host.sendall(text(2000))
    peer.expect(ACK)
    peer.expect(ACK)
    time.sleep(0.01)
    peer.send(ACK, window=500)
    time.sleep(0.05)
    host.sendall(text(400))
    peer.expect(PSH)
    time.sleep(0.02)
    peer.send(ACK, window=65535)
    farewell(peer, host)
