"""A forward by way of `torch.export`, for what cannot be followed: it assigns to parts of tensors, or calls what ATen alone knows.

The modules inside stay modules: marks around what goes into them and what comes out stand in the exported graph, and all between
is forgotten.
"""
import contextlib
import inspect
import io
import logging
import warnings

import torch
from torch import fx
from torch.utils import _pytree as pytree

from . import aten, layers
from .errors import NotExportable
from .tracing import Trace

# The second of them where the first axis has one entry, which torch.export takes for one that stays so.
ROWS = 2


@torch.library.custom_op("callpath::into", mutates_args=())
def into(tensor: torch.Tensor, call: int, place: int) -> torch.Tensor:
    return tensor.clone()


@torch.library.custom_op("callpath::out_of", mutates_args=())
def out_of(tensor: torch.Tensor, call: int, place: int) -> torch.Tensor:
    return tensor.clone()


for _mark in (into, out_of):
    _mark.register_fake(lambda tensor, call, place: torch.empty_like(tensor))
    _mark.register_autograd(lambda context, gradient: (gradient, None, None))


class Leaf:
    """Stands for a tensor in the arguments of a call: which of them."""

    def __init__(self, place):
        self.place = place


class Call:
    """One call of a module inside: its arguments with a Leaf for each tensor, and what is part of the code."""

    def __init__(self, module, args, named, fixed):
        self.module, self.fixed = module, fixed
        leaves, self.form = pytree.tree_flatten((args, named))
        self.tensors = [leaf for leaf in leaves if torch.is_tensor(leaf)]
        if any(isinstance(leaf, torch.SymInt) for leaf in leaves):
            raise NotExportable(f"it calls a {type(module).__name__} with a size")
        count = iter(range(len(leaves)))
        self.leaves = [Leaf(next(count)) if torch.is_tensor(leaf) else leaf for leaf in leaves]
        self.output = self.written = None

    def arguments(self, tensors):
        """Returns the arguments with other tensors in their places."""
        return pytree.tree_unflatten([tensors[leaf.place] if isinstance(leaf, Leaf) else leaf for leaf in self.leaves], self.form)


@contextlib.contextmanager
def watched(module, enter, leave):
    """Calls `enter(call)` before each call of a module inside, which may give other arguments, and `leave(call, output)` behind it."""
    depth, calls, handles = [0], [], []

    def before(inner, args, kwargs):
        depth[0] += 1
        if depth[0] > 1:
            return None
        calls.append(Call(inner, *Trace.arguments(inner, args, kwargs)))
        changed = enter(len(calls) - 1, calls[-1])
        return None if changed is None else (changed[0], {**changed[1], **calls[-1].fixed})

    def behind(inner, args, kwargs, output):
        depth[0] -= 1
        return leave(len(calls) - 1, calls[-1], output) if depth[0] == 0 else None

    for inner in module.modules():
        if inner is not module:
            handles.append(inner.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(inner.register_forward_hook(behind, with_kwargs=True))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def run(module, args, kwargs, fixed, run_inner):
    """Runs a module on values, each module inside by `run_inner` too, and returns what it gives."""
    def enter(index, call):
        # What is changed in place later must be told by what it was.
        call.kept = [tensor.clone() for tensor in call.tensors]
        call.versions = [tensor._version for tensor in call.tensors]

    def leave(index, call, output):
        if [tensor._version for tensor in call.tensors] != call.versions:
            raise NotExportable(f"a {type(call.module).__name__} in it changes its input in place")

    with torch.no_grad(), watched(module, enter, leave) as calls:
        output = module(*args, **kwargs)
    for call in calls:
        given, named = call.arguments(call.kept)
        run_inner(call.module, given, {**named, **call.fixed}, set(call.fixed))
    return output


def exported(module, args, kwargs, fixed):
    """Returns the nodes of a module's forward, its constants by name, and the types of what was exported."""
    bound = inspect.signature(module.forward).bind(*args, **kwargs)
    for name, value in bound.arguments.items():
        if name not in fixed and any(isinstance(leaf, (bool, int, float)) for leaf in pytree.tree_leaves(value)):
            raise NotExportable("a number that it is called with decides what it does")

    def enter(index, call):
        return call.arguments([torch.ops.callpath.into(tensor, index, place) for place, tensor in enumerate(call.tensors)])

    def leave(index, call, output):
        leaves, call.output = pytree.tree_flatten(output)
        if any(isinstance(leaf, (torch.SymInt, torch.SymFloat)) for leaf in leaves):
            raise NotExportable(f"it takes a size from a {type(call.module).__name__}")
        call.outputs = [torch.is_tensor(leaf) for leaf in leaves]
        return pytree.tree_unflatten([torch.ops.callpath.out_of(leaf, index, place) if torch.is_tensor(leaf) else leaf
                                      for place, leaf in enumerate(leaves)], call.output)

    with watched(module, enter, leave) as calls, warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        program = program_of(module, bound.args, bound.kwargs)
    return Writer(module, bound, program, calls)


def program_of(module, args, kwargs):
    """Exports with the first axes open; where one has one entry only, of more."""
    leaves = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if torch.is_tensor(leaf)]
    attempts = [(args, kwargs)]
    if leaves and all(leaf.dim() and len(leaf) == 1 for leaf in leaves):
        longer = pytree.tree_map(lambda leaf: torch.cat([leaf] * ROWS) if torch.is_tensor(leaf) else leaf, (args, kwargs))
        attempts.insert(0, longer)
    for attempt, (given, named) in enumerate(attempts):
        try:
            return open_program(module, given, named)
        except Exception:
            if attempt == len(attempts) - 1:
                raise
    raise AssertionError("no attempt")


def open_program(module, args, kwargs):
    def axes(value):
        return {axis: torch.export.Dim.AUTO for axis in range(value.dim())} if torch.is_tensor(value) else None

    bound = inspect.signature(module.forward).bind(*args, **kwargs)
    shapes = {name: pytree.tree_map(axes, value) for name, value in bound.arguments.items()}
    with torch.enable_grad():
        program = torch.export.export(module, tuple(args), dict(kwargs), dynamic_shapes=shapes, strict=False)
        return program.run_decompositions({})


@contextlib.contextmanager
def quiet():
    """Lets torch.export say what stands in its way as an error only."""
    loggers = [logging.getLogger(name) for name in ("torch", "torch.export", "torch.fx", "torch._dynamo", "torch._export")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        # It prints the graph so far too, past every logger.
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


class Writer:
    """An exported graph in Callpath's words."""

    def __init__(self, module, bound, program, calls):
        self.module, self.calls, self.program = module, calls, program
        self.nodes, self.taken, self.values, self.examples = [], {"output"}, {}, {}
        self.constants, self.called = {}, {}
        self.paths = {id(inner): path for path, inner in reversed(list(module.named_modules(remove_duplicate=False)))}
        self.drop_unused()
        self.take_inputs(bound)
        for node in program.graph.nodes:
            if node.op == "call_function":
                self.values[node] = self.function(node)
            elif node.op == "output":
                leaves = [self.operand(leaf) for leaf in node.args[0]]
                output = pytree.tree_unflatten(leaves, program.call_spec.out_spec)
                self.nodes.append({"op": "output", "args": [plain_output(output)]})
            elif node.op != "placeholder":
                raise NotExportable(f"torch.export writes {node.op} {node.target}, which a graph cannot say")

    def drop_unused(self):
        """Removes checks, and what nobody reads."""
        graph = self.program.graph
        for node in reversed(list(graph.nodes)):
            is_check = node.op == "call_function" and name_of(node).split(".")[0] in aten.CHECKS
            if (is_check or not node.users) and node.op == "call_function" and not draws(node):
                graph.erase_node(node)
        drawn = {node for node in graph.nodes if node.op == "call_function" and not node.users and draws(node)}
        read = {mark for node in graph.nodes for mark in [is_mark(node, "out_of")] if mark is not None}
        for node in reversed(list(graph.nodes)):
            # What is inside of a module is read by the marks behind it only.
            if is_mark(node, "out_of") is not None:
                node.args = (None, *node.args[1:])
            elif not node.users and node.op == "call_function" and node not in drawn:
                if is_mark(node, "into") is None or is_mark(node, "into")[0] not in {call for call, _ in read}:
                    graph.erase_node(node)

    def take_inputs(self, bound):
        """Writes the placeholders, what holds them to sizes that the graph was made for, and what it reads of the module."""
        spec = self.program.graph_signature
        given = iter([entry for entry in spec.input_specs if entry.kind.name == "USER_INPUT"])
        inputs, placeholders = [], {node.name: node for node in self.program.graph.nodes if node.op == "placeholder"}
        for name, value in bound.arguments.items():
            kind = bound.signature.parameters[name].kind
            parts = [(f"{name}_{index}", each) for index, each in enumerate(value)] if kind is inspect.Parameter.VAR_POSITIONAL else \
                list(value.items()) if kind is inspect.Parameter.VAR_KEYWORD else [(name, value)]
            for part, each in parts:
                leaves = [(way, next(given)) for way, _ in pytree.tree_flatten_with_path(each)[0]]
                if any(torch.is_tensor(leaf) for leaf in pytree.tree_leaves(each)):
                    self.taken.add(part)
                    self.nodes.append({"op": "placeholder", "name": part})
                    inputs += [(part, way, entry) for way, entry in leaves]
        for part, way, entry in inputs:
            node, value = placeholders.get(getattr(entry.arg, "name", None)), {"node": part}
            if node is None or not node.users:
                continue
            for key in way:
                value = self("getitem", value, key.key if hasattr(key, "key") else key.idx)
            self.values[node] = self.held(value, node)
        for entry in spec.input_specs:
            node = placeholders.get(getattr(entry.arg, "name", None))
            if node is None or entry.kind.name == "USER_INPUT" or not node.users:
                continue
            target = entry.target
            if entry.kind.name == "CONSTANT_TENSOR":
                target = f"_tensor_constant{len(self.constants)}"
                self.constants[target] = self.program.constants[entry.target].detach()
            elif entry.kind.name not in ("PARAMETER", "BUFFER"):
                raise NotExportable(f"torch.export writes an input of the kind {entry.kind.name}, which a graph cannot say")
            name = self.name(target.replace(".", "_"))
            self.nodes.append({"op": "get_attr", "name": name, "target": target})
            self.values[node] = {"node": name}
        if any(entry.kind.name == "BUFFER_MUTATION" for entry in spec.output_specs):
            raise NotExportable("it changes its own tensors in a call")
        if any(entry.kind.name != "USER_OUTPUT" for entry in spec.output_specs):
            raise NotExportable("it changes its inputs in a call")

    def held(self, value, node):
        """Holds an input to the sizes that torch.export took for fixed."""
        for axis, size in enumerate(node.meta["val"].shape if torch.is_tensor(node.meta.get("val")) else ()):
            if isinstance(size, int):
                value = self("unflatten", value, axis, {"tuple": [size]})
        return value

    # What is written.

    def name(self, base):
        name, count = base, 1
        while name in self.taken or not name.isidentifier():
            name, count = f"{base}_{count}" if base.isidentifier() else f"v_{count}", count + 1
        self.taken.add(name)
        return name

    def __call__(self, target, *args, **named):
        """Writes a call of a function, and returns what stands for what it gives."""
        name = self.name(self.base or target)
        self.base = None
        written = {"op": "call_function", "name": name, "target": target, "args": list(args)}
        if named:
            written["kwargs"] = named
        self.nodes.append(written)
        return {"node": name}

    base = None

    def value(self, operand):
        """Returns the example of what an operator was given."""
        return self.examples[id(operand)]

    def operand(self, given):
        if isinstance(given, fx.Node):
            if given not in self.values:
                raise NotExportable(f"it passes on {given.name}, which comes out of a module's inside")
            self.examples[id(self.values[given])] = given.meta.get("val")
            return self.values[given]
        if given is None or isinstance(given, (bool, int, str)):
            return given
        if isinstance(given, float):
            return layers.number(given)
        if isinstance(given, torch.dtype) and given in layers.DTYPES:
            return {"dtype": layers.DTYPES[given]}
        if isinstance(given, (list, tuple)):
            return [self.operand(each) for each in given]
        raise NotExportable(f"it gives an operator a {type(given).__name__}, which a graph cannot say")

    def function(self, node):
        mark = is_mark(node, "into")
        if mark is not None:
            self.called.setdefault(mark[0], {})[mark[1]] = self.operand(node.args[0])
            return None
        mark = is_mark(node, "out_of")
        if mark is not None:
            return self.call_of(*mark)
        if node.target in aten.OF_SIZES:
            return self(aten.OF_SIZES[node.target], *map(self.operand, node.args))
        if getattr(node.target, "__name__", "") == "getitem":
            source = self.operand(node.args[0])
            return source[node.args[1]] if isinstance(source, list) else self("getitem", source, node.args[1])
        name = name_of(node)
        rule = aten.RULES.get(name)
        if rule is None:
            raise NotExportable(f"it calls {name}, which Callpath does not know")
        self.operator, self.base = name, node.name
        try:
            return self.ruled(rule, node)
        finally:
            self.base = None

    def ruled(self, rule, node):
        schema = node.target._schema
        arguments = [argument for argument in schema.arguments]
        named = {argument.name: value for argument, value in zip(arguments, node.args)}
        named.update(node.kwargs)
        places = {"layout", "device", "pin_memory", "memory_format", "generator", "out", "non_blocking"}
        named = {key: value for key, value in named.items() if key not in places and key not in rule.dropped}
        operands = {key: self.operand(value) for key, value in named.items()}
        if rule.write:
            positional = [operands[argument.name] for argument in arguments if not argument.kwarg_only and argument.name in operands]
            keyword = {argument.name: operands[argument.name] for argument in arguments if argument.kwarg_only and argument.name in operands}
            return rule.write(self, *positional, **keyword)
        first = arguments[0].name if arguments else None
        positional = [operands.pop(first)] if first in operands else []
        if rule.function == "to" and operands.get("dtype") is None:
            return self("clone", *positional)
        if rule.gathers:
            second = arguments[1].name
            positional.append({"tuple": operands.pop(second)})
        return self(rule.function, *positional, **{rule.renamed.get(key, key): value for key, value in operands.items()})

    def call_of(self, index, place):
        """Writes the call of a module inside, once, and returns what stands for one of the tensors that it gives."""
        call = self.calls[index]
        if call.written is None:
            given = self.called.get(index, {})
            if len(given) < len(call.tensors):
                raise NotExportable(f"a {type(call.module).__name__} in it does not use an input of its own")
            args, named = call.arguments(given)
            path = self.paths[id(call.module)]
            name = self.name(path.replace(".", "_"))
            written = {"op": "call_module", "name": name, "target": path, "args": [self.passed(each) for each in args]}
            if named:
                written["kwargs"] = {key: self.passed(value) for key, value in named.items()}
            self.nodes.append(written)
            call.written = {"node": name}
        return self.inside(call, place)

    def passed(self, value):
        """Returns an argument of a module: a tuple stays one."""
        if isinstance(value, dict) and value.keys() == {"node"}:
            return value
        if isinstance(value, tuple):
            return {"tuple": [self.passed(each) for each in value]}
        if isinstance(value, list):
            return [self.passed(each) for each in value]
        return self.operand(value)

    def inside(self, call, place):
        value = call.written
        numbered = pytree.tree_unflatten(list(range(len(call.outputs))), call.output)
        for way, number in pytree.tree_flatten_with_path(numbered)[0]:
            if number == place:
                for key in way:
                    value = self("getitem", value, key.key if hasattr(key, "key") else key.idx)
        return value


def plain_output(value):
    """Returns what a forward gives as a graph says it."""
    if isinstance(value, dict) and value.keys() != {"node"} and value.keys() != {"dtype"}:
        return {str(key): plain_output(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return {"tuple": [plain_output(each) for each in value]}
    return [plain_output(each) for each in value] if isinstance(value, list) else value


def name_of(node):
    """Returns the name of an operator of ATen with its overload, or of whatever else is called."""
    name = str(getattr(node.target, "_name", getattr(node.target, "__name__", node.target)))
    overload = getattr(node.target, "_overloadname", "")
    return name.removeprefix("aten::").split(".")[0] + (f".{overload}" if overload else "")


def is_mark(node, kind):
    """Returns the call and the place that a mark says; None of another node."""
    if node.op != "call_function" or not str(getattr(node.target, "_name", "")).startswith(f"callpath::{kind}"):
        return None
    return node.args[1], node.args[2]


def draws(node):
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
