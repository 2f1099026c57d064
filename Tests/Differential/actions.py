"""The actions of hooks, as anyone would write them in PyTorch: the oracle for `{"action": ...}`."""
import torch
from torch import nn


class Refused(Exception):
    """What a hook raises itself, with the `code` of Callpath's answer: its words are not PyTorch's."""

    def __init__(self, code="hook_failed"):
        self.code = code


def value(number, dtype):
    """Returns what a hook's `value` is: a Python number, or a tensor."""
    if isinstance(number, dict):
        return torch.tensor(number["data"], dtype=getattr(torch, number["dtype"]))
    return torch.tensor(number, dtype=dtype) if isinstance(number, list) else number


def apply(action, tensor, dtype):
    """Returns what the action makes of `tensor`, or None when it leaves it alone."""
    kind = action["type"]
    if kind == "replace":
        new = value(action["value"], dtype)
        return new if isinstance(new, torch.Tensor) else torch.full_like(tensor, new)
    if kind == "add":
        return tensor + value(action["value"], dtype)
    if kind == "scale":
        return tensor * value(action["value"], dtype)
    if kind == "clamp":
        return torch.clamp(tensor, action.get("min"), action.get("max"))
    if kind == "normalize":
        return (tensor - value(action["mean"], dtype)) / value(action["std"], dtype)
    if kind == "activation":
        arguments = {name: given for name, given in action.items() if name not in ("type", "name")}
        if "oftmax" in action["name"]:
            arguments = {"dim": -1, **arguments}
        return getattr(nn, action["name"])(**arguments).forward(tensor)
    if kind in ("mask", "topk"):
        return of_last_axis(action, tensor)
    check(action, tensor)
    return None


def of_last_axis(action, tensor):
    """Zeroes some of the last dimension; a scalar counts as one of one element."""
    row = tensor.reshape(1) if tensor.dim() == 0 else tensor
    size = row.shape[-1]
    if action["type"] == "mask":
        if any(index >= size for index in action["indices"]):
            raise Refused("index_out_of_range")
        gone = torch.zeros(size, dtype=torch.bool)
        gone[action["indices"]] = True
        return tensor.masked_fill(gone if tensor.dim() else gone[0], 0)
    if action["k"] > size:
        raise Refused("index_out_of_range")
    order = row.argsort(dim=-1, descending=True, stable=True)
    kept = torch.zeros(row.shape, dtype=torch.bool).scatter(-1, order[..., :action["k"]], True)
    return tensor.masked_fill(~kept if tensor.dim() else ~kept[0], 0)


def check(action, tensor):
    kind = action["type"]
    if kind == "assert_finite" and not torch.isfinite(tensor).all():
        raise Refused
    if kind == "assert_range":
        low, high = action.get("min", -torch.inf), action.get("max", torch.inf)
        numbers = tensor.double()
        if not ((numbers >= low) & (numbers <= high)).all():
            raise Refused
    if kind == "assert_shape":
        wanted, got = action["shape"], list(tensor.shape)
        if len(wanted) != len(got) or any(want not in (-1, size) for want, size in zip(wanted, got)):
            raise Refused


def draw(rng, size):
    """Returns a random action."""
    number = lambda: rng.choice([2, -1, 0, 0.5, -3.25])
    tensor = lambda: rng.choice([number(), number(), [number() for _ in range(size)], [number()]])
    kind = rng.choice(["capture", "capture", "replace", "add", "scale", "clamp", "normalize", "mask", "activation",
                       "topk", "assert_finite", "assert_range", "assert_shape", "statistics", "log"])
    fields = {
        "replace": lambda: {"value": tensor()},
        "add": lambda: {"value": tensor()},
        "scale": lambda: {"value": tensor()},
        "clamp": lambda: rng.choice([{"min": -0.5}, {"max": 0.25}, {"min": -1, "max": 1}]),
        "normalize": lambda: {"mean": tensor(), "std": rng.choice([2, 0.5, [2.0] * size])},
        "mask": lambda: {"indices": sorted(rng.sample(range(size), rng.randint(0, size)))},
        "activation": lambda: rng.choice([
            {"name": "ReLU"}, {"name": "Tanh"}, {"name": "Softmax"}, {"name": "LeakyReLU", "negative_slope": 0.3},
            {"name": "LogSoftmax", "dim": 0}, {"name": "GELU", "approximate": "tanh"}]),
        "topk": lambda: {"k": rng.randint(0, size)},
        "assert_range": lambda: rng.choice([{"min": -100}, {"max": 0.5}, {"min": -1e9, "max": 1e9}]),
        "assert_shape": lambda: {"shape": rng.choice([[-1, size], [size], [-1]])},
        "log": lambda: {"level": rng.choice(["debug", "info", "warning"])},
    }
    return {"type": kind, **fields.get(kind, dict)()}
