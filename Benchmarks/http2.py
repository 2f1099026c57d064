"""Measures HTTP/2 beside nghttpd's constant file, interleaved, and prints medians and ratios as a table.

    Benchmarks/http2.py --callpath .build/release/callpath [--seconds 2] [--rounds 5] [--out results.json]

h2load is the client of both, on loopback, with one thread. A call is that of a Linear layer of 4x3 with three rows of JSON.
"""
import argparse
import json
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

SHAPES = [(1, 1), (16, 1), (16, 8), (64, 1)]
LAYER = {"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3}
CALL = {"input": [[1, 2, 3, 4]] * 3}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(400):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


def load(url, connections, streams, seconds, *options):
    """Requests a second, all of which were answered with 2xx."""
    command = ["h2load", "-D", f"{seconds * 1000:.0f}ms", "--warm-up-time", "0", "-c", str(connections), "-m", str(streams), *options, url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert re.search(r" 0 3xx, 0 4xx, 0 5xx", text) and " 0 errored" in text, text
    return float(re.search(r"([\d.]+) req/s", text)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callpath", required=True)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "livez").write_text('{"status":"live"}')
        (folder / "call.json").write_text(json.dumps(CALL))
        ours, theirs = free_port(), free_port()
        servers = [subprocess.Popen([arguments.callpath, "serve", "--port", str(ours), "--log-level", "error"], stdout=subprocess.DEVNULL),
                   subprocess.Popen(["nghttpd", "--no-tls", "-d", name, "-n", "1", str(theirs)])]
        try:
            for port in (ours, theirs):
                wait_for(port)
            urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{ours}/v1/modules", json.dumps(LAYER).encode(), {"Content-Type": "application/json"})).close()
            works = {"nghttpd": (f"http://127.0.0.1:{theirs}/livez",), "livez": (f"http://127.0.0.1:{ours}/livez",),
                     "call": (f"http://127.0.0.1:{ours}/v1/modules/fc/call", "-d", str(folder / "call.json"), "-H", "content-type: application/json")}
            results = {}
            for shape in SHAPES:
                for _ in range(arguments.rounds):
                    for work, (url, *options) in works.items():
                        rate = load(url, *shape, arguments.seconds, *options)
                        results.setdefault("%dx%d" % shape, {}).setdefault(work, []).append(rate)
        finally:
            for server in servers:
                server.terminate()
    print("| connections x streams | nghttpd, a constant | /livez | of nghttpd | a JSON call | of nghttpd |\n|---|---|---|---|---|---|")
    for shape, rates in results.items():
        constant, livez, call = (statistics.median(rates[work]) for work in works)
        print(f"| {shape} | {constant:,.0f} | {livez:,.0f} | {livez / constant:.2f} | {call:,.0f} | {call / constant:.2f} |")
    if arguments.out:
        pathlib.Path(arguments.out).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
