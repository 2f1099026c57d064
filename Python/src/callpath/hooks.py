"""Hooks for a server's modules: a hook is data, never code, so an action says by its name what it does.

    module.register_forward_hook(callpath.mask([1]))
    output, captures = module.run(x, hooks=[callpath.forward("0", callpath.capture())])
"""
from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Sequence, Union

from .tensors import is_torch, np, wire

#: What a hook does, as the server takes it.
Action = Dict[str, Any]
#: An action with its place, as the server takes it.
Hook = Dict[str, Any]


def _value(value: Any) -> Any:
    """A number as it is, anything else as a tensor."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        number = value.item() if isinstance(value, np.generic) else value
        return number if math.isfinite(number) else wire(number).json()["data"][0]
    return wire(value).json()


def _action(kind: str, at: Any = None, **fields: Any) -> Action:
    action = {"type": kind, **{name: value for name, value in fields.items() if value is not None}}
    if at is not None:
        action["at"] = at
    return action


def capture() -> Action:
    """Keeps a copy of the tensor."""
    return _action("capture")


def replace(value: Any, at: Any = None) -> Action:
    """Puts `value` (a tensor or number, which broadcasts) in place of the tensor, or of what `at` picks of it."""
    return _action("replace", at, value=_value(value))


def add(value: Any, at: Any = None) -> Action:
    """Adds `value` (a tensor or number)."""
    return _action("add", at, value=_value(value))


def scale(value: Any, at: Any = None) -> Action:
    """Multiplies by `value` (a tensor or number)."""
    return _action("scale", at, value=_value(value))


def clamp(min: Optional[float] = None, max: Optional[float] = None, at: Any = None) -> Action:
    """Bounds each element, as torch.clamp does."""
    return _action("clamp", at, min=min, max=max)


def normalize(mean: Any, std: Any, at: Any = None) -> Action:
    """Computes (x - mean) / std."""
    return _action("normalize", at, mean=_value(mean), std=_value(std))


def mask(indices: Optional[Sequence[int]] = None, at: Any = None) -> Action:
    """Zeroes these indices of the last dimension, or all that `at` picks."""
    return _action("mask", at, indices=None if indices is None else [int(index) for index in indices])


def activation(name: str, at: Any = None, **arguments: Any) -> Action:
    """Applies a module without parameters, such as "ReLU" or "GELU", with its arguments."""
    return _action("activation", at, name=name, **arguments)


def topk(k: int) -> Action:
    """Keeps the k largest of the last dimension, and zeroes the rest."""
    return _action("topk", k=int(k))


def project_out(direction: Any, at: Any = None) -> Action:
    """Takes the part along `direction` (one value for each of the last dimension) out of the tensor."""
    values = direction.detach().cpu().tolist() if is_torch(direction) else list(map(float, direction))
    return _action("project_out", at, direction=values)


def assert_finite() -> Action:
    """Refuses the call if an element is NaN or infinite."""
    return _action("assert_finite")


def assert_range(min: Optional[float] = None, max: Optional[float] = None) -> Action:
    """Refuses the call if an element is outside."""
    return _action("assert_range", min=min, max=max)


def assert_shape(shape: Sequence[int]) -> Action:
    """Refuses the call if the tensor has another shape; -1 stands for any size."""
    return _action("assert_shape", shape=[int(size) for size in shape])


def statistics() -> Action:
    """Counts, and keeps mean, variance, minimum and maximum of what passes."""
    return _action("statistics")


def log(level: str = "info") -> Action:
    """Writes a line with shape and summary into the server's log, never the data."""
    return _action("log", level=level)


def hook(
    kind: str,
    module: Union[str, Action],
    action: Optional[Action] = None,
    prepend: bool = False,
    always_call: bool = False,
) -> Hook:
    """A hook of a kind at the module with this path; at the root if only an action is given."""
    if action is None:
        module, action = "", module  # type: ignore[assignment]
    if not isinstance(action, dict):
        # What a person of PyTorch tries first: code of theirs does not run in a server.
        got = "a function" if callable(action) else f"a {type(action).__name__}"
        raise TypeError(f"expected an action, such as callpath.capture() or callpath.mask([1]), got {got}")
    made: Hook = {"kind": kind, "module": module, "action": action}
    if prepend:
        made["prepend"] = True
    if always_call:
        made["always_call"] = True
    return made


def forward_pre(module: Union[str, Action], action: Optional[Action] = None, **options: bool) -> Hook:
    """Acts on a module's input."""
    return hook("forward_pre", module, action, **options)


def forward(module: Union[str, Action], action: Optional[Action] = None, **options: bool) -> Hook:
    """Acts on a module's output."""
    return hook("forward", module, action, **options)


def full_backward_pre(module: Union[str, Action], action: Optional[Action] = None, **options: bool) -> Hook:
    """Acts on the gradient of a module's output."""
    return hook("full_backward_pre", module, action, **options)


def full_backward(module: Union[str, Action], action: Optional[Action] = None, **options: bool) -> Hook:
    """Acts on the gradient of a module's input."""
    return hook("full_backward", module, action, **options)


ACTIONS: List[Any] = [
    capture, replace, add, scale, clamp, normalize, mask, activation, topk, project_out, assert_finite, assert_range,
    assert_shape, statistics, log,
]
