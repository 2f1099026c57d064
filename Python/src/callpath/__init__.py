"""Callpath from Python: the server, a client whose modules are called like PyTorch's, the exporter, a pytest fixture.

    import callpath, torch

    with callpath.serve() as server:
        fc = server.client.create("fc", torch.nn.Linear(4, 3))
        y = fc(torch.randn(2, 4))
"""
from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any, List, Optional, Union

if TYPE_CHECKING:
    from . import aio
    from .client import Client, Handle, Module
    from .errors import (
        CallpathAttributeError,
        CallpathError,
        CallpathIndexError,
        CallpathKeyError,
        CallpathRuntimeError,
        CallpathTypeError,
        CallpathValueError,
        ExportError,
        ServerError,
    )
    from .hooks import (
        activation,
        add,
        assert_finite,
        assert_range,
        assert_shape,
        capture,
        clamp,
        forward,
        forward_pre,
        full_backward,
        full_backward_pre,
        log,
        mask,
        normalize,
        project_out,
        replace,
        scale,
        statistics,
        topk,
    )
    from .operations import Backward, Capture, Trace, Version
    from .server import Server, binary, serve

#: Where each name is. It is read when it is first used, so that the command `callpath` starts without numpy.
_PLACES = {
    "client": ["Client", "Handle", "Module"],
    "errors": [
        "CallpathAttributeError", "CallpathError", "CallpathIndexError", "CallpathKeyError", "CallpathRuntimeError",
        "CallpathTypeError", "CallpathValueError", "ExportError", "ServerError",
    ],
    "hooks": [
        "activation", "add", "assert_finite", "assert_range", "assert_shape", "capture", "clamp", "forward", "forward_pre",
        "full_backward", "full_backward_pre", "log", "mask", "normalize", "project_out", "replace", "scale", "statistics",
        "topk",
    ],
    "operations": ["Backward", "Capture", "Trace", "Version"],
    "server": ["Server", "binary", "serve"],
}
_PLACE = {name: module for module, names in _PLACES.items() for name in names}
__version__ = "0.1.0"
__all__ = [*_PLACE, "aio", "export"]


def __getattr__(name: str) -> Any:
    if name in ("aio", "operations", "tensors"):
        return importlib.import_module(f".{name}", __name__)
    if name not in _PLACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_PLACE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted([*globals(), *__all__])


def export(model: Any, file: Union[str, "os.PathLike[str]"], example: Optional[Any] = None, **names: Any) -> None:
    """Writes a torch module as NAME.safetensors, which `callpath serve --models FOLDER` serves as NAME.

    `example` is a tuple of inputs, or a dict of them by the names of forward's parameters, where the exporter needs them;
    `input_name` and `output_name` are those of the Open Inference Protocol. What is written gives PyTorch's answers in
    evaluation mode, as `model.eval()` sets it, whatever mode the model is in (which stays as it is): dropout does nothing,
    batch norms use their running statistics. Else `ExportError` is raised and nothing is written.
    """
    from .errors import ExportError

    try:
        from . import exporter
    except ImportError as missing:
        name = missing.name or "torch"
        raise ExportError(f"exporting needs {name.split('.')[0]}: pip install torch safetensors") from None
    if example is not None:
        names["example"] = example
    exporter.export(model, file, **names)
