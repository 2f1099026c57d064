"""What people feel when weights change and when inputs are large, in one run.

A PUT of 64 MiB beside a sink that reads the same bytes into new memory, in turns; the call after it beside the calls before
it; an input of 1,000 rows of 784 JSON numbers; and the calls of a small module by another client all the while. The server runs
with its defaults but for the log's level and the bound of a body.

    Benchmarks/weights.py --callpath .build/release/callpath [--rounds 15] [--out results.json]
"""
import argparse
import array
import json
import multiprocessing
import os
import pathlib
import random
import socket
import statistics
import subprocess
import tempfile
import time

SIDE = 4096
ROWS, COLUMNS = 1000, 784
GOALS = {"put": 1.5, "call": 2, "others": 2, "peak": 2, "json": 35}


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def request(method, path, body, kind="application/json", *fields):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *fields, f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + bytes(body)


def answer(connection):
    """Reads one answer, which must be a 2xx, and returns its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 2"), received[:500]
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    length = int(fields.get(b"content-length", 0))
    while len(body) < length:
        body += connection.recv(65536)
    return body


def timed(connection, text):
    begin = time.perf_counter()
    connection.sendall(text)
    answer(connection)
    return (time.perf_counter() - begin) * 1e3


def sink(port):
    """Reads what comes into new memory, by Content-Length, and answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    port.send(listener.getsockname()[1])
    connection, _ = listener.accept()
    while head := connection.recv(4096, socket.MSG_PEEK):
        end = head.index(b"\r\n\r\n") + 4
        connection.recv(end)
        length = int(head[:end].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body, filled = memoryview(bytearray(length)), 0
        while filled < length:
            filled += connection.recv_into(body[filled:])
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def others(port, text, times, stop):
    """Calls the small module until it is told to stop, and tells how long each call took and when."""
    connection, found = connect(port), []
    while not stop.is_set():
        found.append((time.monotonic(), timed(connection, text)))
        time.sleep(0.001)
    times.send(found)


class Callpath:
    def __init__(self, binary, folder):
        port = pathlib.Path(folder) / "port"
        self.process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--port-file", port, "--log-level", "warning", "--max-body-bytes", str(1 << 30)],
            stdout=subprocess.DEVNULL)
        while not (port.exists() and port.read_text()):
            time.sleep(0.01)
        self.port = int(port.read_text())

    def peak(self):
        """Sets the mark back and returns what the process held at most since, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def measure(server, rounds):
    here, there = multiprocessing.Pipe()
    sinking = multiprocessing.Process(target=sink, args=(there,), daemon=True)
    sinking.start()
    connection, drain = connect(server.port), connect(here.recv())
    for name, inputs, outputs in [("large", SIDE, SIDE), ("small", 4, 3), ("digits", COLUMNS, 10)]:
        layer = {"name": name, "type": "Linear", "in_features": inputs, "out_features": outputs, "seed": 0}
        timed(connection, request("POST", "/v1/modules", json.dumps(layer).encode()))
    weight = array.array("f", [0.015625]).tobytes() * (SIDE * SIDE)
    put = request("PUT", "/v1/modules/large/parameters/weight", weight, "application/octet-stream",
                  f"Tensor-Shape: {SIDE},{SIDE}", "Tensor-DType: float32")
    call = request("POST", "/v1/modules/large/call", bytes(4 * SIDE), "application/octet-stream",
                   f"Tensor-Shape: 1,{SIDE}", "Tensor-DType: float32")
    random.seed(0)
    numbers = [[random.random() for _ in range(COLUMNS)] for _ in range(ROWS)]
    digits = request("POST", "/v1/modules/digits/call", json.dumps({"input": numbers}).encode())
    small = request("POST", "/v1/modules/small/call", b'{"input": [1, 2, 3, 4]}')

    stop, (mine, theirs) = multiprocessing.Event(), multiprocessing.Pipe()
    caller = multiprocessing.Process(target=others, args=(server.port, small, theirs, stop), daemon=True)
    caller.start()
    found = {name: [] for name in ("sink", "put", "before", "after", "json", "peak")}
    spans = {"quiet": [], "weights": [], "json": []}

    def during(name):
        spans[name].append((began, time.monotonic()))
    for _ in range(rounds):
        began = time.monotonic()
        time.sleep(0.1)
        during("quiet")
        found["sink"].append(timed(drain, put))
        found["before"].append(statistics.median(timed(connection, call) for _ in range(5)))
        held, began = server.peak() and server.peak(), time.monotonic()
        found["put"].append(timed(connection, put))
        found["after"].append(timed(connection, call))
        during("weights")
        found["peak"].append((server.peak() - held) / len(weight))
        began, used = time.monotonic(), server.processor_seconds()
        for _ in range(3):
            timed(connection, digits)
        found["json"].append((server.processor_seconds() - used) / 3 / (ROWS * COLUMNS) * 1e9)
        during("json")
    stop.set()
    calls = mine.recv()
    for name, times in spans.items():
        found[f"others {name}"] = [spent for at, spent in calls if any(first <= at <= last for first, last in times)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callpath", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Callpath(options.callpath, folder)
        try:
            found = measure(server, options.rounds)
        finally:
            server.process.terminate()
            server.process.wait(30)
    median = {name: statistics.median(values) for name, values in found.items()}
    p99 = {name: percentile(found[f"others {name}"], 0.99) for name in ("quiet", "weights", "json")}
    put, first = (statistics.median(a / b for a, b in zip(found[x], found[y])) for x, y in [("put", "sink"), ("after", "before")])
    print("| what | measured | beside | ratio | |")
    print("|---|---:|---:|---:|---|")

    def row(what, measured, beside, ratio, reached, goal):
        print(f"| {what} | {measured} | {beside} | {ratio} | {'met' if reached <= goal else f'missed (at most {goal})'} |")
    row("PUT of 64 MiB beside a sink", f"{median['put']:.1f} ms", f"{median['sink']:.1f} ms", f"{put:.2f}", put, GOALS["put"])
    row("first call after it beside those before", f"{median['after']:.1f} ms", f"{median['before']:.1f} ms", f"{first:.2f}", first,
        GOALS["call"])
    # The weight and its packed form are two; what the request itself takes is some KiB.
    row("memory that a PUT and a call add at most, beside the weight", f"{median['peak'] * 64:.0f} MiB", "64 MiB", f"{median['peak']:.2f}",
        round(median["peak"], 1), GOALS["peak"])
    for name, what in [("weights", "PUT and first call"), ("json", "large JSON")]:
        row(f"others' calls beside {what}, 99th percentile", f"{p99[name]:.2f} ms", f"{p99['quiet']:.2f} ms",
            f"{p99[name] / p99['quiet']:.2f}", p99[name], GOALS["others"])
    row(f"JSON of {ROWS} x {COLUMNS} numbers, processor time a number", f"{median['json']:.1f} ns", "", "", median["json"], GOALS["json"])
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
