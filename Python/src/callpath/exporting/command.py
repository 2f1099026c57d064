"""`callpath export`: writes a model that a file or a class has as NAME.safetensors."""
import argparse
import importlib
import json
import os
import pathlib
import sys
import warnings

import torch
from safetensors.torch import load_file
from torch import nn

from . import layers, tree
from .errors import NotExportable
from .file import export

DESCRIPTION = """Writes a PyTorch model as NAME.safetensors, which `callpath serve --models FOLDER` serves as NAME.

    callpath export model.pt models/net.safetensors --example 1,4      # model.pt is what torch.save(model, "model.pt") wrote

or, where the model is:

    import callpath
    callpath.export(model, "models/net.safetensors", example=(x,))"""


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="callpath export", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, nargs="?", help="a module that torch.save wrote; loading it runs its code")
    parser.add_argument("file", type=pathlib.Path, help="NAME.safetensors")
    parser.add_argument("--example", action="append", default=[], metavar="SHAPE[:DTYPE]",
                        help="the shape of an input, one option for each: 1,4 or 1,16:int64")
    parser.add_argument("--class", dest="factory", metavar="MODULE:CLASS", help="makes the model by calling this, in place of a file of it")
    parser.add_argument("--state", type=pathlib.Path, help="the tensors of the model that --class makes: .safetensors, torch.save's, or the .index.json of shards")
    parser.add_argument("--binary", help="the callpath that checks what is written")
    parser.add_argument("--input-name", help="name of the input for the Open Inference Protocol")
    parser.add_argument("--output-name", help="name of the output for the Open Inference Protocol")
    given = parser.parse_args(arguments)
    try:
        model = made_by(given.factory, given.state) if given.factory else loaded(given.model, parser)
        example = [shaped(text) for text in given.example] or None
        export(model, given.file, example, input_name=given.input_name, output_name=given.output_name, binary=given.binary)
    except NotExportable as error:
        parser.exit(1, f"{error}\n")
    except OSError as error:
        parser.exit(1, f"{error.filename or given.file}: {error.strerror or error}\n")


def loaded(path, parser):
    """Returns the module in a file that torch.save wrote."""
    if path is None:
        parser.error("the following arguments are required: model, or --class")
    try:
        with warnings.catch_warnings():
            # What PyTorch thinks of old files helps nobody here.
            warnings.simplefilter("ignore")
            model = torch.load(path, map_location="cpu", weights_only=False)
    except OSError:
        raise
    except (AttributeError, ModuleNotFoundError) as error:
        raise NotExportable(f"{path} needs a class that cannot be imported here ({tree.first_line(error)}): run this where the class is, or "
                            "save the state_dict and write the description") from None
    except Exception as error:
        raise NotExportable(f"{path} is not a file that torch.save wrote: {tree.first_line(error)}") from None
    if isinstance(model, nn.Module):
        return model
    what = "a checkpoint" if isinstance(model, dict) and not all(map(torch.is_tensor, model.values())) else \
        "a state dictionary" if isinstance(model, dict) else f"a {type(model).__name__}"
    raise NotExportable(f"{path} holds {what}, no module: save the model itself, or give --class module:Class --state {path}")


def made_by(factory, state):
    """Returns the model that `module:Class` makes, with the tensors of a file."""
    name, _, attribute = factory.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        model = getattr(importlib.import_module(name), attribute)()
    except Exception as error:
        raise NotExportable(f"{factory} cannot be made: {type(error).__name__}: {tree.first_line(error)}") from None
    if not isinstance(model, nn.Module):
        raise NotExportable(f"{factory} makes a {type(model).__name__}, no module")
    if state is None:
        return model
    try:
        model.load_state_dict(tensors_of(state))
    except OSError:
        raise
    except Exception as error:
        raise NotExportable(f"{state} does not fit {factory}: {' '.join(str(error).split())[:400]}") from None
    return model


def tensors_of(path):
    """Returns the tensors of a file, or of the files that an index of shards names."""
    if path.suffix == ".safetensors":
        return load_file(path)
    if path.suffix != ".json":
        return torch.load(path, map_location="cpu", weights_only=True)
    keys = json.loads(path.read_text())["weight_map"]
    shards = {name: tensors_of(path.parent / name) for name in sorted(set(keys.values()))}
    return {key: shards[name][key] for key, name in keys.items()}


def shaped(text):
    """Returns an input of the shape and type that an option names: normal numbers, zeros and ones for whole ones."""
    sizes, _, name = text.partition(":")
    dtype = getattr(torch, name or "float32", None)
    try:
        shape = [int(size) for size in sizes.split(",") if size]
        if dtype not in layers.DTYPES or any(size < 0 for size in shape):
            raise ValueError
    except ValueError:
        raise NotExportable(f"--example {text} is not a shape such as 1,4 or 1,16:int64") from None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torch.randn(shape, dtype=dtype) if dtype.is_floating_point else torch.randint(2, shape).to(dtype)
