"""Writes what PyTorch draws after torch.manual_seed, as bits: random.json under PyTorch 2 on x86-64 with AVX2,
random-1.0.1.json under PyTorch 1.0.1 (Python 3.7).

A draw is what one call fills: {"uniform": [from, to]}, {"normal": [mean, std]} or {"bernoulli": p}, with dtype, count
and the little-endian bytes in hexadecimal; longer ones have the FNV-1a hash of their bytes instead. The draws of a case
follow each other in one stream.
"""
import json
import pathlib

import torch

IS_OLD = torch.__version__ == "1.0.1"
DTYPES = ["float32", "float64"] + ([] if IS_OLD else ["float16", "bfloat16"])
SIZES = list(range(1, 41)) + [1000]


def fnv1a(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def octets(tensor):
    return (tensor if IS_OLD else tensor.view(torch.uint8)).numpy().tobytes()


def draw(kind, arguments, dtype, count, longest):
    tensor = torch.empty(count, dtype=getattr(torch, dtype))
    if kind == "uniform":
        tensor.uniform_(*arguments)
    elif kind == "normal":
        tensor.normal_(*arguments)
    else:
        tensor.bernoulli_(arguments)
    data = octets(tensor)
    bits = {"hex": data.hex()} if len(data) <= longest else {"fnv1a": fnv1a(data)}
    return {kind: arguments, "dtype": dtype, "count": count, **bits}


def case(seed, *draws, longest=256):
    torch.manual_seed(seed)
    return {"seed": str(seed), "draws": [draw(*arguments, longest) for arguments in draws]}


def seeds():
    return [case(seed, ("uniform", [0, 1], "float32", 4), ("uniform", [0, 1], "float64", 4))
            for seed in (0, 1, 42, 2**31 - 1, 2**32 + 7, -1, -(2**63), 2**64 - 1)]


def mixtures(dtype):
    """A number that waits for the next call, long draws, and ranges that hold only a few numbers."""
    yield case(5, ("uniform", [-0.7, 0.7], dtype, 17), ("uniform", [0.1, 0.3], dtype, 784 * 256),
               ("uniform", [-3, 5], dtype, 5))
    yield case(6, ("uniform", [1, 1 + 4 * torch.finfo(getattr(torch, dtype)).eps], dtype, 64),
               ("uniform", [2, 2], dtype, 3))
    for count in (1, 2, 3, 15, 16, 17, 31, 32, 37, 1000, 100003):
        yield case(7, ("normal", [0.3, 1.7], dtype, count), ("normal", [0, 1], dtype, 3),
                   ("uniform", [0, 1], dtype, 1), ("normal", [-2, 0.1], dtype, 2))


def sweeps(dtype):
    """Every size around the blocks of sixteen, one after the other in one stream."""
    for seed in (0, 2, 2**40 + 3):
        yield case(seed, *[("normal", [0, 1], dtype, size) for size in SIZES], longest=32)
        yield case(seed, *[("normal", [-1, 0.1], dtype, size) for size in SIZES], longest=32)
        yield case(seed, *[("uniform", [-0.3, 0.6], dtype, size) for size in SIZES], longest=32)


def main():
    torch.set_num_threads(1)
    cases = [] if IS_OLD else seeds()
    for dtype in DTYPES:
        cases += [*mixtures(dtype), *sweeps(dtype)]
    cases.append(case(1, ("bernoulli", 0.7, "float32", 60), ("bernoulli", 0.25, "float64", 5),
                      ("bernoulli", 0, "float32", 3), ("bernoulli", 1, "float32", 3), ("bernoulli", 0.5, "float32", 5000)))
    capability = "" if IS_OLD else ", " + torch.backends.cpu.get_cpu_capability()
    document = {"generator": f"PyTorch {torch.__version__}{capability}", "cases": cases}
    text = json.dumps(document).replace('{"seed"', '\n{"seed"').replace('{"uniform"', '\n  {"uniform"')
    text = text.replace('{"normal"', '\n  {"normal"').replace('{"bernoulli"', '\n  {"bernoulli"')
    name = "random-1.0.1.json" if IS_OLD else "random.json"
    pathlib.Path(__file__).with_name(name).write_text(text + "\n")


main()
