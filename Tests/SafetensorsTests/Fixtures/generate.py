"""Writes the fixtures beside this script with the reference implementation (safetensors and PyTorch from PyPI).

    pip install safetensors==0.8.0 torch==2.13.0 && python generate.py
"""
from pathlib import Path

import torch
from safetensors.torch import save

DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.float16, torch.bfloat16,
    torch.int32, torch.uint32, torch.float32, torch.float64, torch.int64, torch.uint64,
]


def every_dtype():
    values = torch.tensor([[0, 1, 2], [3, 100, 127]], dtype=torch.int64)
    return {str(dtype).removeprefix("torch."): values.to(dtype) for dtype in DTYPES}


FILES = {
    "every_dtype": (every_dtype(), None),
    "empty": ({}, None),
    "only_metadata": ({}, {"format": "pt"}),
    "shapes": ({
        "scalar": torch.tensor(1.5),
        "empty": torch.zeros(0),
        "no_rows": torch.zeros(0, 5),
        "no_columns": torch.zeros(3, 0, 2),
        "deep": torch.arange(16, dtype=torch.float32).reshape(2, 1, 2, 2, 2),
        "bias": torch.tensor([1, -1], dtype=torch.int8),
    }, {"format": "pt"}),
    "names": ({
        name: torch.tensor([float(index)])
        for index, name in enumerate(["b", "a", "", "\u00e9", "\U0001f600", "\uffff", "0.weight", "\b\f\n\r\t\"\\/\x00\x1f\x7f"])
    }, {"quote\"": "line\nfeed \u00e9 \U0001f600"}),
    "special_values": ({
        "float32": torch.tensor([float("nan"), float("inf"), float("-inf"), -0.0, 1e-45, 3.4028235e38]),
        "float64": torch.tensor([float("nan"), float("-inf"), -0.0, 5e-324], dtype=torch.float64),
        "float16": torch.tensor([float("inf"), -0.0, 6e-8, 65504], dtype=torch.float16),
        "bfloat16": torch.tensor([float("nan"), -0.0, 1e-40, 3.38e38], dtype=torch.bfloat16),
        "uint64": torch.tensor([0, 2**63, 2**64 - 1], dtype=torch.uint64),
        "int64": torch.tensor([-(2**63), 2**63 - 1]),
    }, None),
    "float8": ({
        name: torch.arange(256, dtype=torch.int64).to(torch.uint8).view(dtype).to(wide)
        for dtype, short in ((torch.float8_e4m3fn, "e4m3"), (torch.float8_e5m2, "e5m2"))
        for name, wide in ((short, dtype), (f"{short} as float32", torch.float32))
    }, None),
    "complex": ({"a": torch.zeros(2), "c": torch.zeros(0, dtype=torch.complex64), "z": torch.ones(1, dtype=torch.complex64)}, None),
}

if __name__ == "__main__":
    for name, (tensors, metadata) in FILES.items():
        (Path(__file__).parent / f"{name}.safetensors").write_bytes(save(tensors, metadata))
