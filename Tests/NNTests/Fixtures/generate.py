"""Writes modules.json: what PyTorch 2.13 answers for modules, initialisers and optimisers beyond torch-golden.json.

Run with PyTorch 2.13 (CPU, x86-64 with AVX2): python3 generate.py > modules.json
"""
import json
import struct
import sys
import warnings

import torch
from torch import nn

torch.set_num_threads(1)
warnings.simplefilter("ignore")
X = torch.tensor([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]])
CASES = []


def tensor(value):
    value = value.detach().contiguous()
    entry = {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch."), "data": []}
    if value.dtype == torch.float32:
        entry["bits"] = [f"{struct.unpack('>I', struct.pack('>f', x))[0]:08x}" for x in value.flatten().tolist()]
    elif value.dtype == torch.float64:
        entry["bits"] = [f"{struct.unpack('>Q', struct.pack('>d', x))[0]:016x}" for x in value.flatten().tolist()]
    else:
        entry["data"] = [float(x) for x in value.flatten().tolist()]
    return entry


def case(name, mode, **expected):
    compare = {"mode": mode}
    if mode == "close":
        compare |= {"rtol": 1.3e-6, "atol": 1e-6}
    entries = {k: tensor(v) if isinstance(v, torch.Tensor) else v for k, v in expected.items()}
    CASES.append({"id": name, "inputs": {}, "expected": entries, "compare": compare})


def error(name, body):
    try:
        body()
    except Exception as failure:
        text = str(failure) if not isinstance(failure, KeyError) else failure.args[0]
        case(name, "text", error_type=type(failure).__name__, error_text=text)
    else:
        sys.exit(f"{name} did not fail")


def seeded(fill, *shape, dtype=torch.float32):
    torch.manual_seed(11)
    return fill(torch.empty(*shape, dtype=dtype))


# Initialisers: bits.
for shape in ((4, 5), (2, 3, 4)):
    label = "x".join(map(str, shape))
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        kind = str(dtype).removeprefix("torch.")
        case(f"uniform {label} {kind}", "bits", y=seeded(lambda t: nn.init.uniform_(t, -0.3, 0.7), *shape, dtype=dtype))
        case(f"kaiming_uniform {label} {kind}", "bits", y=seeded(nn.init.kaiming_uniform_, *shape, dtype=dtype))
        case(f"xavier_uniform {label} {kind}", "bits",
             y=seeded(lambda t: nn.init.xavier_uniform_(t, gain=1.5), *shape, dtype=dtype))
        case(f"normal {label} {kind}", "bits", y=seeded(lambda t: nn.init.normal_(t, 0.5, 2.0), *shape, dtype=dtype))
        case(f"kaiming_normal {label} {kind}", "bits", y=seeded(
            lambda t: nn.init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"), *shape, dtype=dtype))
        case(f"xavier_normal {label} {kind}", "bits", y=seeded(nn.init.xavier_normal_, *shape, dtype=dtype))
case("kaiming_uniform tanh", "bits", y=seeded(lambda t: nn.init.kaiming_uniform_(t, nonlinearity="tanh"), 4, 5))
case("kaiming_uniform selu", "bits", y=seeded(lambda t: nn.init.kaiming_uniform_(t, nonlinearity="selu"), 4, 5))
case("kaiming_uniform leaky", "bits", y=seeded(lambda t: nn.init.kaiming_uniform_(t, a=0.2), 4, 5))
case("kaiming_uniform sigmoid", "bits", y=seeded(lambda t: nn.init.kaiming_uniform_(t, nonlinearity="sigmoid"), 4, 5))
error("fan of a vector", lambda: nn.init.xavier_uniform_(torch.empty(3)))
error("fan of nothing", lambda: nn.init.xavier_uniform_(torch.empty(0, 0)))

# A tree of a seed, and padding.
torch.manual_seed(5)
tree = nn.Sequential(nn.Embedding(5, 4, padding_idx=-2), nn.LayerNorm(4), nn.Linear(4, 3), nn.BatchNorm1d(3),
                     nn.Bilinear(3, 2, 2, bias=False))
case("seeded tree", "bits", **tree.state_dict())

# How modules print.
REPRS = {
    "Linear": nn.Linear(4, 3), "Linear no bias": nn.Linear(4, 3, bias=False), "Identity": nn.Identity(),
    "Flatten": nn.Flatten(), "ReLU": nn.ReLU(), "ReLU inplace": nn.ReLU(inplace=True), "ReLU6": nn.ReLU6(),
    "LeakyReLU": nn.LeakyReLU(), "LeakyReLU inplace": nn.LeakyReLU(0.2, inplace=True), "ELU": nn.ELU(),
    "ELU inplace": nn.ELU(2.5, True), "GELU": nn.GELU(), "GELU tanh": nn.GELU("tanh"), "SiLU": nn.SiLU(),
    "SiLU inplace": nn.SiLU(True), "CELU inplace": nn.CELU(inplace=True), "SELU inplace": nn.SELU(True), "Mish inplace": nn.Mish(True),
    "Hardsigmoid inplace": nn.Hardsigmoid(True), "Hardswish inplace": nn.Hardswish(True), "Sigmoid": nn.Sigmoid(), "Tanh": nn.Tanh(), "Softplus": nn.Softplus(),
    "Hardtanh": nn.Hardtanh(), "Hardtanh inplace": nn.Hardtanh(-0.5, 2.0, True), "Softmax": nn.Softmax(dim=1),
    "Softmax none": nn.Softmax(), "LogSoftmax": nn.LogSoftmax(dim=-1), "LayerNorm": nn.LayerNorm(3),
    "LayerNorm two": nn.LayerNorm((2, 3), eps=1e-3, bias=False),
    "LayerNorm plain": nn.LayerNorm(3, elementwise_affine=False), "RMSNorm": nn.RMSNorm(3),
    "RMSNorm eps": nn.RMSNorm((2, 3), eps=1e-6, elementwise_affine=False), "Dropout": nn.Dropout(),
    "Dropout inplace": nn.Dropout(0.25, True), "BatchNorm1d": nn.BatchNorm1d(3),
    "BatchNorm1d options": nn.BatchNorm1d(3, eps=0.001, momentum=None, affine=False, track_running_stats=False),
    "Embedding": nn.Embedding(4, 3), "Embedding padding": nn.Embedding(4, 3, padding_idx=-1),
    "Bilinear": nn.Bilinear(2, 3, 4), "Sequential": nn.Sequential(), "ModuleDict": nn.ModuleDict({"a": nn.Tanh()}),
    "ModuleList": nn.ModuleList([nn.Linear(2, 3), nn.Linear(2, 3), nn.ReLU(), nn.Linear(2, 3)]),
    "ModuleList empty": nn.ModuleList(),
    "nested": nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ModuleList([nn.ReLU(), nn.ReLU()])), nn.Tanh()),
    "MSELoss": nn.MSELoss(), "L1Loss": nn.L1Loss(), "CrossEntropyLoss": nn.CrossEntropyLoss(),
    "BCEWithLogitsLoss": nn.BCEWithLogitsLoss(),
    "ELU whole": nn.ELU(2), "ELU true": nn.ELU(True), "LeakyReLU whole": nn.LeakyReLU(1),
    "Hardtanh whole": nn.Hardtanh(-1, 1.0), "Softplus whole": nn.Softplus(1, 20), "Dropout whole": nn.Dropout(0),
    "LayerNorm whole": nn.LayerNorm(3, eps=1), "RMSNorm whole": nn.RMSNorm(3, eps=1),
    "BatchNorm1d whole": nn.BatchNorm1d(3, eps=1, momentum=1),
}
for name, module in REPRS.items():
    case(f"repr {name}", "text", repr=repr(module))

# Values that torch-golden.json leaves out.
case("Hardtanh", "close", y=nn.Hardtanh(-0.75, 1.5)(X))
case("ReLU6", "close", y=nn.ReLU6()(X * 4))
case("RMSNorm", "close", y=nn.RMSNorm(3)(X))
case("RMSNorm eps", "close", y=nn.RMSNorm((2, 3), eps=0.5)(X))
case("LayerNorm plain", "close", y=nn.LayerNorm(3, elementwise_affine=False, eps=0.1)(X))
case("Softmax none", "close", y=nn.Softmax()(X), z=nn.Softmax()(X[None]), w=nn.LogSoftmax()(X[0]))
case("Bilinear", "close", **(lambda m: {"y": (m.weight.data.copy_(torch.arange(8.0).view(2, 2, 2) / 4),
     m.bias.data.fill_(0.5), m(X[:, :2], X[:, 1:]))[2]})(nn.Bilinear(2, 2, 2)))


def batch_norm(module, *inputs):
    outputs = {f"y{i}": module(x) for i, x in enumerate(inputs)}
    return outputs | dict(module.state_dict())


case("BatchNorm1d plain average", "close", **batch_norm(nn.BatchNorm1d(3, momentum=None), X, X * 2, X - 1))
case("BatchNorm1d three axes", "close", **batch_norm(nn.BatchNorm1d(2), torch.stack([X, X * 3])[:, :, :2]))
case("BatchNorm1d untracked", "close",
     **batch_norm(nn.BatchNorm1d(3, affine=False, track_running_stats=False).eval(), X))
weights = torch.tensor([1.0, 2.0, 0.5])
targets = torch.tensor([2, 0])
case("CrossEntropyLoss weight", "close", y=nn.CrossEntropyLoss(weight=weights)(X, targets))
case("CrossEntropyLoss smoothing", "close", y=nn.CrossEntropyLoss(label_smoothing=0.1)(X, targets))
case("CrossEntropyLoss ignore", "close", y=nn.CrossEntropyLoss(ignore_index=2)(X, targets))
probabilities = torch.tensor([[0.0, 1.0, 0.5], [1.0, 0.0, 0.25]])
case("BCEWithLogitsLoss", "close", y=nn.BCEWithLogitsLoss()(X, probabilities),
     z=nn.BCEWithLogitsLoss(weight=weights, pos_weight=weights + 1, reduction="sum")(X, probabilities))
case("L1Loss", "close", y=nn.L1Loss()(X, probabilities), z=nn.L1Loss(reduction="none")(X, probabilities))


def steps(make):
    w = nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = make([w])
    out = {}
    for step in range(6):
        optimizer.zero_grad()
        # The gradient changes its sign, so that amsgrad has something to remember.
        ((w - torch.tensor([3.0, 1.0])) ** 2).sum().mul(1 if step < 3 else -0.1).backward()
        optimizer.step()
        out[f"step{step}"] = w.detach().clone()
    return out


case("AdamW", "close", **steps(lambda p: torch.optim.AdamW(p, lr=0.1)))
case("AdamW decay", "close", **steps(lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.3)))
case("Adam amsgrad", "close", **steps(lambda p: torch.optim.Adam(p, lr=0.1, amsgrad=True, betas=(0.8, 0.6))))
case("AdamW amsgrad", "close", **steps(lambda p: torch.optim.AdamW(p, lr=0.1, amsgrad=True, betas=(0.8, 0.6))))
case("Adam decay amsgrad", "close", **steps(lambda p: torch.optim.Adam(p, lr=0.1, amsgrad=True, weight_decay=0.2)))
case("SGD nesterov decay", "close",
     **steps(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.7, nesterov=True, weight_decay=0.2)))
case("SGD default", "close", **steps(lambda p: torch.optim.SGD(p)))

# Errors of constructors, calls and optimisers.
parameter = [nn.Parameter(torch.ones(1))]
error("Linear negative", lambda: nn.Linear(-1, 3))
error("Linear too large", lambda: nn.Linear(2**62, 2**62))
error("Linear weight None", lambda: (lambda m: (setattr(m, "weight", None), m(torch.ones(4))))(nn.Linear(4, 3)))
error("Dropout p", lambda: nn.Dropout(1.5))
error("Hardtanh range", lambda: nn.Hardtanh(2.0, 1.0))
error("Embedding padding", lambda: nn.Embedding(3, 2, padding_idx=3))
error("Embedding index", lambda: nn.Embedding(3, 2)(torch.tensor([3])))
error("Embedding negative", lambda: nn.Embedding(3, 2)(torch.tensor([-1])))
error("Bilinear features", lambda: nn.Bilinear(0, 2, 3))
error("Bilinear input", lambda: nn.Bilinear(2, 2, 3)(torch.ones(4, 3), torch.ones(4, 2)))
error("Bilinear one input", lambda: nn.Bilinear(2, 2, 3)(torch.ones(4, 2)))
error("LayerNorm shape", lambda: nn.LayerNorm(4)(X))
error("BatchNorm1d channels", lambda: nn.BatchNorm1d(4)(X))
error("BatchNorm1d rank", lambda: nn.BatchNorm1d(3)(X[0]))
error("BatchNorm1d one value", lambda: nn.BatchNorm1d(3)(X[:1]))
error("Softmax dim", lambda: nn.Softmax(dim=2)(X))
error("Softmax int", lambda: nn.Softmax(dim=0)(torch.tensor([1, 2])))
error("Flatten dim", lambda: nn.Flatten()(torch.tensor(1.0)))
error("ModuleList call", lambda: nn.ModuleList()(X))
error("Sequential index", lambda: nn.Sequential(nn.ReLU())[3])
error("Sequential insert", lambda: nn.Sequential(nn.ReLU()).insert(3, nn.ReLU()))
error("CrossEntropyLoss target", lambda: nn.CrossEntropyLoss()(X, torch.tensor([3, 0])))
error("MSELoss one input", lambda: nn.MSELoss()(X))
error("SGD rate", lambda: torch.optim.SGD(parameter, lr=-1.0))
error("SGD momentum", lambda: torch.optim.SGD(parameter, momentum=-1.0))
error("SGD decay", lambda: torch.optim.SGD(parameter, weight_decay=-1.0))
error("SGD nesterov", lambda: torch.optim.SGD(parameter, nesterov=True))
error("SGD empty", lambda: torch.optim.SGD([]))
error("Adam beta", lambda: torch.optim.Adam(parameter, betas=(1.0, 0.9)))
error("Adam beta 2", lambda: torch.optim.Adam(parameter, betas=(0.9, -0.5)))
error("Linear out", lambda: nn.Linear(2, -1))
error("LayerNorm negative", lambda: nn.LayerNorm(-1))
error("LayerNorm empty", lambda: nn.LayerNorm([])(X))
error("BatchNorm1d negative", lambda: nn.BatchNorm1d(-1))
error("BatchNorm1d four axes", lambda: nn.BatchNorm1d(3)(torch.ones(2, 3, 1, 1)))
error("BatchNorm1d integers", lambda: nn.BatchNorm1d(3)(torch.ones(2, 3).long()))
error("Embedding size", lambda: nn.Embedding(-1, 2))
error("Embedding below", lambda: nn.Embedding(3, 2, padding_idx=-4))
error("Embedding floats", lambda: nn.Embedding(3, 2)(torch.tensor([1.0])))
error("Embedding without rows", lambda: nn.Embedding(0, 2, padding_idx=0))
error("Bilinear negative", lambda: nn.Bilinear(-1, 2, 3))
error("Bilinear out", lambda: nn.Bilinear(2, 2, -3))
error("Bilinear rows", lambda: nn.Bilinear(2, 2, 3)(torch.ones(4, 2), torch.ones(3, 2)))
error("Bilinear dtype", lambda: nn.Bilinear(2, 2, 3)(torch.ones(4, 2).double(), torch.ones(4, 2)))
error("Bilinear three inputs", lambda: nn.Bilinear(2, 2, 3)(X, X, X))
error("RMSNorm shape", lambda: nn.RMSNorm(4)(X))
error("RMSNorm axes", lambda: nn.RMSNorm((2, 3))(X[0]))
error("RMSNorm empty", lambda: nn.RMSNorm([])(X))
error("Flatten start", lambda: nn.Flatten(2, -1)(X))
error("Flatten order", lambda: nn.Flatten(1, 0)(X))
error("Softplus integers", lambda: nn.Softplus()(torch.tensor([1])))
error("ELU integers", lambda: nn.ELU()(torch.tensor([1])))
error("GELU integers", lambda: nn.GELU()(torch.tensor([1])))
error("SiLU integers", lambda: nn.SiLU()(torch.tensor([1])))
error("LeakyReLU integers", lambda: nn.LeakyReLU()(torch.tensor([1])))
error("LogSoftmax dim", lambda: nn.LogSoftmax(dim=5)(X))
error("Dropout negative", lambda: nn.Dropout(-0.1))
error("Hardtanh equal", lambda: nn.Hardtanh(1.0, 1.0))
error("CrossEntropyLoss smoothing too large", lambda: nn.CrossEntropyLoss(label_smoothing=2.0)(X, targets))
error("CrossEntropyLoss batch", lambda: nn.CrossEntropyLoss()(X, targets[:1]))
error("BCEWithLogitsLoss size", lambda: nn.BCEWithLogitsLoss()(X, X[0]))
error("MSELoss sizes", lambda: nn.MSELoss()(X, torch.ones(2, 4)))
error("Sequential remove", lambda: nn.Sequential(nn.ReLU()).pop(4))
error("Parameter of integers", lambda: nn.Parameter(torch.tensor([1])))
error("to integers", lambda: nn.Linear(2, 2).to(torch.int64))
error("assign a tensor", lambda: setattr(nn.Linear(2, 2), "bias", torch.ones(2)))
error("assign a number", lambda: setattr(nn.Sequential(nn.ReLU()), "0", 3))
error("uniform order", lambda: nn.init.uniform_(torch.empty(3), 1.0, 0.0))
error("uniform infinite", lambda: nn.init.uniform_(torch.empty(3), 0, float("inf")))
error("uniform integers", lambda: nn.init.uniform_(torch.empty(3, dtype=torch.int64)))
error("normal negative", lambda: nn.init.normal_(torch.empty(3), 0.0, -1.0))
error("normal integers", lambda: nn.init.normal_(torch.empty(3, dtype=torch.int64)))
error("SGD dampening", lambda: torch.optim.SGD(parameter, nesterov=True, momentum=0.9, dampening=0.1))
error("Adam rate", lambda: torch.optim.Adam(parameter, lr=-1.0))
error("Adam empty", lambda: torch.optim.Adam([]))
error("AdamW negative decay", lambda: torch.optim.AdamW(parameter, weight_decay=-1.0))
error("Adam epsilon", lambda: torch.optim.Adam(parameter, eps=-1.0))
error("Adam rate NaN", lambda: torch.optim.Adam(parameter, lr=float("nan")))
error("Adam epsilon NaN", lambda: torch.optim.Adam(parameter, eps=float("nan")))
error("Adam beta NaN", lambda: torch.optim.Adam(parameter, betas=(0.9, float("nan"))))
error("Adam decay NaN", lambda: torch.optim.Adam(parameter, weight_decay=float("nan")))
error("Dropout whole", lambda: nn.Dropout(2))
error("Hardtanh whole range", lambda: nn.Hardtanh(2, 1.0))
error("ModuleList insert", lambda: nn.ModuleList([nn.ReLU()]).insert(-1, nn.ReLU()))

json.dump({"torch": torch.__version__, "cases": CASES}, sys.stdout, indent=1)
print()
