"""Writes random.json: what PyTorch draws after torch.manual_seed, as bits. Run with PyTorch 2 on x86-64 with AVX2.

A draw is what one call fills: {"uniform": [from, to]}, {"normal": [mean, std]} or {"bernoulli": p}, with dtype, count
and the little-endian bytes in hexadecimal; longer ones have the FNV-1a hash of their bytes instead. The draws of a case
follow each other in one stream.
"""
import json
import pathlib

import torch


def fnv1a(data: bytes) -> str:
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def draw(kind, arguments, dtype, count):
    tensor = torch.empty(count, dtype=getattr(torch, dtype))
    if kind == "uniform":
        tensor.uniform_(*arguments)
    elif kind == "normal":
        tensor.normal_(*arguments)
    else:
        tensor.bernoulli_(arguments)
    data = tensor.numpy().tobytes()
    bits = {"hex": data.hex()} if len(data) <= 256 else {"fnv1a": fnv1a(data)}
    return {kind: arguments, "dtype": dtype, "count": count, **bits}


def case(seed, *draws):
    torch.manual_seed(seed)
    return {"seed": str(seed), "draws": [draw(*arguments) for arguments in draws]}


def main():
    torch.set_num_threads(1)
    cases = [case(seed, ("uniform", [0, 1], "float32", 4), ("uniform", [0, 1], "float64", 4))
             for seed in (0, 1, 42, 2**31 - 1, 2**32 + 7, -1, -(2**63), 2**64 - 1)]
    for dtype in ("float32", "float64"):
        cases.append(case(5, ("uniform", [-0.7, 0.7], dtype, 17), ("uniform", [0.1, 0.3], dtype, 784 * 256),
                          ("uniform", [-3, 5], dtype, 5)))
        for count in (1, 2, 3, 15, 16, 17, 31, 32, 37, 1000, 100_003):
            cases.append(case(7, ("normal", [0.3, 1.7], dtype, count), ("normal", [0, 1], dtype, 3),
                              ("uniform", [0, 1], dtype, 1), ("normal", [-2, 0.1], dtype, 2)))
    cases.append(case(1, ("bernoulli", 0.7, "float32", 60), ("bernoulli", 0.25, "float64", 5),
                      ("bernoulli", 0, "float32", 3), ("bernoulli", 1, "float32", 3), ("bernoulli", 0.5, "float32", 5000)))
    document = {"generator": f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}", "cases": cases}
    text = json.dumps(document).replace('{"seed"', '\n{"seed"').replace('{"uniform"', '\n  {"uniform"')
    text = text.replace('{"normal"', '\n  {"normal"').replace('{"bernoulli"', '\n  {"bernoulli"')
    pathlib.Path(__file__).with_name("random.json").write_text(text + "\n")


main()
