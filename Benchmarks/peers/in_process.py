"""What a call costs without any server: PyTorch and onnxruntime in this process, one row, microseconds a call as JSON.

    python in_process.py [SECONDS]
"""
import json
import statistics
import sys
import time

import numpy
import torch

from models import LAYERS, make_all
from onnx_models import make_sessions


def microseconds(call, seconds):
    times, deadline = [], time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        begin = time.perf_counter()
        for _ in range(16):
            call()
        times.append((time.perf_counter() - begin) / 16 * 1e6)
    return statistics.median(times)


def main(seconds):
    models, sessions, result = make_all(), make_sessions(), {}
    with torch.inference_mode():
        for name, sizes in LAYERS.items():
            row = torch.sin(torch.arange(sizes[0], dtype=torch.float32))
            rows = numpy.ascontiguousarray(row.numpy()[None])
            expected, got = models[name](row).numpy(), sessions[name].run(None, {"input": rows})[0][0]
            if not numpy.abs(expected - got).max() < 1e-3:
                raise SystemExit(f"{name}: onnxruntime is off by {numpy.abs(expected - got).max()}")
            result[name] = {"PyTorch": microseconds(lambda: models[name](row), seconds),
                            "onnxruntime": microseconds(lambda: sessions[name].run(None, {"input": rows}), seconds)}
    print(json.dumps(result))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1)
