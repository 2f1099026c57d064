"""Measures Callpath beside other servers on the same work, interleaved, and prints medians and ratios as tables.

    Benchmarks/serve.py --callpath .build/release/callpath --venvs .venv-bench --build .build-bench \
        [--seconds 2] [--rounds 5] [--out results.json]

Every server runs on loopback with one worker, without an access log and else with its defaults, alone while it is
measured (the others sleep). Each first answers the same calls, which must be PyTorch's numbers; one that is not
installed, or answers wrongly, is left out and said to be. The load is wrk with one thread and a request that never
changes. A server that fails in the middle loses that round only.
"""
import argparse
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile

import torch

from peers import servers
from peers.models import LAYERS, make_all

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = (1, 16, 64)
# What Callpath must reach with the 4x3 layer in JSON: its requests a second as a share of a peer's.
GOALS = {"raw epoll responder": 0.7, "nginx": 1.0, "hummingbird": 5, "fastapi": 20}
# And with calls of a large layer that come together: its requests a second as a share of those without joining.
JOINING_GOAL = 3


def measure(call, connections, seconds):
    """Returns wrk's summary of one run."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / "load.lua"),
               call.url, "--", str(call.body_file), *(f"{name}: {value}" for name, value in call.headers.items())]
    output = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    summary = json.loads(output.strip().splitlines()[-1])
    summary["per_second"] = summary["requests"] / summary["microseconds"] * 1e6
    return summary


def measured(server, call, connections, seconds):
    """Returns what `measure` does, or a round without a request if the server or the load generator fails."""
    try:
        return measure(call, connections, seconds)
    except (subprocess.SubprocessError, ValueError) as error:
        print(f"{server.name}, {call.model}, {call.form}, {connections} connections: {error}", file=sys.stderr)
        return {"requests": 0, "microseconds": seconds * 1e6, "per_second": 0, "p50": 0, "p90": 0, "p99": 0, "errors": 1}


def check(server, models):
    """Raises unless every call of `server` gives PyTorch's numbers."""
    for call in server.calls:
        expected = call.expected(models)
        got = call.numbers(server.post(call))
        if len(got) != expected.numel():
            raise RuntimeError(f"{call.model} {call.form}: {len(got)} numbers instead of {expected.numel()}")
        error = (torch.tensor(got) - expected.flatten()).abs().max().item()
        if not error < 1e-3:
            raise RuntimeError(f"{call.model} {call.form}: off by {error}")


def start(options, folder):
    """Starts every server that is there; returns those that give the right numbers, and why the others do not."""
    models, running, absent = make_all(), [], {}
    for kind in servers.KINDS:
        if options.peers and kind.name not in options.peers:
            continue
        server = kind(options, folder / kind.name)
        try:
            server.start()
            check(server, models)
            running.append(server)
        except Exception as error:  # whatever keeps a peer from running is its reason
            server.stop()
            absent[kind.name] = f"{type(error).__name__}: {error}"
            if kind.name == "callpath":
                raise
    return running, absent


def run(running, options, cells):
    """Measures every server with every work and number of connections, rounds interleaved, into `cells`."""
    works = [(model, form) for model in LAYERS for form in ("json", "bytes") if model in options.models]
    for model, form in works:
        calls = [(server, call) for server in running for call in server.calls
                 if (call.model, call.form) == (model, form)]
        for connections in options.connections:
            for _ in range(options.rounds):
                for server, call in calls:
                    key = (server.name, model, form, connections)
                    cells.setdefault(key, []).append(measured(server, call, connections, options.seconds))


def records_of(cells):
    """Returns one record per server, work and number of connections."""
    names = ("server", "model", "form", "connections")
    return [dict(zip(names, key)) | {"rounds": rounds} for key, rounds in cells.items()]


def median(record, field):
    return statistics.median(round[field] for round in record["rounds"])


def tables(records):
    """Prints a table for each work: the servers, their requests a second and how many times as many Callpath answers."""
    connections = sorted({r["connections"] for r in records})
    middle = 16 if 16 in connections else connections[-1]
    for model, form in dict.fromkeys((r["model"], r["form"]) for r in records):
        cells = {(r["server"], r["connections"]): r for r in records if (r["model"], r["form"]) == (model, form)}
        heads = [f"requests/s, {c} conn." for c in connections]
        print(f"\n{'-'.join(map(str, LAYERS[model]))}, {form}\n")
        print("| server | " + " | ".join(heads) + f" | p50 µs, {middle} conn. | p99 µs | Callpath is | errors |")
        print("|---|" + "---:|" * len(heads) + "---:|---:|---:|---:|")
        for server in dict.fromkeys(server for server, _ in cells):
            if any((name, c) not in cells for name in (server, "callpath") for c in connections):
                continue  # ended early
            rates = [median(cells[server, c], "per_second") for c in connections]
            ours = [median(cells["callpath", c], "per_second") for c in connections]
            ratios = " / ".join(f"{mine / rate:.2f}" for mine, rate in zip(ours, rates) if rate)
            errors = sum(round["errors"] for c in connections for round in cells[server, c]["rounds"])
            latencies = [f"{median(cells[server, middle], field):.0f}" for field in ("p50", "p99")]
            row = [server, *(f"{rate:.0f}" for rate in rates), *latencies,
                   "" if server == "callpath" else f"{ratios} times", str(errors)]
            print("| " + " | ".join(row) + " |")


def goals(records):
    """Prints what was wanted beside what was measured."""
    by_cell = {(r["server"], r["model"], r["form"], r["connections"]): r for r in records}
    rows = []
    for connections in sorted({r["connections"] for r in records}):
        ours = by_cell.get(("callpath", "fc", "json", connections))
        if not ours:
            continue
        for peer, wanted in GOALS.items():
            theirs = by_cell.get((peer, "fc", "json", connections))
            if theirs and median(theirs, "per_second"):
                ratio = median(ours, "per_second") / median(theirs, "per_second")
                rows.append((f"4x3, json: times {peer}", connections, f"at least {wanted}", ratio, ratio >= wanted))
        if connections == 16:
            ratio = median(ours, "p99") / max(1, median(ours, "p50"))
            rows.append(("4x3, json: p99 over p50", connections, "under 3", ratio, ratio < 3))
    for form in ("json", "bytes"):
        joined, alone = (by_cell.get((server, "huge", form, 16)) for server in ("callpath", "callpath, not joining"))
        if joined and alone and median(alone, "per_second"):
            ratio = median(joined, "per_second") / median(alone, "per_second")
            rows.append((f"4096x4096, {form}: times not joining", 16, f"at least {JOINING_GOAL}", ratio,
                         ratio >= JOINING_GOAL))
    if rows:
        print("\n| goal | connections | wanted | measured | |\n|---|---|---|---|---|")
    for goal, connections, wanted, ratio, is_met in rows:
        print(f"| {goal} | {connections} | {wanted} | {ratio:.2f} | {'met' if is_met else 'missed'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callpath", required=True, help="the release binary")
    parser.add_argument("--venvs", type=pathlib.Path, required=True, help="the folder of the peers' environments")
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the folder of the peers built from source")
    parser.add_argument("--seconds", type=int, default=2, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, nargs="*", default=CONNECTIONS)
    parser.add_argument("--models", nargs="*", default=list(LAYERS), choices=list(LAYERS))
    parser.add_argument("--peers", nargs="*", help="only these servers")
    parser.add_argument("--out", type=pathlib.Path, help="where to keep the raw results as JSON")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        running, absent = start(options, pathlib.Path(folder))
        cells = {}
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended early"))  # what was measured is kept
        try:
            run(running, options, cells)
        finally:
            for server in running:
                server.stop()
            report(records_of(cells), absent, options)


def without_a_server(options):
    """Prints what each network costs in process, where onnxruntime is installed."""
    python = options.venvs / "onnx/bin/python"
    if not python.exists():
        return None
    output = subprocess.run([python, "in_process.py", str(options.seconds)], cwd=HERE / "peers", capture_output=True, text=True)
    if output.returncode:
        print(f"\nIn process: {output.stderr.strip().splitlines()[-1]}")
        return None
    costs = json.loads(output.stdout)
    print("\nWithout any server, in process, one row\n\n| network | PyTorch µs a call | onnxruntime µs a call |\n|---|---:|---:|")
    for model in (name for name in costs if name in options.models):
        print(f"| {'-'.join(map(str, LAYERS[model]))} | {costs[model]['PyTorch']:.1f} | {costs[model]['onnxruntime']:.1f} |")
    return costs


def report(records, absent, options):
    tables(records)
    goals(records)
    costs = without_a_server(options)
    for name, reason in absent.items():
        print(f"\nLeft out: {name}, {reason}")
    if options.out:
        result = {"torch": torch.__version__, "absent": absent, "in process": costs, "records": records}
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
