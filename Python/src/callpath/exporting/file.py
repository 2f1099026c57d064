"""Writes a PyTorch model as NAME.safetensors, which `callpath serve --models FOLDER` serves as NAME.

The file holds the model's tensors, and in its metadata under "callpath" the description that `POST /v1/modules` takes. Modules
of PyTorch's are named with their arguments; the `forward` of a class of one's own is followed with the example, and becomes a
graph. What is written gives PyTorch's answers in evaluation mode, or nothing is written: a model that Callpath cannot serve
as PyTorch runs it is a NotExportable whose one line names the module.
"""
import inspect
import json
import os
import pathlib
import re
import tempfile

import torch
from safetensors.torch import save_file
from torch import nn

from . import bare, checking, layers, tree
from .errors import NotExportable

# How many rows the example is repeated to, to see that the graph is right for other batches too.
OTHER_ROWS = 3


def export(model, file, example=None, *, input_name=None, output_name=None, binary=None):
    """Writes `model` to `file`, NAME.safetensors, or raises NotExportable and writes nothing.

    example: the inputs of a call, a tensor, a tuple, or a dict by the names of forward's parameters; without one it is made from
    the sizes of the first layer, where that is enough. input_name, output_name: the names of the Open Inference Protocol, for a
    model that is no graph. binary: the callpath that checks what was written, else CALLPATH_BINARY or the package's own; only
    layers that every Callpath knows are written unchecked.
    """
    path = pathlib.Path(file)
    check_name(path)
    if not isinstance(model, nn.Module):
        raise NotExportable(f"a {type(model).__name__} is no module")
    settled, found = follow(model, example)
    written = {**found.described, **{key: name for key, name in (("input_name", input_name), ("output_name", output_name)) if name}}
    metadata = {"format": "pt", "callpath": json.dumps(written), **found.ties}
    with drafting(path) as folder:
        draft = pathlib.Path(folder) / "model.safetensors"
        save_file({key: plain(tensor) for key, tensor in found.tensors.items()}, draft, metadata=metadata)
        program = checking.binary(binary)
        if program:
            checking.check(draft, settled, found.examples, found.names, program, found.draws)
        elif not layers.PLAIN.issuperset(types(found.described)):
            raise NotExportable("there is no callpath to check with what is written: give binary=, or set CALLPATH_BINARY")
        # safetensors lets the owner alone read it; the server may run as somebody else.
        draft.chmod(0o644)
        os.replace(draft, path)


def drafting(path):
    """Returns a folder beside a file, that goes when it was left; what keeps it from being made names the file."""
    try:
        return tempfile.TemporaryDirectory(dir=path.parent, prefix=".")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def description(model, example=None):
    """Returns the description of a model as `POST /v1/modules` takes it; `example` as for `export`."""
    return follow(model, example)[1].described


class Found:
    """What was found out about a model: its description, its tensors by key, ties, and inputs to check it with."""

    def __init__(self, described, tensors, ties, examples, names, draws):
        self.described, self.tensors, self.ties, self.examples, self.names = described, tensors, ties, examples, names
        self.draws = draws


def follow(model, example):
    """Returns the model as it is exported, and what was found."""
    tree.inspected(model)
    settled = tree.settled(model)
    given = inputs(settled, example)
    if given is not None:
        settled, given = bare.taking_tensors(settled, given)
    found = tree.Tree(settled)
    if found.needs_example():
        if given is None:
            raise NotExportable(f"model ({type(model).__name__}) has a forward of its own: give an example of its inputs")
        found.follow(*checking.copies(given))
    described = found.description()
    state, others, ties = found.tensors()
    tied = {name: first for name, first in ties.items() if not found.is_shared(name)}
    if tied:
        described["tied"] = tied
    names = [node["name"] for node in described["graph"] if node["op"] == "placeholder"] if "graph" in described else None
    examples = [] if given is None else [given, *repeated(settled, given)]
    return settled, Found(described, {**state, **others}, ties, examples, names, found.draws())


def inputs(model, example):
    """Returns the example as arguments by position and by name."""
    if example is None:
        return made(model)
    if torch.is_tensor(example):
        return (example,), {}
    if isinstance(example, dict):
        order = list(inspect.signature(model.forward).parameters)
        unknown = [name for name in example if name not in order]
        if unknown:
            raise NotExportable(f"forward takes no {unknown[0]}")
        # What is left out in between has its default, so that all behind it goes by name.
        first = next((place for place, name in enumerate(order) if name not in example), len(order))
        return tuple(example[name] for name in order[:first]), {name: example[name] for name in order[first:] if name in example}
    if not isinstance(example, (tuple, list)):
        raise NotExportable(f"an example is a tensor, a tuple of them, or a dict of them by name, not a {type(example).__name__}")
    return tuple(example), {}


def made(model):
    """Returns an input of the sizes that the first layer takes, or None where they do not say enough."""
    first = next((module for module in model.modules() if not list(module.children()) and list(module.parameters())), None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if type(first) is nn.Linear and torch.is_tensor(first.weight):
            given = (torch.randn(2, first.in_features, dtype=first.weight.dtype),), {}
        elif type(first) is nn.Embedding and first.num_embeddings:
            given = (torch.randint(first.num_embeddings, (2, 3)),), {}
        else:
            return None
    try:
        with torch.no_grad():
            checking.run(model, given)
    except Exception:
        return None
    return given


def repeated(model, example):
    """Returns the example with more rows, if the model takes them."""
    values = checking.values(example)
    if not all(torch.is_tensor(value) and value.dim() for value in values) or len({len(value) for value in values}) != 1:
        return []
    if type(model) is nn.EmbeddingBag and len(values) > 1:
        # Where bags begin grows from one to the next, and would not.
        return []
    longer = checking.changed(example, lambda value: torch.cat([value] * OTHER_ROWS))
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            checking.run(model, longer)
    except Exception:
        return []
    return [longer]


def types(described):
    """Returns the types that a description names."""
    modules = described.get("modules", [])
    inner = modules.values() if isinstance(modules, dict) else modules
    return {name for child in inner if "type" in child for name in types(child)} | {described["type"]}


def plain(tensor):
    return tensor.detach().cpu().clone().contiguous()


def check_name(path):
    """Refuses a file that no server would serve."""
    if path.suffix != ".safetensors" or path.name.startswith(".") or not path.stem:
        raise NotExportable(f"{path} is not a file that is served: write NAME.safetensors, with a NAME that begins with no dot")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", path.stem):
        raise NotExportable(f"{path.stem!r} is not a valid name: one letter or digit, then up to 127 letters, digits, '.', '_' or '-'")
    if path.is_dir():
        raise NotExportable(f"{path} is a folder: name a file")
    if not path.parent.is_dir():
        raise NotExportable(f"there is no folder {path.parent}")
