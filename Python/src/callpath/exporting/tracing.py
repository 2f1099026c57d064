"""Follows the `forward` of one module while it runs on example values, and writes down what it does.

The graph is torch.fx's. Beside each node stands the value that it has for the example, so that what Python asks of a value
while it runs (how many parts has this, is that size 3?) has an answer; where an answer about sizes decides what the graph
looks like, the graph holds its input to those sizes.
"""
import contextlib
import inspect
import operator

import numpy
import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from . import functions, layers
from .errors import LeavesTorch, NotExportable

# What a tensor says of itself that is the same for every input that fits.
STATIC = {"dtype", "device", "is_cuda", "is_cpu", "is_meta", "is_sparse", "is_nested", "is_quantized", "is_mkldnn", "is_xla", "is_mps", "layout",
          "requires_grad", "is_leaf", "grad", "grad_fn", "names", "itemsize"}
STATIC_METHODS = {"is_contiguous", "is_floating_point", "is_complex", "element_size", "get_device", "stride", "storage_offset",
                  "is_inference", "is_conj", "is_signed"}
STATIC_FUNCTIONS = {torch.is_floating_point, torch.is_complex, torch.is_inference, torch.is_conj, torch.is_signed}
# Methods that give the numbers of a tensor to Python.
LEAVING = {"numpy", "tolist", "data_ptr"}
SIZES = {"shape", "ndim", "size", "dim", "numel", "ndimension", "nelement"}
# Methods that are other methods, written so.
REWRITTEN = {
    "view_as": lambda x, other: x.view(other.shape), "reshape_as": lambda x, other: x.reshape(other.shape),
    "new_zeros": lambda x, *size, dtype=None, **_: torch.zeros(*size, dtype=dtype or x.dtype),
    "new_ones": lambda x, *size, dtype=None, **_: torch.ones(*size, dtype=dtype or x.dtype),
    "new_empty": lambda x, *size, dtype=None, **_: torch.zeros(*size, dtype=dtype or x.dtype),
    "new_full": lambda x, size, value, dtype=None, **_: torch.full(size, value, dtype=dtype or x.dtype),
    "ndimension": lambda x: x.dim(), "nelement": lambda x: x.numel(), "cpu": lambda x, **_: x, "cuda": lambda x, *_, **__: x, "requires_grad_": lambda x, *_: x,
    "type": lambda x, dtype: x.to(dtype),
}


def left(what):
    return LeavesTorch(f"{what}: only what torch's functions do is in a graph")


class Value(fx.Proxy):
    """Stands for a value of the forward that is followed."""

    @property
    def now(self):
        """What the value is for the example."""
        return self.tracer.values[self.node]

    @property
    def __class__(self):
        # Code that asks whether it got a tensor must see one.
        return torch.Tensor if torch.is_tensor(self.tracer.values.get(self.node)) else Value

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        with self.tracer.running():
            attribute = getattr(self.now, name)
        if callable(attribute) and not torch.is_tensor(attribute):
            return Method(self, name, attribute)
        return self.tracer.attribute(self, name, attribute)

    def __array__(self, *_, **__):
        raise left("it makes a numpy array of a tensor")

    def __len__(self):
        if torch.is_tensor(self.now):
            return self.tracer.fixed(self, len(self.now), dim=0)
        self.tracer.hold_parts(self.node)
        return len(self.now)

    def __iter__(self):
        if torch.is_tensor(self.now) and self.now.dim() == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter([self[index] for index in range(len(self))])

    def __bool__(self):
        return self.tracer.fixed(self, self.now, bool)

    def __index__(self):
        return self.tracer.fixed(self, self.now, operator.index)

    def __int__(self):
        return self.tracer.fixed(self, self.now, int)

    def __float__(self):
        return self.tracer.fixed(self, self.now, float)

    def __contains__(self, element):
        return self.tracer.fixed(self, self.now, lambda now: element in now)

    def __setitem__(self, index, value):
        raise NotExportable("it assigns to a part of a tensor: write torch.where, cat or scatter instead")

    __hash__ = object.__hash__


def _in_place(name):
    def assign(self, other):
        return self.tracer.create_proxy("call_function", getattr(operator, name), (self, other), {})
    return assign


for _name in ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", "iand", "ior", "ixor"):
    setattr(Value, f"__{_name}__", _in_place(_name))


class Method:
    """A method of a value, not called yet."""

    def __init__(self, owner, name, bound):
        self.owner, self.name, self.bound = owner, name, bound

    def __call__(self, *args, **kwargs):
        owner, tracer = self.owner, self.owner.tracer
        is_fixed = owner.node.op == "get_attr" and self.name in SIZES
        if torch.is_tensor(owner.now) and (self.name in STATIC_METHODS or is_fixed):
            return self.bound(*args, **kwargs)
        if torch.is_tensor(owner.now) and self.name in LEAVING and owner.node.op != "get_attr":
            raise left(f"it calls {self.name}() of a tensor")
        if torch.is_tensor(owner.now) and self.name in REWRITTEN:
            return REWRITTEN[self.name](owner, *args, **kwargs)
        if isinstance(owner.now, dict):
            return self.bound.__func__(owner, *args, **kwargs) if hasattr(self.bound, "__func__") else self.of_dictionary(*args)
        return tracer.create_proxy("call_method", self.name, (owner, *args), kwargs)

    def of_dictionary(self, *args):
        keys = list(self.owner.now)
        results = {"keys": keys, "values": [self.owner[key] for key in keys], "items": [(key, self.owner[key]) for key in keys]}
        if self.name == "get":
            return self.owner[args[0]] if args[0] in keys else (args[1] if len(args) > 1 else None)
        if self.name not in results:
            raise NotExportable(f"it calls {self.name} of a dictionary")
        return results[self.name]


class Watch:
    """Sees what modules do while one of them is followed: calls of modules, parameters that are read, tensors that are made."""

    def __init__(self):
        self.tracers, self.changed = [], []

    @property
    def tracer(self):
        """The one that follows now; None while values are computed."""
        return self.tracers[-1] if self.tracers and not self.tracers[-1].is_running else None

    @contextlib.contextmanager
    def suspended(self):
        """Lets PyTorch be itself for a while."""
        for owner, name, original, _ in self.changed:
            setattr(owner, name, original)
        try:
            yield
        finally:
            for owner, name, _, watched in self.changed:
                setattr(owner, name, watched)

    @contextlib.contextmanager
    def installed(self):
        call, read = nn.Module.__call__, nn.Module.__getattr__
        makers = {name: getattr(torch, name) for name in functions.MAKERS | functions.RANDOM | {"tensor"}}

        def watched_call(module, *args, **kwargs):
            tracer = self.tracer
            return call(module, *args, **kwargs) if tracer is None else tracer.call_module(module, args, kwargs)

        def watched_read(module, name):
            value = read(module, name)
            tracer = self.tracer
            return value if tracer is None or not torch.is_tensor(value) else tracer.held(value)

        def watched_maker(name, make):
            def maker(*args, **kwargs):
                tracer = self.tracer
                if tracer is None:
                    return make(*args, **kwargs)
                is_asked = any(issubclass(type(leaf), Value) for leaf in pytree.tree_leaves((args, kwargs)))
                if name in functions.RANDOM or is_asked and name != "tensor":
                    return tracer.create_proxy("call_function", make, args, kwargs)
                # The same for every input: it is kept, and what happens to it is followed.
                with tracer.running():
                    made = make(*args, **kwargs)
                return tracer.held(made)
            return maker

        function = torch.autograd.Function
        apply = vars(function)["apply"]

        def watched_apply(kind, *args, **kwargs):
            # PyTorch hands its arguments to C, which ends the process where they are values.
            if self.tracer is not None and any(issubclass(type(leaf), Value) for leaf in pytree.tree_leaves((args, kwargs))):
                raise NotExportable(f"it calls {kind.__name__}, an autograd.Function: write its forward with torch's functions")
            return apply.__func__(kind, *args, **kwargs)

        self.changed = [(nn.Module, "__call__", call, watched_call), (nn.Module, "__getattr__", read, watched_read),
                        (function, "apply", apply, classmethod(watched_apply)),
                        *((torch, name, make, watched_maker(name, make)) for name, make in makers.items())]
        try:
            for owner, name, _, watched in self.changed:
                setattr(owner, name, watched)
            yield self
        finally:
            for owner, name, original, _ in self.changed:
                setattr(owner, name, original)


class Trace(fx.proxy.TracerBase):
    """The graph of one module's forward, while it grows."""

    def __init__(self, module, watch, run):
        """`run(module, args, kwargs)` calls a module inside on values."""
        super().__init__()
        self.module, self.watch, self.run = module, watch, run
        self.graph = fx.Graph()
        self.values, self.replaced, self.stale, self.guards = {}, {}, {}, {}
        self.constants = {}
        self.is_running = False
        self.paths = {id(inner): path for path, inner in reversed(list(module.named_modules(remove_duplicate=False)))}
        tensors = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
        self.tensors = {id(tensor): path for path, tensor in reversed(tensors)}
        self.plain = {id(value): name for name, value in vars(module).items() if torch.is_tensor(value) and name.isidentifier()}

    @contextlib.contextmanager
    def running(self):
        """Computes values: nobody watches."""
        was, self.is_running = self.is_running, True
        try:
            yield
        finally:
            self.is_running = was

    def follow(self, args, kwargs, fixed=frozenset()):
        """Runs the module on values and returns what it gives; `fixed` names arguments that are part of the code."""
        bound = inspect.signature(self.module.forward).bind(*args, **kwargs)
        fixed = {*fixed, *self.hints(bound)}
        for name, parameter in bound.signature.parameters.items():
            value = bound.arguments.get(name)
            if name in fixed or value is None:
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(self.placeholder(f"{name}_{index}", each) for index, each in enumerate(value))
            elif parameter.kind is parameter.VAR_KEYWORD:
                bound.arguments[name] = {key: self.placeholder(key, each) for key, each in value.items()}
            else:
                bound.arguments[name] = self.placeholder(name, value)
        self.watch.tracers.append(self)
        try:
            output = self.module.forward(*bound.args, **bound.kwargs)
            node = self.graph.create_node("output", "output", (self.create_arg(output),), {})
        finally:
            self.watch.tracers.pop()
        result = fx.node.map_arg(node.args[0], lambda inner: self.values[inner])
        self.guard()
        return result

    def hints(self, bound):
        """Says to a stack of PyTorch's that its masks are nothing special, where it would look for that in their values.

        What it gives is the same: the hint is for kernels. Returns the names of the arguments.
        """
        if not isinstance(self.module, layers.COMPOSED):
            return []
        names = [name for name in bound.signature.parameters
                 if name.endswith("is_causal") and bound.arguments.get(name) is None]
        bound.arguments.update(dict.fromkeys(names, False))
        return names

    def placeholder(self, name, value):
        node = self.graph.create_node("placeholder", name, (), {}, name)
        self.values[node] = value
        return Value(node, self)

    # What the graph is made of.

    def create_proxy(self, kind, target, args, kwargs, name=None, type_expr=None, proxy_factory_fn=None, **_):
        if kind == "call_function" and target in STATIC_FUNCTIONS:
            with self.running():
                return target(*(arg.now if issubclass(type(arg), Value) else arg for arg in args), **kwargs)
        target, args = self.reversed_operator(target, args)
        node = self.graph.create_node(kind, target, self.create_arg(args), self.create_arg(kwargs), name)
        taken = fx.node.map_arg(node.args, lambda inner: self.values[inner])
        named = fx.node.map_arg(node.kwargs, lambda inner: self.values[inner])
        self.check_in_place(target, taken, named)
        with self.changes(node), self.running():
            if kind == "call_method":
                self.values[node] = getattr(taken[0], target)(*taken[1:], **named)
            else:
                self.values[node] = target(*taken, **named)
        return self.without_gradient(node)

    @staticmethod
    def reversed_operator(target, args):
        """`tensor.__rsub__(value)` is `value - tensor`."""
        name = target if isinstance(target, str) else ""
        if not name.startswith("__"):
            return target, args
        plain = name.strip("_")
        function = getattr(operator, plain, None) or getattr(operator, f"{plain}_", None)
        if function is None and plain.startswith("r"):
            function = getattr(operator, plain[1:], None) or getattr(operator, f"{plain[1:]}_", None)
            args = (args[1], args[0], *args[2:])
        return (function, args) if function else (target, args)

    def without_gradient(self, node):
        """Returns what `node` gives, cut from its history where the code turns gradients off."""
        value = self.values[node]
        if torch.is_grad_enabled() or not torch.is_tensor(value) or not value.is_floating_point():
            return Value(node, self)
        cut = self.graph.create_node("call_method", "detach", (node,), {})
        self.values[cut] = value
        self.replaced[node] = cut
        return Value(cut, self)

    def call_module(self, module, args, kwargs):
        path = self.paths.get(id(module))
        if path is None:
            raise NotExportable(f"it calls a {type(module).__name__} that is none of its modules")
        if path == "":
            raise NotExportable("it calls itself")
        args, kwargs, fixed = self.arguments(module, args, kwargs)
        node = self.graph.create_node("call_module", path, self.create_arg(args), self.create_arg(kwargs))
        taken = fx.node.map_arg(node.args, lambda inner: self.values[inner])
        named = fx.node.map_arg(node.kwargs, lambda inner: self.values[inner])
        with self.changes(node), self.running():
            self.values[node] = self.run(module, taken, {**named, **fixed}, set(fixed))
        return self.without_gradient(node)

    @staticmethod
    def arguments(module, args, kwargs):
        """Returns positional and named arguments that are values, and those that are part of the code, for a module of the user's."""
        if type(module) in layers.CONTAINERS or layers.is_pytorchs(module):
            return args, kwargs, {}
        signature = inspect.signature(module.forward)
        bound = signature.bind(*args, **kwargs).arguments
        given, named, fixed = [], {}, {}
        for name, parameter in signature.parameters.items():
            if name not in bound:
                continue
            value = bound[name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                given += value
            elif parameter.kind is parameter.VAR_KEYWORD:
                named.update(value)
            elif not any(issubclass(type(leaf), Value) or torch.is_tensor(leaf) for leaf in pytree.tree_leaves(value)):
                fixed[name] = value
            elif fixed or parameter.kind is parameter.KEYWORD_ONLY:
                named[name] = value
            else:
                given.append(value)
        return tuple(given), named, fixed

    def create_arg(self, value):
        if issubclass(type(value), fx.Proxy):
            if value.tracer is not self:
                raise NotExportable("it keeps a value of another module's call")
            return self.latest(value.node)
        if torch.is_tensor(value):
            return self.latest(self.held(value).node)
        if isinstance(value, numpy.generic):
            return value.item()
        try:
            return super().create_arg(value)
        except NotImplementedError:
            raise NotExportable(f"it passes on a {type(value).__name__}, which a graph cannot say") from None

    def held(self, tensor):
        """Returns what stands for a tensor that the module holds, or that its code made of none of its inputs."""
        path = self.tensors.get(id(tensor)) or self.plain.get(id(tensor))
        if path is None:
            path = next((name for name, constant in self.constants.items() if constant is tensor), None)
        if path is None:
            path = f"_tensor_constant{len(self.constants)}"
        if id(tensor) not in self.tensors:
            self.constants[path] = tensor
        node = self.graph.create_node("get_attr", path, (), {})
        self.values[node] = tensor
        return Value(node, self)

    def attribute(self, owner, name, attribute):
        """Returns what stands for an attribute of a value."""
        value = owner.now
        if torch.is_tensor(value):
            if name in STATIC or (owner.node.op == "get_attr" and name in SIZES):
                return attribute
            if name == "data":
                return owner.detach()
            if name in ("H", "mH"):
                return owner.mT
        fields = getattr(type(value), "_fields", None) or \
            [field for field in dir(type(value)) if isinstance(value, tuple) and not field.startswith("_")]
        for index, part in enumerate(value if isinstance(value, tuple) and name in fields else ()):
            if part is attribute:
                return owner[index]
        return self.create_proxy("call_function", getattr, (owner, name), {})

    # What happens in place.

    def latest(self, node):
        """Returns the node that has the value of `node` now."""
        while node in self.replaced:
            node = self.replaced[node]
        if node in self.stale:
            raise NotExportable("it changes a tensor in place that it reads afterwards under another name")
        return node

    @contextlib.contextmanager
    def changes(self, node):
        """Notes which values a node changes: what it returns takes their place, others must not be read again."""
        live = [(other, tensor, tensor._version) for other, value in self.values.items()
                for tensor in pytree.tree_leaves(value) if torch.is_tensor(tensor)]
        yield
        for other, tensor, version in live:
            if tensor._version == version or other in self.replaced:
                continue
            if other.op == "get_attr":
                raise NotExportable("it changes its own tensors in a call")
            if self.values[node] is tensor:
                self.replaced[other] = node
            else:
                self.stale[other] = node

    @staticmethod
    def check_in_place(target, args, kwargs):
        """Refuses what changes a tensor into one that the plain function would not give: another type, or drawn."""
        name = target if isinstance(target, str) else target.__name__
        if name in ("normal_", "bernoulli_", "uniform_", "random_", "exponential_", "fill_", "copy_", "set_"):
            raise NotExportable(f"it calls {name}, which fills a tensor in place")
        plain = getattr(operator, name[1:], None) if getattr(operator, name, None) is target and name[0] == "i" else \
            getattr(torch.Tensor, name[:-1], None) if isinstance(target, str) and name.endswith("_") else None
        if plain is None or not args or not torch.is_tensor(args[0]) or name in ("is_", "inv", "invert", "index", "itemgetter"):
            return
        result = plain(*args, **kwargs)
        if torch.is_tensor(result) and result.dtype != args[0].dtype:
            raise NotExportable(f"it changes a tensor of {args[0].dtype} in place to what would be {result.dtype}")

    # What an answer about sizes fixes.

    def fixed(self, value, now, convert=None, dim=None):
        """Returns Python's value of `value`, to whose sizes the graph holds its inputs from now on."""
        if torch.is_tensor(now):
            raise NotExportable("what it does depends on the values of its inputs: only sizes may decide")
        if torch.is_tensor(value.now):
            self.hold(value.node, dim)
        elif not self.hold_equal(value.node, now):
            self.hold_sources(value.node)
        return convert(now) if convert else now

    def hold_equal(self, node, now):
        """Holds two sizes to each other where their being equal is all that was asked, and returns whether it was."""
        if node.op != "call_function" or node.target not in (operator.eq, operator.ne) or now is not (node.target is operator.eq):
            return False
        sources = [self.size_of(argument) for argument in node.args]
        if None in sources or node.args[1] == node.args[0]:
            return False
        tensor, dim = sources[0]
        held = self.graph.create_node("call_method", "unflatten", (self.latest(tensor), dim, (node.args[1],)), {})
        self.values[held] = self.values[tensor]
        self.replaced[self.latest(tensor)] = held
        return True

    def size_of(self, node):
        """Returns the tensor and the axis of which `node` is the size; None if it is something else."""
        if not isinstance(node, fx.Node) or node.op == "placeholder":
            return None
        if node.op == "call_method" and node.target == "size" and len(node.args) == 2:
            return node.args if node.args[0].op != "get_attr" else None
        if node.target is operator.getitem and isinstance(node.args[1], int):
            shape = node.args[0]
            is_shape = shape.target == "size" or shape.target is getattr and shape.args[1] == "shape"
            return (shape.args[0], node.args[1]) if is_shape else None
        return None

    def hold(self, node, dim):
        if node.op != "get_attr":
            self.guards[node, dim] = self.values[node].dim() if dim is None else self.values[node].shape[dim]

    def hold_parts(self, node):
        """Holds a tensor that was cut into parts to the size that made them so many."""
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
        if name in ("split", "chunk", "unbind", "tensor_split", "split_with_sizes"):
            dim = node.kwargs.get("dim", node.args[1 if name == "unbind" else 2] if len(node.args) > (1 if name == "unbind" else 2) else 0)
            source = node.args[0]
            module = self.module.get_submodule(source.target) if source.op == "call_module" else None
            if not (isinstance(module, nn.Linear) and dim in (-1, self.values[source].dim() - 1)):
                self.hold(source, dim)

    def hold_sources(self, node, dims=None):
        """Holds the tensors whose sizes made the number of `node` to those sizes."""
        if node.op == "get_attr":
            return
        if node.op == "placeholder":
            if isinstance(self.values[node], (bool, int, float)):
                raise NotExportable("a number that it is called with decides what it does")
            return
        sources = [inner for inner in node.all_input_nodes if torch.is_tensor(self.values[inner])]
        name = node.target if isinstance(node.target, str) else node.target.__name__
        if name == "getattr":
            name = node.args[1]
        if not sources:
            index = node.args[1] if node.target is operator.getitem and isinstance(node.args[1], int) else None
            for inner in node.all_input_nodes:
                self.hold_sources(inner, index)
            return
        if name in ("shape", "size"):
            rank = self.values[sources[0]].dim()
            dim = node.args[1] if name == "size" and len(node.args) > 1 else node.kwargs.get("dim", dims)
            for axis in range(rank) if not isinstance(dim, int) else [dim]:
                self.hold(sources[0], axis)
        elif name in ("ndim", "dim"):
            self.hold(sources[0], None)
        elif name == "numel":
            for axis in range(self.values[sources[0]].dim()):
                self.hold(sources[0], axis)
        elif name not in ("dtype", "eq", "ne", "is_", "is_not") or torch.is_tensor(self.values[node]):
            raise NotExportable("what it does depends on the values of its inputs: only sizes may decide")

    def guard(self):
        """Puts behind each tensor whose sizes were asked for what fails at others."""
        last = next((node for node in reversed(self.graph.nodes) if node.op == "placeholder"), None)
        for (node, dim), size in reversed(list(self.guards.items())):
            with self.graph.inserting_after(last if node.op == "placeholder" else node):
                if dim is None:
                    held = self.graph.create_node("call_method", "permute", (node, *range(size)), {})
                else:
                    held = self.graph.create_node("call_method", "unflatten", (node, dim, (size,)), {})
            self.values[held] = self.values[node]
            node.replace_all_uses_with(held, delete_user_cb=lambda user: user is not held)
