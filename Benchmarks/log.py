"""What the access log costs: the same calls with and without it, in turns.

One loop without polling, 16 connections, a 4x3 layer; the log goes to a file. A server is started for each turn, so that all
of them are as old; every line that should be there is counted.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
KINDS = {"without": ["--log-level", "warning"], "text": [], "json": ["--log-format", "json"]}
MOST = 1.08


class Callpath:
    """A server whose log goes to a file."""

    def __init__(self, binary, kind, folder):
        self.log, port = folder / "log", folder / "port"
        command = [binary, "serve", "--port", "0", "--port-file", port, "--loops", "1", "--polling", "0s", *KINDS[kind]]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        while not (port.exists() and port.read_text()):
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{port.read_text().strip()}"
        self.send("/v1/modules", {"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3})

    def send(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()

    def dropped(self):
        text = urllib.request.urlopen(self.url + "/metrics", timeout=30).read().decode()
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("callpath_log_lines_dropped_total"))

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def turn(binary, kind, seconds, body):
    """Returns calls a second, processor microseconds a call, and how many lines of the log are missing."""
    with tempfile.TemporaryDirectory() as folder:
        server = Callpath(binary, kind, pathlib.Path(folder))
        try:
            load = ["wrk", "-t1", "-c16", "-s", HERE / "load.lua", server.url + "/v1/modules/fc/call"]
            arguments = ["--", body, "Content-Type: application/json"]
            subprocess.run([*load, "-d1s", *arguments], capture_output=True, check=True)
            warm, before = server.log.stat().st_size, server.processor_seconds()
            output = subprocess.run([*load, f"-d{seconds}s", *arguments], capture_output=True, text=True, check=True).stdout
            used = server.processor_seconds() - before
            dropped = server.dropped()
        finally:
            server.stop()
        summary = json.loads(output.strip().splitlines()[-1])
        lines = server.log.read_bytes()[warm:].count(b"/call")
        missing = 0 if kind == "without" else dropped + max(0, summary["requests"] - lines - 16_384)
        return summary["requests"] / summary["microseconds"] * 1e6, used / summary["requests"] * 1e6, missing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callpath", required=True)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
        body.write('{"input": [1, 2, 3, 4]}')
        body.flush()
        rounds = [{kind: turn(options.callpath, kind, options.seconds, body.name) for kind in KINDS}
                  for _ in range(options.rounds)]
    print("| access log | calls/s | times without | processor µs a call | times without | missing lines | |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for kind in KINDS:
        rate, used = (statistics.median(r[kind][i] for r in rounds) for i in (0, 1))
        slower, dearer = (statistics.median(r[kind][i] / r["without"][i] for r in rounds) for i in (0, 1))
        missing = sum(r[kind][2] for r in rounds)
        is_met = 1 / slower <= MOST and dearer <= MOST and not missing
        verdict = "" if kind == "without" else "met" if is_met else f"missed (at most {MOST} of both)"
        print(f"| {kind} | {rate:,.0f} | {slower:.2f} | {used:.2f} | {dearer:.2f} | {missing} | {verdict} |")
    if options.out:
        options.out.write_text(json.dumps(rounds, indent=1) + "\n")


if __name__ == "__main__":
    main()
