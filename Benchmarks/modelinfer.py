"""Measures ModelInfer beside gRPC C++, grpcio and nghttpd's constant file, interleaved, and prints medians and ratios as a table.

    Benchmarks/modelinfer.py --callpath .build/release/callpath --build .build-bench [--grpcio PYTHON] [--seconds 2] [--rounds 5]

h2load is the client of all, on loopback, with one thread. A call is that of a Linear layer of 4x3 with one raw row; C++ and grpcio
send back the message that they get. What is not there is left out.
"""
import argparse
import json
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import urllib.request

from http2 import LAYER, SHAPES, free_port, load, wait_for

HERE = pathlib.Path(__file__).resolve().parent
METHOD = "/inference.GRPCInferenceService/ModelInfer"
NAMES = {"nghttpd": "nghttpd, a constant", "cpp": "gRPC C++, an echo", "grpcio": "grpcio, an echo", "callpath": "ModelInfer"}
GOALS = (("cpp", 2), ("grpcio", 10), ("nghttpd", 0.6))


def message():
    """A ModelInferRequest in its frame."""
    def field(number, octets):
        return bytes([number << 3 | 2, len(octets)]) + octets
    tensor = field(1, b"input") + field(2, b"FP32") + field(3, bytes([1, 4]))
    request = field(1, b"fc") + field(5, tensor) + field(7, struct.pack("<4f", 1, 2, 3, 4))
    return struct.pack(">BI", 0, len(request)) + request


def check(port, file):
    """HTTP's status says nothing of a call: one is looked at."""
    text = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-D", "-", "-o", "/dev/null", "--data-binary", f"@{file}",
                           "-H", "content-type: application/grpc", "-H", "te: trailers", f"http://127.0.0.1:{port}{METHOD}"],
                          check=True, capture_output=True, text=True).stdout
    assert "grpc-status: 0" in text, text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callpath", required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the folder with grpc_echo")
    parser.add_argument("--grpcio", help="a Python that has grpcio")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "livez").write_text('{"status":"live"}')
        file = folder / "message"
        file.write_bytes(message())
        commands = {"nghttpd": ["nghttpd", "--no-tls", "-d", name, "-n", "1"], "cpp": [arguments.build / "grpc_echo"],
                    "grpcio": [arguments.grpcio, HERE / "peers/grpcio_echo.py"],
                    "callpath": [arguments.callpath, "serve", "--log-level", "error", "--loops", "1", "--port"]}
        if not arguments.grpcio:
            del commands["grpcio"]
        if not commands["cpp"][0].exists():
            del commands["cpp"]
        ports, servers, results = {}, [], {}
        try:
            for work, command in commands.items():
                ports[work] = free_port()
                servers.append(subprocess.Popen([str(word) for word in command] + [str(ports[work])], stdout=subprocess.DEVNULL))
                wait_for(ports[work])
            urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{ports['callpath']}/v1/modules", json.dumps(LAYER).encode(), {"Content-Type": "application/json"})).close()
            for work in ports.keys() - {"nghttpd"}:
                check(ports[work], file)
            for shape in SHAPES:
                for _ in range(arguments.rounds):
                    for work, port in ports.items():
                        url, options = f"http://127.0.0.1:{port}{METHOD}", ("-d", str(file), "-H", "content-type: application/grpc", "-H", "te: trailers")
                        if work == "nghttpd":
                            url, options = f"http://127.0.0.1:{port}/livez", ()
                        results.setdefault("%dx%d" % shape, {}).setdefault(work, []).append(load(url, *shape, arguments.seconds, *options))
        finally:
            for server in servers:
                server.terminate()
    report(results, list(ports))
    if arguments.out:
        pathlib.Path(arguments.out).write_text(json.dumps(results))


def report(results, works):
    print("| connections x streams | " + " | ".join(NAMES[work] for work in works) + " | " + " | ".join(
        f"of {work}'s" for work in works if work != "callpath") + " |\n" + "|---" * (2 * len(works)) + "|")
    for shape, rates in results.items():
        medians = {work: statistics.median(rates[work]) for work in works}
        cells = [f"{medians[work]:,.0f}" for work in works] + [f"{medians['callpath'] / medians[work]:.2f}" for work in works if work != "callpath"]
        print(f"| {shape} | " + " | ".join(cells) + " |")
    rates = results["16x1"]
    for work, goal in GOALS:
        if work in works:
            ratio = statistics.median(rates["callpath"]) / statistics.median(rates[work])
            print(f"\n16x1 of {work}'s: {ratio:.2f}, goal {goal}: {'met' if ratio >= goal else 'missed'}")


if __name__ == "__main__":
    sys.exit(main())
