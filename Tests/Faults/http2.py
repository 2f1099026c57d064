"""Attacks over HTTP/2: what costs a server more than its client."""

import struct
import threading
import time

from clients import close_all, connect
from report import expect, fault
from server import MIB

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# GET /livez of the authority `a`, and a POST of it, without Huffman and without the table.
GET = b"\x82\x86\x04\x06/livez\x01\x01a"
POST = b"\x83\x86\x04\x06/livez\x01\x01a"
CALM = 11


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def opening(settings=b""):
    return PREFACE + frame(4, 0, 0, settings)


def batches(make, size=200):
    """The octets of streams 1, 3, 5 and so on, so many streams at a time."""
    stream = 1
    while stream < 1 << 24:
        yield b"".join(make(number) for number in range(stream, stream + 2 * size, 2))
        stream += 2 * size


def repeated(octets):
    while True:
        yield octets


def assail(port, octets, seconds=20.0):
    """Sends all of `octets` to a connection of its own until it ends; the seconds that took, and the last GOAWAY."""
    client = connect(port, timeout=0.05)
    start = time.monotonic()
    answer = b""
    ended = False
    try:
        client.sendall(opening())
        for piece in octets:
            if time.monotonic() - start > seconds:
                break
            rest = memoryview(piece)
            while rest and not ended:
                try:
                    rest = rest[client.send(rest):]
                except TimeoutError:
                    pass
                answer, ended = listen(client, answer)
            if ended:
                break
        while not ended and time.monotonic() - start < seconds:
            answer, ended = listen(client, answer, patient=True)
    except OSError:
        ended = True
    took = time.monotonic() - start
    client.close()
    return (took if ended else None), goaway(answer)


def listen(client, answer, patient=False):
    client.settimeout(0.05 if patient else 0.0)
    try:
        piece = client.recv(65536)
        return (answer + piece)[-65536:], not piece
    except (BlockingIOError, TimeoutError):
        return answer, False
    finally:
        client.settimeout(0.05)


def goaway(answer):
    """Code and reason of a GOAWAY that came last."""
    for at in range(len(answer) - 17, -1, -1):
        length = int.from_bytes(answer[at:at + 3], "big")
        if answer[at + 3] == 7 and at + 9 + length == len(answer) and answer[at + 5:at + 9] == bytes(4):
            return int.from_bytes(answer[at + 13:at + 17], "big"), answer[at + 17:].decode(errors="replace")
    return None


def flood(scene, make, reason=None, within=1.0):
    """One attacker is ended in time and told why; many that come again and again disturb nobody."""
    took, last = assail(scene.server.port, make())
    expect(took is not None and took <= max(within, 3 * scene.alone["p99"] / 1000), f"ended after {took} s")
    expect(last is None or last == (CALM, reason or last[1]), f"the last frame was {last}")
    scene.note(f"ended after {took * 1000:.0f} ms, {last}")
    is_over = threading.Event()

    def again():
        while not is_over.is_set():
            assail(scene.server.port, make(), seconds=2)
            is_over.wait(0.1)

    threads = [threading.Thread(target=again, daemon=True) for _ in range(scene.size(long=4, short=2))]
    for thread in threads:
        thread.start()
    try:
        scene.server.forget_peak()
        before = scene.server.resident
        scene.expect_flat(scene.size(long=2, short=0.8))
        grown = scene.server.resident_peak - before
        scene.note(f"memory {grown / MIB:+.1f} MiB")
        expect(grown <= 10 * MIB, f"memory has grown by {grown / MIB:.1f} MiB")
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


@fault
def rapid_reset(scene):
    """HTTP/2: streams that are opened and reset (CVE-2023-44487)"""
    flood(scene, lambda: batches(lambda s: frame(1, 4, s, POST) + frame(3, 0, s, b"\0\0\0\x08")), "too_many_resets")


@fault
def made_you_reset(scene):
    """HTTP/2: requests whose errors make the server reset (CVE-2025-8671)"""
    flood(scene, lambda: batches(lambda s: frame(1, 4, s, POST) + frame(8, 0, s, b"\x7f\xff\xff\xff")))


@fault
def continuations(scene):
    """HTTP/2: a header block that does not end (CVE-2024-28182)"""
    flood(scene, lambda: iter([frame(1, 1, 1, GET) + frame(9, 0, 1, b"\0\1x\1a") * 1000]), "too_many_continuations")


@fault
def empty_continuations(scene):
    """HTTP/2: empty pieces of a header block"""
    flood(scene, lambda: iter([frame(1, 1, 1, GET) + frame(9, 0, 1) * 1000]), "too_many_continuations")


@fault
def hpack_bomb(scene):
    """HTTP/2: one octet for each 4 KB of header"""
    entry = b"\x40\x01x\x7f\x81\x1e" + b"a" * 4000
    flood(scene, lambda: batches(lambda s: frame(1, 5, s, GET + entry + b"\xbe" * 12_000), 1), "header_list_too_large")


@fault
def pings(scene):
    """HTTP/2: PING (CVE-2019-9512)"""
    flood(scene, lambda: repeated(frame(6, 0, 0, bytes(8)) * 100), "too_many_pings")


@fault
def settings(scene):
    """HTTP/2: SETTINGS (CVE-2019-9515)"""
    flood(scene, lambda: repeated(frame(4) * 1000), "too_many_frames")


@fault
def priorities(scene):
    """HTTP/2: PRIORITY (CVE-2019-9513)"""
    flood(scene, lambda: batches(lambda s: frame(2, 0, s, struct.pack(">IB", max(0, s - 2), 255)), 1000), "too_many_frames")


@fault
def empty_data(scene):
    """HTTP/2: DATA without octets (CVE-2019-9518)"""
    flood(scene, lambda: iter([frame(1, 4, 1, POST)] + [frame(0, 0, 1) * 1000] * 10), "too_many_frames")


@fault
def unknown_frames(scene):
    """HTTP/2: frames of unknown types"""
    flood(scene, lambda: repeated(frame(0xbe, 0, 0, b"abc") * 1000), "too_many_frames")


@fault
def window_updates(scene):
    """HTTP/2: windows that grow by one octet"""
    flood(scene, lambda: repeated(frame(8, 0, 0, b"\0\0\0\1") * 1000), "too_many_frames")


@fault
def shut_windows(scene):
    """HTTP/2: answers that nobody takes (CVE-2019-9511, 9517)"""
    count = scene.size(long=100, short=30)
    clients = [connect(scene.server.port) for _ in range(count)]
    shut = opening(struct.pack(">HI", 4, 0))
    for client in clients:
        client.sendall(shut + b"".join(frame(1, 5, s, GET) for s in range(1, 201, 2)))
    scene.expect_flat(scene.size(long=2, short=0.8))
    grown = scene.server.resident - scene.base[1]
    scene.note(f"{100 * count} answers waiting, memory {grown / MIB:+.1f} MiB")
    resets = sum(count_resets(client) for client in clients)
    expect(resets == 100 * count, f"{resets} of {100 * count} streams were reset")
    close_all(clients)


def count_resets(client):
    octets = b""
    client.settimeout(6)
    try:
        while octets.count(b"\0\0\4\3\0") < 100 and (piece := client.recv(65536)):
            octets += piece
    except TimeoutError:
        pass
    return octets.count(b"\0\0\4\3\0")


@fault
def dripping_blocks(scene):
    """HTTP/2: header blocks that drip"""
    count = scene.size(long=200, short=60)
    clients = [connect(scene.server.port) for _ in range(count)]
    for client in clients:
        client.sendall(opening() + frame(1, 5, 1, GET)[:-1])
    scene.expect_flat(scene.size(long=2, short=0.8))
    ended = 0
    for client in clients:
        octets = b""
        while piece := client.recv(4096):
            octets += piece
        ended += b"head_timeout" in octets
    close_all(clients)
    expect(ended == count, f"{ended} of {count} were ended")
