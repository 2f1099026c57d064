"""Tensors between Python and the wire: numpy arrays and torch tensors, as bytes, JSON and safetensors.

numpy has no bfloat16: such tensors come as float32, which holds each of their values. torch is imported by nobody here:
where a torch tensor is given, it is there already.
"""
from __future__ import annotations

import json
import math
import sys
from typing import Any, Dict, List, Mapping, Tuple

try:
    import numpy as np
except ImportError:
    raise ImportError("the client of callpath needs numpy: pip install numpy", name="numpy") from None

#: Callpath's names of types, numpy's and those of safetensors.
TYPES = {
    "float32": (np.dtype("<f4"), "F32"),
    "float64": (np.dtype("<f8"), "F64"),
    "float16": (np.dtype("<f2"), "F16"),
    "int64": (np.dtype("<i8"), "I64"),
    "int32": (np.dtype("<i4"), "I32"),
    "int16": (np.dtype("<i2"), "I16"),
    "int8": (np.dtype("i1"), "I8"),
    "uint8": (np.dtype("u1"), "U8"),
    "bool": (np.dtype("?"), "BOOL"),
}
NAMES = {kind: name for name, (kind, _) in TYPES.items()}
FILE_TYPES = {**{code: name for name, (_, code) in TYPES.items()}, "BF16": "bfloat16"}


class Wire:
    """A tensor as the wire has it: the name of its type, its shape, and its bytes, little-endian and row by row."""

    __slots__ = ("dtype", "shape", "data")

    def __init__(self, dtype: str, shape: Tuple[int, ...], data: bytes) -> None:
        self.dtype, self.shape, self.data = dtype, shape, data

    def array(self) -> np.ndarray:
        """The tensor as an array that may be written to."""
        if self.dtype == "bfloat16":
            wide = np.frombuffer(self.data, "<u2").astype("<u4") << 16
            return wide.view("<f4").reshape(self.shape)
        if self.dtype not in TYPES:
            raise ValueError(f"expected a type that numpy has, got {self.dtype}")
        return np.frombuffer(self.data, TYPES[self.dtype][0]).reshape(self.shape).copy()

    def torch(self) -> Any:
        """The tensor as torch has it."""
        import torch

        if not self.data:
            return torch.empty(self.shape, dtype=getattr(torch, self.dtype))
        return torch.frombuffer(bytearray(self.data), dtype=getattr(torch, self.dtype)).reshape(self.shape)

    def json(self) -> Dict[str, Any]:
        """The tensor as JSON, NaN and infinity as strings."""
        flat = self.array().reshape(-1).tolist()
        if self.dtype.startswith(("float", "bfloat")):
            flat = [value if math.isfinite(value) else _word(value) for value in flat]
        return {"data": flat, "shape": list(self.shape), "dtype": self.dtype}


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def is_torch(value: Any) -> bool:
    """Whether a value is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def wire(value: Any) -> Wire:
    """A tensor, an array, or what numpy makes an array of; lists of floats are float32, as torch.tensor makes them."""
    if is_torch(value):
        return _torch_wire(value)
    array = np.asarray(value)
    if array.dtype == np.float64 and not isinstance(value, (np.ndarray, np.generic)):
        array = array.astype(np.float32)
    # Bytes in another order have the name, and another type.
    name = NAMES.get(array.dtype) or ("str" if array.dtype.kind == "U" else array.dtype.name)
    if name not in TYPES:
        raise TypeError(f"expected a tensor of {', '.join(TYPES)}, got {name}")
    return Wire(name, array.shape, array.astype(TYPES[name][0], copy=False).tobytes())


def _torch_wire(tensor: Any) -> Wire:
    torch = sys.modules["torch"]
    name = str(tensor.dtype)[6:]
    flat = tensor.detach().cpu().contiguous()
    if name == "bfloat16":
        return Wire(name, tuple(tensor.shape), flat.view(torch.int16).numpy().tobytes())
    if name not in TYPES:
        raise TypeError(f"expected a tensor of {', '.join(TYPES)} or bfloat16, got {name}")
    return Wire(name, tuple(tensor.shape), flat.numpy().tobytes())


def from_json(value: Any) -> Wire:
    """A tensor as the server writes it in JSON: nested data with a shape and a dtype."""
    dtype, shape = value["dtype"], tuple(value["shape"])
    data = value["data"] if "data" in value else value["output"]
    kind = TYPES["float32" if dtype == "bfloat16" else dtype][0]
    array = np.array(_numbers(data), kind) if "float" in dtype else np.array(data, kind)
    if dtype == "bfloat16":
        return Wire(dtype, shape, (array.view("<u4") >> 16).astype("<u2").tobytes())
    return Wire(dtype, shape, array.tobytes())


def _numbers(data: Any) -> Any:
    """Nested lists with the words for NaN and infinity as numbers."""
    if isinstance(data, list):
        return [_numbers(value) for value in data]
    return float(data) if isinstance(data, str) else data


def write_file(tensors: Mapping[str, Wire]) -> bytes:
    """The bytes of a safetensors file."""
    codes = {name: code for code, name in FILE_TYPES.items()}
    header: Dict[str, Any] = {}
    offset = 0
    for name, tensor in tensors.items():
        end = offset + len(tensor.data)
        header[name] = {"dtype": codes[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *(tensor.data for tensor in tensors.values())])


def read_file(file: bytes) -> Tuple[Dict[str, Wire], Dict[str, str]]:
    """The tensors of a safetensors file, in the order of their bytes, and its metadata."""
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    tensors: Dict[str, Wire] = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        data = file[8 + size + begin : 8 + size + end]
        tensors[name] = Wire(FILE_TYPES.get(entry["dtype"], entry["dtype"]), tuple(entry["shape"]), data)
    return tensors, metadata


def shape_field(shape: Tuple[int, ...]) -> str:
    """A shape as the field `Tensor-Shape` has it."""
    return ",".join(map(str, shape))


def read_shape(text: str) -> Tuple[int, ...]:
    """The shape in a field `Tensor-Shape`."""
    return tuple(int(size) for size in text.split(",") if size.strip())


def numbers_of(tensors: List[Wire]) -> int:
    """How many numbers some tensors have together."""
    return sum(math.prod(tensor.shape) for tensor in tensors)
