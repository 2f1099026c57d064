"""Clients that use up what there is."""

import gzip
import json
import select
import time

from clients import GET, HEAD, close_all, connect, post, read_all, read_answer, reset, status, try_send
from report import expect, fault
from server import MIB, Server, eventually


@fault
def bodies_of_many(scene):
    """memory is bounded with big bodies from many clients"""
    count, body_bytes, bound = scene.size(long=128, short=48), 8 * MIB, 64 * MIB
    scene.server.forget_peak()
    clients = [connect(scene.server.port) for _ in range(count)]
    sent = dict.fromkeys(clients, 0)
    opening = post(b"/v1/modules/fc/call", body_bytes)
    for client in clients:
        client.sendall(opening)
    piece = b" " * 262_144
    # All send, but for the last octet, which would end the body and so the holding of it.
    while sending := [client for client in clients if sent[client] < body_bytes - 1]:
        _, writable, _ = select.select([], sending, [], 5)
        expect(writable, "the server reads what it does not keep")
        for client in writable:
            try:
                sent[client] += client.send(piece[: body_bytes - 1 - sent[client]])
            except OSError:
                sent[client] = body_bytes
    # What is on its way has to be read before the last of them is too much.
    least = count - bound // body_bytes - 1
    eventually(lambda: len(select.select(clients, [], [], 0)[0]) >= least)
    readable, _, _ = select.select(clients, [], [], 0)
    refused = sum(status(read_all(client)) == 503 for client in readable)
    peak = scene.server.resident_peak - scene.base[1]
    close_all(clients)
    scene.note(f"{count} bodies of 8 MiB, {refused} got 503, memory peak {peak / MIB:+.0f} MiB")
    expect(refused >= least, "those beyond --max-held-body-bytes are refused")
    # A body is held in an array that grows by doubling: at the worst twice what has come, and a copy of it.
    expect(peak <= 3 * bound, "memory stays within reach of --max-held-body-bytes")


@fault
def bombs(scene):
    """gzip bombs are refused before they burst"""
    bomb = gzip.compress(bytes(64 * MIB))
    opening = post(b"/v1/modules/fc/call", len(bomb)).replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    # A trailer that claims less than there is: its length must not be believed.
    liar = bomb[:-4] + (1_000).to_bytes(4, "little")
    scene.server.forget_peak()
    for octets in (bomb, liar):
        clients = [connect(scene.server.port) for _ in range(scene.size(long=32, short=8))]
        for client in clients:
            client.sendall(opening + octets)
        answers = [read_answer(client)[0] for client in clients]
        close_all(clients)
        expect(set(answers) == {413}, f"{set(answers)} where 413 is due")
    peak = scene.server.resident_peak - scene.base[1]
    scene.note(f"memory peak {peak / MIB:+.0f} MiB")
    expect(peak <= 160 * MIB, "a bomb costs no more than the limit on each loop")


@fault
def pipeliners(scene):
    """pipeliners who never read"""
    clients = [connect(scene.server.port, receive_buffer=4096) for _ in range(scene.size(long=100, short=30))]
    requests = GET.replace(b"/livez", b"/v1/modules/fc") * 400
    scene.server.forget_peak()
    end = time.monotonic() + scene.size(long=2, short=1)
    while time.monotonic() < end:
        for client in clients:
            try_send(client, requests)
    # The server is busy for as long as it can answer them: the normal client shares the processors with that.
    scene.expect_flat(scene.size(long=2, short=0.8), limit=25)
    peak = scene.server.resident_peak - scene.base[1]
    for client in clients:
        reset(client)
    scene.note(f"memory peak {peak / MIB / len(clients):.2f} MiB each")
    expect(peak <= len(clients) * MIB, "answers that nobody reads are not piled up")


@fault
def floods_of_fields(scene):
    """heads that never end"""
    clients = [connect(scene.server.port) for _ in range(scene.size(long=100, short=30))]
    for client in clients:
        client.sendall(b"GET /livez HTTP/1.1\r\n" + HEAD)
    for _ in range(40):
        for client in clients:
            try_send(client, b"X: " + b"a" * 4_000 + b"\r\n")
    answers = [status(read_all(client)) for client in clients]
    close_all(clients)
    expect(set(answers) == {431}, f"{set(answers)} where 431 is due")


@fault
def descriptors(scene):
    """descriptor exhaustion: some stay free, accepting pauses, calls are computed, and nothing spins"""
    with Server(scene.binary, "--drain-delay", "0s", descriptors=64) as server:
        kept = connect(server.port)
        put_large_layer(kept)
        before = server.descriptors
        clients = [connect(server.port) for _ in range(200)]
        eventually(lambda: _pauses(kept) > 0)
        open_at_most = server.descriptors
        share = server.processor_share(scene.size(long=3, short=1))
        for _ in range(8):
            expect(call_large_layer(kept) == 200, "those who are in are served, large calls too")
        pauses = _pauses(kept)
        close_all(clients)
        start = time.monotonic()
        client = connect(server.port)
        client.sendall(GET)
        expect(read_answer(client)[0] == 200, "the next client is served")
        scene.note(
            f"{100 * share:.1f}% of a core while full, {pauses} pauses, {open_at_most} of 64 descriptors, served again after"
            f" {1000 * (time.monotonic() - start):.0f} ms"
        )
        expect(before < open_at_most < 64, f"{open_at_most} descriptors where some more than {before} and fewer than 64 are due")
        expect(pauses > 0, "pauses are counted")
        expect(share < 0.05, "no processor time goes into accepting what cannot be accepted")


LAYER = b'{"type":"Linear","in_features":1024,"out_features":1024}'
BATCH = json.dumps({"input": {"data": [0] * (64 * 1024), "shape": [64, 1024], "dtype": "float32"}}).encode()


def put_large_layer(client):
    """A layer of whose calls each is for the queue's threads."""
    client.sendall(_request(b"PUT /v1/modules/large", LAYER))
    code = read_answer(client)[0]
    expect(code == 201, f"{code} where 201 is due")


def call_large_layer(client):
    client.sendall(_request(b"POST /v1/modules/large/call", BATCH))
    return read_answer(client)[0]


def _request(line, body):
    fields = b"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return line + b" HTTP/1.1\r\n" + fields + body


def _pauses(client):
    client.sendall(GET.replace(b"/livez", b"/metrics"))
    for line in read_answer(client)[1].splitlines():
        if line.startswith(b"callpath_accept_pauses_total "):
            return int(float(line.split()[1]))
    return 0


@fault
def too_many_connections(scene):
    """connections beyond the limit are told so, and health checks are not among them"""
    with Server(scene.binary, "--max-connections", "50") as server:
        clients = [connect(server.port) for _ in range(50)]
        eventually(lambda: server.descriptors >= 50)
        with connect(server.port) as client:
            client.sendall(GET.replace(b"/livez", b"/v1/modules"))
            code, _, fields = read_answer(client)
        expect(code == 503 and b"retry-after" in fields, f"{code} where 503 with Retry-After is due")
        with connect(server.port) as client:
            client.sendall(GET)
            expect(read_answer(client)[0] == 200, "health checks are answered")
        close_all(clients)
