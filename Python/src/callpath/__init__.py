"""Callpath from Python: the server, a client whose modules are called like PyTorch's, the exporter, a pytest fixture.

    import callpath, torch

    with callpath.serve() as server:
        fc = server.client.create("fc", torch.nn.Linear(4, 3))
        y = fc(torch.randn(2, 4))
"""
from __future__ import annotations

import os
from typing import Any, Optional, Union

from . import aio
from .client import Client, Handle, Module
from .errors import (
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
from .operations import Backward, Capture, Trace
from .server import Server, binary, serve

__version__ = "0.1.0"
__all__ = [
    "Backward", "CallpathError", "CallpathIndexError", "CallpathKeyError", "CallpathRuntimeError", "CallpathTypeError",
    "CallpathValueError", "Capture", "Client", "ExportError", "Handle", "Module", "Server", "ServerError", "Trace",
    "activation", "add", "aio", "assert_finite", "assert_range", "assert_shape", "binary", "capture", "clamp", "export",
    "forward", "forward_pre", "full_backward", "full_backward_pre", "log", "mask", "normalize", "project_out", "replace",
    "scale", "serve", "statistics", "topk",
]


def export(model: Any, file: Union[str, "os.PathLike[str]"], example: Optional[Any] = None, **names: Any) -> None:
    """Writes a torch module as NAME.safetensors, which `callpath serve --models FOLDER` serves as NAME.

    `example` is a tuple of inputs, where the exporter needs them; `input_name` and `output_name` are those of the Open
    Inference Protocol. What is written gives PyTorch's answers in evaluation mode, or `ExportError` is raised and nothing is
    written.
    """
    try:
        from . import exporter
    except ImportError as missing:
        name = missing.name or "torch"
        raise ExportError(f"exporting needs {name.split('.')[0]}: pip install torch safetensors") from None
    if example is not None:
        names["example"] = example
    exporter.export(model, file, **names)
