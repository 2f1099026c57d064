"""Clients that take their time."""

import select
import threading

from clients import GET, HEAD, close_all, connect, post, read_all, status, try_send
from report import expect, fault
from server import MIB, Server, eventually


class Dripper:
    """Sends a few octets to each of many clients, again and again, in a thread of its own."""

    def __init__(self, clients, octets, pause=0.1):
        self.clients, self.octets, self.pause = clients, octets, pause
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._drip, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    def _drip(self):
        while not self.is_over.wait(self.pause):
            for client in self.clients:
                try_send(client, self.octets)


def expect_408(scene, opening, drip):
    count = scene.size(long=300, short=120)
    clients = [connect(scene.server.port) for _ in range(count)]
    for client in clients:
        client.sendall(opening)
    with Dripper(clients, drip):
        scene.expect_flat(scene.size(long=2, short=0.8))
        refused = sum(status(read_all(client)) == 408 for client in clients)
    close_all(clients)
    scene.note(f"{refused} of {count} got 408")
    expect(refused == count, "each is refused in the time that a request may take")


@fault
def slow_heads(scene):
    """slow clients: heads that drip"""
    expect_408(scene, b"GET /livez HTTP/1.1\r\n" + HEAD + b"X-Slow: ", b"a")


@fault
def slow_bodies(scene):
    """slow clients: bodies that drip"""
    expect_408(scene, post(b"/v1/modules/fc/call", 1_000_000), b" ")


@fault
def stalled_bodies(scene):
    """slow clients: bodies that stall behind 100 Continue"""
    opening = post(b"/v1/modules/fc/call", 1_000_000).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    count = scene.size(long=300, short=120)
    clients = [connect(scene.server.port) for _ in range(count)]
    for client in clients:
        client.sendall(opening)
    scene.expect_flat(scene.size(long=2, short=0.8))
    answers = [read_all(client) for client in clients]
    close_all(clients)
    told = sum(answer.startswith(b"HTTP/1.1 100 ") and b"HTTP/1.1 408 " in answer for answer in answers)
    expect(told == count, f"{told} of {count} were told to go on, and then that it took too long")


@fault
def slow_readers(scene):
    """slow clients: readers that do not read"""
    count = scene.size(long=300, short=60)
    clients = [connect(scene.server.port, receive_buffer=4096) for _ in range(count)]
    scene.server.forget_peak()
    for client in clients:
        client.sendall(GET.replace(b"/livez", b"/v1/modules/big/weight"))
    # Making the answers is work; waiting for their readers must not be.
    eventually(lambda: scene.server.processor_share(0.1) < 0.1)
    scene.expect_flat(scene.size(long=2, short=0.8))
    peak = scene.server.resident_peak - scene.base[1]
    refused = sum(client.recv(12) == b"HTTP/1.1 503" for client in clients)
    # Some have taken a little now, and have the write timeout once more.
    cut = eventually(lambda: scene.server.metric("callpath_held_answer_bytes") == 0)
    close_all(clients)
    scene.note(f"{refused} of {count} got 503, memory peak {peak / MIB:+.0f} MiB")
    expect(0 < refused < count, "those beyond --max-held-answer-bytes are refused")
    expect(peak <= 3 * 64 * MIB, "memory stays within reach of --max-held-answer-bytes")
    expect(cut, "readers are cut off when they take nothing for the write timeout")


@fault
def idle_connections(scene):
    """idle connections by the thousand"""
    count = scene.connections(long=5_000, short=1_000)
    # A server of its own: one that has worked has free memory to put them in.
    with Server(scene.binary) as server:
        connect(server.port).close()
        descriptors, resident = server.descriptors, server.resident
        clients = [connect(server.port) for _ in range(count)]
        open_all = eventually(lambda: server.descriptors >= descriptors + count - 1)
        each = (server.resident - resident) / count / 1024
        scene.note(f"{count} open, {each:.1f} KiB each")
        scene.expect_flat(scene.size(long=2, short=0.8), server)
        # Reports are edge-triggered: none may be lost when all of them wake at once.
        for client in clients:
            client.sendall(GET)
        answered = sum(client.recv(12) == b"HTTP/1.1 200" for client in clients)
        close_all(clients)
    expect(open_all and answered == count, f"{answered} of {count} are answered when they wake")
    expect(each <= 8, "an idle connection costs at most 8 KiB")


@fault
def idle_for_too_long(scene):
    """idle connections are closed without an answer"""
    clients = [connect(scene.server.port) for _ in range(scene.size(long=500, short=100))]
    for client in clients[::2]:
        client.sendall(GET)
        client.recv(65536)
    ended = [bool(select.select([client], [], [], 10)[0]) and client.recv(1) == b"" for client in clients]
    close_all(clients)
    expect(all(ended), f"{sum(ended)} of {len(ended)} were closed in silence")
