"""Small calls with everything on, beside nginx with its access log on, and one loop beside two.

    Benchmarks/small.py --callpath .build/release/callpath --build .build-bench [--seconds 2] [--rounds 5]

Callpath has its access log (to a file), its metrics, a key and a rate limit, and calls a 4x3 layer; nginx answers a constant and logs
each request; the responder answers the constant and does nothing else. All run on loopback with one loop or worker, in turns.
Requests a second are wrk's; processor time and the two loops are measured under `pace`, which asks at a fixed rate that both can
answer, so that the load generator does not decide.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BODY = '{"input": [1, 2, 3, 4]}'
CONNECTIONS = (1, 16, 64)
PATH = "/v1/modules/fc/call"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process on a free port of loopback, and the request that it is asked."""

    fields = {"Content-Type": "application/json"}

    def __init__(self, options, folder):
        self.options, self.folder, self.port = options, folder, free_port()
        folder.mkdir(parents=True)
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.prepare()
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} did not start: {self.log.read_text()[-300:]}") from None
                time.sleep(0.05)
        (folder / "body.json").write_text(BODY)
        head = "".join(f"{name}: {value}\r\n" for name, value in self.fields.items())
        (folder / "request").write_text(
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(BODY)}\r\n\r\n{BODY}")

    def send(self, path, body=BODY, method="POST"):
        url = f"http://127.0.0.1:{self.port}{path}"
        return urllib.request.urlopen(urllib.request.Request(url, body.encode(), self.fields, method=method), timeout=30).read()

    def prepare(self):
        self.send(PATH)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)

    def processor_seconds(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        fields = [pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in (self.process.pid, *children)]
        return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")

    def flat_out(self, connections, seconds):
        """wrk's summary of as many calls as go."""
        fields = [f"{name}: {value}" for name, value in self.fields.items()]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", HERE / "load.lua", f"http://127.0.0.1:{self.port}{PATH}",
                   "--", self.folder / "body.json", *fields]
        summary = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1])
        if summary["errors"]:
            raise RuntimeError(f"{self.name}: {summary}")
        return summary | {"per_second": summary["requests"] / summary["microseconds"] * 1e6}

    def paced(self, connections, rate, seconds):
        """What `pace` says of so many calls a second, and the processor microseconds of each."""
        before = self.processor_seconds()
        command = [self.options.build / "pace", self.port, connections, rate, seconds, self.folder / "request"]
        summary = json.loads(subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout)
        if summary["errors"]:
            raise RuntimeError(f"{self.name}: {summary}")
        return summary | {"processor": (self.processor_seconds() - before) / summary["requests"] * 1e6}


class Callpath(Server):
    name, loops = "callpath", 1

    def command(self):
        made = subprocess.run([self.options.callpath, "key", "--name", "bench", "--scope", "admin"], capture_output=True, text=True,
                              check=True).stdout
        (self.folder / "keys").write_text(re.search(r"bench admin \S+", made)[0] + "\n")
        (self.folder / "keys").chmod(0o600)
        self.fields = self.fields | {"Authorization": "Bearer " + re.search(r"cpk_\S+", made)[0]}
        return [self.options.callpath, "serve", "--port", str(self.port), "--loops", str(self.loops), "--keys", self.folder / "keys",
                "--rate-limit", "1000000"]

    def prepare(self):
        self.send("/v1/modules/fc", '{"type": "Linear", "in_features": 4, "out_features": 3, "seed": 0}', "PUT")


class CallpathOnTwo(Callpath):
    name, loops = "callpath, two loops", 2


class Nginx(Server):
    name = "nginx"

    def command(self):
        text = (HERE / "peers/nginx.conf").read_text().replace("PORT", str(self.port)).replace("FOLDER", str(self.folder))
        (self.folder / "nginx.conf").write_text(text.replace("access_log off", f"access_log {self.folder}/access.log combined buffer=64k"))
        return ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]


class Responder(Server):
    name = "raw epoll responder"

    def command(self):
        return [str(self.options.build / "responder"), str(self.port)]


def median(values):
    return statistics.median(list(values))


def row(*cells):
    print("| " + " | ".join(map(str, cells)) + " |")


def goal(what, ratio, wanted, most):
    row(what, f"{'at most' if most else 'at least'} {wanted}", f"{ratio:.2f}",
        "met" if (ratio <= wanted if most else ratio >= wanted) else "missed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callpath", required=True, help="the release binary")
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the folder with pace and responder")
    parser.add_argument("--seconds", type=int, default=2, help="of each turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    options.build = options.build.resolve()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        servers = []
        try:
            for kind in (Callpath, CallpathOnTwo, Nginx, Responder):
                servers.append(kind(options, pathlib.Path(folder) / kind.__name__))
            for server in servers:
                server.flat_out(16, 1)  # warm
            for _ in range(options.rounds):
                turn = {}
                for server in servers:
                    turn[server.name] = {f"wrk {c}": server.flat_out(c, options.seconds) for c in CONNECTIONS}
                rate = int(min(turn[name]["wrk 16"]["per_second"] for name in ("callpath", "nginx")) / 2)
                for server in servers:
                    turn[server.name]["pace"] = server.paced(16, rate, options.seconds) | {"rate": rate}
                results.append(turn)
        finally:
            for server in servers:
                server.stop()
    report(results)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


def report(results):
    row("server", *(f"requests/s, {c} conn." for c in CONNECTIONS), "p50 µs, 16 conn.", "p99 µs", "at half the limit: p50 µs", "p99 µs",
        "processor µs a request")
    print("|---|" + "---:|" * 8)
    for name in results[0]:
        def of(part, field):
            return median(turn[name][part][field] for turn in results)
        row(name, *(f"{of(f'wrk {c}', 'per_second'):.0f}" for c in CONNECTIONS), f"{of('wrk 16', 'p50'):.0f}", f"{of('wrk 16', 'p99'):.0f}",
            f"{of('pace', 'p50'):.0f}", f"{of('pace', 'p99'):.0f}", f"{of('pace', 'processor'):.1f}")

    def ratio(one, other, part, field):
        return median(turn[one][part][field] / max(1e-9, turn[other][part][field]) for turn in results)

    def spread(name):
        return median(turn[name]["wrk 16"]["p99"] / max(1, turn[name]["wrk 16"]["p50"]) for turn in results)
    print("\n| goal | wanted | measured | |\n|---|---|---|---|")
    for connections in CONNECTIONS:
        goal(f"requests/s of nginx's, {connections} connections", ratio("callpath", "nginx", f"wrk {connections}", "per_second"), 0.75, False)
    goal("processor time of nginx's, at half the limit", ratio("callpath", "nginx", "pace", "processor"), 1.6, True)
    goal("p99 over p50, 16 connections", spread("callpath"), 3, True)
    goal("p99 over p50 as a share of the responder's", spread("callpath") / spread("raw epoll responder"), 1, True)
    goal("p99 of two loops of one loop's, at half the limit", ratio("callpath, two loops", "callpath", "pace", "p99"), 1, True)


if __name__ == "__main__":
    main()
