"""What goes wrong, as exceptions of PyTorch's classes where PyTorch has one."""
from __future__ import annotations

import json
from typing import Optional


class CallpathError(Exception):
    """A request that the server refused.

    `status` is the HTTP status, `code` a stable word that openapi.yaml lists, `detail` the reason in words (PyTorch's own
    where PyTorch has some) and `pointer` the place in the request's JSON that is wrong, if there is one.
    """

    def __init__(self, detail: str, status: int = 0, code: str = "", pointer: Optional[str] = None) -> None:
        super().__init__(detail)
        self.detail, self.status, self.code, self.pointer = detail, status, code, pointer

    def __str__(self) -> str:
        # A KeyError would show the repr of its text.
        return self.detail


class CallpathRuntimeError(CallpathError, RuntimeError):
    """Shapes, dtypes and gradients that do not fit: PyTorch's RuntimeError."""


class CallpathKeyError(CallpathError, KeyError):
    """A module, parameter or hook that is not there."""


class CallpathAttributeError(CallpathKeyError, AttributeError):
    """What was asked for as an attribute and is not there, so that `hasattr` and the default of `getattr` work."""


class CallpathIndexError(CallpathError, IndexError):
    """An index that is out of range."""


class CallpathTypeError(CallpathError, TypeError):
    """Arguments that a call does not take."""


class CallpathValueError(CallpathError, ValueError):
    """Values that are not allowed, and names in use."""


class ExportError(ValueError):
    """A model that Callpath cannot serve as PyTorch runs it, in one line."""


class ServerError(RuntimeError):
    """A server that did not start, or ended; the text has its last line."""


CLASSES = {
    "shape_mismatch": CallpathRuntimeError,
    "dtype_mismatch": CallpathRuntimeError,
    "not_differentiable": CallpathRuntimeError,
    "state_dict_mismatch": CallpathRuntimeError,
    "value_out_of_range": CallpathRuntimeError,
    "hook_failed": CallpathRuntimeError,
    "index_out_of_range": CallpathIndexError,
    "unknown_reference": CallpathKeyError,
    "invalid_call": CallpathTypeError,
    "unknown_argument": CallpathTypeError,
    "missing_argument": CallpathTypeError,
}


def error(status: int, body: bytes) -> CallpathError:
    """The exception for an answer that is a problem document (RFC 9457), or something that a proxy sent."""
    try:
        problem = json.loads(body)
        detail, code = problem.get("detail") or problem.get("error") or problem["title"], problem.get("code", "")
    except (ValueError, AttributeError, KeyError):
        text = body.decode("utf-8", "replace").strip()[:200]
        return CallpathError(f"status {status}: {text}" if text else f"status {status}", status)
    return class_of(status, code)(detail, status, code, problem.get("pointer"))


def class_of(status: int, code: str) -> type[CallpathError]:
    """PyTorch's class for a code."""
    if code == "parameter_not_found":
        # PyTorch's get_parameter raises an AttributeError, and a state dictionary a KeyError.
        return CallpathAttributeError
    if status == 404:
        return CallpathKeyError
    if code in CLASSES:
        return CLASSES[code]
    if status in (400, 409, 412, 413, 422):
        return CallpathValueError
    return CallpathError
