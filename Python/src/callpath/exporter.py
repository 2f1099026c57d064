"""Writes a torch.nn.Sequential of known layers as NAME.safetensors, which `callpath serve --models FOLDER` serves as NAME.

    callpath export model.pt models/digits.safetensors       # model.pt is what torch.save(model, "model.pt") wrote

or, where the model is:

    import callpath
    callpath.export(model, "models/digits.safetensors")

The file holds the model's state_dict, and in its metadata under "callpath" the description that `POST /v1/modules` takes.
It needs torch and safetensors (`pip install torch safetensors`). A layer that Callpath does not know, or knows otherwise,
is refused by its name: what is written gives PyTorch's answers in evaluation mode, or nothing is written.
"""
import argparse
import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

from .errors import ExportError

# PyTorch's constructor arguments, which its layers keep under the same names.
ARGUMENTS = {
    "Linear": ["in_features", "out_features"],
    "Bilinear": ["in1_features", "in2_features", "out_features"],
    "Embedding": ["num_embeddings", "embedding_dim", "padding_idx"],
    "Identity": [],
    "Flatten": ["start_dim", "end_dim"],
    "ReLU": [],
    "ReLU6": [],
    "LeakyReLU": ["negative_slope"],
    "ELU": ["alpha"],
    "GELU": ["approximate"],
    "SiLU": [],
    "Sigmoid": [],
    "Tanh": [],
    "Softplus": ["beta", "threshold"],
    "Hardtanh": ["min_val", "max_val"],
    "Softmax": ["dim"],
    "LogSoftmax": ["dim"],
    "LayerNorm": ["normalized_shape", "eps", "elementwise_affine"],
    "RMSNorm": ["normalized_shape", "eps", "elementwise_affine"],
    "BatchNorm1d": ["num_features", "eps", "momentum", "affine", "track_running_stats"],
    "Dropout": ["p"],
}
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
HOOKS = ["_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"]


class NotExportable(ExportError):
    """A module that Callpath cannot serve as PyTorch runs it."""


def description(module, path="model"):
    """Returns the description of a module and all inside, as `POST /v1/modules` takes it."""
    kind = type(module).__name__
    if any(getattr(module, hooks) for hooks in HOOKS):
        raise NotExportable(f"{path} ({kind}) has hooks, which are code: remove them, or give Callpath hooks of its own")
    if type(module) in CONTAINERS:
        return {"type": kind, "modules": children(module, path)}
    if kind not in ARGUMENTS or type(module) is not getattr(nn, kind, None):
        raise NotExportable(f"{path} is a {kind}, and Callpath knows {', '.join(ARGUMENTS)} and containers of them")
    if getattr(module, "max_norm", None) is not None:
        raise NotExportable(f"{path} ({kind}) has a max_norm, which changes its weights in every call")
    return {"type": kind, **arguments(module)}


def children(module, path):
    """Returns the modules of a container: a list where their names are their positions, else an object."""
    named = {name: description(child, f"{path}.{name}") for name, child in module.named_children()}
    if len(named) < len(module):
        # named_children() tells of a module that stands twice once.
        named = {name: description(child, f"{path}.{name}") for name, child in module._modules.items()}
    positions = [str(position) for position in range(len(named))]
    return list(named.values()) if list(named) == positions and not isinstance(module, nn.ModuleDict) else named


def arguments(module):
    """Returns the arguments of a layer's constructor."""
    values = {name: getattr(module, name) for name in ARGUMENTS[type(module).__name__]}
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    if "bias" in module._parameters and given.get("elementwise_affine", given.get("affine", True)):
        given["bias"] = module.bias is not None
    dtypes = {parameter.dtype for parameter in module.parameters()}
    if len(dtypes) > 1:
        raise NotExportable(f"a {type(module).__name__} has parameters of several types: {sorted(map(str, dtypes))}")
    for dtype in dtypes - {torch.float32}:
        given["dtype"] = str(dtype).removeprefix("torch.")
    return given


def export(model, file, **names):
    """Writes `model` to `file`; `input_name` and `output_name` are those of the Open Inference Protocol."""
    text = json.dumps({**description(model), **{name: value for name, value in names.items() if value}})
    tensors = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in model.state_dict().items()}
    save_file(tensors, file, metadata={"format": "pt", "callpath": text})
    # safetensors lets the owner alone read it; the server may run as somebody else.
    pathlib.Path(file).chmod(0o644)


def main():
    parser = argparse.ArgumentParser(
        prog="callpath export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=pathlib.Path, help="a module that torch.save wrote; loading it runs its code")
    parser.add_argument("file", type=pathlib.Path, help="NAME.safetensors")
    parser.add_argument("--input-name", help="name of the input for the Open Inference Protocol")
    parser.add_argument("--output-name", help="name of the output for the Open Inference Protocol")
    given = parser.parse_args()
    try:
        model = torch.load(given.model, map_location="cpu", weights_only=False)
        if not isinstance(model, nn.Module):
            raise NotExportable(f"{given.model} holds a {type(model).__name__}, no module: save the model, not its state_dict")
        export(model, given.file, input_name=given.input_name, output_name=given.output_name)
    except NotExportable as error:
        parser.exit(1, f"{error}\n")

