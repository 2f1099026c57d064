"""Runs a description in PyTorch: what its graph says, and nothing that the exporter knows beside it."""
import builtins
import operator

import torch
import torch.nn.functional as F
from torch import nn

OPERATORS = {"div": "truediv", "floor_divide": "floordiv", "remainder": "mod"}


def built(description, tensors, prefix="", known=None):
    """Returns a module for a description whose tensors stand in `tensors` under their keys; `known` has those before by path."""
    known = {} if known is None else known
    if "shared" in description:
        return known[description["shared"]]
    known[prefix.removesuffix(".")] = made = new(description, tensors, prefix, known)
    return made


def new(description, tensors, prefix, known):
    kind = description["type"]
    if kind == "GraphModule":
        return GraphModule(description, tensors, prefix, known)
    arguments = {name: value(given) for name, given in description.items() if name not in ("type", "modules", "dtype")}
    if "modules" in description:
        named = description["modules"]
        named = dict(enumerate(named)) if isinstance(named, list) else named
        children = {str(name): built(child, tensors, f"{prefix}{name}.", known) for name, child in named.items()}
        module = {"Sequential": nn.Sequential, "ModuleList": nn.ModuleList, "ModuleDict": nn.ModuleDict}[kind]()
        for name, child in children.items():
            module.add_module(name, child)
        return module
    if "dtype" in description:
        arguments["dtype"] = getattr(torch, description["dtype"])
    layer = getattr(nn, kind)(**arguments).eval()
    layer.load_state_dict({key: tensors[prefix + key] for key in layer.state_dict()})
    return layer


def value(given):
    if isinstance(given, str) and given in ("NaN", "Infinity", "-Infinity"):
        return float(given.replace("Infinity", "inf"))
    return tuple(map(value, given)) if isinstance(given, list) else given


class GraphModule(nn.Module):
    def __init__(self, description, tensors, prefix, known):
        super().__init__()
        self.description = description
        for name, child in description.get("modules", {}).items():
            self.add_module(name, built(child, tensors, f"{prefix}{name}.", known))
        for name, given in description.get("parameters", {}).items():
            self.register_parameter(name, nn.Parameter(self.checked(tensors[prefix + name], given), requires_grad=False))
        for name, given in description.get("buffers", {}).items():
            persistent = given.get("persistent", True)
            if "data" in given:
                numbers = torch.tensor([value(number) for number in given["data"]], dtype=getattr(torch, given.get("dtype", "float32")))
                tensor = numbers.reshape(given["shape"])
            else:
                tensor = tensors[prefix + name if persistent else f"callpath:{prefix}{name}"]
            self.register_buffer(name, self.checked(tensor, given), persistent=persistent)

    @staticmethod
    def checked(tensor, given):
        assert list(tensor.shape) == given["shape"] and str(tensor.dtype) == f"torch.{given.get('dtype', 'float32')}"
        return tensor

    def _get_name(self):
        return self.description["class"]

    def forward(self, *args, **kwargs):
        values, args = {}, list(args)
        for node in self.description["graph"]:
            given = [self.argument(each, values) for each in node.get("args", [])]
            named = {key: self.argument(each, values) for key, each in node.get("kwargs", {}).items()}
            if node["op"] == "output":
                return given[0]
            assert node["name"] not in values
            values[node["name"]] = self.node(node, given, named, args, kwargs)
        raise AssertionError("no output")

    def node(self, node, given, named, args, kwargs):
        if node["op"] == "placeholder":
            return args.pop(0) if args else kwargs[node["name"]]
        if node["op"] == "get_attr":
            return self.held(node["target"])
        if node["op"] == "call_module":
            return self.get_submodule(node["target"])(*given, **named)
        return call(node["target"], given, named)

    def held(self, target):
        module, _, name = target.rpartition(".")
        return getattr(self.get_submodule(module), name)

    def argument(self, given, values):
        if isinstance(given, list):
            return [self.argument(each, values) for each in given]
        if isinstance(given, str):
            return value(given)
        if not isinstance(given, dict):
            return given
        if given.keys() == {"node"}:
            return values[given["node"]]
        if given.keys() == {"tuple"}:
            return tuple(self.argument(each, values) for each in given["tuple"])
        if given.keys() == {"slice"}:
            return slice(*[self.argument(each, values) for each in given["slice"]])
        if given.keys() == {"ellipsis"}:
            return ...
        if given.keys() == {"dtype"}:
            return getattr(torch, given["dtype"])
        return {key: self.argument(each, values) for key, each in given.items()}


def call(name, given, named):
    """Calls a function of the list: Python's for numbers, else PyTorch's."""
    if name in ("getattr", "getitem"):
        return (builtins.getattr if name == "getattr" else operator.getitem)(*given, **named)
    if not any(torch.is_tensor(each) for each in given) and hasattr(operator, OPERATORS.get(name, name)) and given \
            and all(isinstance(each, (int, float, bool, tuple)) for each in given):
        return getattr(operator, OPERATORS.get(name, name))(*given, **named)
    if name == "where":  # As a method it has its arguments in another order.
        return torch.where(*given, **named)
    for space in (F, torch):
        if hasattr(space, name) and not (given and torch.is_tensor(given[0]) and hasattr(torch.Tensor, name)):
            return getattr(space, name)(*given, **named)
    method = getattr(torch.Tensor, name)
    function = getattr(F, name, None) or getattr(torch, name, None)
    try:
        return method(*given, **named)
    except TypeError:
        return function(*given, **named)
