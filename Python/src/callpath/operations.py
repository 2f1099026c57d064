"""What a client can ask of a server, once for both clients.

Each operation is a generator that yields requests and is sent answers, so that it knows neither sockets nor asyncio; `_do`
of a client runs it, at once or when it is awaited.
"""
from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from dataclasses import dataclass
from typing import Any, Dict, Generator, List, Mapping, Optional, Sequence, Tuple, Union

from . import hooks as actions
from .errors import (
    CallpathAttributeError,
    CallpathError,
    CallpathKeyError,
    CallpathRuntimeError,
    CallpathValueError,
    error,
)
from .tensors import Wire, from_json, is_torch, numbers_of, read_file, read_shape, shape_field, wire, write_file
from .tensors import np
from .wire import Answer, Request, Target, segment, shown

#: An operation on its way: yields requests, is sent answers.
Operation = Generator[Request, Answer, Any]
JSON, BYTES, FILE = "application/json", "application/octet-stream", "application/x-safetensors"
#: How many modules a page of the list has.
PAGE = 1000
#: State dictionaries of at most so many numbers travel in the JSON that creates their module.
SMALL_STATE = 65_536


@dataclass
class Capture:
    """What a hook of one call captured: its place in the list of hooks, the path of its module, its kind, the tensor."""

    hook: int
    module: str
    kind: str
    tensor: Any


@dataclass
class Trace:
    """The call path that was taken: its events as the server lists them, and the output."""

    output: Any
    events: List[Dict[str, Any]]
    captures: List[Capture]


@dataclass
class Backward:
    """A call and its way back: `gradients` by the names of parameters, None for those that had no part."""

    output: Any
    grad_fn: Optional[str]
    grad_input: Any
    gradients: Dict[str, Any]
    captures: List[Capture]


def ask(method: str, path: str, repeatable: bool = False, body: bytes = b"", **fields: str) -> Operation:
    """Sends a request and returns its answer, or raises what its problem document says."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    answer = yield Request(method, path, named, body, repeatable or method in ("GET", "HEAD"))
    if answer.status >= 400:
        raise error(answer.status, answer.body)
    return answer


def ask_json(method: str, path: str, value: Any = None, repeatable: bool = False, **fields: str) -> Operation:
    """As `ask`, with JSON both ways."""
    body = b"" if value is None else encoded(value)
    if body:
        fields["Content_Type"] = JSON
    answer = yield from ask(method, path, repeatable, body, Accept=JSON, **fields)
    return json.loads(answer.body) if answer.body else None


def encoded(value: Any) -> bytes:
    """A value as JSON: numpy's and torch's numbers as numbers, NaN and infinity as their words."""
    try:
        return json.dumps(value, allow_nan=False, default=_plain).encode()
    except ValueError:
        return json.dumps(_with_words(value), allow_nan=False).encode()


def _plain(value: Any) -> Any:
    """What JSON has not, where it means something: numbers and lists of numpy and torch, torch's types."""
    if isinstance(value, (np.generic, np.ndarray)):
        return _with_words(value.tolist())
    if is_torch(value):
        return _with_words(value.detach().cpu().tolist())
    if type(value).__module__ == "torch" and type(value).__name__ == "dtype":
        return str(value).removeprefix("torch.")
    raise TypeError(f"expected numbers, text, lists and dictionaries, got {a_kind(value)}")


def _with_words(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: _with_words(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_words(one) for one in value]
    return value if value is None or isinstance(value, (str, int, float)) else _with_words(_plain(value))


def a_kind(value: Any) -> str:
    """What a value is, in words, for those who gave the wrong one."""
    if value is None:
        return "None"
    name = value.__name__ if isinstance(value, type) else type(value).__name__
    return f"the class {name}" if isinstance(value, type) else f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


def attribute(operation: Operation) -> Operation:
    """An operation behind an attribute: what is not there is an AttributeError too, as `hasattr` and `getattr` want it."""
    try:
        return (yield from operation)
    except CallpathKeyError as missing:
        detail, status, code, pointer = missing.detail, missing.status, missing.code, missing.pointer
        raise CallpathAttributeError(detail, status, code, pointer) from None


def precondition(if_match: Optional[str]) -> Dict[str, str]:
    return {} if if_match is None else {"If_Match": if_match}


class BaseClient:
    """What both clients share; `framework` is what tensors come as where no input says so."""

    module_class: type
    handle_class: type
    transport_class: type

    def __init__(
        self,
        url: Optional[str] = None,
        key: Optional[str] = None,
        timeout: Optional[float] = 30,
        verify: Union[bool, str] = True,
        certificate: Union[None, str, Tuple[str, str]] = None,
        framework: str = "numpy",
    ) -> None:
        if framework not in ("numpy", "torch"):
            raise ValueError(f"expected numpy or torch, got {framework!r}")
        if framework == "torch":
            try:
                import torch  # noqa: F401
            except ImportError:
                raise ImportError("framework='torch' needs torch: pip install torch", name="torch") from None
        self.url, self.framework = url or os.environ.get("CALLPATH_URL", "http://localhost:8080"), framework
        if key is None:
            key = os.environ.get("CALLPATH_KEY")
            if key == "":
                raise ValueError("CALLPATH_KEY is set and empty: expected a key, or unset it to ask without one")
        target = Target(self.url, key, verify, certificate)
        self._transport = self.transport_class(target, timeout)

    def _do(self, operation: Operation) -> Any:
        """Runs an operation: at once, or when what this returns is awaited."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{module_of(self)}.Client({shown(self.url)!r})"

    def __getstate__(self) -> Dict[str, Any]:
        raise TypeError("a client holds connections and cannot be pickled: make one in each process")

    def _out(self, tensor: Optional[Wire], as_torch: bool = False) -> Any:
        if tensor is None:
            return None
        return tensor.torch() if as_torch or self.framework == "torch" else tensor.array()

    def _page(self, prefix: str, after: Optional[str]) -> Operation:
        query = f"?limit={PAGE}" + (f"&prefix={segment(prefix)}" if prefix else "")
        return (yield from ask_json("GET", f"/v1/modules{query}" + (f"&after={segment(after)}" if after else "")))

    def _names(self, prefix: str = "") -> Operation:
        names: List[str] = []
        after = None
        while True:
            page = yield from self._page(prefix, after)
            names += [module["name"] for module in page["modules"]]
            if page.get("next") is None:
                return names
            after = names[-1]

    def _contains(self, name: str) -> Operation:
        answer = yield Request("HEAD", f"/v1/modules/{segment(name)}", {}, b"", True)
        if answer.status == 404:
            return False
        if answer.status >= 400:
            yield from ask("GET", f"/v1/modules/{segment(name)}")
        return True

    def _get(self, name: str) -> Operation:
        yield from ask("GET", f"/v1/modules/{segment(name)}", Accept="text/plain")
        return self.module_class(self, name)

    def _create(self, name: Optional[str], module: Any, example: Any = None) -> Operation:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"expected a name or None, and then a module, got {a_kind(name)}")
        description, state = describe(module, example)
        body = dict(description) if name is None else {**description, "name": name}
        if state and numbers_of(list(state.values())) <= SMALL_STATE:
            body["state_dict"] = {key: tensor.json() for key, tensor in state.items()}
            state = {}
        document = yield from ask_json("POST", "/v1/modules", body)
        made = self.module_class(self, document["name"])
        if state:
            try:
                yield from made._load(write_file(state))
            except CallpathError:
                # All or nothing: a module without its weights is of no use.
                yield from ask("DELETE", made._path)
                raise
        return made

    def _register(self, path: str, hook: Mapping[str, Any]) -> Operation:
        document = yield from ask_json("POST", f"{path}/hooks", hook)
        return self.handle_class(self, f"{path}/hooks/{document['id']}", document)

    def _hooks(self, path: str) -> Operation:
        listed = yield from ask_json("GET", f"{path}/hooks")
        return [self.handle_class(self, f"{path}/hooks/{hook['id']}", hook) for hook in listed["hooks"]]

    def create(self, name: Optional[str], module: Any, example: Any = None) -> Any:
        """Registers a module and returns it.

        `module` is a torch.nn.Module, which is exported (`example` are inputs, where the exporter needs them), or a
        description as a dict: {"type": "Linear", "in_features": 4, "out_features": 3}, with "state_dict" if it has weights.
        A module is registered as it is in evaluation mode, whatever mode it is in. Raises `CallpathError` (status 409) if the
        name is taken, `ExportError` if the module cannot be exported, TypeError for what is neither of the two.
        """
        return self._do(self._create(name, module, example))

    def names(self, prefix: str = "") -> Any:
        """The names of all modules that begin with `prefix`, sorted."""
        return self._do(self._names(prefix))

    def delete(self, name: str, if_match: Optional[str] = None) -> Any:
        """Takes a module away; calls in flight finish."""
        return self._do(nothing(ask("DELETE", f"/v1/modules/{segment(name)}", **precondition(if_match))))

    def register_module_forward_hook(self, action: actions.Action, always_call: bool = False) -> Any:
        """A global hook: acts on the output of every module, before its own hooks."""
        return self._do(self._register("/v1", global_hook("forward", action, always_call)))

    def register_module_forward_pre_hook(self, action: actions.Action) -> Any:
        """A global hook: acts on the input of every module, before its own hooks."""
        return self._do(self._register("/v1", global_hook("forward_pre", action)))

    @property
    def hooks(self) -> Any:
        """The handles of all global hooks."""
        return self._do(self._hooks("/v1"))

    @property
    def server_version(self) -> Any:
        """The version of the server."""
        return self._do(self._server_version())

    def _server_version(self) -> Operation:
        return (yield from ask_json("GET", "/version"))["version"]


def global_hook(kind: str, action: actions.Action, always_call: bool = False) -> actions.Hook:
    hook = actions.hook(kind, "", action, always_call=always_call)
    del hook["module"]
    return hook


def nothing(operation: Operation) -> Operation:
    """An operation without a result."""
    yield from operation


def describe(module: Any, example: Any = None) -> Tuple[Dict[str, Any], Dict[str, Wire]]:
    """The description and the tensors of a torch module, or of a description."""
    if isinstance(module, Mapping):
        description = dict(module)
        state = description.pop("state_dict", {})
        if not isinstance(state, Mapping):
            raise TypeError(f"state_dict: expected a dictionary of tensors, got {a_kind(state)}")
        if not description.keys() & {"type", "ref"}:
            check_is_no_state(description)
        return description, wires(state)
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        more = f": make one, {module.__name__}(...)" if isinstance(module, type) else ""
        raise TypeError(
            'expected a torch.nn.Module, or a description such as {"type": "Linear", "in_features": 4, "out_features": 3}, '
            f"got {a_kind(module)}{more}"
        )
    from . import export

    handle, file = tempfile.mkstemp(suffix=".safetensors")
    os.close(handle)
    try:
        export(module, file, example=example)
        with open(file, "rb") as written:
            tensors, metadata = read_file(written.read())
    finally:
        os.unlink(file)
    return json.loads(metadata["callpath"]), tensors


def check_is_no_state(description: Mapping[str, Any]) -> None:
    """Raises if somebody gave the weights alone, which do not say what the module is."""
    if description and all(is_torch(value) or isinstance(value, np.ndarray) for value in description.values()):
        raise TypeError(
            "expected a torch.nn.Module or a description, got a state dictionary: give the module itself, or "
            '{"type": ..., "state_dict": it}'
        )


def wires(state: Mapping[str, Any]) -> Dict[str, Wire]:
    """The tensors of a state dictionary; what is none is named by its key."""
    made: Dict[str, Wire] = {}
    for key, value in state.items():
        try:
            made[key] = wire(value)
        except (TypeError, ValueError) as problem:
            raise type(problem)(f"{key}: {problem}") from None
    return made


def gradients(given: Any) -> Any:
    """The gradients of outputs as the server takes them: a tensor, or several by name or in a list, None where there is none."""
    if isinstance(given, Mapping):
        made = wires({name: value for name, value in given.items() if value is not None})
        return {name: made[name].json() if name in made else None for name in given}
    if isinstance(given, (list, tuple)) and any(value is None or getattr(value, "shape", ()) for value in given):
        return [None if value is None else wire(value).json() for value in given]
    return wire(given).json()


class BaseModule:
    """A module on the server: called like one of PyTorch, every call through its hooks."""

    def __init__(self, client: BaseClient, name: str) -> None:
        self._client, self.name = client, name
        self._path = f"/v1/modules/{segment(name)}"
        self._accept = BYTES

    # Calls

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Calls the module and returns its output: a tensor of its shape, or a dict of them if it has several.

        Inputs are arrays or tensors, by position or by name. Raises `CallpathRuntimeError` with PyTorch's text if their
        shapes or dtypes do not fit.
        """
        return self._client._do(self._call(inputs, named))

    def run(self, *inputs: Any, hooks: Sequence[actions.Hook] = (), **named: Any) -> Any:
        """Calls the module with hooks for this one call; returns the output and the list of what they captured."""
        return self._client._do(self._run(inputs, named, hooks))

    def trace(self, *inputs: Any, hooks: Sequence[actions.Hook] = (), **named: Any) -> Any:
        """Calls the module and returns the call path that was taken, as a `Trace`."""
        return self._client._do(self._trace(inputs, named, hooks))

    def backward(
        self, *inputs: Any, grad_output: Any = None, hooks: Sequence[actions.Hook] = (), **named: Any
    ) -> Any:
        """Calls the module and goes backward; nothing on the server changes.

        `grad_output` (of the output's shape) may be left out where the output has one element; those of several outputs are a
        dict by their names, or a list in their order, with None where there is none. Returns a `Backward`.
        """
        return self._client._do(self._backward(inputs, named, grad_output, hooks))

    def _call(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> Operation:
        if len(inputs) != 1 or named:
            return (yield from self._run(inputs, named, None))[0]
        tensor, as_torch = wire(inputs[0]), is_torch(inputs[0])
        fields = {
            "Content_Type": BYTES, "Tensor_Shape": shape_field(tensor.shape), "Tensor_Dtype": tensor.dtype,
            "Accept": self._accept,
        }
        try:
            answer = yield from ask("POST", f"{self._path}/call", True, tensor.data, **fields)
        except CallpathError as refusal:
            if refusal.status != 406 or self._accept == FILE:
                raise
            # Several outputs are a file.
            self._accept = fields["Accept"] = FILE
            answer = yield from ask("POST", f"{self._path}/call", True, tensor.data, **fields)
        if "tensor-dtype" not in answer.fields:
            return self._file(answer.body, as_torch)[0]
        shape = read_shape(answer.fields.get("tensor-shape", ""))
        return self._client._out(Wire(answer.fields["tensor-dtype"], shape, answer.body), as_torch)

    def _run(
        self, inputs: Sequence[Any], named: Mapping[str, Any], hooks: Optional[Sequence[actions.Hook]]
    ) -> Operation:
        body = encoded(self._body(inputs, named, hooks))
        answer = yield from ask("POST", f"{self._path}/call", True, body, Content_Type=JSON, Accept=FILE)
        return self._file(answer.body, any_torch(inputs, named))

    def _body(
        self, inputs: Sequence[Any], named: Mapping[str, Any], hooks: Optional[Sequence[actions.Hook]]
    ) -> Dict[str, Any]:
        if inputs and named:
            raise TypeError("expected inputs by position or by name, got both")
        if named:
            body: Dict[str, Any] = {"inputs": {name: wire(value).json() for name, value in named.items()}}
        elif len(inputs) == 1:
            body = {"input": wire(inputs[0]).json()}
        else:
            body = {"inputs": [wire(value).json() for value in inputs]}
        if hooks:
            body["hooks"] = list(hooks)
        return body

    def _file(self, file: bytes, as_torch: bool) -> Tuple[Any, List[Capture]]:
        tensors, metadata = read_file(file)
        captures = sorted((int(key[9:]), key) for key in tensors if key.startswith("captures.") and key[9:].isdigit())
        made = [self._capture(json.loads(metadata[key]), tensors.pop(key), as_torch) for _, key in captures]
        if list(tensors) == ["output"]:
            return self._client._out(tensors["output"], as_torch), made
        return {name: self._client._out(tensor, as_torch) for name, tensor in tensors.items()}, made

    def _capture(self, told: Mapping[str, Any], tensor: Wire, as_torch: bool) -> Capture:
        return Capture(told["hook"], told["module"], told["kind"], self._client._out(tensor, as_torch))

    def _trace(
        self, inputs: Sequence[Any], named: Mapping[str, Any], hooks: Sequence[actions.Hook]
    ) -> Operation:
        answer = yield from ask_json("POST", f"{self._path}/trace", self._body(inputs, named, hooks), True)
        as_torch = any_torch(inputs, named)
        return Trace(self._output(answer, as_torch), answer["events"], self._captures(answer, as_torch))

    def _backward(
        self, inputs: Sequence[Any], named: Mapping[str, Any], grad_output: Any, hooks: Sequence[actions.Hook]
    ) -> Operation:
        body = self._body(inputs, named, hooks)
        if grad_output is not None:
            body["grad_output"] = gradients(grad_output)
        answer = yield from ask_json("POST", f"{self._path}/backward", body, True)
        as_torch = any_torch(inputs, named)
        return Backward(
            self._output(answer, as_torch),
            answer["grad_fn"],
            self._read(answer["grad_input"], as_torch),
            {name: self._read(gradient, as_torch) for name, gradient in answer["gradients"].items()},
            self._captures(answer, as_torch),
        )

    def _output(self, answer: Mapping[str, Any], as_torch: bool) -> Any:
        if "outputs" in answer:
            return {name: self._read(value, as_torch) for name, value in answer["outputs"].items()}
        return self._read(answer, as_torch)

    def _captures(self, answer: Mapping[str, Any], as_torch: bool) -> List[Capture]:
        return [self._capture(told, from_json(told), as_torch) for told in answer.get("captures", [])]

    def _read(self, value: Any, as_torch: bool = False) -> Any:
        """A tensor, or several in a list or an object, as the server wrote them."""
        if isinstance(value, list):
            return [self._read(one, as_torch) for one in value]
        if isinstance(value, dict) and "dtype" not in value:
            return {name: self._read(one, as_torch) for name, one in value.items()}
        return self._client._out(None if value is None else from_json(value), as_torch)

    # Weights

    @property
    def weight(self) -> Any:
        """The module's own weight; the client that waits may set it, which makes a new version."""
        return self._attribute(self._tensor("weight"))

    @property
    def bias(self) -> Any:
        """The module's own bias; the client that waits may set it, to None to take it away."""
        return self._attribute(self._tensor("bias"))

    def parameter(self, key: str) -> Any:
        """The parameter or buffer with this key of the state dictionary, such as "0.weight"."""
        return self._client._do(self._tensor(key))

    def set_parameter(self, key: str, value: Any, if_match: Optional[str] = None) -> Any:
        """Sets a parameter or buffer, which is a new version; with `if_match` only if the module's `etag` is that."""
        return self._client._do(nothing(self._set(key, value, if_match)))

    def state_dict(self) -> Any:
        """All parameters and buffers by their keys, in PyTorch's order."""
        return self._client._do(self._state())

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, if_match: Optional[str] = None) -> Any:
        """Loads all tensors or none, which is a new version; raises with PyTorch's text if keys or sizes do not fit."""
        file = write_file(wires(state_dict))
        return self._client._do(nothing(self._load(file, strict, if_match)))

    def named_parameters(self) -> Any:
        """The parameters with their names, as pairs."""
        return self._client._do(self._named_parameters())

    def parameters(self) -> Any:
        """The parameters, in PyTorch's order."""
        return self._client._do(self._parameters())

    def _tensor(self, key: str) -> Operation:
        answer = yield from ask("GET", self._place(key), Accept=BYTES)
        shape = read_shape(answer.fields.get("tensor-shape", ""))
        return self._client._out(Wire(answer.fields["tensor-dtype"], shape, answer.body))

    def _set(self, key: str, value: Any, if_match: Optional[str] = None) -> Operation:
        tensor = wire(value)
        yield from ask(
            "PUT", self._place(key), False, tensor.data, Content_Type=BYTES, Tensor_Shape=shape_field(tensor.shape),
            Tensor_Dtype=tensor.dtype, **precondition(if_match),
        )

    def _place(self, key: str) -> str:
        return f"{self._path}/{key}" if key in ("weight", "bias") else f"{self._path}/parameters/{segment(key)}"

    def _state(self) -> Operation:
        document = yield from self._document_of()
        answer = yield from ask("GET", f"{self._path}/state_dict", Accept=FILE)
        tensors, _ = read_file(answer.body)
        order = [entry["name"] for kind in ("parameters", "buffers") for entry in document[kind]]
        keys = sorted(tensors, key=lambda key: order.index(key) if key in order else len(order))
        return {key: self._client._out(tensors[key]) for key in keys}

    def _load(self, file: bytes, strict: bool = True, if_match: Optional[str] = None) -> Operation:
        path = f"{self._path}/state_dict" + ("" if strict else "?strict=false")
        yield from ask("PUT", path, False, file, Content_Type=FILE, **precondition(if_match))

    def _named_parameters(self) -> Operation:
        document = yield from self._document_of()
        state = yield from self._state()
        return [(entry["name"], state[entry["name"]]) for entry in document["parameters"]]

    def _parameters(self) -> Operation:
        return [tensor for _, tensor in (yield from self._named_parameters())]

    # What it is

    def describe(self) -> Any:
        """The module's document as the server shows it: type, arguments, version, parameters, hooks."""
        return self._client._do(self._document_of())

    def text(self) -> Any:
        """The module as PyTorch prints it."""
        return self._client._do(self._text())

    @property
    def version(self) -> Any:
        """The version, an integer that grows with every change."""
        return self._attribute(self._member("version"))

    @property
    def versions(self) -> Any:
        """The versions that can still be called, as integers: `module.at(version)` calls one."""
        return self._attribute(self._versions())

    def at(self, version: int) -> "Version":
        """A version of the module, one of `versions`, to be called as the module is: `module.at(3)(x)`.

        Nothing is asked before it is called; one that is not kept any more is a KeyError then.
        """
        return Version(self, version)

    @property
    def etag(self) -> Any:
        """What `if_match` of a change takes: the change is refused (status 412) if somebody else was faster."""
        return self._attribute(self._etag())

    @property
    def hooks(self) -> Any:
        """The handles of the hooks of the module and those inside."""
        return self._attribute(self._client._hooks(self._path))

    def _attribute(self, operation: Operation) -> Any:
        return self._client._do(attribute(operation))

    def delete(self, if_match: Optional[str] = None) -> Any:
        """Takes the module away; calls in flight finish."""
        return self._client._do(nothing(ask("DELETE", self._path, **precondition(if_match))))

    def _document_of(self) -> Operation:
        return (yield from ask_json("GET", self._path))

    def _member(self, name: str) -> Operation:
        return (yield from self._document_of())[name]

    def _text(self) -> Operation:
        answer = yield from ask("GET", self._path, Accept="text/plain")
        return answer.body.decode().removesuffix("\n")

    def _versions(self) -> Operation:
        model = yield from ask_json("GET", f"/v2/models/{segment(self.name)}")
        return [int(version) for version in model["versions"]]

    def _etag(self) -> Operation:
        return (yield from ask("GET", self._path, Accept=JSON)).fields["etag"]

    # Hooks

    def register_forward_pre_hook(self, action: actions.Action, module: str = "", prepend: bool = False) -> Any:
        """Acts on the input of the module, or of the one inside at the path `module`."""
        return self._register(actions.forward_pre(module, action, prepend=prepend))

    def register_forward_hook(
        self, action: actions.Action, module: str = "", prepend: bool = False, always_call: bool = False
    ) -> Any:
        """Acts on the output of the module, or of the one inside at the path `module`."""
        return self._register(actions.forward(module, action, prepend=prepend, always_call=always_call))

    def register_full_backward_pre_hook(self, action: actions.Action, module: str = "", prepend: bool = False) -> Any:
        """Acts on the gradient of the output."""
        return self._register(actions.full_backward_pre(module, action, prepend=prepend))

    def register_full_backward_hook(self, action: actions.Action, module: str = "", prepend: bool = False) -> Any:
        """Acts on the gradient of the input."""
        return self._register(actions.full_backward(module, action, prepend=prepend))

    def _register(self, hook: actions.Hook) -> Any:
        return self._client._do(self._client._register(self._path, hook))


#: Callpath's names of types, as the Open Inference Protocol calls them.
DATATYPES = {
    "float32": "FP32", "float64": "FP64", "float16": "FP16", "bfloat16": "BF16", "int64": "INT64", "int32": "INT32",
    "int16": "INT16", "int8": "INT8", "uint8": "UINT8", "bool": "BOOL",
}
DTYPES = {name: dtype for dtype, name in DATATYPES.items()}


class Version:
    """A version of a module, the newest or an earlier one that is kept (`--kept-versions`): it can be called."""

    def __init__(self, module: BaseModule, version: int) -> None:
        if isinstance(version, bool) or not isinstance(version, (int, np.integer)):
            raise TypeError(f"expected the number of a version, got {a_kind(version)}")
        self.module, self.version = module, int(version)
        self._client = module._client

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Calls this version, with the hooks that the module has now; inputs and output are those of the module's own call."""
        return self._client._do(self._call(inputs, named))

    def __repr__(self) -> str:
        return f"<{module_of(self._client)}.Version {self.version} of {self.module.name!r}>"

    def _call(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> Operation:
        if inputs and named:
            raise TypeError("expected inputs by position or by name, got both")
        path = f"/v2/models/{segment(self.module.name)}/versions/{self.version}"
        given = dict(named)
        if not named:
            told = (yield from ask_json("GET", path))["inputs"]
            if len(inputs) > len(told):
                raise TypeError(f"expected {len(told)} inputs, got {len(inputs)}")
            given = {entry["name"]: value for entry, value in zip(told, inputs)}
        tensors = {name: wire(value) for name, value in given.items()}
        head = json.dumps({
            "inputs": [
                {"name": name, "datatype": DATATYPES[tensor.dtype], "shape": list(tensor.shape),
                 "parameters": {"binary_data_size": len(tensor.data)}}
                for name, tensor in tensors.items()
            ],
            "parameters": {"binary_data_output": True},
        }).encode()
        body = b"".join([head, *(tensor.data for tensor in tensors.values())])
        fields = {"Content_Type": BYTES, "Inference_Header_Content_Length": str(len(head))}
        try:
            answer = yield from ask("POST", f"{path}/infer", True, body, **fields)
        except CallpathValueError as refusal:
            # The protocol has no codes, and the form of the request is the client's: what does not fit are shapes or types.
            raise CallpathRuntimeError(refusal.detail, refusal.status) from None
        return self._outputs(answer, any_torch(inputs, named))

    def _outputs(self, answer: Answer, as_torch: bool) -> Any:
        size = int(answer.fields.get("inference-header-content-length", len(answer.body)))
        place, outputs = size, {}
        for entry in json.loads(answer.body[:size])["outputs"]:
            end = place + entry["parameters"]["binary_data_size"]
            tensor = Wire(DTYPES[entry["datatype"]], tuple(entry["shape"]), answer.body[place:end])
            outputs[entry["name"]], place = self._client._out(tensor, as_torch), end
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def module_of(client: BaseClient) -> str:
    """The module where a class of a client's kind is found."""
    return type(client).__module__.replace(".client", "")


def any_torch(inputs: Sequence[Any], named: Mapping[str, Any]) -> bool:
    return any(map(is_torch, inputs)) or any(map(is_torch, named.values()))


def brief(value: Any) -> str:
    """A value of a hook's action in a few words."""
    if isinstance(value, Mapping) and "shape" in value:
        return f"a tensor of {list(value['shape'])}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class BaseHandle:
    """A registered hook: `remove()` takes it back, twice is fine."""

    def __init__(self, client: BaseClient, path: str, document: Mapping[str, Any]) -> None:
        self._client, self._path = client, path
        self.id, self.kind, self.action = document["id"], document["kind"], document["action"]
        #: The path of its module; global hooks have none.
        self.module: Optional[str] = document.get("module")

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={brief(value)}" for name, value in self.action.items() if name != "type")
        place = "every module" if self.module is None else repr(self.module) if self.module else "the module itself"
        return f"<{module_of(self._client)}.Handle {self.id}: {self.kind} of {place}: {self.action['type']}({told})>"

    def remove(self) -> Any:
        """Takes the hook back."""
        return self._client._do(self._remove())

    @property
    def captured(self) -> Any:
        """The last tensor that a capturing hook saw, or None."""
        return self._client._do(self._captured())

    @property
    def statistics(self) -> Any:
        """What a statistics hook has seen, as the server tells it, or None."""
        return self._client._do(self._statistics())

    def _remove(self) -> Operation:
        answer = yield Request("DELETE", self._path)
        if answer.status >= 400 and answer.status != 404:
            raise error(answer.status, answer.body)

    def _captured(self) -> Operation:
        tensor = (yield from ask_json("GET", self._path)).get("capture")
        return self._client._out(None if tensor is None else from_json(tensor))

    def _statistics(self) -> Operation:
        return (yield from ask_json("GET", self._path)).get("statistics")
