"""Measures networks and single layers beside PyTorch and onnxruntime in one interleaved run, equal numbers checked first.

    Benchmarks/networks.py --microbench .build/release/microbench [--rounds 7] [--out results.json] [NAME]...

Needs PyTorch 2, onnx and onnxruntime. All sides take turns of some milliseconds each, so that whatever else the machine does
hits all alike, and the median of the rounds counts. Times are those of whole calls: Module.callAsFunction in Swift,
`module(input)` in inference mode, `session.run` of the exported model. With one thread they are processor time, with two wall
time. Both Swift and PyTorch draw their weights from seed 0 in one order, and so have the same ones.
"""
import argparse
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
import torch
from torch import nn

from micro import Microbench, time_torch

NETWORKS = ["mlp", "tabular", "lenet", "resnet", "tcn", "lstm", "bert"]
LAYERS = ["conv3x3", "conv1x1", "depthwise", "conv7x7", "lstm128", "attention", "layernorm", "softmax", "gelu"]
# Seconds until helpers sleep: OpenMP's threads spin for 8 ms after their last work, onnxruntime's for 36.
REST = 0.06
# What is to be reached of PyTorch's and of onnxruntime's speed, by batch.
GOALS = {"networks": {1: (1.5, 1.0), 64: (0.9, 0.8)}, "layers": {1: (1.0, None), 32: (0.8, None)}}


class Tabular(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(32, 128)
        for block in range(2):
            setattr(self, f"norm{block}", nn.LayerNorm(128))
            setattr(self, f"wide{block}", nn.Linear(128, 128))
            setattr(self, f"back{block}", nn.Linear(128, 128))
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        hidden = self.first(x)
        hidden = hidden + self.back0(torch.relu(self.wide0(self.norm0(hidden))))
        hidden = hidden + self.back1(torch.relu(self.wide1(self.norm1(hidden))))
        return self.out(hidden)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.short = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride != 1 else nn.Identity()

    def forward(self, x):
        return torch.relu(self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x))))) + self.short(x))


class First(nn.Module):
    """The first of what a layer gives, for one input as often as it takes one."""

    def __init__(self, inner, count=1):
        super().__init__()
        self.inner, self.count = inner, count

    def forward(self, x):
        return self.inner(*[x] * self.count)[0]


def made(name):
    """Returns PyTorch's module and the shape of an input without the batch."""
    torch.manual_seed(0)
    lstm = lambda size: First(nn.LSTM(size, size, batch_first=True))
    module, sizes = {
        "mlp": lambda: (nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10)), [784]),
        "tabular": lambda: (Tabular(), [32]),
        "lenet": lambda: (nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(192, 120), nn.ReLU(), nn.Linear(120, 60), nn.ReLU(), nn.Linear(60, 10)), [1, 28, 28]),
        "resnet": lambda: (nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), Block(16, 16, 1), Block(16, 32, 2),
            Block(32, 64, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)), [3, 32, 32]),
        "tcn": lambda: (nn.Sequential(*[layer for dilation in (1, 2, 4, 8) for layer in (
            nn.Conv1d(32, 32, 3, padding=dilation, dilation=dilation), nn.ReLU())]), [32, 128]),
        "lstm": lambda: (lstm(64), [32, 64]),
        "bert": lambda: (nn.TransformerEncoder(
            nn.TransformerEncoderLayer(128, 2, 512, activation="gelu", batch_first=True), 2), [64, 128]),
        "conv3x3": lambda: (nn.Conv2d(64, 64, 3, padding=1), [64, 32, 32]),
        "conv1x1": lambda: (nn.Conv2d(64, 64, 1), [64, 32, 32]),
        "depthwise": lambda: (nn.Conv2d(64, 64, 3, padding=1, groups=64), [64, 32, 32]),
        "conv7x7": lambda: (nn.Conv2d(3, 64, 7, stride=2, padding=3), [3, 112, 112]),
        "lstm128": lambda: (lstm(128), [32, 128]),
        "attention": lambda: (First(nn.MultiheadAttention(128, 2, batch_first=True), 3), [64, 128]),
        "layernorm": lambda: (nn.LayerNorm(1024), [64, 1024]),
        "softmax": lambda: (nn.Softmax(-1), [64, 1024]),
        "gelu": lambda: (nn.GELU(), [64, 1024]),
    }[name]()
    return module.eval(), sizes


def filled(shape):
    count = int(numpy.prod(shape))
    return torch.from_numpy((((numpy.arange(count) * 37) % 101 - 50) / 50).astype("float32").reshape(shape))


def session(module, example, threads):
    """Returns onnxruntime's session of the exported module; None where it cannot be exported or run."""
    try:
        import onnxruntime
        target = io.BytesIO()
        torch.backends.mha.set_fastpath_enabled(False)
        torch.onnx.export(module, example, target, dynamo=False, input_names=["x"], output_names=["y"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(target.getvalue(), options, providers=["CPUExecutionProvider"])
    except Exception as failure:
        print(f"  onnxruntime is left out: {type(failure).__name__}: {failure}", file=sys.stderr)
        return None
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


def compare(name, batch, threads, options):
    torch.set_num_threads(threads)
    module, sizes = made(name)
    example = filled([batch, *sizes])
    with tempfile.NamedTemporaryFile() as file:
        ours = Microbench(options.microbench, "network", name, batch, threads, file.name)
        ours.measure(1)
        got = numpy.fromfile(file.name, dtype="float32")
    with torch.inference_mode():
        wanted = module(example).numpy()
        numpy.testing.assert_allclose(got, wanted.reshape(-1), rtol=2e-3, atol=2e-4, err_msg=name)
        theirs = session(module, example, threads)
        if theirs:
            [found] = theirs.run(["y"], {"x": example.numpy()})
            numpy.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4, err_msg=f"{name} by onnxruntime")
        times = {"callpath": [], "torch": [], "onnxruntime": []}
        wall, given = threads > 1, {"x": example.numpy()}
        sides = {
            "callpath": lambda: ours.measure(options.milliseconds, wall),
            "torch": lambda: time_torch(lambda: module(example), options.milliseconds, wall),
        }
        if theirs:
            sides["onnxruntime"] = lambda: time_torch(
                lambda: theirs.run(["y"], given), options.milliseconds, wall)
        for _ in range(options.rounds):
            for side, measure in sides.items():
                times[side].append(measure())
                time.sleep(REST if wall else 0)
    ours.close()
    return {side: statistics.median(found) / 1000 for side, found in times.items() if found}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--microbench", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--milliseconds", type=int, default=60)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(options.threads)))
    print("| case | batch | threads | Callpath us | PyTorch us | onnxruntime us | of PyTorch | of onnxruntime |")
    print("|---|---|---|---|---|---|---|---|")
    results = []
    for family, names, batches in (("networks", NETWORKS, (1, 8, 64)), ("layers", LAYERS, (1, 32))):
        for name in names:
            if options.names and name not in options.names:
                continue
            for batch in batches:
                for threads in options.threads:
                    found = compare(name, batch, threads, options)
                    results.append({"name": name, "batch": batch, "threads": threads, **found})
                    print(row(name, batch, threads, found, GOALS[family].get(batch, (None, None))), flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1))


def row(name, batch, threads, found, goals):
    def ratio(side, goal):
        if side not in found:
            return "-"
        reached = found[side] / found["callpath"]
        return f"{reached:.2f}" + ("" if goal is None or reached >= goal else f" (goal {goal})")
    other = f"{found['onnxruntime']:.1f}" if "onnxruntime" in found else "-"
    return (f"| {name} | {batch} | {threads} | {found['callpath']:.1f} | {found['torch']:.1f} | {other} "
            f"| {ratio('torch', goals[0])} | {ratio('onnxruntime', goals[1])} |")


if __name__ == "__main__":
    main()
