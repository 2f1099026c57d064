"""What it costs to keep the registry on a disk: beside the disk itself and SQLite, in turns, in one run.

    Benchmarks/store.py --callpath .build/release/callpath [--short] [--place FOLDER] [--out results.json] [ROW...]

`--place` is where the folders are made: a disk that is worth measuring, with 11 GB free for the row `start`.
"""
import argparse
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")
LAYER = {"type": "Linear", "in_features": 4, "out_features": 3}
WEIGHT = b"[[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]"
JSON, BYTES = "application/json", "application/octet-stream"


class Server:
    """The binary on a free port, and what the kernel says of it."""

    def __init__(self, binary, *options):
        start = time.perf_counter()
        command = [binary, "serve", "--port", "0", "--log-level", "error", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        self.ready = time.perf_counter() - start
        self.port = int(line.rsplit(b":", 1)[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()

    def send(self, method, path, body=None, side=None):
        fields = {} if body is None else {"Content-Type": JSON}
        if side:
            fields = {"Content-Type": BYTES, "Tensor-Shape": f"{side},{side}", "Tensor-Dtype": "float32"}
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        client.request(method, path, body if isinstance(body, bytes) or body is None else json.dumps(body),
                       fields)
        answer = client.getresponse()
        content = answer.read()
        client.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]}")
        return content

    def memory(self, name):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        return 0

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


class Bare:
    """A connection that stays open and sends the same bytes again and again."""

    def __init__(self, port, method, path, body, kind=JSON):
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.octets = head.encode() + body
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self):
        self.socket.sendall(self.octets)
        answer = self.socket.recv(65536)
        assert answer.startswith(b"HTTP/1.1 2"), answer[:200]


class Rows:
    """The rows of SQLite's own turns: set up as the registry's index is, one row for each module."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=1000"):
            self.connection.execute("PRAGMA " + pragma)
        self.connection.execute("CREATE TABLE row(name TEXT PRIMARY KEY, version INTEGER, bytes BLOB, digest BLOB)")

    def commit(self, count):
        self.connection.execute("BEGIN")
        rows = [(f"m{number}", number, bytes(112), bytes(32)) for number in range(count)]
        self.connection.executemany("INSERT OR REPLACE INTO row VALUES(?, ?, ?, ?)", rows)
        self.connection.execute("COMMIT")


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_of(count, work):
    return statistics.median(timed(work) for _ in range(count))


def wrk(url, script, seconds, connections, *arguments, threads=1):
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", HERE / script, url, "--", *arguments]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    summary = json.loads(output.strip().splitlines()[-1])
    if summary["errors"]:
        raise RuntimeError(f"{summary['errors']} errors from wrk")
    return summary


class Run:
    def __init__(self, options):
        self.binary, self.is_short, self.place = options.callpath, options.short, options.place
        self.rounds = 2 if options.short else 9
        self.results = []
        self.cleanup = contextlib.ExitStack()

    def folder(self):
        path = tempfile.mkdtemp(prefix="callpath-bench-", dir=self.place)
        self.cleanup.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    def report(self, what, measured, anchor, ratio=None, goal="", is_met=None):
        self.results.append({"what": what, "measured": measured, "anchor": anchor, "ratio": ratio, "goal": goal, "met": is_met})
        verdict = "" if is_met is None else "met" if is_met else "missed"
        text = "" if ratio is None else f"{ratio:.2f}"
        print(f"| {what} | {measured} | {anchor} | {text} | {goal} | {verdict} |", flush=True)


def milliseconds(seconds):
    return f"{seconds * 1000:.2f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def small(run):
    """One connection: PUT of a 4x3 weight, a page appended with fdatasync, a row committed by SQLite."""
    folder = run.folder()
    rows = Rows(folder + "/rows.sqlite")
    file = os.open(folder + "/bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def bare():
        os.write(file, bytes(4096))
        os.fdatasync(file)

    with Server(run.binary, "--data", folder + "/data") as kept, Server(run.binary) as memory:
        for server in (kept, memory):
            server.send("PUT", "/v1/modules/m0", LAYER)
        puts = Bare(kept.port, "PUT", "/v1/modules/m0/weight", WEIGHT)
        others = Bare(memory.port, "PUT", "/v1/modules/m0/weight", WEIGHT)
        works = {"bare": bare, "put": puts.send, "sqlite": lambda: rows.commit(1), "memory": others.send}
        times = []
        for number in range(run.rounds + 1):
            # Short turns that take each other's place: a disk is never the same for long.
            samples = {name: [] for name in works}
            for _ in range(10):
                for name in random.sample(list(works), len(works)):
                    samples[name].append(median_of(30, works[name]))
            if number:  # The first round warms up.
                times.append({name: statistics.median(values) for name, values in samples.items()})
    medians = {name: statistics.median(t[name] for t in times) for name in works}
    ratio = statistics.median(t["put"] / t["bare"] for t in times)
    run.report("PUT of 4x3, one connection", milliseconds(medians["put"]), f"write + fdatasync {milliseconds(medians['bare'])}",
               ratio, "<= 1.3", ratio <= 1.3)
    of_sqlite = statistics.median(t["put"] / t["sqlite"] for t in times)
    run.report("the same", milliseconds(medians["put"]), f"SQLite, one row {milliseconds(medians['sqlite'])}", of_sqlite)
    more = statistics.median((t["put"] - t["memory"]) / t["bare"] for t in times)
    run.report("the same without what it takes in memory", milliseconds(medians["put"] - medians["memory"]),
               f"write + fdatasync {milliseconds(medians['bare'])}", more)


def many(run):
    """64 connections: PUTs a second beside SQLite's rows a second in commits of 64 rows."""
    folder, seconds = run.folder(), 1 if run.is_short else 2
    rows = Rows(folder + "/rows.sqlite")
    rounds = []
    with Server(run.binary, "--data", folder + "/data") as server, Server(run.binary) as memory:
        for number in range(64):
            server.send("PUT", f"/v1/modules/m{number}", LAYER)
            memory.send("PUT", f"/v1/modules/m{number}", LAYER)
        wrk(server.url, "put.lua", 1, 64, "64", WEIGHT.decode())
        for _ in range(run.rounds):
            before = server.processor_seconds()
            summary = wrk(server.url, "put.lua", seconds, 64, "64", WEIGHT.decode())
            used = (server.processor_seconds() - before) / summary["requests"] * 1e6
            count, start = 0, time.perf_counter()
            while time.perf_counter() - start < seconds:
                rows.commit(64)
                count += 64
            anchor = count / (time.perf_counter() - start)
            rate = summary["requests"] / summary["microseconds"] * 1e6
            summary = wrk(memory.url, "put.lua", seconds, 64, "64", WEIGHT.decode())
            ceiling = summary["requests"] / summary["microseconds"] * 1e6
            rounds.append((rate, anchor, rate / anchor, used, ceiling, rate / ceiling))
    rate, anchor, ratio, used, ceiling, of_memory = (statistics.median(r[i] for r in rounds) for i in range(6))
    run.report("64 connections' PUTs", f"{rate:,.0f}/s, {used:.0f} µs of processor each", f"SQLite, 64 rows a commit {anchor:,.0f}/s",
               ratio, ">= 0.5", ratio >= 0.5)
    run.report("the same", f"{rate:,.0f}/s", f"in memory {ceiling:,.0f}/s", of_memory)
    run.report("the same when the machine is quiet", f"{rate:,.0f}/s", "", None, ">= 10,000/s", rate >= 10_000)


def beside(run):
    """Calls of a 4x3 layer on 8 connections, alone, beside the same PUTs in memory, and beside PUTs that are kept."""
    seconds, rounds = 1 if run.is_short else 3, []
    with tempfile.NamedTemporaryFile("w", suffix=".json") as body, contextlib.ExitStack() as servers:
        body.write('{"input": [1, 2, 3, 4]}')
        body.flush()
        kept = servers.enter_context(Server(run.binary, "--data", run.folder() + "/data"))
        memory = servers.enter_context(Server(run.binary))
        for server in (kept, memory):
            for name in ("m0", "called"):
                server.send("PUT", f"/v1/modules/{name}", LAYER)

        def p99(server, rate):
            """The slowest of 100 calls while another connection makes `rate` PUTs a second."""
            ending = threading.Event()
            writer = Bare(server.port, "PUT", "/v1/modules/m0/weight", WEIGHT)

            def write():
                start, count = time.perf_counter(), 0
                while not ending.is_set():
                    writer.send()
                    count += 1
                    if (rest := start + count / rate - time.perf_counter()) > 0:
                        time.sleep(rest)

            thread = threading.Thread(target=write)
            if rate:
                thread.start()
            summary = wrk(server.url + "/v1/modules/called/call", "load.lua", seconds, 8, body.name, "Content-Type: application/json")
            ending.set()
            if rate:
                thread.join()
            return summary["p99"] / 1000

        for _ in range(run.rounds):
            rounds.append([p99(kept, 0), p99(kept, 100), p99(memory, 100)])
    alone, kept_p99, memory_p99 = (statistics.median(r[i] for r in rounds) for i in range(3))
    ratio = statistics.median(r[1] / r[0] for r in rounds)
    run.report("p99 of calls beside 100 kept PUTs a second", f"{kept_p99:.2f} ms", f"without {alone:.2f} ms", ratio, "<= 1.2", ratio <= 1.2)
    run.report("the same", f"{kept_p99:.2f} ms", f"beside 100 PUTs in memory {memory_p99:.2f} ms",
               statistics.median(r[1] / r[2] for r in rounds))


def tensor(side):
    """Random bytes that are small float32 numbers, and differ from turn to turn."""
    count = 4 * side * side
    return (random.Random(time.perf_counter_ns()).randbytes(count // 256 + 1) * 256)[:count]


def large(run):
    """A PUT of 64 MiB beside a write and an fsync of the same bytes; 512 MiB are not held twice."""
    folder, side = run.folder(), 4096
    rounds = []
    with Server(run.binary, "--data", folder + "/data", "--kept-versions", "1") as server, Server(run.binary) as memory:
        for each in (server, memory):
            each.send("PUT", "/v1/modules/big", {"type": "Linear", "in_features": side, "out_features": side, "bias": False})

        def bare(content):
            with open(folder + "/bare", "wb", buffering=0) as file:
                file.write(content)
                os.fsync(file.fileno())
            os.unlink(folder + "/bare")

        for number in range(run.rounds + 1):
            content = tensor(side)
            works = {
                "bare": lambda: bare(content),
                "put": lambda: server.send("PUT", "/v1/modules/big/weight", content, side),
                "memory": lambda: memory.send("PUT", "/v1/modules/big/weight", content, side),
            }
            times = {name: timed(works[name]) for name in random.sample(list(works), len(works))}
            if number:
                rounds.append(times)
    medians = {name: statistics.median(r[name] for r in rounds) for name in works}
    ratio = statistics.median(r["put"] / r["bare"] for r in rounds)
    run.report("PUT of 64 MiB", milliseconds(medians["put"]), f"write + fsync {milliseconds(medians['bare'])}", ratio, "<= 1.3", ratio <= 1.3)
    extra = statistics.median((r["put"] - r["memory"]) / r["bare"] for r in rounds)
    run.report("the same without what it takes in memory", milliseconds(medians["put"] - medians["memory"]),
               f"write + fsync {milliseconds(medians['bare'])}", extra)
    held(run, 4096 if run.is_short else 11_585)


def held(run, side):
    peaks = {}
    for kind, options in (("memory", ()), ("kept", ("--data", run.folder() + "/data"))):
        limits = ("--max-body-bytes", "600MiB", "--max-parameter-bytes", "600MiB", "--max-bytes", "4GiB", "--max-held-body-bytes", "2GiB")
        with Server(run.binary, *options, *limits) as server:
            layer = {"type": "Embedding", "num_embeddings": side, "embedding_dim": side, "seed": 1}
            server.send("PUT", "/v1/modules/big", layer)
            pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
            before = server.memory("VmRSS")
            server.send("PUT", "/v1/modules/big/weight", tensor(side), side)
            peaks[kind] = server.memory("VmHWM") - before
    size = 4 * side * side
    more = (peaks["kept"] - peaks["memory"]) / size
    run.report(f"peak memory of a PUT of {size // MIB} MiB", f"{peaks['kept'] / MIB:.0f} MiB", f"in memory {peaks['memory'] / MIB:.0f} MiB",
               peaks["kept"] / size, "not held twice: at most 0.1 more than in memory", more <= 0.1)


def tar_entry(name, content):
    block = bytearray(512)
    block[:len(name)] = name.encode()
    for offset, text in ((100, "0000600"), (108, "0000000"), (116, "0000000"), (124, f"{len(content):011o}"),
                         (136, "00000000000"), (148, "        "), (156, "0"), (257, "ustar"), (263, "00")):
        block[offset:offset + len(text)] = text.encode()
    block[148:155] = f"{sum(block):06o}\0".encode()
    return bytes(block) + content + bytes(-len(content) % 512)


def entries(content):
    """The entries of a tar file, by name."""
    found, offset = {}, 0
    while content[offset]:
        name = content[offset:offset + 100].rstrip(b"\0").decode()
        size = int(content[offset + 124:offset + 135], 8)
        found[name] = content[offset + 512:offset + 512 + size]
        offset += 512 + size + -size % 512
    return found


def restore_many(run, folder, count, side):
    """Makes a folder of `count` layers of side x side, through `callpath restore`: real files, all of them different."""
    with Server(run.binary) as server:
        server.send("PUT", "/v1/modules/m", {"type": "Linear", "in_features": side, "out_features": side, "bias": False, "seed": 1})
        template = entries(server.send("GET", "/v1/backup"))
    manifest = json.loads(template["callpath-backup.json"])
    record = json.loads(template["records/000000.jsonl"])
    blob = next(bytearray(content) for name, content in template.items() if name.startswith("blobs/"))
    digest = next(name for name in template if name.startswith("blobs/")).rsplit("/", 1)[1]

    def blobs():
        for number in range(count):
            blob[-4:] = struct.pack("<f", number)
            yield bytes(blob)

    names = sorted((hashlib.sha256(content).hexdigest(), number) for number, content in enumerate(blobs()))
    lines = [json.dumps(record | {"name": f"m{number:05}"}).replace(digest, name) for name, number in sorted(names, key=lambda n: n[1])]
    process = subprocess.Popen([run.binary, "restore", "--data", folder], stdin=subprocess.PIPE)
    text = json.dumps(manifest | {"modules": count}).encode() + b"\n"
    hashes = hashlib.sha256(text).digest()
    process.stdin.write(tar_entry("callpath-backup.json", text))
    for index, start in enumerate(range(0, count, 5_000)):
        text = "\n".join(lines[start:start + 5_000]).encode() + b"\n"
        hashes += hashlib.sha256(text).digest()
        process.stdin.write(tar_entry(f"records/{index:06}.jsonl", text))
    for name, number in names:
        blob[-4:] = struct.pack("<f", number)
        process.stdin.write(tar_entry(f"blobs/{name[:2]}/{name}", bytes(blob)))
    end = {"records": count, "blobs": count, "sha256": hashlib.sha256(hashes).hexdigest()}
    process.stdin.write(tar_entry("end.json", json.dumps(end).encode() + b"\n") + bytes(1024))
    process.stdin.close()
    if process.wait():
        raise RuntimeError("callpath restore refused the backup")


def start(run):
    """Starts of 10,000 modules of 1 MiB in real files, beside an empty folder: ready, and what is resident then."""
    folder, count = run.folder() + "/data", 200 if run.is_short else 10_000
    restore_many(run, folder, count, 512)
    size = sum(file.stat().st_size for file in pathlib.Path(folder, "blobs").rglob("*") if file.is_file())
    empty = run.folder() + "/data"
    with Server(run.binary, "--data", empty):
        pass
    times = []
    for number in range(5 if run.is_short else 11):
        turn = {}
        for kind, path in (("full", folder), ("empty", empty)):
            with Server(run.binary, "--data", path, *run.lazy("none")) as server:
                turn[kind] = server.ready, server.memory("VmRSS")
        if number:
            times.append(turn)
    ready, resident = (statistics.median(t["full"][i] for t in times) for i in range(2))
    without, least = (statistics.median(t["empty"][i] for t in times) for i in range(2))
    text = f"{count:,} modules, {size / 1e9:.1f} GB"
    run.report(f"start of {text}: ready", milliseconds(ready), f"empty {milliseconds(without)}", ready / without, "<= 30 ms", ready <= 0.03)
    run.report("resident then", f"{resident / MIB:.1f} MiB", f"empty {least / MIB:.1f} MiB", resident / least, "<= 40 MB", resident <= 40e6)


def cold(run):
    """The first call of a cold layer of 64 MiB after a start, beside reading and hashing its file."""
    folder, side = run.folder() + "/data", 4096
    with Server(run.binary, "--data", folder) as server:
        server.send("PUT", "/v1/modules/big", {"type": "Linear", "in_features": side, "out_features": side, "bias": False})
    blob = next(path for path in pathlib.Path(folder, "blobs").rglob("*") if path.is_file())
    body = json.dumps({"input": [0] * side}).encode()
    rounds = []
    for number in range(run.rounds + 1):
        anchor = timed(lambda: hashlib.sha256(blob.read_bytes()).digest())
        with Server(run.binary, "--data", folder, *run.lazy("none")) as server:
            call = lambda: server.send("POST", "/v1/modules/big/call", body)  # noqa: E731
            turn = {"anchor": anchor, "first": timed(call), "second": timed(call), "ready": server.ready}
        if number:
            rounds.append(turn)
    first, second, anchor, ready = (statistics.median(r[key] for r in rounds) for key in ("first", "second", "anchor", "ready"))
    ratio = statistics.median(r["first"] / r["anchor"] for r in rounds)
    run.report("first call of a cold layer of 64 MiB", f"{milliseconds(first)} (ready after {milliseconds(ready)}, then {milliseconds(second)})",
               f"read + SHA-256 {milliseconds(anchor)}", ratio, "<= 150 ms, and cold", first <= 0.15 and ready <= 0.03)


def without(run):
    """Calls and PUTs without `--data` beside those with it: calls a second and processor time, which must not differ."""
    seconds, rounds = 1 if run.is_short else 2, []
    with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
        body.write('{"input": [1, 2, 3, 4]}')
        body.flush()
        binaries = {"without": (run.binary,), "with": (run.binary, "--data", run.folder() + "/data")}
        if run.before:
            binaries["before"] = (run.before,)
        for _ in range(run.rounds):
            turn = {}
            for kind in random.sample(list(binaries), len(binaries)):
                with Server(*binaries[kind], "--loops", "1", "--polling", "0s") as server:
                    server.send("PUT", "/v1/modules/m0", LAYER)
                    load = (server.url + "/v1/modules/m0/call", "load.lua", seconds, 16, body.name, "Content-Type: application/json")
                    wrk(*load)
                    before = server.processor_seconds()
                    summary = wrk(*load)
                    used = (server.processor_seconds() - before) / summary["requests"] * 1e6
                    turn[kind] = summary["requests"] / summary["microseconds"] * 1e6, used
            rounds.append(turn)
    for other in ("with", "before")[: len(binaries) - 1]:
        rate, used = (statistics.median(r["without"][i] for r in rounds) for i in range(2))
        other_rate, other_used = (statistics.median(r[other][i] for r in rounds) for i in range(2))
        ratio = statistics.median(r["without"][1] / r[other][1] for r in rounds)
        run.report("calls without --data", f"{rate:,.0f}/s, {used:.2f} µs", f"{other} {other_rate:,.0f}/s, {other_used:.2f} µs",
                   ratio, "<= 1.03 of the processor time", ratio <= 1.03)


def size(run):
    """The bytes of the binary, stripped."""
    sizes = {}
    for kind, binary in (("now", run.binary), ("before", run.before)):
        if binary:
            copy = shutil.copy(binary, run.folder())
            subprocess.run(["strip", copy], check=True)
            sizes[kind] = os.path.getsize(copy)
    if "before" in sizes:
        more = sizes["now"] - sizes["before"]
        run.report("binary, stripped", f"{sizes['now'] / 1e6:.2f} MB", f"before {sizes['before'] / 1e6:.2f} MB (+{more / 1e3:.0f} KB)",
                   sizes["now"] / sizes["before"], "<= 150 KB more", more <= 150_000)
    else:
        run.report("binary, stripped", f"{sizes['now'] / 1e6:.2f} MB", "")


PARTS = [small, many, beside, large, start, cold, without, size]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callpath", required=True, help="the release binary")
    parser.add_argument("--before", help="a binary from before there was a store")
    parser.add_argument("--short", action="store_true", help="only show that all works")
    parser.add_argument("--place", help="the folder in which the registries are made")
    parser.add_argument("--out", type=pathlib.Path, help="where to keep the raw results as JSON")
    parser.add_argument("row", nargs="*", help="only these: " + ", ".join(part.__name__ for part in PARTS))
    options = parser.parse_args()
    run = Run(options)
    run.before = options.before
    # A binary from before modules were cold does not know the option.
    knows = b"--warm" in subprocess.run([options.callpath, "serve", "--help"], capture_output=True).stdout
    run.lazy = lambda kind: ("--warm", kind) if knows else ()
    print("| what | kept by --data | beside | ratio | goal | |\n|---|---:|---:|---:|---|---|")
    for part in PARTS:
        if not options.row or part.__name__ in options.row:
            with run.cleanup:
                part(run)
    if options.out:
        options.out.write_text(json.dumps(run.results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
