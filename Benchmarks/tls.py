"""Measures Callpath's TLS beside nginx's on the same OpenSSL, interleaved, and prints medians and ratios as a table.

    Benchmarks/tls.py --callpath .build/release/callpath [--seconds 2] [--rounds 5] [--out results.json]

Both run on loopback with one worker, the same certificates, ciphers and answers, no access log and no session tickets.
The load is wrk with one thread. Beside what the clock says stands the processor time of the server for one operation:
wrk's own cryptography shares the cores with the server, and costs more than it.
"""
import argparse
import json
import os
import pathlib
import signal
import socket
import ssl
import statistics
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
MAKE_CHAIN = HERE.parent / "Tests/CallpathTests/Fixtures/make-chain.sh"
SMALL = b'{"status":"live"}'
SIDE = 512  # of the weight that the bulk work fetches: 1 MiB of float32
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
NGINX = """
user root; worker_processes 1; daemon off; pid FOLDER/nginx.pid; error_log FOLDER/nginx-error.log;
events { worker_connections 4096; }
http {
    access_log off; keepalive_requests 1000000000; default_type application/json;
    client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers CIPHERS; ssl_prefer_server_ciphers on; ssl_ecdh_curve X25519:P-256;
    ssl_session_tickets off; ssl_session_cache shared:sessions:1m;
    server {
        listen 127.0.0.1:PORT ssl backlog=4096;
        ssl_certificate CHAIN/server.pem; ssl_certificate_key CHAIN/server.key;
        location = /livez { return 200 'SMALL'; }
        location / { root FOLDER; default_type application/octet-stream; }
    }
}
"""


class Server:
    """A process that speaks TLS on a free port of loopback."""

    def __init__(self, folder, chain):
        self.folder, self.chain = folder, chain
        folder.mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"https://localhost:{self.port}"
        self.context = ssl.create_default_context(cafile=chain / "root.pem")

    def start(self):
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.prepare()
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-500:]) from None
                time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)

    def fetch(self, path, headers={}, data=None, method="GET"):
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30, context=self.context) as answer:
            return answer.read()

    def pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def processor_seconds(self):
        fields = [pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids()]
        return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")

    def library(self):
        lines = pathlib.Path(f"/proc/{self.process.pid}/maps").read_text().splitlines()
        return next(line.split()[-1] for line in lines if "libssl" in line)


class Callpath(Server):
    binary = None
    bulk = "/v1/modules/big/weight"

    def command(self):
        return [self.binary, "serve", "--port", str(self.port), "--loops", "1", "--log-level", "error",
                "--tls-certificate", str(self.chain / "server.pem"), "--tls-key", str(self.chain / "server.key")]

    def prepare(self):
        layer = json.dumps({"type": "Linear", "in_features": SIDE, "out_features": SIDE, "seed": 0}).encode()
        self.fetch("/v1/modules/big", {"Content-Type": "application/json"}, layer, "PUT")


class Nginx(Server):
    bulk = "/big"

    def command(self):
        text = NGINX
        for word, value in (("FOLDER", self.folder), ("CHAIN", self.chain), ("PORT", self.port), ("CIPHERS", CIPHERS),
                            ("SMALL", SMALL.decode())):
            text = text.replace(word, str(value))
        (self.folder / "nginx.conf").write_text(text)
        (self.folder / "big").write_bytes(os.urandom(SIDE * SIDE * 4))
        return ["nginx", "-e", str(self.folder / "nginx-error.log"), "-c", str(self.folder / "nginx.conf")]

    def prepare(self):
        self.fetch("/livez")


# What is measured: the path, or None for the bulk's; connections; fields; octets of one answer.
WORKS = {
    "requests, 1 connection": ("/livez", 1, [], 0),
    "requests, 64 connections": ("/livez", 64, [], 0),
    "MiB, 8 connections": (None, 8, [], SIDE * SIDE * 4),
    "handshakes, 16 connections": ("/livez", 16, ["Connection: close"], 0),
}


def measure(server, work, seconds):
    """Returns operations a second and the server's processor microseconds for each."""
    path, connections, fields, size = WORKS[work]
    fields = fields + (["Accept: application/octet-stream"] if size else [])
    before = server.processor_seconds()
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / "count.lua"),
         *(word for field in fields for word in ("-H", field)), server.url + (path or server.bulk)],
        capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    used = server.processor_seconds() - before
    summary = json.loads(output.strip().splitlines()[-1])
    if summary["errors"]:
        raise RuntimeError(f"{type(server).__name__}, {work}: {summary}")
    count = summary["requests"] * (size / 2**20 if size else 1)
    return count / summary["microseconds"] * 1e6, used / count * 1e6


def compare(kind, options, folder):
    """Returns a record for each work under a kind of certificate."""
    chain = folder / "chain"
    subprocess.run([MAKE_CHAIN, chain, kind], check=True)
    servers = [Callpath(folder / "callpath", chain).start(), Nginx(folder / "nginx", chain).start()]
    try:
        assert len({server.library() for server in servers}) == 1, "both must use the same OpenSSL"
        assert {server.fetch("/livez") for server in servers} == {SMALL}
        works = [work for work in WORKS if kind == "ec" or work.startswith("handshakes")]
        rounds = {work: [[measure(server, work, options.seconds) for server in servers]
                         for _ in range(options.rounds)] for work in works}
    finally:
        for server in servers:
            server.stop()
    return [{"certificate": kind, "work": work, "rounds": values} for work, values in rounds.items()]


def row(record):
    """A line of the table: medians of both, and the medians of their ratios round by round."""
    def median(pick):
        return statistics.median(pick(ours, theirs) for ours, theirs in record["rounds"])
    cells = [f"{record['work']}, {'P-256' if record['certificate'] == 'ec' else 'RSA 2048'}",
             f"{median(lambda o, t: o[0]):,.0f}", f"{median(lambda o, t: t[0]):,.0f}",
             f"{median(lambda o, t: o[0] / t[0]):.2f}",
             f"{median(lambda o, t: o[1]):,.1f}", f"{median(lambda o, t: t[1]):,.1f}",
             f"{median(lambda o, t: o[1] / t[1]):.2f}"]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callpath", required=True)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    Callpath.binary = options.callpath
    with tempfile.TemporaryDirectory() as folder:
        records = [record for kind in ("ec", "rsa") for record in compare(kind, options, pathlib.Path(folder) / kind)]
    print("| TLS 1.3, operations a second | Callpath | nginx | ratio | Callpath µs of processor | nginx µs | ratio |")
    print("|---|---|---|---|---|---|---|")
    for record in records:
        print(row(record))
    if options.out:
        options.out.write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
