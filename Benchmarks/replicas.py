"""What it costs to keep a registry on PostgreSQL that several replicas share: beside PostgreSQL alone, in turns, in one run.

    Benchmarks/replicas.py --callpath .build/release/callpath [--short] [--out results.json] [ROW...]

It starts a PostgreSQL of its own without a standby, and three replicas of it (needs postgresql and wrk).
"""
import argparse
import contextlib
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests" / "Replicas"))

import cluster  # noqa: E402
from replica import Client, Replica  # noqa: E402
from store import Bare, milliseconds, tensor, wrk  # noqa: E402

LAYER = {"type": "Linear", "in_features": 4, "out_features": 3}
WEIGHT = b"[[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]"
# As many as there are clients, so that none waits for another.
CLIENTS = 16

# What a change is at the least: a module gets its next version, and a tensor its bytes.
ALONE = """
\\set n :client_id
BEGIN;
UPDATE bench.module SET version = version + 1, xid = pg_current_xact_id() WHERE name = 'm' || :n;
UPDATE bench.part SET since = since + 1, bytes = decode(repeat('00', 128), 'hex') WHERE name = 'm' || :n;
COMMIT;
"""
TABLES = """
CREATE SCHEMA bench;
CREATE TABLE bench.module(name text PRIMARY KEY, version bigint, xid xid8);
CREATE INDEX ON bench.module(xid);
CREATE TABLE bench.part(name text PRIMARY KEY, since bigint, bytes bytea);
INSERT INTO bench.module SELECT 'm' || n, 1, '0' FROM generate_series(0, 63) n;
INSERT INTO bench.part SELECT 'm' || n, 1, '' FROM generate_series(0, 63) n;
"""


class Run:
    def __init__(self, options):
        self.is_short, self.results = options.short, []
        self.rounds, self.seconds = (2, 1) if options.short else (5, 4)
        self.cluster = cluster.Cluster()
        self.url = f"postgresql://callpath@127.0.0.1:{self.cluster.port}/postgres"
        self.caches = [tempfile.TemporaryDirectory() for _ in range(3)]
        self.replicas = [Replica(options.callpath, self.url, f"r{n}", self.caches[n].name) for n in range(3)]
        client = Client(self.replicas[0])
        for name in [f"m{number}" for number in range(CLIENTS)] + ["called"]:
            assert client.send("PUT", f"/v1/modules/{name}", LAYER)[0] == 201
        time.sleep(1.5)

    def close(self):
        for replica in self.replicas:
            replica.kill()
        self.cluster.remove()

    def report(self, what, measured, anchor, ratio=None, goal="", is_met=None):
        self.results.append({"what": what, "measured": measured, "anchor": anchor, "ratio": ratio, "goal": goal, "met": is_met})
        verdict = "" if is_met is None else "met" if is_met else "missed"
        text = "" if ratio is None else f"{ratio:.2f}"
        print(f"| {what} | {measured} | {anchor} | {text} | {goal} | {verdict} |", flush=True)


def alone(run):
    """Changes a second of PostgreSQL alone."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(ALONE)
        script.flush()
        command = [
            f"{cluster.programs()}/pgbench", "-h", "127.0.0.1", "-p", str(run.cluster.port), "-U", "callpath", "-n",
            "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", str(run.seconds), "-f", script.name, "postgres",
        ]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(next(line for line in output.splitlines() if line.startswith("tps")).split()[2])


def puts(run):
    """PUTs a second of 16 connections to three replicas, each to modules of its own."""
    shares, first, threads, rates = (5, 5, 6), 0, [], []

    def load(url, first, count):
        summary = wrk(url, "put.lua", run.seconds, count, str(count), WEIGHT.decode(), str(first))
        rates.append(summary["requests"] / summary["microseconds"] * 1e6)

    for replica, count in zip(run.replicas, shares):
        threads.append(threading.Thread(target=load, args=[f"http://127.0.0.1:{replica.port}", first, count]))
        first += count
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(rates)


def commits(run):
    return int(run.cluster.query("SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'"))


def rate(run):
    """16 connections' PUTs over three replicas, beside 16 clients of PostgreSQL alone."""
    run.cluster.query(TABLES)
    rounds = []
    puts(run)
    for _ in range(run.rounds):
        turn = {}
        for work in random.sample([alone, puts], 2):
            turn[work.__name__] = work(run)
        rounds.append(turn)
    measured, anchor = (statistics.median(turn[key] for turn in rounds) for key in ("puts", "alone"))
    ratio = statistics.median(turn["puts"] / turn["alone"] for turn in rounds)
    run.report("PUTs of 4x3, 16 connections, 3 replicas", f"{measured:,.0f}/s", f"PostgreSQL alone {anchor:,.0f}/s", ratio,
               ">= 0.5", ratio >= 0.5)


def shown(run, number, method, path, body, fields):
    """The time from the acknowledgement of a change by one replica until both others show it."""
    ready, times = threading.Barrier(3), []
    revision = [None]
    acknowledged = threading.Event()

    def wait(replica):
        client = Client(replica)
        client.send("GET", "/v1/modules/called")
        ready.wait()
        acknowledged.wait()
        start = revision[1]
        status, headers = 503, {"Callpath-Minimum-Revision": revision[0]}
        while status == 503:
            status, _, answer = client.send("GET", path.rsplit("/", 1)[0], headers=headers)
        assert status == 200, answer
        times.append(time.perf_counter() - start)

    threads = [threading.Thread(target=wait, args=[replica]) for replica in run.replicas[1:]]
    for thread in threads:
        thread.start()
    ready.wait()
    answered, now = change(run.replicas[0], method, path, body, fields)
    revision[:] = [answered, now]
    acknowledged.set()
    for thread in threads:
        thread.join()
    return max(times)


def change(replica, method, path, body, fields):
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=60)
    connection.request(method, path, body, fields)
    answer = connection.getresponse()
    now = time.perf_counter()
    content = answer.read()
    assert answer.status < 300, content[:300]
    revision = answer.headers["Callpath-Revision"]
    connection.close()
    return revision, now


def lag(run):
    """From the acknowledgement of a change until the slower of two other replicas shows it."""
    count = 50 if run.is_short else 300
    times = []
    for number in range(count):
        body = json.dumps([number, number, number]).encode()
        times.append(shown(run, number, "PUT", "/v1/modules/m0/bias", body, {"Content-Type": "application/json"}))
        time.sleep(0.005)
    times.sort()
    p50, p99 = times[count // 2], times[count * 99 // 100]
    run.report("lag of a bias, two other replicas", f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}", "", None,
               "<= 5, <= 25 ms", p50 <= 0.005 and p99 <= 0.025)
    side = 4096
    client = Client(run.replicas[0])
    layer = {"type": "Linear", "in_features": side, "out_features": side, "bias": False}
    assert client.send("PUT", "/v1/modules/big", layer)[0] < 300
    time.sleep(2)
    fields = {"Content-Type": "application/octet-stream", "Tensor-Shape": f"{side},{side}", "Tensor-Dtype": "float32"}
    times = [shown(run, n, "PUT", "/v1/modules/big/weight", tensor(side), fields) for n in range(3 if run.is_short else 9)]
    median = statistics.median(times)
    run.report("lag of 64 MiB", milliseconds(median), f"best {milliseconds(min(times))}", None, "<= 300 ms", median <= 0.3)
    client.send("DELETE", "/v1/modules/big")
    time.sleep(1)


def away(run):
    """p99 of calls without the database beside those with it, in turns."""
    seconds, rounds = 1 if run.is_short else 3, []
    url = f"http://127.0.0.1:{run.replicas[0].port}/v1/modules/called/call"
    with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
        body.write('{"input": [1, 2, 3, 4]}')
        body.flush()

        def p99():
            return wrk(url, "load.lua", seconds, 8, body.name, "Content-Type: application/json")["p99"] / 1000

        for _ in range(run.rounds):
            there = p99()
            run.cluster.kill()
            time.sleep(0.5)
            gone = p99()
            run.cluster.start()
            time.sleep(2)
            rounds.append((there, gone))
    there, gone = (statistics.median(turn[i] for turn in rounds) for i in range(2))
    ratio = statistics.median(turn[1] / turn[0] for turn in rounds)
    run.report("p99 of calls without the database", f"{gone:.2f} ms", f"with it {there:.2f} ms", ratio, "<= 1.05", ratio <= 1.05)


PARTS = [rate, lag, away]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callpath", required=True, help="the release binary")
    parser.add_argument("--short", action="store_true", help="only show that all works")
    parser.add_argument("--out", type=pathlib.Path, help="where to keep the raw results as JSON")
    parser.add_argument("row", nargs="*", help="only these: " + ", ".join(part.__name__ for part in PARTS))
    options = parser.parse_args()
    run = Run(options)
    try:
        print("| what | over replicas | beside | ratio | goal | |\n|---|---:|---:|---:|---|---|")
        for part in PARTS:
            if not options.row or part.__name__ in options.row:
                part(run)
    finally:
        run.close()
    if options.out:
        options.out.write_text(json.dumps(run.results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
