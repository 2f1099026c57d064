"""Measures Callpath's parts beside PyTorch's in one interleaved run, and prints medians and ratios as a table.

    Benchmarks/micro.py --microbench .build/release/microbench [--rounds 15] [--out results.json]

Needs PyTorch 2. Each case takes turns: some milliseconds PyTorch, as many Callpath, so that whatever else the machine
does hits both alike. Times are those of whole calls (F.linear in inference mode, Tensor.linear in Swift): processor time
where one thread works, which does not count the turns of other processes, and wall time where two do.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import time

import torch

SHAPES = [(4, 3), (64, 64), (256, 256), (784, 256), (1024, 1024), (4096, 4096)]
BATCHES = [1, 2, 4, 8, 16, 32, 64, 256]
COUNT = 65536
# Chains of so many calls, as the nodes of a graph and as calls.
NODES = 64
LINKS = ("contiguous", "relu", "add", "reshape", "linear")
PARTS = {
    "parse": ("parse", COUNT), "write": ("write", COUNT),
    "parse-doubles": ("parse-doubles", COUNT), "write-doubles": ("write-doubles", COUNT),
    "forward": ("forward",), "call": ("call",), "hooked": ("hooked",), "frozen": ("frozen",),
    "unrecorded": ("unrecorded",), "recorded": ("recorded",), "untraced": ("untraced",), "traced": ("traced",),
    "uniform": ("uniform", 784 * 256), "normal": ("normal", 784 * 256),
    **{f"{kind} {link}": (kind, link, NODES) for kind in ("nodes", "calls") for link in LINKS},
}


class Microbench:
    """One running microbench, which measures whenever it is asked."""

    def __init__(self, program, *subject, kernels="auto"):
        self.process = subprocess.Popen(
            [program, *map(str, subject)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "CALLPATH_KERNELS": kernels})

    def measure(self, milliseconds, wall=False):
        print(milliseconds, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args} ended: {self.process.wait()}")
        on_the_wall, of_processors = map(float, line.split())
        return on_the_wall if wall else of_processors

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def time_torch(call, milliseconds, wall):
    """Returns the nanoseconds of one call, measured for about so long."""
    runs, batch, elapsed = 0, 1, 0
    start, start_of_work = time.perf_counter_ns(), time.process_time_ns()
    while elapsed < milliseconds * 1e6:
        for _ in range(batch):
            call()
        runs += batch
        elapsed = time.perf_counter_ns() - start
        if elapsed < milliseconds * 1e6 / 16:
            batch *= 2
    return (elapsed if wall else time.process_time_ns() - start_of_work) / runs


def goal(inputs, outputs, rows, threads):
    """The ratio to PyTorch that this case must reach, if one is set."""
    if inputs == 4096:
        return 1.1 if rows == 1 and threads == 1 else None
    if not (256 <= inputs <= 1024):
        return None
    if threads == 2:
        return 1.3 if rows <= 32 else 1.0 if rows == 256 else None
    return 1.5 if rows <= 8 else 1.2 if rows <= 64 else 0.95


def compare_linear(program, inputs, outputs, rows, threads, options):
    torch.set_num_threads(threads)
    dtype = getattr(torch, options.dtype)
    weight, bias, x = (torch.randn(*shape).to(dtype) for shape in ((outputs, inputs), (outputs,), (rows, inputs)))
    ours = {kernels: Microbench(program, "linear", options.dtype, inputs, outputs, rows, threads, kernels=kernels)
            for kernels in options.kernels}
    # A plain read bounds a product with one row.
    read = Microbench(program, "read", inputs, outputs) if rows == 1 and threads == 1 else None
    times = {name: [] for name in ("torch", *ours, *(["read"] if read else []))}
    for _ in range(options.rounds + 1):  # the first is to warm up
        times["torch"].append(
            time_torch(lambda: torch.nn.functional.linear(x, weight, bias), options.milliseconds, wall=threads > 1))
        time.sleep(0.02 if threads > 1 else 0)  # OpenMP's threads spin on for some 7 ms
        for kernels, process in ours.items():
            times[kernels].append(process.measure(options.milliseconds, wall=threads > 1))
        if read:
            times["read"].append(read.measure(options.milliseconds))
    for process in filter(None, (*ours.values(), read)):
        process.close()
    times = {name: values[1:] for name, values in times.items()}
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "inputs": inputs, "outputs": outputs, "rows": rows, "threads": threads, "dtype": options.dtype,
        "nanoseconds": {name: [round(value, 1) for value in values] for name, values in times.items()},
        "median": median, "ratio": {kernels: median["torch"] / median[kernels] for kernels in ours},
        "gflops": {kernels: 2 * inputs * outputs * rows / median[kernels] for kernels in ours},
        "goal": goal(inputs, outputs, rows, threads) if options.dtype == "float32" else None,
    }


def measure_alone(program, subjects, options):
    """Interleaves several subjects with each other; returns the median nanoseconds of each."""
    running = {name: Microbench(program, *subject) for name, subject in subjects.items()}
    times = {name: [] for name in subjects}
    for _ in range(options.rounds):
        for name, process in running.items():
            times[name].append(process.measure(options.milliseconds))
    for process in running.values():
        process.close()
    return {name: statistics.median(values) for name, values in times.items()}


def linear_table(results, kernels):
    columns = "".join(f" {name} µs | GFLOP/s | ratio |" for name in kernels)
    print(f"| layer | rows | threads | PyTorch µs |{columns} goal |")
    print("|---|---|---|---|" + "---|---|---|" * len(kernels) + "---|")
    for r in results:
        cells = [f"{r['inputs']}x{r['outputs']}", r["rows"], r["threads"], f"{r['median']['torch'] / 1e3:.1f}"]
        for name in kernels:
            mark = "" if r["goal"] is None else " ✓" if r["ratio"][name] >= r["goal"] else " ✗"
            cells += [f"{r['median'][name] / 1e3:.1f}", f"{r['gflops'][name]:.1f}", f"{r['ratio'][name]:.2f}{mark}"]
        print("| " + " | ".join(map(str, [*cells, r["goal"] or ""])) + " |")
    print("\n| layer, one row | " + " | ".join(f"{name}, share of a plain read's speed" for name in kernels) + " |")
    print("|---|" + "---|" * len(kernels))
    for r in results:
        if "read" in r["median"] and r["inputs"] >= 256:
            shares = " | ".join(f"{r['median']['read'] / r['median'][name]:.0%}" for name in kernels)
            print(f"| {r['inputs']}x{r['outputs']} | {shares} |")


def parts_table(parts):
    rows = [
        ("JSON numbers read", f"{parts['parse'] / COUNT:.1f} ns each", "35"),
        ("JSON numbers written", f"{parts['write'] / COUNT:.1f} ns each", "80"),
        ("JSON numbers read, double", f"{parts['parse-doubles'] / COUNT:.1f} ns each", "35"),
        ("JSON numbers written, double", f"{parts['write-doubles'] / COUNT:.1f} ns each", "80"),
        ("call over forward", f"{parts['call'] - parts['forward']:.0f} ns", "100"),
        ("call with an empty hook over forward", f"{parts['hooked'] - parts['forward']:.0f} ns", "200"),
        ("gradients switched off over a layer without", f"{parts['unrecorded'] - parts['frozen']:.0f} ns", "0"),
        ("gradients recorded over a layer without", f"{parts['recorded'] - parts['frozen']:.0f} ns", ""),
        ("call after a trace over one before", f"{parts['untraced'] - parts['call']:.0f} ns", "0"),
        ("call that is traced over one without gradients", f"{parts['traced'] - parts['frozen']:.0f} ns", ""),
        ("uniform numbers of a 784x256 weight", f"{parts['uniform'] / 1e6:.2f} ms", "5"),
        ("normal numbers of a 784x256 weight", f"{parts['normal'] / 1e6:.2f} ms", "5"),
    ]
    for link in LINKS:
        nodes, calls = parts[f"nodes {link}"] / NODES, parts[f"calls {link}"] / NODES
        rows.append((f"node `{link}` over its call ({calls:.0f} ns)", f"{nodes - calls:.0f} ns", "100"))
    print("\n| part | time | at most |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--microbench", required=True, help="the release build of microbench")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--milliseconds", type=int, default=10, help="of each turn")
    parser.add_argument("--kernels", nargs="*", default=["auto"], help="instruction sets, each with its columns")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64", "bfloat16", "float16"])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--shapes", nargs="*", default=[f"{i}x{o}" for i, o in SHAPES])
    parser.add_argument("--batches", type=int, nargs="*", default=BATCHES)
    parser.add_argument("--parts", action="store_true", help="the parts alone, without layers")
    parser.add_argument("--out", type=pathlib.Path, help="where to keep the raw times as JSON")
    options = parser.parse_args()

    results = []
    with torch.inference_mode():
        for shape in [] if options.parts else options.shapes:
            inputs, outputs = map(int, shape.split("x"))
            for threads in options.threads:
                for rows in options.batches:
                    if threads == 1 or inputs >= 256:
                        results.append(compare_linear(options.microbench, inputs, outputs, rows, threads, options))
    parts = measure_alone(options.microbench, PARTS, options)
    if results:
        linear_table(results, options.kernels)
    parts_table(parts)
    if options.out:
        machine = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
        options.out.write_text(json.dumps({"machine": machine, "linear": results, "parts": parts}, indent=1) + "\n")


if __name__ == "__main__":
    main()
