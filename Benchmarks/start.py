"""Measures how Callpath starts and what it takes when nobody asks it for anything, and prints it as a table.

    Benchmarks/start.py --callpath .build/release/callpath [--starts 20] [--out results.json]
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


class Running:
    """One start of the binary, with how long it took."""

    def __init__(self, program):
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [program, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        self.ready = time.perf_counter() - begin
        self.port = int(line.rsplit(b":", 1)[1])
        with self.connect() as client:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        self.first_answer = time.perf_counter() - begin

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def resident_bytes(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def stripped_bytes(program):
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(program, folder)
        subprocess.run(["strip", copy], check=True)
        return os.path.getsize(copy)


def idle(program, seconds, connections):
    """Returns resident bytes, and the share of a processor used while `connections` are open and silent."""
    server = Running(program)
    time.sleep(0.5)
    resident = server.resident_bytes()
    clients = [server.connect() for _ in range(connections)]
    time.sleep(0.5)
    before = server.processor_seconds()
    time.sleep(seconds)
    share = (server.processor_seconds() - before) / seconds
    for client in clients:
        client.close()
    server.stop()
    return resident, share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callpath", required=True, help="the release binary")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--idle-seconds", type=float, default=10)
    parser.add_argument("--out", type=pathlib.Path, help="where to keep the raw results as JSON")
    options = parser.parse_args()

    starts = []
    for _ in range(options.starts + 1):  # the first is to warm up
        server = Running(options.callpath)
        starts.append({"ready": server.ready, "first_answer": server.first_answer})
        server.stop()
    starts = starts[1:]
    resident, share = idle(options.callpath, options.idle_seconds, connections=100)
    size = stripped_bytes(options.callpath)

    ready, answer = (statistics.median(s[name] for s in starts) * 1e3 for name in ("ready", "first_answer"))
    print("| start and size | measured | at most |\n|---|---|---|")
    print(f"| exec to the line that says it is ready | {ready:.1f} ms | |")
    print(f"| exec to the first answer | {answer:.1f} ms | 10 ms |")
    print(f"| resident memory, idle | {resident / 2**20:.1f} MiB | 20 MB |")
    print(f"| processor, idle with 100 connections open | {share:.2%} of a core | |")
    print(f"| binary, stripped | {size / 1e6:.2f} MB | 24 MB |")
    if options.out:
        result = {"starts": starts, "resident": resident, "idle_share": share, "stripped": size}
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
