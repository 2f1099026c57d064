"""Writes layers.json: what PyTorch 2.13 makes of layers, and what it answers or refuses.

Run with PyTorch 2.13 (CPU, x86-64 with AVX2): python3 generate.py > layers.json

Inputs and upstream gradients are not written down: both sides fill them by the rule of `number`.
"""
import json
import re
import sys
import warnings

import torch
from torch import nn

torch.set_num_threads(1)
warnings.simplefilter("ignore")
CASES = []


def number(index, salt):
    return ((index * 37 + salt * 17) % 101 - 50) / 16


def fill(shape, salt, dtype="float32", below=None):
    count = 1
    for size in shape:
        count *= size
    numbers = [number(index, salt) for index in range(count)]
    if below is not None:
        numbers = [(index * 7 + salt) % below for index in range(count)]
    return torch.tensor(numbers, dtype=getattr(torch, dtype)).reshape(shape)


def plain(tensor):
    # Enough digits to read the same bits back.
    digits = {torch.float32: 9, torch.float16: 5, torch.bfloat16: 5}.get(tensor.dtype)

    def written(x):
        if digits and x - x == 0:
            x = float(f"{x:.{digits}g}")
        return x if x - x == 0 else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
    tensor = tensor.detach()
    data = [written(x) for x in tensor.flatten().tolist()]
    return {"shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch."), "data": data}


def shape_of(given):
    """An input is a shape, or a shape with a dtype and a bound for whole numbers."""
    if isinstance(given, tuple):
        return {"tuple": [shape_of(inner) for inner in given]}
    return {"shape": given} if isinstance(given, list) else given


def flat(value):
    """The tensors of an output, depth first."""
    return [value] if isinstance(value, torch.Tensor) else [tensor for inner in value for tensor in flat(inner)]


def case(kind, arguments, *inputs, training=False, dtype=None, seed=3, backward=True):
    """Records a call, or the error that the constructor or the call raises."""
    inputs = [shape_of(given) for given in inputs]
    entry = {"type": kind, "arguments": arguments, "inputs": inputs, "training": training, "seed": seed, "backward": backward}
    if dtype:
        entry["dtype"] = dtype
    torch.manual_seed(seed)
    try:
        given = {name: tuple(v) if isinstance(v, list) else v for name, v in arguments.items()}
        if dtype:
            given["dtype"] = getattr(torch, dtype)
        module = getattr(nn, kind)(**given)
        module.train(training)
        entry["repr"] = repr(module)
        entry["state"] = {name: plain(value) for name, value in module.state_dict().items()}
        count = iter(range(9))

        def filled(given):
            if "tuple" in given:
                return tuple(filled(inner) for inner in given["tuple"])
            tensor = fill(given["shape"], next(count), given.get("dtype", dtype or "float32"), given.get("below"))
            return tensor.requires_grad_(tensor.is_floating_point() and backward)

        arguments = [filled(given) for given in inputs]
        tensors = flat(arguments)
        if inputs:
            torch.manual_seed(seed + 1)
            outputs = flat(module(*arguments))
            entry["outputs"] = [plain(output) for output in outputs]
            entry["grad_fn"] = type(outputs[0].grad_fn).__name__ if outputs[0].grad_fn is not None else None
            if outputs[0].grad_fn is not None and backward:
                upstream = [fill(list(output.shape), 5 + salt, str(output.dtype).removeprefix("torch."))
                            for salt, output in enumerate(outputs)]
                torch.autograd.backward(outputs, upstream)
                entry["grad_inputs"] = [None if t.grad is None else plain(t.grad) for t in tensors]
                entry["grads"] = {name: None if p.grad is None else plain(p.grad)
                                  for name, p in module.named_parameters()}
            after = {name: plain(value) for name, value in module.named_buffers()}
            if after:
                entry["buffers"] = after
    except Exception as failure:
        # The order in which Python prints a set of words is another in each process.
        text = re.sub(r"\{('\w+'(?:, '\w+')*)\}", lambda m: "{" + ", ".join(sorted(m[1].split(", "))) + "}", str(failure))
        entry["error"] = {"type": type(failure).__name__, "text": text}
        entry.pop("outputs", None)
    CASES.append(entry)


exec(open(__file__.replace("generate.py", "cases.py")).read())

text = ",\n".join(json.dumps(entry) for entry in CASES)
sys.stdout.write(f'{{"torch": "{torch.__version__}", "cases": [\n{text}\n]}}\n')
