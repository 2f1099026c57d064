"""Writes what PyTorch answers to the calls that TorchTests replays: `python generate.py` (torch 2.13.0, CPU).

A tensor is {"shape", "dtype", "hex"}: its little-endian bytes. A case is {"op", "inputs", "arguments", "requires"} with either
"error": {"kind", "text"} or "output", "grad_fn", "gradients" (one per input, of sum(output * ramp), null if none).
"""
import json
import random

import torch
import torch.nn.functional as F

HALVES = (torch.float16, torch.bfloat16)


def encode(t):
    t = t.detach().contiguous()
    raw = bytes(t.reshape(-1).view(torch.uint8).tolist()) if t.numel() else b""
    return {"shape": list(t.shape), "dtype": str(t.dtype)[6:], "hex": raw.hex()}


def ramp(t):
    """A gradient that is neither constant nor large: ((7 i mod 23) - 11) / 8."""
    flat = torch.tensor([((7 * i) % 23 - 11) / 8 for i in range(t.numel())], dtype=torch.float64)
    return flat.reshape(t.shape).to(t.dtype)


OPS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "add_number": lambda a, number: a + number,
    "mul_number": lambda a, number: a * number,
    "div_number": lambda a, number: a / number,
    "neg": lambda a: -a,
    "matmul": torch.matmul,
    "linear": lambda x, w, b=None: F.linear(x, w, b),
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "hardtanh": F.hardtanh,
    "clamp": lambda a, min=None, max=None: torch.clamp(a, min, max),
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "softmax": lambda a, dim: torch.softmax(a, dim),
    "log_softmax": lambda a, dim: torch.log_softmax(a, dim),
    "sum": lambda a, dim=None, keepdim=False: a.sum() if dim is None else a.sum(dim, keepdim),
    "mean": lambda a, dim=None, keepdim=False: a.mean() if dim is None else a.mean(dim, keepdim),
    "reshape": lambda a, shape: a.reshape(shape),
    "flatten": lambda a, start_dim=0, end_dim=-1: a.flatten(start_dim, end_dim),
    "transpose": lambda a, dim0, dim1: a.transpose(dim0, dim1),
    "narrow": lambda a, start, length: a[start:start + length],
    "cat": lambda *tensors: torch.cat(tensors),
    "to": lambda a, dtype: a.to(getattr(torch, dtype)),
    "layer_norm": lambda x, w=None, b=None, normalized_shape=(), eps=1e-5: F.layer_norm(x, normalized_shape, w, b, eps),
    "rms_norm": lambda x, w=None, normalized_shape=(), eps=None: F.rms_norm(x, normalized_shape, w, eps),
    "batch_norm": lambda x, mean=None, var=None, w=None, b=None, training=False, eps=1e-5: F.batch_norm(
        x, mean.clone() if mean is not None else None, var.clone() if var is not None else None, w, b, training, 0.1, eps),
    "embedding": lambda i, w, padding_idx=None: F.embedding(i, w, padding_idx),
    "bilinear": lambda x, y, w, b=None: F.bilinear(x, y, w, b),
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "cross_entropy": lambda x, t, w=None, **k: F.cross_entropy(x, t, w, **k),
    "bce_with_logits": lambda x, t, w=None, p=None, **k: F.binary_cross_entropy_with_logits(x, t, w, pos_weight=p, **k),
}
cases = []


def case(op, *inputs, requires=None, **arguments):
    """Records one call; `requires` says which inputs require gradients, by default every floating-point one."""
    given = [None if t is None else encode(t) for t in inputs]
    entry = {"op": op, "inputs": given, "arguments": arguments}
    live = [t if t is None else t.detach().clone() for t in inputs]
    wants = [t is not None and t.is_floating_point() and (requires is None or k in requires) for k, t in enumerate(live)]
    entry["requires"] = wants
    try:
        for t, want in zip(live, wants):
            if want:
                t.requires_grad_()
        out = OPS[op](*live, **arguments)
        entry["output"] = encode(out)
        entry["grad_fn"] = type(out.grad_fn).__name__ if out.grad_fn else None
        if out.grad_fn:
            out.backward(ramp(out))
            entry["gradients"] = [encode(t.grad) if want and t.grad is not None else None for t, want in zip(live, wants)]
    except Exception as error:
        entry = {key: entry[key] for key in ("op", "inputs", "arguments", "requires")}
        entry["error"] = {"kind": type(error).__name__, "text": str(error)}
    cases.append(entry)


def r(*shape, dtype=torch.float32, scale=1.0):
    return (torch.randn(shape, dtype=torch.float64) * scale).to(dtype)


def ints(*shape, dtype=torch.int64, low=-9, high=9):
    return torch.randint(low, high, shape).to(dtype)


FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]
torch.manual_seed(7)
random.seed(7)

# Arithmetic: every pair of dtypes, broadcasting, zero sizes, errors.
for op in ("add", "sub", "mul", "div"):
    for first in FLOATS + INTS:
        for second in FLOATS + INTS:
            a = r(3, dtype=first) if first in FLOATS else ints(3, dtype=first, low=1)
            b = r(3, dtype=second) if second in FLOATS else ints(3, dtype=second, low=1)
            case(op, a, b)
            case(op, a, b[0])
    for s, t in [((2, 3), (3,)), ((2, 1), (1, 3)), ((4, 1, 3), (2, 1)), ((), (2, 2)), ((2, 3), ()), ((0, 3), (1, 3)), ((0,), (1,)),
                 ((2, 3), (2, 4)), ((2, 3), (3, 3)), ((3, 0), (2, 1)), ((2, 2, 2, 2), (2, 1, 2)), ((1,), (2, 2)), ((2, 3), (1, 1, 1))]:
        case(op, r(*s), r(*t))
for dtype in FLOATS + INTS:
    a = r(4, dtype=dtype) if dtype in FLOATS else ints(4, dtype=dtype)
    case("neg", a)
    for number in (2.5, 0.1):
        case("add_number", a, number=number)
        case("mul_number", a, number=number)
        case("div_number", a, number=number)

# Products: every combination of ranks, fitting and not, and dtypes.
shapes = [(), (3,), (4,), (2, 3), (3, 2), (4, 2), (5, 2, 3), (5, 3, 2), (1, 3, 4), (2, 5, 2, 3), (2, 1, 3, 4), (0, 3), (3, 0), (0,), (5, 0, 3), (0, 2, 3)]
for s in shapes:
    for t in shapes:
        case("matmul", ints(*s).float() / 8, ints(*t).float() / 8)
for dtype in FLOATS + INTS:
    make = (lambda *s: r(*s, dtype=dtype)) if dtype in FLOATS else (lambda *s: ints(*s, dtype=dtype))
    for s, t in [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 2)), ((5, 2, 3), (3,))]:
        case("matmul", make(*s), make(*t))
for s, t in [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 2)), ((5, 2, 3), (3,)), ((2, 3), (4, 4)), ((5, 2, 3), (5, 4, 2))]:
    case("matmul", r(*s), r(*t, dtype=torch.float64))

biases = [None, (3,), (1,), (), (4,), (2, 3), (1, 3), (2, 1), (5, 3), (1, 2, 3)]
for s in [(), (4,), (5,), (0,), (2, 4), (2, 5), (0, 4), (0, 5), (2, 3, 4), (2, 3, 5), (2, 0, 4), (2, 3, 2, 4), (1, 1, 1, 1, 4)]:
    for b in biases:
        case("linear", ints(*s).float() / 8, ints(3, 4).float() / 8, *([] if b is None else [ints(*b).float() / 8]))
for w in [(4,), (5,), (), (2, 3, 4), (0, 4), (3, 0)]:
    for s in [(4,), (2, 4), (2, 3, 4), (0,), (2, 0)]:
        case("linear", r(*s), r(*w))
        case("linear", r(*s), r(*w), r(1))
for x in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool):
    for w in (torch.float32, torch.float64, torch.float16, torch.int64, torch.bool):
        for s in [(4,), (2, 4), (2, 3, 4), (2, 5)]:
            case("linear", r(*s).to(x), r(3, 4).to(w))
            case("linear", r(*s).to(x), r(3, 4).to(w), r(3).to(w))
            case("linear", r(*s).to(x), r(3, 4).to(w), r(3).to(torch.float32))
for s, o in [((7, 300), 20), ((3, 513), 17), ((1, 64), 33), ((2, 3, 40), 5)]:
    case("linear", r(*s, scale=0.1), r(o, s[-1], scale=0.1), r(o))
    case("linear", r(*s, scale=0.1, dtype=torch.float64), r(o, s[-1], scale=0.1, dtype=torch.float64), r(o, dtype=torch.float64))

# Activations, each on floats with edges, halves and integers.
edges = [0.0, -0.5, 1.0, -1.0, 3.0, -3.0, 0.25, 20.5, -20.5, 90.0, -90.0, float("inf"), float("-inf"), float("nan")]
for op, options in [
    ("relu", [{}]), ("leaky_relu", [{}, {"negative_slope": 0.2}]), ("elu", [{}, {"alpha": 0.5}]),
    ("gelu", [{}, {"approximate": "tanh"}]), ("silu", [{}]), ("sigmoid", [{}]), ("tanh", [{}]),
    ("softplus", [{}, {"beta": 2.0, "threshold": 3.0}]), ("hardtanh", [{}, {"min_val": -2.5, "max_val": 0.5}]),
    ("clamp", [{"min": -0.5, "max": 0.75}, {"min": 0.0}, {"max": 2.0}]), ("exp", [{}]), ("log", [{}]), ("sqrt", [{}]), ("abs", [{}]),
]:
    for arguments in options:
        for dtype in FLOATS:
            case(op, r(3, 5, dtype=dtype, scale=2), **arguments)
        for dtype in (torch.float32, torch.float64):
            case(op, torch.tensor(edges, dtype=dtype), requires=[], **arguments)
        for dtype in INTS:
            case(op, ints(2, 3, dtype=dtype), **arguments)
        case(op, r(0, 3), **arguments)
        case(op, r(), **arguments)

for op in ("softmax", "log_softmax"):
    for s, dim in [((5,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3), -1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((), 0), ((), -1), ((0, 3), 1), ((3, 0), 1),
                   ((2, 3), 2), ((2, 3), -3), ((), 1)]:
        case(op, r(*s, scale=3), dim=dim)
    for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool):
        case(op, r(2, 4).to(dtype), dim=1)
        case(op, r(2, 4).to(dtype), dim=0)
    inf = float("inf")
    case(op, torch.tensor([[inf, 1, 2], [-inf, -inf, -inf], [float("nan"), 1, 2], [1000, -1000, 999]]), dim=1, requires=[])

for op in ("sum", "mean"):
    for s in [(), (4,), (2, 3), (2, 3, 4), (0,), (0, 3), (3, 0)]:
        case(op, r(*s))
        for dim in (0, 1, -1):
            case(op, r(*s), dim=dim)
            case(op, r(*s), dim=dim, keepdim=True)
    for dtype in FLOATS + INTS:
        case(op, r(2, 3, scale=4).to(dtype))
        case(op, r(2, 3, scale=4).to(dtype), dim=1)

for s, shape in [((2, 3), [3, 2]), ((2, 3), [-1]), ((2, 3), [4, -1]), ((2, 3), [7]), ((2, 3), [-1, -1]), ((2, 0), [0, -1]), ((2, 3), [-2, 3]),
                 ((), [1, 1]), ((1,), []), ((2, 0), [0]), ((2, 0), [3, 0]), ((2, 3), [0, -1]), ((2, 3), [2 ** 62, 4]), ((2, 3), [6, 1, 1])]:
    case("reshape", r(*s), shape=shape)
for s in [(2, 3, 4), (2, 3), (3,), (), (0, 3)]:
    case("flatten", r(*s))
    for first, last in [(0, 0), (1, -1), (0, 1), (1, 0), (0, 5), (-1, 0)]:
        case("flatten", r(*s), start_dim=first, end_dim=last)
        case("transpose", r(*s), dim0=first, dim1=last)
for s in [(5, 2), (5,), (0, 2)]:
    case("narrow", r(*s), start=0, length=min(2, s[0]))
    case("narrow", r(*s), start=s[0], length=0)
for parts in [[(2, 3), (1, 3)], [(2, 3), (2, 4)], [(2, 3), (3,)], [(2,), (0,), (1,)], [(2, 3)]]:
    case("cat", *[r(*s) for s in parts])
case("cat", r(2, 3), r(2, 3, dtype=torch.float64))
case("cat", ints(2, 3), r(2, 3))

# Conversions: all pairs of all dtypes; floats beyond an integer's range as x86-64 gives them.
ALL = FLOATS + INTS + [torch.uint16, torch.uint32, torch.uint64]
for source in ALL:
    for target in ALL:
        base = torch.tensor([0, 1, 2, 7, 100, 120], dtype=torch.int64) if source in ALL[4:] else r(6, scale=40)
        if source in (torch.float32, torch.float64) and target.is_floating_point:
            base = torch.tensor([0.1, -1e-8, 65519.0, 65520.0, 1e38, 3.4e38, 1e-40, float("inf"), float("nan"), 1 / 3], dtype=torch.float64)
        if source in (torch.float32, torch.float64) and target in (torch.int64, torch.int32, torch.uint8, torch.int8, torch.int16):
            base = torch.tensor([1.9, -1.9, 126.5, -100.0], dtype=torch.float64) if target != torch.uint8 else torch.tensor([1.9, 254.7])
        if source == torch.int64 and target.is_floating_point:
            base = torch.tensor([2 ** 24 + 1, 2 ** 53 + 1, -(2 ** 62) - 1, 2049, 257, 65521, 16777219])
        case("to", base.to(source), dtype=str(target)[6:], requires=[0] if source.is_floating_point and target.is_floating_point and source not in HALVES else [])

# Layers.
for s, n in [((2, 3), [3]), ((4, 2, 3), [3]), ((4, 2, 3), [2, 3]), ((0, 3), [3]), ((2, 0), [0]), ((2, 3), [4]), ((2, 3), []), ((3,), [3]), ((), [1])]:
    for parameters in (0, 1, 2):
        case("layer_norm", r(*s), *[r(*n) for _ in range(parameters)], normalized_shape=n)
    for parameters in (0, 1):
        case("rms_norm", r(*s), *[r(*n) for _ in range(parameters)], normalized_shape=n)
case("layer_norm", r(2, 3), r(4), normalized_shape=[3])
case("layer_norm", r(2, 3), r(3), r(4), normalized_shape=[3])
case("rms_norm", r(2, 3), r(4), normalized_shape=[3])
case("rms_norm", r(2, 3), r(3), normalized_shape=[3], eps=0.1)
case("layer_norm", r(2, 300, scale=5), r(300), r(300), normalized_shape=[300], eps=1e-3)
for x in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64):
    for w in (torch.float32, torch.float64, torch.float16):
        case("layer_norm", r(2, 3, scale=4).to(x), r(3, dtype=w), r(3, dtype=w), normalized_shape=[3])
        case("batch_norm", r(4, 3, scale=4).to(x), r(3, dtype=w), r(3, dtype=w).abs(), r(3, dtype=w), r(3, dtype=w), requires=[0, 3, 4])
case("layer_norm", r(2, 3), r(3), r(3, dtype=torch.float16), normalized_shape=[3])
case("layer_norm", r(2, 3, dtype=torch.float16), r(3, dtype=torch.float16), r(3), normalized_shape=[3])
case("layer_norm", ints(2, 3), normalized_shape=[3])
case("rms_norm", ints(2, 3), normalized_shape=[3])
for dtype in (torch.float64, torch.float16, torch.bfloat16):
    case("rms_norm", r(2, 3, dtype=dtype), r(3, dtype=dtype), normalized_shape=[3])
for s in [(4, 3), (4, 3, 5), (2, 3, 2, 2), (1, 3), (1, 3, 2), (0, 3), (3,)]:
    for training in (True, False):
        case("batch_norm", r(*s), training=training)
        case("batch_norm", r(*s), r(3), r(3).abs(), training=training, requires=[0])
        case("batch_norm", r(*s), r(3), r(3).abs(), r(3), r(3), training=training, requires=[0, 3, 4])
for wrong in range(4):
    parameters = [r(3).abs() for _ in range(4)]
    parameters[wrong] = r(4)
    case("batch_norm", r(2, 3), *parameters, requires=[0])
case("batch_norm", r(2, 3), None, r(3), requires=[0])
case("batch_norm", r(2, 3), r(3), None, requires=[0])
for indices in [torch.tensor([0, 2, 2]), torch.tensor([[1], [0]]), torch.tensor(3), torch.tensor([], dtype=torch.int64), torch.tensor([1, 0]).int(),
                torch.tensor([4]), torch.tensor([-1]), torch.tensor([1.0]), torch.tensor([1]).byte()]:
    case("embedding", indices, r(4, 3))
    case("embedding", indices, r(4, 3), padding_idx=2)
case("embedding", torch.tensor([0]), r(4))
case("embedding", torch.tensor([1, 1]), r(4, 3, dtype=torch.float64))
for x, y, w, b in [((5, 2), (5, 3), (4, 2, 3), (4,)), ((2,), (3,), (4, 2, 3), (4,)), ((2, 5, 2), (2, 5, 3), (4, 2, 3), (4,)), ((0, 2), (0, 3), (4, 2, 3), (4,)),
                   ((5, 3), (5, 3), (4, 2, 3), (4,)), ((5, 2), (5, 4), (4, 2, 3), (4,)), ((5, 2), (6, 3), (4, 2, 3), (4,)), ((5, 2), (3,), (4, 2, 3), (4,)),
                   ((5, 2), (5, 3), (4, 2, 3), (3,))]:
    case("bilinear", r(*x), r(*y), r(*w))
    case("bilinear", r(*x), r(*y), r(*w), r(*b))
case("bilinear", r(5, 2, dtype=torch.float64), r(5, 3), r(4, 2, 3), r(4))
case("bilinear", *[r(*s, dtype=torch.float64) for s in [(5, 2), (5, 3), (4, 2, 3), (4,)]])

# Losses.
for reduction in ("none", "mean", "sum"):
    for op in ("mse_loss", "l1_loss"):
        for s, t in [((2, 3), (2, 3)), ((2, 3), (3,)), ((0,), (0,)), ((), ()), ((2, 3), (2, 4))]:
            case(op, r(*s), r(*t), reduction=reduction)
        case(op, r(2, dtype=torch.float64), r(2), reduction=reduction)
    for s in [(2, 3), (4,), (), (0,)]:
        case("bce_with_logits", r(*s, scale=4), torch.rand(s), reduction=reduction, requires=[0])
    case("bce_with_logits", r(2, 3), torch.rand(2, 3), r(2, 1), torch.rand(3) * 3, reduction=reduction, requires=[0, 1])
    case("bce_with_logits", r(2, 3), torch.rand(2, 4), reduction=reduction)
    for smoothing in (0.0, 0.1, 1.0):
        for weight in (None, torch.tensor([1.0, 2.0, 0.5])):
            for x, t in [(r(4, 3), torch.tensor([0, 2, 1, 2])), (r(4, 3), torch.tensor([0, -100, 1, -100])), (r(3), torch.tensor(1)), (r(2, 3, 4), torch.randint(0, 3, (2, 4))),
                         (r(2, 3, 2, 2), torch.randint(0, 3, (2, 2, 2))), (r(4, 3), torch.rand(4, 3)), (r(3), torch.rand(3)), (r(2, 3, 4), torch.rand(2, 3, 4))]:
                case("cross_entropy", x, t, *([] if weight is None else [weight]), reduction=reduction, label_smoothing=smoothing, requires=[0])
    case("cross_entropy", r(2, 3), torch.tensor([-100, -100]), reduction=reduction)
    case("cross_entropy", r(2, 3), torch.tensor([1, 5]), reduction=reduction, ignore_index=5)
    case("cross_entropy", r(0, 3), torch.tensor([], dtype=torch.int64), reduction=reduction)
for x, t in [(r(2, 3), torch.tensor([0, 3])), (r(2, 3), torch.tensor([0, -1])), (r(2, 3), torch.tensor([0])), (r(), torch.tensor(1)), (r(2, 3), torch.tensor([0, 1]).int()), (r(2, 3), r(2)),
             (r(2, 3), ints(2, 3)), (ints(2, 3), ints(2)), (r(2, 3), torch.tensor(0)), (r(2, 3), torch.tensor([[0], [1]])), (r(2, 3), r(2, 4)), (r(2, 3), r(3, 2)), (r(2, 3, 2), torch.zeros(2, 3).long()),
             (r(2, 3, 2), torch.zeros(2, 2).byte()), (r(2, 3), torch.tensor([0, 1]).byte()), (r(3), torch.tensor([1, 2])), (r(2, 0), torch.zeros(2).long())]:
    case("cross_entropy", x, t, requires=[0])
case("cross_entropy", r(3), torch.tensor([1]), requires=[])  # torch cannot go backward from this one
case("cross_entropy", r(2, 3), torch.tensor([0, 1]), r(2), requires=[0])
case("cross_entropy", r(2, 3), torch.rand(2, 3), r(2), requires=[0])
case("cross_entropy", r(2, 3), torch.tensor([0, 1]), r(3, dtype=torch.float64), requires=[0])
case("cross_entropy", r(2, 3), torch.tensor([0, 1]), label_smoothing=2.0, requires=[0])
case("cross_entropy", r(2, 3, dtype=torch.float16), torch.tensor([0, 1]), requires=[0])
case("bce_with_logits", r(2), ints(2))
case("bce_with_logits", ints(2), ints(2))
case("mse_loss", ints(2), ints(2))
for reduction in ("none", "mean", "sum"):
    case("l1_loss", ints(2), ints(2), reduction=reduction)


def sequential(n):
    return "[" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in n) + "]\n"


open("operations.json", "w").write(sequential(cases))

# What tensors print.
prints = []


def show(t):
    prints.append({"tensor": encode(t), "requires_grad": t.requires_grad, "text": repr(t)})


torch.manual_seed(0)
sizes = [1, 2, 3, 5, 7, 9, 30]
for k in range(400):
    shape = [random.choice(sizes) for _ in range(random.randint(0, 4))]
    if torch.Size(shape).numel() > 1500:
        continue
    t = torch.randn(shape) * 10 ** random.uniform(-6, 9)
    m = random.random()
    if m < 0.2:
        t = t.round()
    elif m < 0.3:
        t = t.long()
    elif m < 0.4:
        t = t.double()
    elif m < 0.5:
        t.view(-1)[0] = float(random.choice(["nan", "inf", "-inf"]))
    elif m < 0.6:
        t = t > 0
    elif m < 0.7:
        t = t.requires_grad_()
    elif m < 0.8:
        t = t.to(random.choice(ALL))
    show(t)
for t in [torch.zeros(2, 0), torch.zeros(0), torch.zeros(0, dtype=torch.int64), torch.zeros(3, 0, 2, dtype=torch.bool), torch.tensor([-0.0]), torch.tensor(3.5), torch.tensor(True),
          torch.arange(1001), torch.arange(2000).float().view(40, 50) / 7, torch.tensor([0.0001]), torch.tensor([float("nan")]), torch.tensor([float("inf"), float("-inf")]),
          torch.zeros([1] * 64), torch.arange(1500).view(3, 500).double(), torch.ones(7, 7, 7, 7), torch.tensor([2 ** 63], dtype=torch.uint64), torch.tensor([1e308, 1e-308], dtype=torch.float64),
          torch.zeros(0, 3, requires_grad=True), torch.full((1200,), True), torch.tensor([[1e8, 1.0]]), torch.tensor([100000001.0]), torch.tensor([0.5, 500.0]), torch.tensor([0.5, 500.5])]:
    show(t)
open("prints.json", "w").write(sequential(prints))
print(len(cases), "cases,", sum("error" in c for c in cases), "of them errors;", len(prints), "prints")
