"""Writes what PyTorch answers to random calls of its functions, a file a family: `python generate.py` (torch 2.13.0, CPU).

A row is {"function", "args", "kwargs", "seed"?} with "error": {"kind", "text"}, or "output" and "gradients": one for each tensor
that requires gradients, in order, of the sum of each output times a ramp (null where there is none; no list where PyTorch fails). A value is null, {"i": 3},
{"f": 0.5}, {"f": "inf"}, {"b": true}, {"s": "mean"}, {"dtype": "int64"}, {"ellipsis": true}, {"slice": [a, b, c]}, {"l": [...]},
{"t": [...]}, or a tensor {"shape", "dtype", "hex", "requires"}.
"""
import itertools
import json
import math
import pathlib
import random
import sys
import warnings

import torch
import torch.nn.functional as F

warnings.simplefilter("ignore")
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]
ALL = FLOATS + INTS
f32, f64, i64, b8 = torch.float32, torch.float64, torch.int64, torch.bool
rng = random.Random(14)


def encode(v):
    if isinstance(v, torch.Tensor):
        d = v.detach().contiguous()
        raw = bytes(d.reshape(-1).view(torch.uint8).tolist()) if d.numel() else b""
        return {"shape": list(d.shape), "dtype": str(d.dtype)[6:], "hex": raw.hex(), "requires": v.requires_grad and v.is_leaf}
    if v is None:
        return None
    if isinstance(v, bool):
        return {"b": v}
    if isinstance(v, int):
        return {"i": v}
    if isinstance(v, float):
        return {"f": v if math.isfinite(v) else str(v)}
    if isinstance(v, str):
        return {"s": v}
    if isinstance(v, torch.dtype):
        return {"dtype": str(v)[6:]}
    if v is Ellipsis:
        return {"ellipsis": True}
    if isinstance(v, slice):
        return {"slice": [v.start, v.stop, v.step]}
    return {"l" if isinstance(v, list) else "t": [encode(x) for x in v]}


def leaves(v):
    if isinstance(v, torch.Tensor):
        return [v]
    if isinstance(v, dict):
        return [x for y in v.values() for x in leaves(y)]
    return [x for y in v for x in leaves(y)] if isinstance(v, (list, tuple)) else []


def ramp(t):
    flat = torch.tensor([((7 * i) % 23 - 11) / 8 for i in range(t.numel())], dtype=f64)
    return flat.reshape(t.shape).to(t.dtype)


def plain(v):
    return tuple(plain(x) for x in v) if isinstance(v, tuple) else v


FUNCTIONS = {"getitem": lambda x, i: x[i], "transpose": lambda x, a, b: x.transpose(a, b),
             "floor_divide": torch.floor_divide, "where": torch.where}
for name in ("normalize", "cosine_similarity", "pairwise_distance", "one_hot", "pad", "scaled_dot_product_attention", "softmax",
             "log_softmax"):
    FUNCTIONS[name] = getattr(F, name)
for name in ("relu", "relu6", "silu", "selu", "mish", "logsigmoid", "hardsigmoid", "hardswish", "tanhshrink", "softsign", "gelu", "leaky_relu", "elu", "celu",
             "softplus", "hardtanh", "hardshrink", "softshrink", "threshold", "glu", "prelu", "linear", "bilinear", "embedding", "layer_norm", "rms_norm",
             "group_norm", "batch_norm", "dropout", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "conv1d", "conv2d"):
    FUNCTIONS[name] = getattr(F, name)
for name in ("interpolate", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "fold", "unfold", "instance_norm", "local_response_norm", "rrelu",
             "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "softmin",
             *(f"{n}{d}d" for n in ("adaptive_avg_pool", "adaptive_max_pool", "conv_transpose", "lp_pool", "conv", "max_pool", "avg_pool") for d in (1, 2, 3))):
    FUNCTIONS[name] = getattr(F, name)
for name in ("expand", "repeat", "permute", "reshape", "view", "masked_fill", "type_as", "to", "expand_as", "unflatten", "size", "dim", "numel",
             "split", "item", "float", "double", "half", "bfloat16", "long", "int", "bool"):
    FUNCTIONS[name] = (lambda n: lambda x, *a, **k: getattr(x, n)(*a, **k))(name)
rows = []


def call(function, *args, seed=None, grad=True, **kwargs):
    """Records one call; all tensors of floats require gradients unless `grad` is false."""
    args = [x.clone() if isinstance(x, torch.Tensor) else x for x in args]
    for x in leaves(args) + leaves(kwargs):
        x.requires_grad_(bool(grad and x.is_floating_point() and rng.random() < 0.9))
    row = {"function": function, "args": [encode(x) for x in args], "kwargs": {k: encode(v) for k, v in kwargs.items()}}
    if seed is not None:
        row["seed"] = seed
        torch.manual_seed(seed)
    try:
        body = FUNCTIONS.get(function) or getattr(torch, function)
        out = body(*args, **kwargs)
        row["output"] = encode(plain(out))
        live = [x for x in leaves(out) if x.requires_grad]
        wants = [x for x in leaves(args) + leaves(dict(sorted(kwargs.items()))) if x.requires_grad]
        try:
            grads = torch.autograd.grad(live, wants, [ramp(x) for x in live], allow_unused=True) if live and wants else [None for _ in wants]
            row["gradients"] = [None if g is None else encode(g) for g in grads]
        except RuntimeError:
            pass  # What PyTorch cannot differentiate is held to its values alone.
    except Exception as error:
        text = str(error)
        if "Autograd not support" in text or "derivative for" in text:
            return
        if "invalid combination of arguments" in text or "must be" in text and "not" in text and isinstance(error, TypeError):
            return
        if "argument '" in text and ("must be" in text or "should contain" in text):
            return
        row["error"] = {"kind": type(error).__name__, "text": text}
    rows.append(row)


def save(name):
    path = pathlib.Path(__file__).parent / f"{name}.json"
    path.write_text("[" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "]\n")
    print(name, len(rows), sum("error" in r for r in rows), path.stat().st_size)
    rows.clear()


def t(*shape, dtype=f32, low=-3.0, high=3.0):
    if dtype == b8:
        return torch.tensor([rng.random() < 0.5 for _ in range(math.prod(shape))], dtype=b8).reshape(shape)
    if not dtype.is_floating_point:
        low = max(int(low), 0) if dtype == torch.uint8 else int(low)
        return torch.tensor([rng.randint(low, int(high)) for _ in range(math.prod(shape))], dtype=i64).reshape(shape).to(dtype)
    return torch.tensor([rng.uniform(low, high) for _ in range(math.prod(shape))], dtype=f64).reshape(shape).to(dtype)


def odd(dtype=f32):
    return torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 0.5, 1.5, 1e30 if dtype in (f32, f64) else 1e4], dtype=dtype)


PAIRS = [((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((2, 3), ()), ((0, 3), (1, 3)), ((2, 3), (2, 4)), ((2, 1, 3), (4, 1))]


def elementwise():
    unary = ["sqrt", "rsqrt", "square", "reciprocal", "exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos",
             "atan", "sinh", "cosh", "tanh", "sigmoid", "erf", "abs", "sign", "floor", "ceil", "round", "trunc", "frac", "neg"]
    for name in unary:
        bounds = {"log1p": (-0.9, 3), "asin": (-0.99, 0.99), "acos": (-0.99, 0.99)}.get(
            name, (0.1, 3) if name in ("sqrt", "rsqrt", "log", "log2", "log10") else (-3, 3))
        for dtype in ALL:
            call(name, t(2, 3, dtype=dtype, low=bounds[0], high=bounds[1]))
        call(name, odd(), grad=name in ("abs", "sign", "floor", "neg", "exp", "sin", "tanh", "sigmoid"))
        call(name, odd(torch.float16), grad=False)
        call(name, t(0, 2))
    binary = ["add", "sub", "mul", "div", "floor_divide", "remainder", "fmod", "pow", "minimum", "maximum", "atan2"]
    for name in binary:
        for first, second in itertools.product(ALL, ALL):
            if rng.random() < 0.35 or first == second:
                low = 1 if name in ("floor_divide", "remainder", "fmod", "pow") else -3
                a, b = t(3, dtype=first, low=low, high=4), t(*rng.choice([(3,), (), (2, 1)]), dtype=second, low=low, high=4)
                if second == b8 and name in ("div", "floor_divide", "remainder", "fmod"):
                    b = torch.ones_like(b)
                call(name, a, b)
        for s, u in PAIRS:
            low = 0.5 if name == "pow" else -3.0
            call(name, t(*s, low=low), t(*u, low=low))
        call(name, odd(), odd().flip(0), grad=False)
        call(name, odd(f64), odd(f64).roll(5), grad=False)
        if name in ("minimum", "maximum"):
            a = t(3, 4, dtype=i64).float()
            call(name, a, t(3, 4, dtype=i64).float())
            continue
        if name == "atan2":
            continue
        for dtype in ALL:
            for number in (2, -3, 2.5, 0.5, True, 0):
                call(name, t(4, dtype=dtype), number)
            if name not in ("floor_divide", "fmod"):
                for number in (2, 2.5):
                    (call if name in ("remainder", "pow") else lambda n, a, b: None)(name, number, t(4, dtype=dtype, low=1, high=4))
    for name in ("add", "sub"):
        for alpha in (2, -1, 0.5, True):
            for dtype in (f32, torch.float16, i64, b8):
                call(name, t(3, dtype=dtype), t(3, dtype=dtype), alpha=alpha)
                call(name, t(3, dtype=dtype), 2, alpha=alpha)
    for mode in (None, "trunc", "floor", "foo"):
        for dtype in ALL:
            call("div", t(5, dtype=dtype), t(5, dtype=dtype, low=1, high=3), rounding_mode=mode)
            call("div", t(5, dtype=dtype), -2, rounding_mode=mode)
    for name in ("floor_divide", "remainder", "fmod"):
        call(name, t(3, dtype=i64), 0)
        call(name, t(3, dtype=i64), torch.tensor([1, 0, 2]))
        call(name, torch.tensor([-2**63, 5, -5]), torch.tensor([3, 3, -3]))
    for base in (t(3, dtype=i64), t(3, dtype=torch.uint8)):
        call("pow", base, torch.tensor([-1, 0, 3]))
        call("pow", base, -1)
    call("pow", torch.tensor([0.0, 0.0, 2.0]), torch.tensor([0.0, 2.0, 0.0]))
    call("pow", 0.0, torch.tensor([0.0, 2.0]))
    call("pow", torch.tensor([0.0, -1.0]), 3)
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        for first, second in itertools.product(ALL, ALL):
            if rng.random() < 0.25:
                call(name, t(4, dtype=first), t(4, dtype=second))
        for dtype in ALL:
            for number in (1, 1.5, -1, 300, True, 2**40):
                if rng.random() < 0.5:
                    call(name, t(4, dtype=dtype), number)
        call(name, odd(), odd().flip(0))
        for s, u in PAIRS:
            call(name, t(*s), t(*u))
    for name in ("isnan", "isinf", "isfinite", "logical_not", "bitwise_not"):
        for dtype in ALL:
            call(name, t(4, dtype=dtype))
        call(name, odd())
    for name in ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor"):
        for first, second in itertools.product(ALL, ALL):
            if rng.random() < 0.4:
                call(name, t(4, dtype=first), t(2, 1, dtype=second))
        if name.startswith("bitwise"):
            call(name, t(4, dtype=i64), 3)
            call(name, t(4, dtype=b8), True)
            call(name, t(4, dtype=b8), 3)
    for first, second in itertools.product(ALL, ALL):
        if rng.random() < 0.4:
            call("where", t(2, 3, dtype=b8), t(3, dtype=first), t(*rng.choice([(2, 1), ()]), dtype=second))
    for a, b in ((1, 2.5), (1, True), (t(2, 3), 1.5), (1.5, t(2, 3, dtype=i64)), (t(2, 3), t(4)), (t(2, 3), t(3))):
        call("where", t(2, 3, dtype=b8), a, b)
    call("where", t(4, dtype=b8), t(3), t(3))
    call("where", t(2, 3), t(3), t(3))
    call("where", t(2, 3, dtype=torch.uint8), t(3), t(3))
    for dtype in ALL:
        for value in (1, 1.5, -2, True, math.inf, -1e9, torch.tensor(2), torch.tensor(1.5), t(2)):
            if rng.random() < 0.6:
                call("masked_fill", t(2, 3, dtype=dtype), t(*rng.choice([(2, 3), (3,), (2, 1)]), dtype=b8), value)
    call("masked_fill", t(2, 3), t(4, dtype=b8), 1)
    call("masked_fill", t(2, 3), t(4, 2, 3, dtype=b8), 1)
    call("masked_fill", t(2, 3), t(2, 3, dtype=i64), 1)
    for dtype in ALL:
        for low, high in ((-1, 1), (0.5, None), (None, 1), (-1, 1.5), (None, None), (2, -1), (t(3), None), (t(2, 1), t(3)), (None, t(3, dtype=f64))):
            if rng.random() < 0.7 or low is None and high is None:
                call("clamp", t(2, 3, dtype=dtype), low, high)
    for dtype in (f32, f64, torch.float16, i64):
        for weight in (0.3, 0.7, 1, t(3, dtype=dtype), torch.tensor(0.5)):
            call("lerp", t(3, dtype=dtype), t(3, dtype=dtype), weight)
    call("lerp", t(3), t(3, dtype=f64), 0.5)
    for name in ("addcmul", "addcdiv"):
        for dtype in ALL:
            call(name, t(3, dtype=dtype), t(3, dtype=dtype), t(3, dtype=dtype, low=1))
            call(name, t(2, 3, dtype=dtype), t(3, dtype=f32), t(2, 1, dtype=dtype, low=1), value=-0.5)
        call(name, t(3), t(3), t(3), value=2)


def reducing():
    dims = [None, 0, 1, -1, (0, 1), (0, 2), [2, 0], (0, 1, 2), 3, (0, 0), ()]
    shapes = [(2, 3, 4), (4, 1, 3), (2, 0, 3)]
    for name in ("sum", "mean", "amax", "amin", "var", "std", "logsumexp", "norm", "count_nonzero", "any", "all"):
        for dim, shape in itertools.product(dims, shapes):
            kwargs = {} if dim is None else {"dim": dim}
            if name == "norm" and dim == (0, 1, 2) or name == "logsumexp" and dim == ():
                continue
            if name == "logsumexp" and dim is None or dim == () and name in ("any", "all", "count_nonzero", "norm"):
                continue
            if rng.random() < 0.5 and dim is not None and name != "count_nonzero":
                kwargs["keepdim"] = True
            call(name, t(*shape, dtype=i64).float() if name in ("amax", "amin") else t(*shape), **kwargs)
        for dtype in ALL:
            call(name, t(3, 4, dtype=dtype), **({"dim": 1} if name == "logsumexp" else {}))
            call(name, t(3, 4, dtype=dtype), dim=0)
        call(name, odd(), dim=0, grad=False)
        call(name, t(), **({"dim": 0} if name in ("logsumexp", "amax") else {}))
    for name in ("sum", "mean", "prod", "cumsum", "cumprod", "norm"):
        for dtype, to in itertools.product(ALL, (f32, f64, i64, torch.float16, torch.int32)):
            if rng.random() < 0.4:
                call(name, t(2, 3, dtype=dtype), dim=1, dtype=to)
    for correction in (0, 1, 2, 0.5, 3):
        call("var", t(2, 3), dim=1, correction=correction)
        call("std", t(2, 3), dim=(0, 1), correction=correction, keepdim=True)
    call("std", torch.ones(3))
    for p in (0, 1, 2, 3, 0.5, 1.5, math.inf, -math.inf, -1, "fro"):
        for dim in (None, 1, (0, 1), (1, 2)):
            call("norm", t(2, 3, 2), p=p, **({} if dim is None else {"dim": dim}))
    call("norm", torch.zeros(3))
    call("norm", t(0), p=math.inf)
    call("norm", t(0, 3), p=math.inf, dim=0)
    for name in ("prod", "cumsum", "cumprod"):
        for dtype in ALL:
            call(name, t(3, 4, dtype=dtype), dim=1)
        for dim in (0, 1, -1, 2, 3):
            call(name, t(2, 3, 4), dim=dim)
        for zeros in ([0], [1], [0, 2], [3]):
            x = t(2, 4)
            x[0, zeros] = 0
            call(name, x, dim=1)
        call(name, t(2, 0, 3), dim=1)
        call(name, t(), dim=0)
    call("prod", t(2, 3))
    call("prod", torch.tensor([0.0, 2.0, 3.0]))
    call("prod", t(2, 3, dtype=b8))
    for name in ("max", "min"):
        for dtype in ALL:
            call(name, t(3, 4, dtype=dtype))
            for dim in (0, 1, -1):
                call(name, t(3, 4, dtype=dtype), dim, keepdim=rng.random() < 0.5)
        call(name, odd())
        call(name, odd(), 0)
        call(name, torch.ones(3))
        call(name, t(0))
        call(name, t(0, 2), 0)
        call(name, t(0, 2), 1)
        call(name, t(2, 3), 2)
        call(name, t(), 0)
        call(name, t(2, 3), t(3))
    for name in ("argmax", "argmin"):
        for dtype in ALL:
            for dim in (None, 0, -1):
                call(name, t(3, 4, dtype=dtype), **({} if dim is None else {"dim": dim, "keepdim": rng.random() < 0.5}))
        call(name, odd())
        call(name, t(0))
        call(name, t(0, 2), dim=0)
        call(name, t(0, 2), dim=1)
        call(name, t(2, 3), dim=4)
    for name in ("any", "all"):
        call(name, t(2, 3, dtype=torch.uint8), dim=0)
        call(name, t(2, 3), dim=[])
        call(name, t(2, 3), dim=(0, 1), keepdim=True)


def shaping():
    x = lambda: t(2, 3, 4)
    for dims in ((0, 1, 2), (2, 0, 1), (-1, 0, 1), (0, 0, 1), (0, 1), (0, 1, 3)):
        call("permute", x(), dims)
        call("permute", x(), *dims)
    for a, b in ((0, 1), (0, -1), (1, 1), (0, 3), (-3, 2)):
        call("transpose", x(), a, b)
    for s, d in ((0, 2), ((0, 1), (1, 2)), ((0, 0), (0, 1)), ((0, 1), (1, 1)), ((0,), (1, 2)), (3, 0), (-1, 0), ((2, 0), (0, 1))):
        call("movedim", x(), s, d)
    for y in (t(), t(3), t(2, 3), x()):
        call("t", y)
    for dims in ([0], [1, 2], [0, 0], [3], [], [-1, 0]):
        call("flip", x(), dims)
    for y in (t(1, 2, 1), x(), t(), t(1)):
        call("squeeze", y)
        for dim in (0, 1, -1, (0, 2), (0, 0), 5, ()):
            call("squeeze", y, dim)
        for dim in (0, -1, 2, 4, -5):
            call("unsqueeze", y, dim)
    for sizes in ((2, -1), (-1, 2), (2, 2), (), (-1, -1), (4, 1), (0, -1), (-2, 2)):
        if sizes != (-1, -1) and sizes != (-2, 2):
            call("unflatten", x(), 2, sizes)
    for sizes in ((2, 3, 4), (5, 2, 3, 4), (-1, 3, 4), (2, 3, 5), (3, 4), (-1, 2, 3, 4), (2, -2, 4), (0, 2, 3, 4)):
        call("expand", x(), *sizes)
        call("expand", t(3, 1), sizes)
    call("expand", t(), 2, 3)
    call("expand", t(1, 3), 2, -1)
    call("expand_as", t(1, 3), t(4, 2, 3))
    for sizes in ((2,), (1, 2), (2, 1, 3), (0, 1, 1), (2, 2, 2, 2), (1, -1, 1), (1, 1, 1)):
        call("repeat", x(), *sizes)
        call("repeat", t(3), sizes)
    call("repeat", t(), 3)
    for sizes in ((6, 4), (-1,), (2, -1), (5,), (-1, -1), (0, -1), (2, 3, 4), (4, 3, 2)):
        call("reshape", x(), sizes)
        call("view", x(), *sizes)
    for a, b in ((0, -1), (1, 2), (0, 1), (2, 1), (0, 3), (-1, -1)):
        call("flatten", x(), a, b)
    call("flatten", t())
    for k in (1, 2, 3, 5, 0, -1):
        call("split", x(), k, 1)
        call("chunk", x(), k, 2)
    for sizes in ([1, 2], [3, 0], [1, 1], [1, 3], [1, -1, 3]):
        call("split", x(), sizes, 1)
    for y in (t(), x(), t(0, 2)):
        call("split", y, 1)
        call("chunk", y, 2)
        call("unbind", y)
        call("unbind", y, 1)
    for dim, start, length in ((0, 0, 1), (1, 1, 2), (2, -2, 2), (0, 0, 3), (0, 5, 1), (0, 0, -1), (3, 0, 1), (1, 3, 0), (0, -5, 1)):
        call("narrow", x(), dim, start, length)
    call("narrow", t(), 0, 0, 1)
    for dim, index in ((0, 0), (1, -1), (2, 3), (2, 4), (0, -3), (3, 0)):
        call("select", x(), dim, index)
    call("select", t(), 0, 0)
    for args in ((), (1,), (-1, 0, 1), (0, 1, 2), (5,), (-7,), (0, 0, 0), (1, 2, 0), (0, -1, 0)):
        call("diagonal", x(), *args)
    call("diagonal", t(3))
    for d in (0, 1, -1, 5, -5):
        for y in (t(3, 3), x(), t(2, 4), t(3), t(0, 3), t(3, 3, dtype=b8), t(3, 2, dtype=torch.float16)):
            call("tril", y, d)
            call("triu", y, d)
    for dim in (0, 1, -1, 2):
        call("cat", [t(2, 3), t(2, 3)], dim)
        call("cat", [t(2, 3), t(4, 3)], dim)
        call("cat", [t(2, 3), t(0), t(2, 2)], dim=dim)
        call("cat", [t(2, 3), t(2, 3, dtype=i64), t(2, 3, dtype=b8)], dim)
        call("stack", [t(2, 3), t(2, 3)], dim)
        call("stack", [t(2, 3), t(2, 3, dtype=f64)], dim)
    call("stack", [t(2, 3), t(2, 2)])
    call("stack", [])
    call("cat", [])
    call("cat", [t()])
    call("cat", [t(2), t(2, 3)])
    call("stack", [t(), t()], 0)
    for dtype in ALL:
        call("cat", [t(2, 3, dtype=dtype), t(1, 3, dtype=rng.choice(ALL))])
    for mode in ("constant", "reflect", "replicate", "circular", "foo"):
        for padding in ((1, 1), (2, 0), (0, -1), (1, 2, 1, 1), (3, 1), (5, 0), (1, 0, 0, 1, 2, 2), (1,), (-1, 1), (0, 0), (-5, 0)):
            for y in (t(3), t(2, 3), x(), t(1, 2, 3, 4)):
                if rng.random() < 0.75:
                    call("pad", y, padding, mode=mode)
    for dtype in ALL:
        call("pad", t(2, 3, dtype=dtype), (1, 1), value=1)
        call("pad", t(2, 3, dtype=dtype), (1, 1), "constant", 1.5)
    call("pad", t(2, 3), (1, 1), mode="reflect", value=1.0)
    for shifts, dims in ((1, ()), (-2, 1), ((1, 2), (0, 2)), ((1, 2), (0,)), ((1, 2), ()), (100, 2), (1, 3), ((1, 1), (0, 0)), ((), ())):
        call("roll", x(), shifts, dims)
    call("roll", t(0, 2), 1, 0)
    call("roll", t(), 1)
    for y in (t(2, 3), t(2, 3, dtype=i64), t()):
        for r in (2, 0, -1, torch.tensor([1, 2]), torch.tensor(3), torch.tensor([2]), torch.tensor([1, 2, 3]), torch.tensor([1.0, 2.0]), torch.tensor([1, -2]),
                  torch.tensor([[1, 2]])):
            call("repeat_interleave", y, r, dim=0)
        call("repeat_interleave", y, 2)
        call("repeat_interleave", y, 2, dim=-1)
    for n in ("size", "dim", "numel"):
        call(n, x())
    call("size", x(), 1)
    call("size", x(), 3)


def indexing():
    x = lambda: t(3, 4, 5)
    L = lambda *v: torch.tensor(v)
    s = slice
    for index in (0, -1, 3, -4, (0, 1), (0, 1, 2), (0, 0, 0, 0), s(1, None), s(None, None, 2), s(-2, None), s(5, 2), s(None, None, -1), s(None, None, 0), Ellipsis,
                  (Ellipsis, 0), (0, Ellipsis), (Ellipsis, 0, Ellipsis), None, (None, 0), (0, None), (Ellipsis, None), (s(None), None, 1), True, False, (True, 0),
                  (s(0, 2), s(1, 3), s(2, 100)), (0, s(None, None, 3)), L(0, 2), L(0, -1), L(0, 3), L(-4), [0, 2], [[0, 1], [1, 0]], (s(None), [0, 3]),
                  (s(None), L(0, 3)), (s(None), s(None), L(4, 0)), (L(0, 1), L(2, 3)), (L(0, 1), s(None), L(2, 3)), (s(None), L(0, 1), L(2, 3)),
                  (L(0, 1), 2), (2, L(0, 1)), (0, s(None), L(0, 1)), (s(None), 0, L(0, 1)), (L([0], [1]), L(0, 1, 2)), (L(0, 1), L(0, 1, 2)),
                  (L(0, 1), None, L(0, 1)), (L(0, 1), None), (None, L(0, 1)), torch.tensor(1), torch.tensor(9), torch.tensor(True), torch.tensor(False),
                  (Ellipsis, L(0, 1)), (L(0, 1), Ellipsis, L(0, 1)), torch.tensor([0.0]), torch.tensor([0], dtype=torch.int32), torch.tensor([0], dtype=torch.int16),
                  (s(1, 3), L(0, 1)), (s(None, None, 2), s(None), L(1, 1, 1)), torch.zeros(0, dtype=i64), (s(None), torch.zeros(0, dtype=i64)), 1.5,
                  (L(0, 0, 0), L(1, 1, 1)), (L([[0]], [[1]]), s(1, 2), L(1, 2))):
        call("getitem", x(), index)
        if rng.random() < 0.5:
            call("getitem", t(3, 4, 5, dtype=rng.choice(ALL)), index)
    for y in (t(3, 4), t(), t(0, 3), t(2, 3, 2, 2)):
        for index in (0, s(0, 2), None, Ellipsis, L(0), (s(None), 0), (L(1, 0), L(2, 1)), (0, L(1)), True, (s(None), L(0, 1), s(None), L(0, 1)), torch.tensor(0)):
            call("getitem", y, index)
    for mask in (t(3, dtype=b8), t(3, 4, dtype=b8), t(3, 4, 5, dtype=b8), t(2, dtype=b8), t(3, 5, dtype=b8), t(3, dtype=torch.uint8, high=1), torch.zeros(3, dtype=b8)):
        call("getitem", x(), mask)
        call("getitem", x(), (mask, 0))
        call("getitem", x(), (Ellipsis, mask))
    call("getitem", x(), (s(None), t(4, dtype=b8)))
    call("getitem", x(), (t(3, dtype=b8), torch.tensor([0])))
    call("getitem", x(), (s(None), t(4, dtype=b8), s(None, None, 2)))
    for index in (L(0, 2), L(0, -1), L(0, 3), L([0]), torch.tensor(1), torch.tensor([0.0]), torch.tensor([1], dtype=torch.int32), torch.zeros(0, dtype=i64), L(1, 1, 1)):
        for dim in (0, 1, -1, 3):
            call("index_select", x(), dim, index)
        call("index_select", t(), 0, index)
    call("index_select", t(3, dtype=b8), 0, L(0, 2))
    for dim in (0, 1, -1, 2):
        for index in (L([0, 1, 2]), L([0], [1]), L([1, 1], [0, 1]), L([-1]), L([5]), L(0), torch.tensor([[0.0]]), torch.tensor([[0]], dtype=torch.int32),
                      torch.zeros(0, dtype=i64), torch.zeros(2, 0, dtype=i64), L([0, 0, 0], [1, 1, 1], [0, 1, 0])):
            call("gather", t(2, 3), dim, index)
            call("scatter", t(2, 3), dim, index, 5.0)
            call("scatter", t(2, 3), dim, index, t(2, 3))
            call("scatter_add", t(2, 3), dim, index, t(3, 3))
            call("take_along_dim", t(2, 3), index, dim)
    call("gather", t(), 0, torch.tensor(0))
    call("gather", t(), 0, L(0, 0))
    call("scatter", t(2, 3), 0, L([0, 1]), t(1, 1))
    call("scatter", t(2, 3), 0, L([0, 1]), t(2, 3, dtype=i64))
    call("scatter", t(2, 3, dtype=i64), 1, L([0, 1]), 2)
    call("scatter_add", t(2, 3, dtype=i64), 1, L([0, 0]), t(1, 2, dtype=i64))
    call("scatter_add", t(3, dtype=torch.float16), 0, L(0, 0, 2), t(3, dtype=torch.float16))
    call("take_along_dim", t(2, 3), L(5, 0))
    call("take_along_dim", t(2, 3), L(7))
    call("take_along_dim", t(2, 3), torch.argsort(t(2, 3), 1), 1)
    call("take_along_dim", t(2, 1), L([0, 0, 0]), 1)
    for mask in (t(2, 3, dtype=b8), t(3, dtype=b8), t(2, 1, dtype=b8), t(4, dtype=b8), t(2, 3, dtype=i64), t(4, 2, 3, dtype=b8), torch.tensor(True)):
        call("masked_select", t(2, 3), mask)
    for dtype in ALL:
        call("nonzero", t(2, 3, dtype=dtype))
    # An index that is out of bounds is named by its position.
    for y in (t(3, 0), t(0, 3), t(2, 3, 0), x()):
        for index in ((Ellipsis, 0), (Ellipsis, None, -1), (Ellipsis, 7, None), (0, Ellipsis, 9), (None, 5), (s(None), 6), (None, Ellipsis, torch.tensor(8)),
                      (Ellipsis, 0, 0)):
            call("getitem", y, index)
    # Lists without elements, which have no type.
    for y in (x(), t(), t(0, 2)):
        for index in ([], ([],), (s(None), []), ([], 0), ([0], []), ([0, 1], []), (None, []), (Ellipsis, []), [[], []], ()):
            call("getitem", y, index)
    call("nonzero", t())
    call("nonzero", torch.tensor(0.0))


def products():
    for name in ("mm", "bmm", "mv", "dot", "outer", "matmul"):
        for a, b in (((2, 3), (3, 4)), ((2, 3), (2, 3)), ((2, 2, 3), (2, 3, 4)), ((2, 2, 3), (3, 3, 4)), ((2, 2, 3), (2, 2, 4)), ((2, 3), (3,)), ((3,), (3,)),
                     ((3,), (2,)), ((0, 3), (3, 2)), ((2, 0), (0, 2)), ((2, 0, 3), (2, 3, 2))):
            call(name, t(*a), t(*b))
        for dtype in ALL:
            shapes = {"mv": ((2, 3), (3,)), "dot": ((3,), (3,)), "outer": ((2,), (3,)), "bmm": ((2, 2, 3), (2, 3, 2))}.get(name, ((2, 3), (3, 2)))
            call(name, t(*shapes[0], dtype=dtype), t(*shapes[1], dtype=dtype))
            call(name, t(*shapes[0], dtype=dtype), t(*shapes[1], dtype=f64))
    for dtype in (f32, f64, torch.float16, torch.bfloat16, i64):
        for kwargs in ({}, {"beta": 2, "alpha": 3}, {"beta": 0}, {"beta": 0.5, "alpha": -1.5}):
            for c in ((2, 2), (2,), (), (1, 2), (3,), (2, 2, 2), (2, 2, 2, 2)):
                call("addmm", t(*c, dtype=dtype), t(2, 3, dtype=dtype), t(3, 2, dtype=dtype), **kwargs)
                if dtype != i64:
                    call("baddbmm", t(*c, dtype=dtype), t(2, 2, 3, dtype=dtype), t(2, 3, 2, dtype=dtype), **kwargs)
    call("addmm", torch.full((2,), math.nan), t(2, 3), t(3, 2), beta=0)
    call("addmm", t(2), t(2, 3), t(2, 3))
    call("addmm", t(2, dtype=f64), t(2, 3), t(3, 2))
    call("baddbmm", t(2), t(2, 2, 3), t(2, 2, 3))
    call("baddbmm", t(2), t(2, 3), t(2, 3, 2))
    call("baddbmm", t(2, dtype=f64), t(2, 2, 3), t(2, 3, 2))
    for equation, shapes in (("ij,jk->ik", [(2, 3), (3, 4)]), ("ij,jk", [(2, 3), (3, 4)]), ("ij,kj->ik", [(2, 3), (4, 3)]), ("ij", [(2, 3)]), ("ji", [(2, 3)]),
                             ("ii", [(3, 3)]), ("ii->i", [(3, 3)]), ("ij->", [(2, 3)]), ("i,j->ij", [(2,), (3,)]), ("i,i", [(3,), (3,)]), ("bij,bjk->bik", [(2, 2, 3), (2, 3, 2)]),
                             ("...ij,...jk->...ik", [(2, 2, 3), (3, 2)]), ("bhqd,bhkd->bhqk", [(2, 2, 3, 2), (2, 2, 4, 2)]), ("bhqk,bhkd->bqhd", [(2, 2, 3, 4), (2, 2, 4, 2)]),
                             ("ij,ij->ij", [(2, 3), (2, 3)]), ("ij,ij,ij->i", [(2, 3), (2, 3), (2, 3)]), ("bn,anm,bm->ba", [(2, 3), (4, 3, 2), (2, 2)]), ("i...->...i", [(2, 3, 4)]),
                             ("...,...", [(2, 3), (3,)]), ("...i,...i->...", [(2, 3), (2, 3)]), ("ij,jk->ik", [(2, 3), (1, 4)]), ("ij,jk->ik", [(2, 3), (2, 4)]),
                             ("iij->ij", [(2, 2, 3)]), ("iji->j", [(2, 3, 2)]), ("ii", [(2, 3)]), ("ij->ijk", [(2, 3)]), ("ijk", [(2, 3)]), ("ij,jk", [(2, 3)]), ("i?", [(2, 3)]),
                             ("ij->iji", [(2, 3)]), ("i.j", [(2, 3)]), ("i...", [(2, 3, 4)]), ("ij, kj -> i k", [(2, 3), (4, 3)]), ("Ab,bA", [(2, 3), (3, 2)]), ("ij,->ij", [(2, 3), ()]),
                             ("->", [()]), ("i,ij,j->", [(2,), (2, 3), (3,)]), ("ijkl->", [(2, 1, 3, 2)]), ("abc,cd->abd", [(2, 3, 4), (4, 2)]), ("nchw,kc->nkhw", [(2, 3, 2, 2), (4, 3)]),
                             ("ij", [(2, 3), (2, 3)]), ("...ij->...ji", [(2, 2, 3)]), ("i", [(2, 3)]), ("b...,b->b...", [(2, 3, 4), (2,)])):
        call("einsum", equation, *[t(*s) for s in shapes])
        call("einsum", equation, *[t(*s, dtype=f64) for s in shapes])
    call("einsum", "ij,jk->ik", t(2, 3, dtype=i64), t(3, 2, dtype=i64))
    call("einsum", "ij,jk->ik", t(2, 3), t(3, 2, dtype=i64))
    a = "scaled_dot_product_attention"
    for dtype in (f32, f64, torch.float16, torch.bfloat16):
        q, k, v = (lambda: t(2, 2, 3, 4, dtype=dtype)), (lambda: t(2, 2, 5, 4, dtype=dtype)), (lambda: t(2, 2, 5, 3, dtype=dtype))
        call(a, q(), k(), v())
        call(a, q(), k(), v(), is_causal=True)
        call(a, q(), k(), v(), scale=0.3)
        call(a, q(), k(), v(), attn_mask=t(3, 5, dtype=dtype))
        mask = t(2, 1, 3, 5, dtype=b8)
        mask[0, 0, 0] = False
        call(a, q(), k(), v(), mask)
        call(a, t(3, 4, dtype=dtype), t(5, 4, dtype=dtype), t(5, 2, dtype=dtype))
    call(a, t(2, 4, 3, 4), t(2, 2, 5, 4), t(2, 2, 5, 4), enable_gqa=True)
    call(a, t(2, 3), t(2, 3), t(2, 3), torch.zeros(2, 2), is_causal=True)
    call(a, t(2, 3), t(2, 3), t(2, 3), torch.zeros(2, 2, dtype=i64))
    call(a, t(2, 3), t(2, 3), t(2, 3), torch.zeros(2, 2, dtype=f64))
    call(a, t(3), t(2, 3), t(2, 3))
    call(a, t(2, 3), t(2, 3, dtype=f64), t(2, 3))
    call(a, t(2, 3), t(2, 2), t(2, 3))


def making():
    for args in ((5,), (5.0,), (1, 5), (1, 5, 2), (5, 1, -1), (1, 2, 0.3), (0, 1, 0.1), (1, 5, 0), (1, 5, -1), (5, 1), (0, math.inf), (0, math.nan), (True,), (0, 1e30), (0,), (-3, 3),
                 (0.5, 3), (2.5,)):
        call("arange", *args)
        for dtype in (f32, f64, torch.float16, torch.bfloat16, i64, torch.int32, torch.uint8, b8):
            if args not in ((-3, 3), (0, math.inf), (0, 1e30)):
                call("arange", *args, dtype=dtype)
    for args in ((0, 1, 5), (0, 1, 0), (0, 1, -1), (0, 1, 1), (3, -7, 5), (0.5, 2.5, 6), (1, 1, 3)):
        call("linspace", *args)
        for dtype in (f64, torch.float16, i64, torch.int32):
            call("linspace", *args, dtype=dtype)
    for args in ((2, 3), (3,), (-1,), (2, -1), (0,), (3, 1)):
        call("eye", *args)
        call("eye", *args, dtype=rng.choice([i64, b8, f64, torch.float16]))
    for name in ("zeros", "ones"):
        call(name, (2, 3))
        call(name, 2, 3)
        call(name, (2,), dtype=i64)
        call(name, ())
    for name in ("zeros_like", "ones_like"):
        for dtype in ALL:
            call(name, t(2, 3, dtype=dtype))
            call(name, t(2, 3, dtype=dtype), dtype=f32)
    for value in (1, True, 1.5, math.inf, -1):
        call("full", (2, 2), value)
        for dtype in (i64, f32, b8, torch.uint8, torch.float16):
            call("full", (2,), value, dtype=dtype)
        for dtype in ALL:
            call("full_like", t(2, dtype=dtype), value)
    i = lambda *s: t(*s, dtype=i64, low=0, high=4)
    for args in ((i(2, 3),), (i(2, 3), 5), (i(2, 3), 2), (i(), 5), (-i(3) - 1,), (t(3),), (i(0),), (i(0), 3), (i(3), 0), (i(2).int(),)):
        call("one_hot", *args)
    for n in (3, 16, 40):
        for dtype in FLOATS:
            call("rand", (n,), dtype=dtype, seed=n)
            call("randn", (n,), dtype=dtype, seed=n)
            call("rand_like", t(2, n, dtype=dtype), seed=n)
            call("randn_like", t(2, n, dtype=dtype), seed=n)
            call("bernoulli", t(n, dtype=dtype, low=0, high=1), seed=n)
        call("normal", t(n), t(n, low=0), seed=n)
        call("normal", t(n), 2.0, seed=n)
        call("normal", 1.0, t(n, low=0), seed=n, grad=False)
        call("normal", t(n, dtype=f64), t(2, 1, dtype=f64, low=0), seed=n)
        for dtype in (i64, torch.int32, f32, torch.uint8):
            call("randperm", n, dtype=dtype, seed=n)
            call("randint", 0, 100, (n,), dtype=dtype, seed=n)
        call("randint", 5, (2, n), seed=n)
        call("randint", -10, 10, (n,), seed=n)
        call("randint", -2**62, 2**62, (n,), seed=n)
        call("randint", 0, 2**28, (n,), seed=n)
        call("randint", 0, 2**28 - 1, (n,), seed=n)
        for k in (1, 2, n):
            for dtype in (f32, f64):
                call("multinomial", t(3, n, dtype=dtype, low=0.1, high=1), k, seed=n)
                call("multinomial", t(n, dtype=dtype, low=0, high=1), 3 * k, True, seed=n)
    for args in ((5, 5, (2,)), (0, (2,)), (0, 2**40, (2,))):
        call("randint", *args, seed=1)
    call("randint", 0, 300, (2,), dtype=torch.uint8, seed=1)
    call("randint", 0, 2**40, (2,), dtype=torch.int32, seed=1)
    call("randint", 0, 3, (2,), dtype=b8, seed=1)
    for args in ((t(3),), (i(3),)):
        call("bernoulli", *args, seed=1)
    for args in ((t(2, 3, low=0), 4), (t(2, 3, low=0), 0), (-t(3, low=1), 1), (torch.zeros(2, 3), 1), (i(3), 1), (torch.tensor([math.inf, 1.0]), 1), (t(2, 2, 2, low=0), 1), (t(), 1)):
        call("multinomial", *args, seed=1)
    for args in ((0.0, -t(3, low=1)), (t(3), -1.0), (i(3), 1.0), (t(2, 3), t(2, low=0))):
        call("normal", *args, seed=1)
    call("randperm", -1, seed=1)
    call("randperm", 300, dtype=torch.uint8, seed=1)
    call("rand", (2,), dtype=i64, seed=1)


def sorting():
    for dtype in ALL:
        for dim in (-1, 0):
            for descending in (False, True):
                call("sort", t(4, 6, dtype=dtype), dim, descending)
                call("argsort", t(4, 6, dtype=dtype), dim, descending)
        for k, largest, ordered in ((1, True, True), (3, True, True), (3, False, True), (0, True, True), (6, True, True), (7, True, True)):
            call("topk", t(4, 6, dtype=dtype), k, 1, largest, ordered)
        call("unique", t(4, 3, dtype=dtype), grad=False)
        call("unique", t(4, 3, dtype=dtype), return_inverse=True, return_counts=True, grad=False)
        call("unique", t(4, 2, dtype=dtype, low=0, high=1), dim=0, return_inverse=True, return_counts=True, grad=False)
        call("unique", t(2, 4, dtype=dtype, low=0, high=1), dim=1, grad=False)
        call("bucketize", t(2, 3, dtype=dtype), torch.sort(t(4, dtype=rng.choice(ALL[:1] + INTS[:2]))).values, grad=False)
    call("sort", odd())
    call("sort", odd(), descending=True)
    call("sort", t(), 0)
    call("sort", t(2, 3), 5)
    call("sort", t(0, 3), 0)
    call("topk", t(), 1)
    call("topk", t(), 2)
    call("topk", odd(), 4)
    call("topk", odd(), 4, largest=False)
    call("topk", t(2, 3), -1)
    call("topk", t(2, 3), 1, 5)
    for n, k in ((20, 5), (50, 10), (100, 50), (100, 1), (200, 3), (300, 4), (40, 39), (64, 1), (65, 1), (130, 2), (17, 17), (500, 100)):
        for high in (2, 8):
            call("topk", t(n, dtype=i64, low=0, high=high), k)
            call("topk", t(n, dtype=i64, low=0, high=high).float(), k, largest=False, grad=False)
        call("topk", torch.zeros(n, dtype=i64), k)
    call("unique", odd(), grad=False)
    call("unique", t(2, 3), dim=5, grad=False)
    edges = torch.tensor([1.0, 2.0, 2.0, 3.0])
    for right in (False, True):
        call("bucketize", torch.tensor([0.5, 1.0, 2.0, 2.5, 3.0, 4.0, math.nan]), edges, right=right, grad=False)
        call("bucketize", t(3), edges, out_int32=True, right=right, grad=False)
        call("searchsorted", edges, t(2, 3), right=right, grad=False)
        call("searchsorted", torch.sort(t(2, 4)).values, t(2, 3), right=right, grad=False)
    call("bucketize", 2.5, edges, grad=False)
    call("searchsorted", edges, 2, grad=False)
    call("searchsorted", edges, t(2), side="right", grad=False)
    call("searchsorted", edges, t(2), side="foo", grad=False)
    call("searchsorted", edges, t(2), side="left", right=True, grad=False)
    call("searchsorted", torch.tensor([3.0, 1.0]), t(2), sorter=torch.tensor([1, 0]), grad=False)
    call("searchsorted", torch.ones(2, 2), 2, grad=False)
    call("searchsorted", torch.ones(3, 2), t(2, 3), grad=False)
    call("bucketize", t(3), torch.ones(2, 2), grad=False)


def types():
    for dtype in ALL:
        for to in ALL:
            call("to", t(2, 3, dtype=dtype), to)
        call("type_as", t(2, 3, dtype=dtype), t(1, dtype=rng.choice(ALL)))
        for name in ("float", "double", "half", "bfloat16", "long", "int", "bool"):
            call(name, t(2, 3, dtype=dtype))
        call("item", t(dtype=dtype), grad=False)
        call("clone", t(2, dtype=dtype))
    call("item", t(2), grad=False)
    call("softmax", t(2, 3), 1, dtype=f64)
    call("softmax", t(2, 3, dtype=i64), 1, dtype=f32)
    call("log_softmax", t(2, 3), -1, dtype=f64)
    call("softmax", t(2, 3, dtype=i64), 1)
    for p in (1, 2, 3.5, math.inf):
        call("normalize", t(2, 3, 4), p=p, dim=1)
        call("pairwise_distance", t(2, 3), t(2, 3), p=p)
    call("normalize", t(2, 3))
    call("normalize", t(2, 3, dtype=i64))
    call("normalize", t(2, 3), dim=5)
    call("normalize", torch.zeros(2, 3), eps=0.5)
    call("cosine_similarity", t(2, 3), t(2, 3))
    call("cosine_similarity", t(2, 3, dtype=f64), t(3), dim=0)
    call("cosine_similarity", t(2, 3), t(2, 3, dtype=f64), dim=-1)
    call("cosine_similarity", torch.zeros(2, 3), t(2, 3))
    call("cosine_similarity", t(2, 3, dtype=i64), t(2, 3, dtype=i64))
    call("cosine_similarity", t(2, 3), t(4))
    call("pairwise_distance", t(3), t(2, 3), keepdim=True)
    call("pairwise_distance", t(2, 3, dtype=i64), t(2, 3, dtype=i64))
    call("pairwise_distance", t(2, 3), t(2, 4))


def layers():
    plain = ["relu", "relu6", "silu", "selu", "mish", "logsigmoid", "hardsigmoid", "hardswish", "tanhshrink", "softsign", "gelu", "leaky_relu", "elu", "celu",
             "softplus", "hardtanh", "hardshrink", "softshrink"]
    for name in plain:
        for dtype in FLOATS:
            call(name, t(2, 3, dtype=dtype, low=-4, high=4))
        call(name, t(2, 0, 3))
    call("gelu", t(4), approximate="tanh")
    call("gelu", t(4), approximate="foo")
    call("leaky_relu", t(4), 0.2)
    call("elu", t(4), alpha=0.5)
    call("celu", t(4), 2.0)
    call("softplus", t(4), 2, 1.5)
    call("hardtanh", t(4), -0.5, 2.0)
    call("hardshrink", t(4), 1.0)
    call("softshrink", t(4), 1.0)
    call("threshold", t(4), 0.5, -1.0)
    call("glu", t(2, 4))
    call("glu", t(4, 3), 0)
    call("prelu", t(2, 3, 2), t(3))
    call("prelu", t(2, 3), t(1))
    for x in (t(3), t(2, 3), t(2, 2, 3), t(0, 3), t(2, 4), t()):
        call("linear", x, t(4, 3), t(4))
        call("linear", x, t(4, 3))
    call("bilinear", t(2, 3), t(2, 2), t(4, 3, 2), t(4))
    for index in (t(2, 3, dtype=i64, low=0, high=4), t(2, dtype=torch.int32, low=0, high=4), torch.tensor(7), torch.tensor([-1]), t(2)):
        call("embedding", index, t(5, 2))
        call("embedding", index, t(5, 2), 1)
    for x in (t(2, 3, 4), t(3, 4)):
        call("layer_norm", x, (4,), t(4), t(4))
        call("layer_norm", x, (3, 4), eps=0.1)
        call("layer_norm", x, (5,))
        call("rms_norm", x, (4,), t(4))
    call("group_norm", t(2, 4, 3), 2, t(4), t(4))
    call("batch_norm", t(2, 3, 4), t(3), t(3, low=0.5), t(3), t(3), grad=False)
    call("dropout", t(2, 3), 0.5, False)
    call("dropout", t(2, 3), 0.5, seed=3)
    call("dropout", t(2, 3), p=0.2, training=True, seed=4)
    for name, x in (("max_pool1d", t(2, 3, 8)), ("avg_pool1d", t(2, 3, 8)), ("max_pool2d", t(2, 3, 8, 6)), ("avg_pool2d", t(2, 3, 8, 6)), ("max_pool2d", t(3, 8, 6))):
        call(name, x, 2)
        call(name, x, 3, 1, 1)
        call(name, x, 2, stride=1, ceil_mode=True)
    call("max_pool2d", t(1, 2, 6, 6), (2, 3), (1, 2))
    call("conv1d", t(2, 3, 8), t(4, 3, 3), t(4), 2, 1)
    call("conv2d", t(2, 3, 6, 6), t(4, 3, 3, 3), None, 1, "same")
    call("conv2d", t(2, 4, 6, 6), t(4, 2, 3, 2), t(4), (1, 2), (0, 1), 1, 2)


def images():
    for d, size in ((1, (6,)), (2, (4, 3)), (3, (3, 2, 3))):
        for dtype in (f32, f64, torch.bfloat16):
            for lead in ((2, 3), (3,), (2, 0)):
                for out in (2, 1, (3,) * d, (None,) * d, (None,) + (2,) * (d - 1)):
                    call(f"adaptive_avg_pool{d}d", t(*lead, *size, dtype=dtype), out)
                    call(f"adaptive_max_pool{d}d", t(*lead, *size, dtype=dtype), out)
        call(f"adaptive_max_pool{d}d", t(2, 3, *size), 2, True)
        call(f"adaptive_max_pool{d}d", t(2, 3, *size), 2, return_indices=True)
        call(f"adaptive_avg_pool{d}d", t(2, 3, *size), -1)
        call(f"adaptive_avg_pool{d}d", t(2, 3), 2)
        call(f"adaptive_avg_pool{d}d", t(2, 3, *size, dtype=i64), 2)
        kernel = (3, 2, 2)[:d]
        for dtype in (f32, f64):
            weight = lambda a, b: t(a, b, *kernel, dtype=dtype)
            name = f"conv_transpose{d}d"
            call(name, t(2, 3, *size, dtype=dtype), weight(3, 4))
            call(name, t(3, *size, dtype=dtype), weight(3, 4), t(4, dtype=dtype))
            call(name, t(2, 3, *size, dtype=dtype), weight(3, 2), t(2, dtype=dtype), stride=2, padding=1)
            call(name, t(2, 4, *size, dtype=dtype), weight(4, 3), None, 2, 0, 1, 2)
            call(name, t(1, 2, *size, dtype=dtype), weight(2, 2), dilation=2)
            call(name, t(1, 2, *size, dtype=dtype), weight(2, 2), stride=(2,) * d, output_padding=(1,) * d, padding=(1,) * d)
            call(f"conv{d}d", t(2, 3, *size, dtype=dtype), t(2, 3, *kernel, dtype=dtype), t(2, dtype=dtype), padding=1, dilation=(1,) * d)
            call(f"lp_pool{d}d", t(2, 3, *size, dtype=dtype), 2, 2)
            call(f"lp_pool{d}d", t(2, 3, *size, dtype=dtype), 3.0, 2, stride=1)
            call(f"lp_pool{d}d", t(2, 3, *size, dtype=dtype), 2, 2, ceil_mode=True)
            call(f"max_pool{d}d", t(2, 3, *size, dtype=dtype), 2, return_indices=True)
            call(f"max_pool{d}d", t(2, 3, *size, dtype=dtype), 2, 1, padding=1, dilation=1)
            call(f"avg_pool{d}d", t(2, 3, *size, dtype=dtype), 2, 1, 1, False, False)
        call(f"conv_transpose{d}d", t(2, 3, *size), t(4, 3, *kernel))
        call(f"conv_transpose{d}d", t(2, 3, *size), t(3, 4, *kernel), output_padding=1)
        for mode in ("nearest", "nearest-exact", "area", "linear", "bilinear", "bicubic", "trilinear", "foo"):
            call("interpolate", t(2, 3, *size), size=4, mode=mode)
            call("interpolate", t(2, 3, *size), size=(3,) * d, mode=mode)
            call("interpolate", t(2, 3, *size), scale_factor=2, mode=mode)
            call("interpolate", t(2, 3, *size), None, (1.5,) * d, mode)
            call("interpolate", t(2, 3, *size), scale_factor=0.6, mode=mode, recompute_scale_factor=True)
            call("interpolate", t(2, 3, *size, dtype=f64), scale_factor=1.7, mode=mode, align_corners=True)
            call("interpolate", t(2, 3, *size), size=4, mode=mode, align_corners=False)
        call("interpolate", t(2, 3, *size))
        call("interpolate", t(2, 3, *size), 2, 2)
        call("interpolate", t(2, 3, *size), (2,) * (d + 1))
        call("instance_norm", t(2, 3, *size))
        call("instance_norm", t(2, 3, *size, dtype=f64), weight=t(3, dtype=f64), bias=t(3, dtype=f64))
        call("instance_norm", t(2, 3, *size), t(3), t(3, low=0.5), t(3), t(3), False, grad=False)
        call("instance_norm", t(2, 3, *size), eps=0.5)
        call("instance_norm", t(2, 3, *(1,) * d))
        call("local_response_norm", t(2, 5, *size), 3)
        call("local_response_norm", t(2, 5, *size), 2, 0.1, 0.5, 2.0)
    call("interpolate", t(2, 3), 2)
    call("instance_norm", t(2, 3))
    call("instance_norm", t(2, 3, 4), weight=t(4))
    call("local_response_norm", t(2, 3), 2)
    for dtype in (f32, f64, i64):
        call("pixel_shuffle", t(2, 8, 3, 2, dtype=dtype), 2)
        call("pixel_shuffle", t(9, 1, 2, dtype=dtype), upscale_factor=3)
        call("pixel_unshuffle", t(2, 2, 4, 6, dtype=dtype), 2)
        call("channel_shuffle", t(2, 6, 2, 2, dtype=dtype), 3)
        call("channel_shuffle", t(2, 6, 5, dtype=dtype), 2)
    call("pixel_shuffle", t(2, 7, 3, 2), 2)
    call("pixel_shuffle", t(2, 3), 2)
    call("pixel_shuffle", t(2, 8, 3, 2), 0)
    call("pixel_unshuffle", t(2, 8, 3, 2), 2)
    call("channel_shuffle", t(2, 6, 5), 4)
    for dtype in (f32, f64):
        call("unfold", t(2, 3, 5, 6, dtype=dtype), 2)
        call("unfold", t(3, 5, 6, dtype=dtype), (2, 3), 1, (1, 0), (2, 1))
        call("unfold", t(2, 3, 5, 6, dtype=dtype), kernel_size=2, dilation=2, padding=1, stride=2)
        call("fold", t(2, 12, 12, dtype=dtype), (4, 5), 2)
        call("fold", t(12, 9, dtype=dtype), (4, 4), (2, 2))
        call("fold", t(2, 8, 9, dtype=dtype), output_size=(5, 5), kernel_size=2, padding=1, stride=2)
    call("unfold", t(2, 3, 5, 6), 7)
    call("unfold", t(2, 5), 2)
    call("fold", t(2, 11, 12), (4, 5), 2)
    call("fold", t(2, 12, 11), (4, 5), 2)
    call("softmin", t(2, 3), 1)
    call("softmin", t(2, 3, dtype=f64), dim=0)
    call("softmin", t(2, 3), dim=-1, dtype=f64)
    for dtype in (f32, f64):
        call("rrelu", t(2, 3, dtype=dtype))
        call("rrelu", t(2, 3, dtype=dtype), 0.2, 0.4)
        call("rrelu", t(2, 3, dtype=dtype), 0.1, 0.3, True, seed=5)
    call("rrelu", t(3), 0.4, 0.2)
    call("rrelu", t(3, dtype=i64))
    for name, shape in (("dropout1d", (4, 3, 2)), ("dropout1d", (4, 3)), ("dropout2d", (2, 4, 3, 3)), ("dropout3d", (2, 4, 2, 2, 2)), ("dropout3d", (4, 2, 2, 2)),
                        ("alpha_dropout", (3, 4)), ("feature_alpha_dropout", (2, 4, 3))):
        call(name, t(*shape), seed=6)
        call(name, t(*shape), 0.3, True, seed=7)
        call(name, t(*shape), 0.3, training=False)
        call(name, t(*shape), 1.5, True)
    call("dropout1d", t(3))
    call("glu", t(3))
    call("batch_norm", t(2, 3, 4), None, None, t(3), t(3), True)


for family in (elementwise, reducing, shaping, indexing, products, making, sorting, types, layers, images):
    if len(sys.argv) < 2 or family.__name__ in sys.argv[1:]:
        rng.seed(family.__name__)
        family()
        save(family.__name__)
