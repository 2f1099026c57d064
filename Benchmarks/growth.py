"""How much longer a registry of many modules takes: each request at 1,000, 10,000 and 100,000 modules, in one run.

A look-up (GET of a module), a call, a creation with its deletion, a change of a parameter, a page of the list, a page of the
index of /v2, and /metrics, on one connection; the median of many, as a ratio to that at 1,000 modules. Then one changed leaf in
a tree of 4,000 modules. The server runs with its defaults but for the log's level and the bounds of modules.

    Benchmarks/growth.py --callpath .build/release/callpath [--sizes 1000,10000,100000] [--rounds 300] [--out results.json]
"""
import argparse
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

GOAL, LEAF_GOAL = 2.0, 1.0
LEAVES = 3_999


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    @staticmethod
    def text(method, path, body=b""):
        kind = "Content-Type: application/json\r\n" if body else ""
        return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def answer(self):
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(1 << 20)
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 2"), head[:300] + self.rest[:300]
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", 0))
        while len(self.rest) < length:
            self.rest += self.socket.recv(1 << 20)
        body, self.rest = self.rest[:length], self.rest[length:]
        return body

    def ask(self, text):
        self.socket.sendall(text)
        return self.answer()

    def fill(self, texts, depth=64):
        """Sends many requests, so many under way at once."""
        waiting = 0
        for text in texts:
            self.socket.sendall(text)
            waiting += 1
            if waiting == depth:
                self.answer()
                waiting -= 1
        for _ in range(waiting):
            self.answer()


def module(number):
    # Spread over the alphabet, as names are.
    return f"m{number * 7919 % 1_000_003:07}"


DESCRIPTION = json.dumps({"type": "Linear", "in_features": 2, "out_features": 2}).encode()


def requests(size):
    """The requests of one kind, each a list that is timed as one; the last number tells rounds apart."""
    name = [module(size * place // 17) for place in range(1, 17)]
    text = Connection.text
    yield "look-up", lambda n: [text("GET", f"/v1/modules/{name[n % 16]}")]
    yield "call", lambda n: [text("POST", f"/v1/modules/{name[n % 16]}/call", b'{"input":[1,2]}')]
    yield "creation", lambda n: [text("PUT", f"/v1/modules/n{n}", DESCRIPTION), text("DELETE", f"/v1/modules/n{n}")]
    yield "change", lambda n: [text("PUT", f"/v1/modules/{name[n % 16]}/bias", f"[{n},1]".encode())]
    yield "list page", lambda n: [text("GET", f"/v1/modules?limit=100&after={name[n % 16]}")]
    body = lambda n: json.dumps({"limit": 100, "after": name[n % 16]}).encode()
    yield "/v2 index page", lambda n: [text("POST", "/v2/repository/index", body(n))]
    yield "metrics", lambda n: [text("GET", "/metrics")]


def median(connection, rounds, make):
    times = []
    for number in range(rounds):
        texts = make(number)
        begin = time.perf_counter()
        for one in texts:
            connection.ask(one)
        times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times)


def leaf(connection, rounds):
    """Milliseconds of a change of one leaf in a tree of 4,000 modules, and of a module that is alone."""
    layers = [{"type": "Linear", "in_features": 2, "out_features": 2} for _ in range(LEAVES)]
    connection.ask(Connection.text("PUT", "/v1/modules/tree", json.dumps({"type": "Sequential", "modules": layers}).encode()))
    connection.ask(Connection.text("PUT", "/v1/modules/alone", DESCRIPTION))
    change = lambda path: lambda n: [Connection.text("PUT", f"/v1/modules/{path}", f"[{n},1]".encode())]
    tree = median(connection, rounds, change("tree/parameters/1234.bias"))
    return tree / 1e3, median(connection, rounds, change("alone/bias")) / 1e3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--callpath", required=True)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--out")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        port = pathlib.Path(folder, "port")
        arguments = ["--port", "0", "--port-file", str(port), "--log-level", "error", "--max-modules", "200000", "--max-bytes", "8GiB"]
        server = subprocess.Popen([options.callpath, "serve", *arguments], stdout=subprocess.PIPE)
        try:
            server.stdout.readline()
            connection = Connection(int(port.read_text()))
            medians, there = {}, 0
            for size in sizes:
                connection.fill(Connection.text("PUT", f"/v1/modules/{module(number)}", DESCRIPTION) for number in range(there, size))
                there = size
                for kind, make in requests(size):
                    median(connection, 20, make)
                    medians.setdefault(kind, []).append(median(connection, options.rounds, make))
            tree, alone = leaf(connection, max(10, options.rounds // 10))
        finally:
            server.terminate()
            server.wait()
    print("| modules | " + " | ".join(f"{size:,}" for size in sizes) + " | ratio |")
    print("|---|" + "---:|" * (len(sizes) + 1))
    missed = []
    for kind, times in medians.items():
        ratio = times[-1] / times[0]
        print(f"| {kind}, µs | " + " | ".join(f"{one:.0f}" for one in times) + f" | {ratio:.2f} |")
        if ratio > GOAL:
            missed.append(kind)
    print(f"\nOne changed leaf in a tree of {LEAVES + 1:,} modules: {tree:.2f} ms (goal {LEAF_GOAL:g}), beside {alone:.2f} ms of a module alone.")
    if missed or tree > LEAF_GOAL:
        print("Beyond the goals: " + ", ".join(missed + ["the leaf"] * (tree > LEAF_GOAL)))
    if options.out:
        result = {"sizes": sizes, "microseconds": medians, "leaf_ms": tree, "alone_ms": alone}
        pathlib.Path(options.out).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    sys.exit(main())
