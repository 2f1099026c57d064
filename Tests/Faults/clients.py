"""Clients that behave badly, and one that behaves well and takes the time."""

import json
import socket
import struct
import subprocess
import sys
import time

HEAD = b"Host: test\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HEAD + b"\r\n"


def post(path, length):
    """The head of a request with a JSON body of so many bytes."""
    head = b"POST %s HTTP/1.1\r\n" % path + HEAD
    return head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length


def connect(port, receive_buffer=None, timeout=20):
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(timeout)
    client.connect(("127.0.0.1", port))
    return client


def reset(client):
    """Ends so that the server sees a reset, not an end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def close_all(clients):
    for client in clients:
        client.close()


def try_send(client, octets):
    """Sends what the socket takes at once; false when the server has gone."""
    try:
        client.send(octets, socket.MSG_DONTWAIT)
    except BlockingIOError:
        pass
    except OSError:
        return False
    return True


def read_all(client):
    """What comes up to the end; a reset behind an answer counts as an end."""
    octets = b""
    try:
        while piece := client.recv(65536):
            octets += piece
    except (ConnectionError, TimeoutError):
        pass
    return octets


def read_answer(client):
    """One answer that is framed by Content-Length: its status and its body; None for an end before it."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        piece = client.recv(65536)
        if not piece:
            return None
        octets += piece
    head, body = octets.split(b"\r\n\r\n", 1)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", 0)):
        piece = client.recv(1 << 20)
        if not piece:
            return None
        body += piece
    return int(head.split(b" ", 2)[1]), body, fields


def status(octets):
    return int(octets.split(b" ", 2)[1]) if octets.startswith(b"HTTP/1.1 ") else None


def call(port, method, path, body=None):
    """One request on a connection of its own: its status and body."""
    with connect(port) as client:
        octets = json.dumps(body).encode() if body is not None else b""
        client.sendall(post(path.encode(), len(octets)).replace(b"POST", method.encode(), 1) + octets)
        code, answer, _ = read_answer(client)
        return code, answer


class Probe:
    """A normal client in a process of its own: one GET after another, each timed."""

    def __init__(self, port, seconds):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(port), str(seconds)], stdout=subprocess.PIPE, text=True
        )

    def milliseconds(self):
        """Median and 99th percentile, and how many requests there were."""
        output, _ = self.process.communicate()
        return json.loads(output)


def _probe(port, seconds):
    times = []
    with connect(port) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            start = time.monotonic()
            client.sendall(GET)
            assert read_answer(client)[0] == 200
            times.append((time.monotonic() - start) * 1000)
            time.sleep(0.001)
    times.sort()
    print(json.dumps({"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "count": len(times)}))


if __name__ == "__main__":
    _probe(int(sys.argv[1]), float(sys.argv[2]))
