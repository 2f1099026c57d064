"""Clients that go away."""

import socket
import time

from clients import GET, HEAD, call, close_all, connect, post, read_all, reset, status
from report import expect, fault
from server import eventually

CHUNKED = b"POST /v1/modules/fc/call HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\n"
CHUNKED += b"Transfer-Encoding: chunked\r\n\r\n"


@fault
def resets(scene):
    """resets in the middle of a head, a body, a chunk and an answer"""
    big = GET.replace(b"/livez", b"/v1/modules/big/weight")
    rounds = scene.size(long=250, short=60)
    for _ in range(rounds):
        for opening in (b"", b"GET /li", post(b"/v1/modules/fc/call", 5_000) + b"{", CHUNKED + b"64\r\n{", big):
            client = connect(scene.server.port)
            client.sendall(opening)
            if opening == big:
                client.recv(1_000)
            reset(client)
    scene.note(f"{5 * rounds} clients")
    expect(status(_ask(scene)) == 200, "the next client is served")


def _ask(scene):
    with connect(scene.server.port) as client:
        client.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return read_all(client)


@fault
def disconnects(scene):
    """abrupt disconnects, by the thousand"""
    count = scene.size(long=5_000, short=1_000)
    for index in range(count):
        client = connect(scene.server.port)
        client.send(GET[: 1 + index % len(GET)])
        if index % 2:
            reset(client)
        else:
            client.close()
    scene.note(f"{count} clients")
    expect(status(_ask(scene)) == 200, "the next client is served")


@fault
def half_close(scene):
    """half-close: answered behind a request, closed in the middle of one"""
    for _ in range(scene.size(long=200, short=50)):
        with connect(scene.server.port) as client:
            client.sendall(GET)
            client.shutdown(socket.SHUT_WR)
            expect(status(read_all(client)) == 200, "a client that has ended its side gets its answer")
        for opening in (b"", GET[:-2], post(b"/v1/modules/fc/call", 100) + b"{", CHUNKED + b"2\r\n{}\r\n"):
            with connect(scene.server.port) as client:
                client.sendall(opening)
                client.shutdown(socket.SHUT_WR)
                answer = status(read_all(client))
                expect(answer in (None, 400, 408), f"half a request got {answer}")


@fault
def work_of_the_gone(scene):
    """the work of clients that have gone is dropped"""
    server = scene.server
    rows = 256
    body = (b'{"input": {"shape": [%d, 2048], "data": [' % rows) + b",".join([b"1"] * (rows * 2048)) + b"]}}"
    clients = [connect(server.port) for _ in range(16)]
    for client in clients:
        client.sendall(post(b"/v1/modules/deep/call", len(body)) + body)
    busy = eventually(lambda: server.metric("callpath_queue_calls") >= 8)
    waiting = server.metric("callpath_queue_calls")
    for client in clients:
        reset(client)
    dropped = eventually(lambda: server.metric("callpath_queue_calls") == 0, 1)
    start = time.monotonic()
    eventually(lambda: server.processor_share(0.2) < 0.05)
    scene.note(f"{waiting:.0f} calls waited; at rest {time.monotonic() - start:.1f} s after their clients had gone")
    expect(busy, "calls wait for the compute queue")
    expect(dropped, "the queue is empty once its clients have gone")


@fault
def streams_of_the_gone(scene):
    """streams of events end with their clients"""
    server = scene.server
    for _ in range(scene.size(long=20, short=5)):
        clients = [connect(server.port) for _ in range(50)]
        for client in clients:
            client.sendall(GET.replace(b"/livez", b"/v1/modules/fc/events"))
            client.recv(1_000)
        listening = server.metric("callpath_event_listeners")
        expect(listening == 50, f"{listening:.0f} of 50 listen")
        close_all(clients[::2])
        for client in clients[1::2]:
            reset(client)
        # An end may be half a close, so that it shows when something is to be written.
        call(server.port, "POST", "/v1/modules/fc/call", {"input": [1, 2, 3, 4]})
        gone = eventually(lambda: server.metric("callpath_event_listeners") == 0)
        expect(gone, f"{server.metric('callpath_event_listeners'):.0f} listen although all have gone")
