"""Asks a Callpath of one's own what a written file answers, and PyTorch what it should."""
import contextlib
import inspect
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import torch
from torch.utils import _pytree as pytree

from . import layers
from .errors import NotExportable

# How far an answer may be from PyTorch's, which rounds in another order: relative, and for numbers near zero absolute.
TOLERANCES = {torch.float64: (1e-9, 1e-9), torch.float32: (1e-4, 1e-5), torch.float16: (1e-2, 1e-3), torch.bfloat16: (5e-2, 1e-2)}
STARTS_WITHIN = 30


def binary(given=None):
    """Returns the path of the callpath that checks: the one given, CALLPATH_BINARY's, the package's, or callpath-server on PATH."""
    beside = pathlib.Path(__file__).parent.parent / "bin" / "callpath"
    for candidate in (given, os.environ.get("CALLPATH_BINARY"), beside if beside.exists() else None):
        if candidate:
            return os.fspath(candidate)
    return shutil.which("callpath-server")


@contextlib.contextmanager
def serving(program, folder):
    """Runs a Callpath over a folder of models on a free port, and gives its URL."""
    log = tempfile.TemporaryFile("w+")
    command = [program, "serve", "--host", "127.0.0.1", "--port", "0", "--models", os.fspath(folder), "--log-level", "warning"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLPATH_")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    try:
        ready = process.stdout.readline()
        if "http://" not in ready:
            process.wait(STARTS_WITHIN)
            log.seek(0)
            lines = [line for line in log.read().splitlines() if line.strip()]
            raise NotExportable(f"Callpath does not take the model: {lines[-1] if lines else 'it ended without a word'}")
        yield "http://" + ready.split("http://", 1)[1].split()[0].rstrip("/")
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
        log.close()


def check(file, model, examples, names, program, draws=False):
    """Compares what the file's model answers with what PyTorch gives, for each example.

    `names` are those of a graph's inputs; `draws` says whether a call draws random numbers, and so takes a seed.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.abspath(file), os.path.join(folder, "model.safetensors"))
        with serving(program, folder) as url:
            for seed, example in enumerate(examples):
                with torch.no_grad(), torch.random.fork_rng(devices=[]):
                    torch.manual_seed(seed)
                    expected = leaves(called(model, example))
                compare(answers(url, named(model, example, names), names, seed if draws else None), expected, example)


def called(model, example):
    """Returns what the model itself gives for an example."""
    try:
        return run(model, example)
    except Exception as error:
        line = str(error).strip().split("\n")[0]
        raise NotExportable(f"the model does not take the example: {type(error).__name__}: {line}") from None


def run(model, example):
    """Calls a model with an example: arguments by position, and by name."""
    args, kwargs = copies(example)
    return model(*args, **kwargs)


def copies(example):
    """Returns inputs that a model may change in place."""
    return changed(example, torch.clone)


def changed(example, change):
    """Returns an example with other tensors."""
    return pytree.tree_map(lambda value: change(value) if torch.is_tensor(value) else value, tuple(example))


def values(example):
    """Returns what an example holds, without what is None."""
    args, kwargs = example
    return [value for value in [*args, *kwargs.values()] if value is not None]


def named(model, example, names):
    """Returns the inputs of a call by name: forward's parameters, of a graph its placeholders; what is None is left out."""
    args, kwargs = example
    bound, given = inspect.signature(model.forward).bind(*args, **kwargs), {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            given.update((f"{name}_{index}", each) for index, each in enumerate(value))
        elif kind is inspect.Parameter.VAR_KEYWORD:
            given.update(value)
        else:
            given[name] = value
    return {name: value for name, value in given.items() if value is not None and (names is None or name in names)}


def leaves(output):
    """Returns the tensors of an output, depth first; numbers are tensors, None is nothing."""
    found = [leaf for leaf in pytree.tree_leaves(output) if leaf is not None]
    return [leaf if torch.is_tensor(leaf) else torch.tensor(leaf, dtype=torch.float64 if isinstance(leaf, float) else None)
            for leaf in found]


def answers(url, given, names, seed):
    """Returns the tensors that the model gives for inputs by name, in their order; a layer of one has it without a name."""
    told = {name: tensor(value) for name, value in given.items()}
    body = {"input": next(iter(told.values()))} if names is None and len(told) == 1 else {"inputs": told}
    if seed is not None:
        body["seed"] = seed
    request = urllib.request.Request(f"{url}/v1/modules/model/call", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", "Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            given = json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        raise NotExportable(f"Callpath answers the example with: {problem.get('detail', error)}") from error
    outputs = list(given["outputs"].values()) if "outputs" in given else [{"data": given["output"], **given}]
    return [read(output) for output in outputs]


def tensor(value):
    """Returns a tensor as a call takes it; what is no tensor is a JSON value already."""
    if not torch.is_tensor(value):
        return layers.plain(value, "an input")
    return {"data": layers.plain(value.flatten().tolist(), "an input"), "shape": list(value.shape), "dtype": layers.DTYPES[value.dtype]}


def read(output):
    def number(value):
        return float(value.replace("Infinity", "inf")) if isinstance(value, str) else value
    flat = [number(value) for value in pytree.tree_leaves(output["data"])]
    return torch.tensor(flat, dtype=getattr(torch, output["dtype"])).reshape(output["shape"])


def compare(given, expected, example):
    shapes = ", ".join(str(list(value.shape)) for value in values(example) if torch.is_tensor(value))
    if len(given) != len(expected):
        raise NotExportable(f"for inputs of {shapes} Callpath gives {len(given)} tensors, and PyTorch {len(expected)}")
    for index, (got, wanted) in enumerate(zip(given, expected)):
        if got.shape != wanted.shape or got.dtype != wanted.dtype:
            raise NotExportable(f"for inputs of {shapes} output {index} is {got.dtype} of {list(got.shape)} in Callpath, and "
                                f"{wanted.dtype} of {list(wanted.shape)} in PyTorch")
        relative, absolute = TOLERANCES.get(wanted.dtype, (0, 0))
        scale = float(wanted.double().abs()[wanted.double().isfinite()].max()) if wanted.numel() and wanted.isfinite().any() else 1
        if not torch.allclose(got.double(), wanted.double(), rtol=relative, atol=absolute * max(1, scale), equal_nan=True):
            apart = float((got.double() - wanted.double()).abs().nan_to_num(float("inf")).max())
            raise NotExportable(f"for inputs of {shapes} output {index} is {apart:.3g} apart from PyTorch's")
