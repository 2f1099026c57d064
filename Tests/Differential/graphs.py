"""Random graphs called over HTTP and in PyTorch: the same values, error texts and gradients. `script/differential --graphs`."""
import pathlib
import random
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).parent.parent.parent / "Python/tests"))

import interpreter  # noqa: E402
from server import tensor, whole  # noqa: E402

MOST_ELEMENTS = 2_000
UNARY = """relu tanh sigmoid neg abs square exp log sqrt sin cos floor sign silu gelu softplus hardtanh elu leaky_relu selu mish hardswish erf
reciprocal isnan isfinite logical_not softsign relu6 log1p expm1 atan trunc round frac""".split()
BINARY = "add sub mul div minimum maximum pow remainder fmod eq lt ge atan2 logical_and logical_or floor_divide".split()
REDUCING = "sum mean amax amin prod any all logsumexp var std argmax argmin cumsum softmax log_softmax".split()
# Where a difference in the last digit may turn into another value.
JUMPING = {"floor", "sign", "round", "trunc", "frac", "eq", "lt", "ge", "argmax", "argmin", "remainder", "fmod", "floor_divide", "isfinite",
           "isnan", "topk", "sort", "logical_not", "logical_and", "logical_or", "any", "all"}

# Where the slope is another on the other side: of what PyTorch rounds to that very place, nobody can tell on which side it lies.
KINKS = {"relu": [0], "abs": [0], "leaky_relu": [0], "selu": [0], "relu6": [0, 6], "hardtanh": [-1, 1], "hardswish": [-3, 3], "gt": [0]}


class Difference(Exception):
    pass


class Stop(Exception):
    """A graph that is not worth going on with: too large a value, or an error that PyTorch words for Python only."""


def node(name):
    return {"node": name}


class Drawn:
    """A graph in the making: PyTorch runs each node as soon as it is drawn, so that most of what is drawn fits."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        torch.manual_seed(seed)
        self.nodes, self.values, self.inputs, self.error = [], {}, {}, None
        self.parameters, self.modules, self.made = {}, {}, {}
        for index in range(self.rng.choice([1, 1, 2, 3])):
            self.place(f"x{index}")
        steps = self.rng.randint(2, 12)
        while len(self.nodes) < steps + len(self.inputs) and self.error is None:
            self.step()
        if self.error is None:
            self.finish()
        else:
            self.nodes.append({"op": "output", "args": [node(self.nodes[-1]["name"])]})

    def drawn(self, shape, dtype):
        if dtype == torch.bool:
            return torch.rand(shape) < 0.5
        return torch.randn(shape).to(dtype) if dtype.is_floating_point else torch.randint(-3, 4, shape).to(dtype)

    def place(self, name):
        shape = [self.rng.choice([1, 2, 3, 4]) for _ in range(self.rng.choice([1, 2, 2, 3, 4]))]
        dtype = self.rng.choice([torch.float32] * 6 + [torch.float64, torch.int64, torch.int32, torch.bool])
        self.inputs[name] = self.values[name] = self.drawn(shape, dtype)
        self.nodes.append({"op": "placeholder", "name": name})

    def tensors(self, floats=False, rank=0):
        return [name for name, value in self.values.items() if torch.is_tensor(value) and value.dim() >= rank
                and (value.is_floating_point() or not floats)]

    def pick(self, **wanted):
        found = self.tensors(**wanted) or self.tensors()
        # The newest are the likeliest, so that graphs grow deep.
        return found[-1 - min(int(self.rng.expovariate(0.6)), len(found) - 1)]

    def dim(self, name):
        rank = self.values[name].dim()
        return self.rng.randint(-rank, rank - 1) if rank and self.rng.random() < 0.95 else self.rng.randint(-3, 3)

    def step(self):
        kind = self.rng.choices(
            ["unary", "binary", "number", "reduce", "shape", "join", "product", "index", "size", "layer", "parameter", "where", "tuple"],
            [20, 12, 8, 12, 16, 5, 8, 8, 5, 8, 4, 3, 5])[0]
        target, args, named = getattr(self, kind)()
        if target:
            self.add("call_function", target, args, named)

    def add(self, op, target, args, named=None):
        made = {"op": op, "name": f"n{len(self.nodes)}", "target": target, "args": args, **({"kwargs": named} if named else {})}
        given = [interpreter.GraphModule.argument(None_module, each, self.values) for each in args]
        keywords = {key: interpreter.GraphModule.argument(None_module, each, self.values) for key, each in (named or {}).items()}
        try:
            with torch.no_grad():
                value = self.made[target](*given) if op == "call_module" else interpreter.call(target, given, keywords)
        except Exception as error:
            text = str(error)
            if isinstance(error, (TypeError, AttributeError, OverflowError)) or "argument '" in text or "NYI" in text or "got an unexpected" in text:
                return None
            if self.rng.random() < 0.7:
                return None  # Most graphs are to run to their end.
            self.error = text
            self.nodes.append(made)
            return made["name"]
        flat = value if isinstance(value, (tuple, list)) else [value]
        if any(torch.is_tensor(each) and each.numel() > MOST_ELEMENTS for each in flat):
            return None
        if isinstance(value, list):
            value = tuple(value)
        self.values[made["name"]] = value
        self.nodes.append(made)
        return made["name"]

    # Each returns a function's name, its arguments, and those by name; None once it has added nodes itself.

    def unary(self):
        return self.rng.choice(UNARY), [node(self.pick(floats=self.rng.random() < 0.9))], None

    def binary(self):
        return self.rng.choice(BINARY), [node(self.pick()), node(self.pick())], None

    def number(self):
        return self.rng.choice(BINARY[:4] + ["pow", "eq", "lt", "clamp"]), [node(self.pick()), self.rng.choice([2, 0.5, -1, 3, 1.5, True])], None

    def reduce(self):
        target, name = self.rng.choice(REDUCING), self.pick(floats=True)
        args = [node(name)]
        if self.rng.random() < 0.85 or target in ("amax", "amin", "logsumexp", "cumsum", "softmax", "log_softmax"):
            args.append(self.dim(name))
        named = {"keepdim": True} if self.rng.random() < 0.3 and target not in ("cumsum", "softmax", "log_softmax") and len(args) > 1 else None
        return target, args, named

    def shape(self):
        name = self.pick()
        value, rank = self.values[name], self.values[name].dim()
        return self.rng.choice([
            lambda: ("reshape", [node(name), -1], None),
            lambda: ("reshape", [node(name), -1, value.shape[-1] if rank else 1], None),
            lambda: ("view", [node(name), self.rng.choice([1, 2, -1]), -1 if self.rng.random() < 0.8 else 3], None),
            lambda: ("flatten", [node(name), self.rng.choice([0, 1])], None),
            lambda: ("unsqueeze", [node(name), self.rng.randint(-rank - 1, rank)], None),
            lambda: ("squeeze", [node(name)] + ([self.dim(name)] if self.rng.random() < 0.5 else []), None),
            lambda: ("transpose", [node(name), self.dim(name), self.dim(name)], None),
            lambda: ("permute", [node(name), *self.rng.sample(range(rank), rank)], None),
            lambda: ("flip", [node(name), [self.dim(name)]], None),
            lambda: ("roll", [node(name), self.rng.randint(-3, 3), self.dim(name)], None),
            lambda: ("expand", [node(name), *[self.rng.choice([2, size]) if size == 1 else size for size in value.shape]], None),
            lambda: ("repeat", [node(name), *[self.rng.choice([1, 2]) for _ in range(rank)]], None),
            lambda: ("tril", [node(name), self.rng.choice([-1, 0, 1])], None),
            lambda: ("pad", [node(name), [self.rng.randint(-1, 2), self.rng.randint(0, 2)]], None),
        ])()

    def join(self):
        name = self.pick(rank=1)
        other = self.rng.choice([name, self.pick()])
        return self.rng.choice(["cat", "stack"]), [[node(name), node(other)], self.dim(name)], None

    def product(self):
        name = self.pick(floats=True, rank=1)
        if self.values[name].dim() >= 2 and self.rng.random() < 0.7:
            turned = self.add("call_function", "transpose", [node(name), -1, -2])
            return "matmul", [node(name), node(turned)], None
        return "matmul", [node(name), node(self.pick(floats=True, rank=1))], None

    def index(self):
        name = self.pick(rank=1)
        size = self.values[name].shape[0]
        part = self.rng.choice([
            lambda: self.rng.randint(-size - (self.rng.random() < 0.1), max(0, size - 1)),
            lambda: {"slice": [self.rng.choice([None, 0, 1, -2]), self.rng.choice([None, 1, 2, -1]), self.rng.choice([None, 1, 2])]},
            lambda: {"tuple": [{"ellipsis": True}, self.rng.choice([0, -1])]},
            lambda: {"tuple": [{"slice": [None, None, None]}, None]},
            lambda: {"tuple": [[0, -1]]},
        ])()
        return "getitem", [node(name), part], None

    def size(self):
        name = self.pick(rank=1)
        first = self.add("call_function", "size", [node(name), self.dim(name)])
        if first is None or self.error:
            return None, None, None
        target, number = self.rng.choice([("mul", 2), ("add", 1), ("floor_divide", 2), ("sub", 1)])
        second = self.add("call_function", target, [node(first), number])
        if self.rng.random() < 0.5:
            return "reshape", [node(name), node(first), -1], None
        return self.rng.choice(["mul", "add", "div"]), [node(name), node(second)], None

    def tuple(self):
        name = self.pick(rank=1)
        target = self.rng.choice(["split", "chunk", "unbind", "topk", "sort"])
        args = {"split": [2, self.dim(name)], "chunk": [2, self.dim(name)], "unbind": [self.dim(name)], "topk": [1], "sort": [self.dim(name)]}[target]
        made = self.add("call_function", target, [node(name), *args])
        if made is None or self.error:
            return None, None, None
        return "getitem", [node(made), self.rng.choice([0, 0, -1, 1])], None

    def where(self):
        name = self.pick()
        mask = self.add("call_function", "gt", [node(name), 0])
        if mask is None or self.error:
            return None, None, None
        return "where", [node(mask), node(name), self.rng.choice([0, node(self.pick())])], None

    def layer(self):
        name = self.pick(floats=True, rank=1)
        rank = self.values[name].dim()
        width = self.values[name].shape[-1] if rank else 0
        kind, arguments, layer = self.rng.choice([
            lambda: ("Linear", {"in_features": width, "out_features": 3}, torch.nn.Linear(width, 3)),
            lambda: ("LayerNorm", {"normalized_shape": width}, torch.nn.LayerNorm(width)),
            lambda: ("Softmax", {"dim": -1}, torch.nn.Softmax(-1)),
            lambda: ("AdaptiveAvgPool2d", {"output_size": 2}, torch.nn.AdaptiveAvgPool2d(2)) if rank >= 3 else
                    ("ReLU", {}, torch.nn.ReLU()),
        ])() if width else ("ReLU", {}, torch.nn.ReLU())
        key = f"m{len(self.modules)}"
        self.modules[key], self.made[key] = {"type": kind, **arguments}, layer
        self.add("call_module", key, [node(name)])
        return None, None, None

    def parameter(self):
        key = f"p{len(self.parameters)}"
        shape = [self.rng.choice([1, 2, 3]) for _ in range(self.rng.choice([1, 2]))]
        self.parameters[key] = torch.randn(shape)
        name = f"n{len(self.nodes)}"
        self.nodes.append({"op": "get_attr", "name": name, "target": key})
        self.values[name] = self.parameters[key]
        return None, None, None

    def finish(self):
        names = self.tensors()
        chosen = [names[-1]] + self.rng.sample(names, self.rng.choice([0, 0, 1, 2]) % (len(names) + 1))
        output = node(chosen[0]) if len(chosen) == 1 else {"tuple": [node(name) for name in chosen]}
        self.nodes.append({"op": "output", "args": [output]})

    @property
    def functions(self):
        return {each.get("target") for each in self.nodes}

    def description(self):
        modules = {f"{key}.{name}": value for key, layer in self.made.items() for name, value in layer.state_dict().items()}
        return {"type": "GraphModule", "class": "Net", "modules": self.modules,
                "parameters": {key: {"shape": list(value.shape)} for key, value in self.parameters.items()}, "graph": self.nodes,
                "state_dict": {key: whole(value) for key, value in {**self.parameters, **modules}.items()}}

    def module(self, dtype=None):
        tensors = {**self.parameters, **{f"{k}.{n}": v for k, layer in self.made.items() for n, v in layer.state_dict().items()}}
        module = interpreter.built({**self.description(), "class": "Net"}, tensors)
        for parameter in module.parameters():
            parameter.requires_grad_(True)
        return module.to(dtype) if dtype else module


class NoModule:
    """Stands for the module where the interpreter reads arguments only."""

    def argument(self, given, values):
        return interpreter.GraphModule.argument(self, given, values)


None_module = NoModule()


def leaves(value):
    return [leaf for each in value for leaf in leaves(each)] if isinstance(value, (tuple, list)) else [value]


def ramp(output):
    """Returns the gradient to start from, in which nothing cancels."""
    return torch.cos(torch.arange(output.numel(), dtype=torch.float64)).reshape(output.shape).to(output.dtype)


def run(drawn, dtype=None):
    """Returns the outputs of a graph in PyTorch, with the gradients of inputs and parameters."""
    module = drawn.module(dtype)
    inputs = [value.to(dtype) if dtype and value.is_floating_point() else value.clone() for value in drawn.inputs.values()]
    inputs = [value.requires_grad_(value.is_floating_point()) for value in inputs]
    outputs = leaves(module(*inputs))
    roots = [output for output in outputs if output.requires_grad]
    wants = [value for value in inputs if value.requires_grad] + list(module.parameters())
    found = None
    if roots and wants:
        try:
            found = torch.autograd.grad(roots, wants, [ramp(root) for root in roots], allow_unused=True)
        except RuntimeError:
            pass  # Not everything has a derivative.
    return outputs, found


def compare(what, got, wanted, exact):
    """Compares two tensors; `exact` is what float64 makes of it, which says how far rounding carries."""
    if got is None or wanted is None:
        rest = wanted if got is None else got
        if rest is not None and bool((rest != 0).any()):
            raise Difference(f"{what}: got {got}, wanted {wanted}")
        return
    if got.dtype != wanted.dtype or got.shape != wanted.shape:
        raise Difference(f"{what}: {got.dtype} {list(got.shape)}, wanted {wanted.dtype} {list(wanted.shape)}")
    first, second = got.double(), wanted.double()
    slack = 1e-5 + 1e-4 * second.abs()
    if exact is not None and exact.shape == wanted.shape:
        rounding = (second - exact.double()).abs().nan_to_num(torch.inf)
        # Where a number comes out exactly by chance, those beside it say how far rounding carries.
        slack = slack + 100 * rounding + (4 * rounding[rounding.isfinite()].max() if rounding.isfinite().any() else 0)
    near = (first == second) | (first.isnan() & second.isnan()) | ((first - second).abs() <= slack) | (slack == torch.inf)
    if not bool(near.all()):
        raise Difference(f"{what}: got {first[~near][:4].tolist()}, wanted {second[~near][:4].tolist()}")


def touches_a_kink(drawn):
    """Whether a function with a kink gets a computed number there, but for what rounding may take or give."""
    given = set(drawn.inputs)
    for each in drawn.nodes:
        operand = each.get("args", [None])[0]
        name = operand.get("node") if isinstance(operand, dict) else None
        value = drawn.values.get(name)
        if each.get("target") not in KINKS or name in given or not torch.is_tensor(value) or not value.is_floating_point():
            continue
        if any(bool(((value - place).abs() < 1e-6).any()) for place in KINKS[each["target"]]):
            return True
    return False


def check(server, seed):
    drawn = Drawn(seed)
    made = server.send("PUT", "/v1/modules/graph", drawn.description())
    if made.status not in (200, 201):
        raise Difference(f"not made: {made.text[:300]}")
    body = {"inputs": [whole(value) for value in drawn.inputs.values()]}
    answer = server.send("POST", "/v1/modules/graph/call", body)
    if drawn.error is not None:
        text = answer.json.get("detail", answer.text)[:300]
        if answer.status != 422 or text.split("\n")[0] != drawn.error.split("\n")[0]:
            raise Difference(f"error {drawn.nodes[-2].get('target')}: got {answer.status} {text!r}, wanted {drawn.error!r}")
        return "error"
    outputs, gradients = run(drawn)
    try:
        # What becomes a float on the way, such as the tanh of integers, becomes a wide one.
        torch.set_default_dtype(torch.float64)
        exact, exact_gradients = run(drawn, torch.float64)
    except RuntimeError:
        exact, exact_gradients = [None] * len(outputs), None
    finally:
        torch.set_default_dtype(torch.float32)
    if answer.status != 200:
        raise Difference(f"answers {answer.status}: {answer.text[:300]}")
    document = answer.json
    got = list(document["outputs"].values()) if "outputs" in document else [{**document, "data": document["output"]}]
    # The gelu of infinity is infinity where PyTorch computes one float by itself, and NaN in its vectors.
    jumps = bool(drawn.functions & JUMPING) or "gelu" in drawn.functions and not all(
        bool(value.isfinite().all()) for value in drawn.values.values() if torch.is_tensor(value))
    for index, (mine, theirs) in enumerate(zip(got, outputs, strict=True)):
        try:
            compare(f"output {index}", tensor(mine), theirs.detach(), exact[index])
        except Difference:
            if not jumps:
                raise
            return "unstable"
    # What a gradient is beside NaN depends on the vector lanes that PyTorch computed it in.
    finite = all(bool(value.isfinite().all()) for value in drawn.values.values() if torch.is_tensor(value))
    if gradients is None or jumps or not finite:
        return "value"
    starts = {}
    for name, output in zip(document.get("outputs", {"output": None}), outputs):
        starts[name] = whole(ramp(output)) if output.requires_grad else None
    start = starts["output"] if "outputs" not in document else starts
    answer = server.send("POST", "/v1/modules/graph/backward", {**body, "grad_output": start})
    if answer.status != 200:
        raise Difference(f"backward answers {answer.status}: {answer.text[:300]}")
    found = answer.json["grad_input"]
    found = list(found.values()) if len(drawn.inputs) > 1 else [found]
    found = [each for each, value in zip(found, drawn.inputs.values()) if value.is_floating_point()]
    found += [answer.json["gradients"].get(name) for name, _ in drawn.module().named_parameters()]
    wide = exact_gradients if exact_gradients is not None else [None] * len(found)
    for index, (mine, theirs, exactly) in enumerate(zip(found, gradients, wide, strict=True)):
        try:
            compare(f"gradient {index}", mine and tensor(mine), theirs, exactly)
        except Difference:
            if not touches_a_kink(drawn):
                raise
            return "unstable"
    return "gradients"


def main(server, options):
    """Runs the cases, and returns how many differ."""
    counts, different = {}, 0
    for seed in range(options.seed, options.seed + options.cases):
        try:
            what = check(server, seed)
            counts[what] = counts.get(what, 0) + 1
        except Difference as difference:
            different += 1
            print(f"graph {seed}: {difference}", flush=True)
            if not options.keep_going:
                print(f"  of {Drawn(seed).nodes}")
                break
    print(f"{options.cases} graphs, {different} different (torch {torch.__version__}); compared: {counts}")
    return different
