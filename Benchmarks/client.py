"""Measures what a small call costs its caller in Python: this package beside `requests` and tritonclient, in turns.

    CALLPATH_BINARY=.build/release/callpath PYTHONPATH=Python/src Benchmarks/client.py [--rounds 15] [--calls 300] [--out results.json]

All three call one Linear(4, 3) on one server with the same four numbers, each over the connection that it keeps, and must
give the same answer: `requests` in JSON, as people write it, tritonclient and this package in bytes. The overhead is
what is left above a bare socket that sends ready bytes and reads the answer, so that neither the network nor the server counts.
"""
import argparse
import json
import pathlib
import socket
import statistics
import sys
import time

import numpy as np
import requests
import tritonclient.http

import callpath

WEIGHT = [[1.0, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]
VALUES = [1.0, 2.0, 3.0, 4.0]
EXPECTED = [30.0, 40.0, 50.0]


def bare(server):
    """The least that a call costs: bytes that are ready, sent and read without a look."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = ["POST /v1/modules/fc/call HTTP/1.1", "Host: localhost", "Content-Type: application/octet-stream", "Tensor-Shape: 4",
            "Tensor-Dtype: float32", "Accept: application/octet-stream", "Content-Length: 16"]
    request = "\r\n".join(head).encode() + b"\r\n\r\n" + np.array(VALUES, "<f4").tobytes()

    def call():
        connection.sendall(request)
        return np.frombuffer(connection.recv(65536)[-12:], "<f4")
    return call


def with_requests(server):
    session, url = requests.Session(), f"{server.url}/v1/modules/fc/call"

    def call():
        answer = session.post(url, json={"input": VALUES}, timeout=10)
        answer.raise_for_status()
        return answer.json()["output"]
    return call


def with_tritonclient(server):
    client, values = tritonclient.http.InferenceServerClient(server.url.removeprefix("http://")), np.array([VALUES], np.float32)

    def call():
        tensor = tritonclient.http.InferInput("input", [1, 4], "FP32")
        tensor.set_data_from_numpy(values)
        return client.infer("fc", [tensor]).as_numpy("output")[0]
    return call


def with_callpath(server):
    fc, values = callpath.Client(server.url)["fc"], np.array(VALUES, np.float32)
    return lambda: fc(values)


CLIENTS = {"a bare socket": bare, "callpath": with_callpath, "requests": with_requests, "tritonclient": with_tritonclient}


def measure(calls, rounds, number):
    """Returns the medians of microseconds on the wall and of this process alone, by client."""
    wall, own = ({name: [] for name in calls} for _ in range(2))
    for _ in range(rounds):
        for name, call in calls.items():
            begin, spent = time.perf_counter(), time.process_time()
            for _ in range(number):
                call()
            own[name].append((time.process_time() - spent) / number * 1e6)
            wall[name].append((time.perf_counter() - begin) / number * 1e6)
    return [{name: statistics.median(times) for name, times in measured.items()} for measured in (wall, own)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--out", type=pathlib.Path)
    given = parser.parse_args()
    with callpath.serve() as server:
        server.client.create("fc", {"type": "Linear", "in_features": 4, "out_features": 3, "bias": False, "state_dict": {"weight": WEIGHT}})
        calls = {name: make(server) for name, make in CLIENTS.items()}
        for name, call in calls.items():
            np.testing.assert_array_equal(call(), EXPECTED, err_msg=name)
        wall, own = measure(calls, given.rounds, given.calls)
    overhead = {name: own[name] - own["a bare socket"] for name in own}
    print("| client | a call, µs | of its own processor time, µs | above a bare socket, µs | Callpath's is |\n|---|---:|---:|---:|---:|")
    for name in calls:
        share = f"{overhead['callpath'] / overhead[name]:.2f} of it" if name not in ("a bare socket", "callpath") else ""
        print(f"| {name} | {wall[name]:.0f} | {own[name]:.0f} | {overhead[name]:.0f} | {share} |")
    if given.out:
        given.out.write_text(json.dumps({"wall": wall, "own": own, "overhead": overhead}, indent=1))
    met = all(overhead["callpath"] <= overhead[name] / 2 for name in ("requests", "tritonclient"))
    print(f"\nAt most half of theirs: {'met' if met else 'MISSED'}.")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
