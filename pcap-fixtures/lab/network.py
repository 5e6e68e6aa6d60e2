"""Two hosts in network namespaces, and a relay between them that loses, delays and reorders as a scenario says."""

import ctypes
import heapq
import os
import select
import socket
import struct
import subprocess
import threading
import time

ETH_P_ALL = 3
PACKET_OUTGOING = 4
CLONE_NEWNET = 0x40000000
LEFT, RIGHT = "10.9.1.1", "10.9.1.2"
LEFT_MAC, RIGHT_MAC = "02:00:00:09:01:01", "02:00:00:09:01:02"
# A round trip that can be told from what happens inside a host.
ONE_WAY_SECONDS = 0.005

_libc = ctypes.CDLL(None, use_errno=True)

# What every scenario starts from: as the kernel comes, but for what a capture of a few packets would not show the same
# twice (metrics kept from earlier connections, ACKs that are held back by a timer below a millisecond).
SYSCTLS = {
    "net.ipv4.tcp_timestamps": "1",
    "net.ipv4.tcp_sack": "1",
    "net.ipv4.tcp_window_scaling": "1",
    "net.ipv4.tcp_ecn": "0",
    "net.ipv4.tcp_no_metrics_save": "1",
    "net.ipv4.tcp_comp_sack_nr": "0",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_rmem": "4096 131072 6291456",
    "net.ipv4.tcp_wmem": "4096 131072 4194304",
}


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Namespace:
    """A network namespace of our own."""

    def __init__(self, name):
        self.name = "%s-%d" % (name, os.getpid())
        run("ip", "netns", "add", self.name)
        self.run("ip", "link", "set", "lo", "up")
        self.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")

    def run(self, *command):
        run("ip", "netns", "exec", self.name, *command)

    def inside(self, function):
        """Calls a function in this namespace: a socket that it makes stays there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + self.name, os.O_RDONLY)
        try:
            if _libc.setns(there, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            return function()
        finally:
            if _libc.setns(home, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            os.close(there)
            os.close(home)

    def sysctl(self, settings):
        if settings:
            self.run("sysctl", "-qw", *["%s=%s" % item for item in settings.items()])

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False)


class Frame:
    """A frame on its way through the relay, with what a policy asks about."""

    def __init__(self, data):
        self.data = data
        self.is_tcp = len(data) >= 54 and data[12:14] == b"\x08\x00" and data[23] == 6
        self.flags = self.payload = 0
        if self.is_tcp:
            header = (data[14] & 15) * 4
            tcp = 14 + header
            self.flags = data[tcp + 13]
            self.payload = struct.unpack_from("!H", data, 16)[0] - header - (data[tcp + 12] >> 4) * 4

    def has(self, flag):
        return bool(self.flags & flag)


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Relay(threading.Thread):
    """Forwards frames between two interfaces. A policy gives, for a frame, the delays after which copies leave."""

    def __init__(self, left, right):
        super().__init__(daemon=True)
        self.ends = [left, right]
        self.policy = None
        self.queue = []
        self.order = 0
        self.ended = False

    def run(self):
        while not self.ended:
            wait = 0.05
            if self.queue:
                wait = max(0.0, min(wait, self.queue[0][0] - time.monotonic()))
            readable, _, _ = select.select(self.ends, [], [], wait)
            for end in readable:
                data, address = end.recvfrom(65536)
                if address[2] != PACKET_OUTGOING:
                    self.forward(self.ends.index(end), Frame(data))
            self.send_due()

    def forward(self, side, frame):
        # Side 0 is the left host's: its frames leave to the right.
        delays = [0.0]
        if self.policy is not None and frame.is_tcp:
            delays = self.policy(side == 0, frame)
        for delay in delays:
            self.later(1 - side, frame.data, delay + ONE_WAY_SECONDS)

    def later(self, side, data, delay):
        self.order += 1
        heapq.heappush(self.queue, (time.monotonic() + delay, self.order, side, data))

    def send_due(self):
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, _, side, data = heapq.heappop(self.queue)
            try:
                self.ends[side].send(data)
            except OSError:
                # The far interface takes no frame of this size: lost, as on a path with a smaller MTU.
                pass


class Lab:
    """The left host, whose interface is captured and whose part Doorbell will play; the right host; the relay."""

    def __init__(self):
        self.spaces = []
        self.left = self.space("fixture-left")
        self.right = self.space("fixture-right")
        self.middle = self.space("fixture-relay")
        self.wire(self.left, "l0", "l1", LEFT, LEFT_MAC)
        self.wire(self.right, "r0", "r1", RIGHT, RIGHT_MAC)
        self.left.run("ip", "neigh", "add", RIGHT, "lladdr", RIGHT_MAC, "dev", "l0", "nud", "permanent")
        self.right.run("ip", "neigh", "add", LEFT, "lladdr", LEFT_MAC, "dev", "r0", "nud", "permanent")
        self.near = self.middle.inside(lambda: packet_socket("l1"))
        self.far = self.middle.inside(lambda: packet_socket("r1"))
        self.relay = None
        self.opened = []

    def space(self, name):
        space = Namespace(name)
        self.spaces.append(space)
        return space

    def wire(self, host, inner, outer, address, mac):
        host.run("ip", "link", "add", inner, "type", "veth", "peer", "name", outer, "netns", self.middle.name)
        host.run("ip", "link", "set", inner, "address", mac)
        host.run("ip", "address", "add", address + "/24", "dev", inner)
        for space, name in ((host, inner), (self.middle, outer)):
            # What the wire shows is to be what TCP sent: whole checksums, segments of one MSS.
            space.run("ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
            space.run("ip", "link", "set", name, "up")

    def begin(self, relayed):
        """Back to the defaults; with a relay, or with the far end of the wire for a peer made by hand."""
        for host in (self.left, self.right):
            host.sysctl(SYSCTLS)
            host.run("ip", "route", "flush", "cache")
        drain(self.near)
        drain(self.far)
        if relayed:
            self.relay = Relay(self.near, self.far)
            self.relay.start()

    def finish(self):
        for each in self.opened:
            each.close()
        self.opened.clear()
        if self.relay is not None:
            self.relay.ended = True
            self.relay.join()
            self.relay = None

    def socket(self, host, options=()):
        made = host.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # By socket: a namespace may not set a default that its machine has not allowed.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        made.settimeout(20)
        for level, name, value in options:
            made.setsockopt(level, name, value)
        self.opened.append(made)
        return made

    def listen(self, host, port, options=()):
        made = self.socket(host, options)
        made.bind((LEFT if host is self.left else RIGHT, port))
        made.listen(8)
        return made

    def accept(self, listener):
        made, _ = listener.accept()
        made.settimeout(20)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.opened.append(made)
        return made

    def pair(self, server, port=7000, client_options=(), server_options=()):
        """A connection; answers (the left host's socket, the right host's)."""
        client = self.right if server is self.left else self.left
        listener = self.listen(server, port, server_options)
        one = self.socket(client, client_options)
        one.connect((LEFT if server is self.left else RIGHT, port))
        other = self.accept(listener)
        return (other, one) if server is self.left else (one, other)

    def remove(self):
        for space in self.spaces:
            space.remove()


def packet_socket(interface):
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    made.bind((interface, 0))
    return made


def drain(raw):
    while select.select([raw], [], [], 0)[0]:
        raw.recv(65536)


class Capture:
    """tcpdump (or dumpcap) on the left host's interface."""

    def __init__(self, lab, path, command):
        self.path = path
        self.process = subprocess.Popen(["ip", "netns", "exec", lab.left.name] + command, stderr=subprocess.PIPE)
        # Both say that they are ready, and where, before the first packet.
        self.words = b""
        while b"l0" not in self.words and b"any" not in self.words:
            got = os.read(self.process.stderr.fileno(), 4096)
            if not got:
                raise RuntimeError("%s ended: %s" % (command[0], self.words.decode()))
            self.words += got
        time.sleep(0.15)

    def end(self):
        time.sleep(0.15)
        self.process.terminate()
        self.process.communicate(timeout=10)


def tcpdump(path, interface="l0", snaplen=0, link_type=None):
    command = ["tcpdump", "-i", interface, "-p", "-n", "-U", "--immediate-mode", "-Z", "root",
               "--time-stamp-precision=nano", "-s", str(snaplen), "-w", path]
    if link_type:
        command += ["-y", link_type]
    return command + ["tcp or icmp"]


def dumpcap(path):
    return ["dumpcap", "-q", "-n", "-i", "l0", "-p", "-f", "tcp or icmp", "-w", path]
