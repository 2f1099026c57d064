"""Brings the model that `callpath export` is to write: from a file of torch.save's, or made by a class."""
import importlib
import json
import re
import sys
import warnings

import torch
from safetensors.torch import load_file
from torch import nn

from . import layers, tree
from .errors import NotExportable


def loaded(path, factory=None):
    """Returns the module in a file that torch.save wrote; `factory` names the class that was in __main__ then."""
    if factory is not None:
        made = named(factory)
        setattr(sys.modules["__main__"], getattr(made, "__name__", factory), made)
    try:
        with warnings.catch_warnings():
            # What PyTorch thinks of old files helps nobody here.
            warnings.simplefilter("ignore")
            model = torch.load(path, map_location="cpu", weights_only=False)
    except OSError:
        raise
    except (AttributeError, ModuleNotFoundError) as error:
        raise NotExportable(f"{path} needs a class that cannot be imported here ({tree.first_line(error)}): {advice(error)}") from None
    except Exception as error:
        raise NotExportable(f"{path} is not a file that torch.save wrote: {tree.first_line(error)}") from None
    if isinstance(model, nn.Module):
        return model
    what = "a checkpoint" if isinstance(model, dict) and not all(map(torch.is_tensor, model.values())) else \
        "a state dictionary" if isinstance(model, dict) else f"a {type(model).__name__}"
    raise NotExportable(f"{path} holds {what}, no module: save the model itself, or give --class module:Class --state {path}")


def advice(error):
    """Returns what to do about a class that is missing: one of a script was in __main__, and this is another."""
    found = re.search(r"attribute '(\w+)' on <module '(?:__main__|callpath\.__main__)'", str(error))
    if found:
        return f"it was saved by the script that defines it: say which with --class SCRIPT:{found[1]}, the script's name without .py"
    return "run this where the class is, or save the state_dict and write the description"


def named(factory):
    """Returns what `module:Class` names."""
    name, _, attribute = factory.partition(":")
    try:
        return getattr(importlib.import_module(name), attribute)
    except Exception as error:
        raise NotExportable(f"{factory} cannot be imported: {type(error).__name__}: {tree.first_line(error)}") from None


def made_by(factory, state):
    """Returns the model that `module:Class` makes, with the tensors of a file."""
    make = named(factory)
    try:
        model = make()
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
