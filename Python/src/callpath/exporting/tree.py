"""A tree of modules as a description, and its tensors."""
import copy
import inspect
import keyword
import sys

import torch
from torch import fx, nn
from torch.nn.utils import parametrize

from . import checking, exported, functions, layers
from .errors import LeavesTorch, NotExportable
from .tracing import Trace, Watch

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
GLOBAL_HOOKS = ("_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks", "_global_backward_pre_hooks")
CALLS = ("__call__", "_call_impl", "_wrapped_call_impl")
MAX_DEPTH, MAX_MODULES, MAX_NAME = 32, 4_096, 256


def refuse(path, module, reason):
    raise NotExportable(f"{path} ({type(module).__name__}) {reason}")


def inspected(model):
    """Refuses, by its path, each module that answers otherwise than its class says."""
    for hooks in GLOBAL_HOOKS:
        if getattr(nn.modules.module, hooks):
            raise NotExportable("there are global module hooks, which are code: remove them first")
    if any(not own_code(vars(nn.Module)[name], "torch.nn.modules.module") for name in CALLS):
        raise NotExportable("torch.nn.Module's own call was replaced: import torch anew")
    for count, (name, module) in enumerate(model.named_modules(remove_duplicate=False)):
        path = f"model.{name}" if name else "model"
        if count >= MAX_MODULES:
            raise NotExportable(f"the model has more than {MAX_MODULES:,} modules")
        if name.count(".") + 2 > MAX_DEPTH and name:
            refuse(path, module, f"is more than {MAX_DEPTH} deep")
        for key, held in [*module._modules.items(), *module._parameters.items(), *module._buffers.items()]:
            if held is not None and not is_name(key):
                refuse(path, module, f"holds {key!r}, which is not a valid name")
        if len(name.rsplit(".", 1)[-1].encode(errors="surrogatepass")) > MAX_NAME:
            raise NotExportable(f"a module of {path[:60]}... has a name of more than {MAX_NAME} bytes")
        inspect_module(module, path)


def is_name(key):
    """Returns whether a state dictionary can have something under `key`, as PyTorch lets nobody register anything else."""
    return bool(key) and "." not in key and not any("\ud800" <= character <= "\udfff" for character in key)


def inspect_module(module, path):
    kind = type(module)
    if isinstance(module, torch.jit.ScriptModule):
        refuse(path, module, "is TorchScript: export the module that it was made from")
    if kind.__name__ == "OptimizedModule" and kind.__module__.startswith("torch."):
        refuse(path, module, "was made by torch.compile: export its ._orig_mod")
    for name in vars(module):
        if name in CALLS or inspect.isroutine(getattr(kind, name, None)):
            refuse(path, module, f"has a {name} of its own, put there by hand or by a library: give the class that {name}")
    for base in kind.__mro__:
        # A list of parameters has a __call__ of PyTorch's, which says that it is none.
        foreign = [name for name in CALLS if getattr(vars(base).get(name), "__module__", base.__module__) != base.__module__]
        replaced = foreign if base.__module__.startswith("torch.nn.") else []
        if replaced and base is not nn.Module and not issubclass(base, torch.jit.ScriptModule):
            refuse(path, module, f"has a call that is not PyTorch's own: {base.__name__}.{replaced[0]} was replaced")
    allowed = hooks_of_norms(module)
    if any(hook not in allowed for hooks in HOOKS for hook in getattr(module, hooks).values()):
        if isinstance(module, nn.modules.lazy.LazyModuleMixin):
            refuse(path, module, "is lazy: call the model once, so that its sizes are known")
        refuse(path, module, "has hooks, which are code: remove them, or give Callpath hooks of its own")
    if isinstance(module, nn.modules.lazy.LazyModuleMixin):
        refuse(path, module, "is lazy: call the model once, so that its sizes are known")
    if any(part in kind.__module__ for part in ("quantized", "ao.nn", "torchao")):
        refuse(path, module, "is quantised, and Callpath computes in floating point: export the model before it was quantised")
    if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        refuse(path, module, "wraps a model: export its .module")
    for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
        if tensor is not None and type(tensor) not in (torch.Tensor, nn.Parameter, nn.Buffer):
            refuse(path, module, f"holds {name} as a {type(tensor).__name__}, and Callpath takes plain tensors")
        if tensor is not None and (tensor.dtype not in layers.DTYPES or tensor.layout is not torch.strided or tensor.is_nested):
            form = "nested" if tensor.is_nested else tensor.layout
            refuse(path, module, f"holds {name} of {tensor.dtype}, {form}, which Callpath does not compute with")
        if tensor is not None and tensor.is_meta:
            refuse(path, module, f"holds {name} on the meta device, without values")
    owner = next((base for base in kind.__mro__ if "forward" in vars(base)), nn.Module)
    if owner.__module__.startswith("torch.nn.") and owner is not nn.Module and \
            not own_code(vars(owner)["forward"], owner.__module__):
        refuse(path, module, f"has a forward that is not PyTorch's own: {owner.__name__}.forward was replaced")


def own_code(function, module):
    """Returns whether a function was written in the file of `module`."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == getattr(sys.modules.get(module), "__file__", None)


def hooks_of_norms(module):
    """Returns the hooks of PyTorch's old weight_norm and spectral_norm, which only compute a weight."""
    kinds = (nn.utils.weight_norm.__globals__["WeightNorm"], nn.utils.spectral_norm.__globals__["SpectralNorm"])
    return [hook for hook in module._forward_pre_hooks.values() if isinstance(hook, kinds)]


def settled(model):
    """Returns a copy in evaluation mode that shares the tensors, with parametrized weights as the tensors that they make."""
    memo, computed = {}, []
    for module in model.modules():
        changes = parametrize.is_parametrized(module) or hooks_of_norms(module)
        if not changes and not (isinstance(module, nn.ModuleList) and type(module) is not nn.ModuleList):
            memo.update((id(tensor), tensor) for tensor in [*module._parameters.values(), *module._buffers.values()]
                        if tensor is not None)
        computed += [value for value in vars(module).values() if torch.is_tensor(value) and not value.is_leaf]
    for module in model.modules():
        if parametrize.is_parametrized(module):
            for inner in module.parametrizations.modules():
                for tensor in [*inner._parameters.values(), *inner._buffers.values()]:
                    memo.pop(id(tensor), None)
    memo.update((id(tensor), tensor.detach().clone()) for tensor in computed)
    try:
        model = copy.deepcopy(model, memo).eval()
    except Exception as error:
        raise NotExportable(f"model ({type(model).__name__}) cannot be copied: {first_line(error)}") from error
    for module in list(model.modules()):
        for hook in hooks_of_norms(module):
            remove = nn.utils.remove_weight_norm if type(hook).__name__ == "WeightNorm" else nn.utils.remove_spectral_norm
            remove(module, hook.name)
        if parametrize.is_parametrized(module):
            # The copy shares the class that PyTorch made for the original, and removing changes the class.
            shared = type(module)
            module.__class__ = type(shared.__name__, shared.__bases__, dict(vars(shared)))
            for name in list(module.parametrizations):
                if not torch.equal(getattr(module, name).nan_to_num(), getattr(module, name).nan_to_num()):
                    refuse("model", module, f"makes another {name} each time: its parametrization draws random numbers")
                parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return model


def first_line(error):
    return str(error).strip().split("\n")[0]


class Tree:
    """The modules of a model, with the graphs of those whose forward was followed."""

    def __init__(self, model):
        self.model = model
        self.traces = {}
        self.names = {id(module): f"model.{name}" if name else "model"
                      for name, module in reversed(list(model.named_modules(remove_duplicate=False)))}
        self.watch = Watch()

    def needs_example(self):
        """Returns whether some forward must be followed, and so be called."""
        return self.holds_followed(self.model)

    def holds_followed(self, module):
        if type(module) not in layers.CONTAINERS:
            return self.is_followed(module)
        return any(map(self.holds_followed, module.children()))

    @staticmethod
    def is_followed(module):
        """Returns whether a module's forward becomes a graph: its class is not PyTorch's own."""
        return type(module) not in layers.CONTAINERS and not layers.is_pytorchs(module)

    def follow(self, args, kwargs):
        """Runs the model on an example, noting the graph of each module whose class is not PyTorch's."""
        with self.watch.installed(), torch.random.fork_rng(devices=[]):
            return self.run(self.model, args, kwargs)

    def run(self, module, args, kwargs, fixed=frozenset()):
        if type(module) is nn.Sequential:
            for child in module:
                args, kwargs = (self.run(child, args, kwargs),), {}
            return args[0]
        if not self.is_followed(module):
            return module(*args, **kwargs)
        kept = checking.copies((args, kwargs))
        try:
            output, written, constants = self.followed(module, args, kwargs, fixed)
        except RecursionError:
            raise
        except Exception as error:
            can_be_exported = self.is_own(error, module) and not isinstance(error, LeavesTorch)
            found = self.exported(module, *kept, fixed) if can_be_exported else None
            if found is None:
                raise self.told(error, module) from error
            output, written, constants = found
        known = self.traces.setdefault(id(module), (written, constants))
        if known[0] != written or not same_tensors(known[1], constants):
            refuse(self.path(module), module, "is called twice in one call, and does not do the same both times")
        return output

    def followed(self, module, args, kwargs, fixed):
        """Runs a module's forward on values that note what happens to them."""
        trace = Trace(module, self.watch, self.run)
        output = trace.follow(args, kwargs, fixed)
        written = Graph(trace, self.path(module)).nodes()
        read = {node["target"] for node in written if node["op"] == "get_attr"}
        return output, written, {name: tensor for name, tensor in trace.constants.items() if name in read}

    def exported(self, module, args, kwargs, fixed):
        """Exports a module's forward where following it failed; None if that fails too."""
        try:
            output = exported.run(module, *checking.copies((args, kwargs)), fixed, self.run)
            with self.watch.suspended():
                writer = exported.exported(module, args, kwargs, fixed)
        except RecursionError:
            raise
        except Exception as error:
            if not self.is_own(error, module):
                raise self.told(error, module) from error
            return None
        return output, writer.nodes, writer.constants

    def is_own(self, error, module):
        """Returns whether an error is of the module itself, and not of one inside."""
        return not (isinstance(error, NotExportable) and str(error).startswith("model")
                    and not str(error).startswith(f"{self.path(module)} ({type(module).__name__})"))

    def told(self, error, module):
        """Returns the error with the module's path, in one line."""
        if isinstance(error, NotExportable):
            return error if str(error).startswith("model") else \
                NotExportable(f"{self.path(module)} ({type(module).__name__}): {error}")
        return NotExportable(
            f"{self.path(module)} ({type(module).__name__}) cannot be followed: {type(error).__name__}: {first_line(error)}")

    def draws(self):
        """Returns whether a call draws random numbers."""
        return any(node["op"] == "call_function" and node["target"] in functions.RANDOM
                   for nodes, _ in self.traces.values() for node in nodes)

    def path(self, module):
        return self.names.get(id(module), "model")

    # What is written.

    def description(self, module=None, path="model"):
        """Returns the description of a module and all inside, as `POST /v1/modules` takes it."""
        module = self.model if module is None else module
        if type(module) in layers.CONTAINERS:
            return {"type": type(module).__name__, "modules": self.children(module, path)}
        if not self.is_followed(module):
            return layers.layer(module, path)
        name = type(module).__name__
        if not name.isidentifier() or len(name.encode()) > MAX_NAME:
            raise NotExportable(f"{path}: the class {name[:60]!r} has a name that is not a valid one")
        nodes, constants = self.traces.get(id(module), (NOTHING, {}))
        described = {"type": "GraphModule", "class": name}
        modules = self.children(module, path)
        if modules:
            described["modules"] = modules
        parameters = {name: tensor_of(parameter) for name, parameter in module._parameters.items() if parameter is not None}
        buffers = {name: no_state(buffer) if name in module._non_persistent_buffers_set else tensor_of(buffer)
                   for name, buffer in module._buffers.items() if buffer is not None}
        buffers.update({name: no_state(constant) for name, constant in constants.items()})
        for tensor_name in [*parameters, *buffers]:
            if len(tensor_name.encode()) > MAX_NAME:
                refuse(path, module, f"holds a tensor with a name of more than {MAX_NAME} bytes")
        return {**described, **({"parameters": parameters} if parameters else {}), **({"buffers": buffers} if buffers else {}),
                "graph": nodes}

    def children(self, module, path):
        """Returns the modules inside: a list where their names are their positions in a list, else an object.

        One that stands at a place before is the same module: its hooks fire wherever it is called.
        """
        named = {}
        for name, child in module._modules.items():
            if child is None:
                continue
            own, first = f"{path}.{name}", self.names[id(child)]
            named[name] = self.description(child, own) if own == first else {"shared": first.removeprefix("model.")}
        positions = [str(position) for position in range(len(named))]
        is_list = isinstance(module, (nn.Sequential, nn.ModuleList)) and type(module) in layers.CONTAINERS
        return list(named.values()) if is_list and list(named) == positions else named

    def is_shared(self, key):
        """Returns whether a tensor's key goes by way of a module that stands at a place before."""
        parts, module = key.split(".")[:-1], self.model
        for count, part in enumerate(parts, 1):
            module = module._modules[part]
            if self.names[id(module)] != "model." + ".".join(parts[:count]):
                return True
        return False

    def tensors(self):
        """Returns the tensors of the state dictionary, those that are no state, and ties, by key."""
        state, others, ties, first = {}, {}, {}, {}
        for path, module in self.model.named_modules(remove_duplicate=False):
            prefix = f"{path}." if path else ""
            for name, parameter in module._parameters.items():
                if parameter is None:
                    continue
                if id(parameter) in first:
                    ties[prefix + name] = first[id(parameter)]
                else:
                    first[id(parameter)] = prefix + name
                    state[prefix + name] = parameter
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    if name not in module._non_persistent_buffers_set:
                        state[prefix + name] = buffer
                    elif buffer.numel() > MAX_NUMBERS or not self.is_followed(module):
                        others[f"callpath:{prefix}{name}"] = buffer
            for name, constant in self.traces.get(id(module), (NOTHING, {}))[1].items():
                if constant.numel() > MAX_NUMBERS:
                    others[f"callpath:{prefix}{name}"] = constant
        return state, others, ties


# The most numbers of a buffer that is no state, or of a constant, that a description holds itself.
MAX_NUMBERS = 65_536
# The graph of a module that is never called: it holds others.
NOTHING = [{"op": "output", "args": [None]}]


def tensor_of(tensor):
    """Returns what a description says of a tensor of a module's own."""
    dtype = layers.DTYPES[tensor.dtype]
    return {"shape": list(tensor.shape), **({"dtype": dtype} if dtype != "float32" else {})}


def no_state(tensor):
    """Returns what a description says of a tensor that no state dictionary has: its numbers, unless they are many."""
    numbers = {} if tensor.numel() > MAX_NUMBERS else {"data": layers.plain(tensor.detach().cpu().flatten().tolist(), "a buffer")}
    return {**tensor_of(tensor), "persistent": False, **numbers}


def same_tensors(first, second):
    return first.keys() == second.keys() and all(
        first[name].dtype == second[name].dtype and torch.equal(first[name], second[name]) for name in first)


class Graph:
    """A graph of torch.fx in Callpath's words."""

    def __init__(self, trace, path):
        self.trace, self.path = trace, path
        self.graph = trace.graph
        self.names, self.aliases = {}, {}

    def nodes(self):
        self.forget_unused()
        self.name()
        return [written for written in map(self.node, self.graph.nodes) if written is not None]

    def forget_unused(self):
        """Removes what nobody reads and what draws no random numbers; calls of modules have hooks, and stay."""
        for node in reversed(list(self.graph.nodes)):
            draws = node.op.startswith("call_f") and functions.name_of(node.target) in functions.RANDOM
            if not node.users and node.op in ("call_function", "call_method", "get_attr") and not draws:
                self.graph.erase_node(node)

    def name(self):
        """Gives each node a name of its own: placeholders those of forward's arguments."""
        taken = {node.target: node for node in self.graph.nodes if node.op == "placeholder"}
        self.names = {node: name for name, node in taken.items()}
        for node in self.graph.nodes:
            if node.op in ("placeholder", "output"):
                continue
            base = node.name if not keyword.iskeyword(node.name) else f"{node.name}_1"
            name, count = base, 1
            # The last node has that name.
            while name in taken or name == "output":
                name, count = f"{base}_{count}", count + 1
            taken[name] = node
            self.names[node] = name

    def node(self, node):
        if node.op == "placeholder":
            return {"op": "placeholder", "name": self.names[node]}
        if node.op == "output":
            return {"op": "output", "args": [self.argument(node.args[0], node, is_output=True)]}
        if node.op == "get_attr":
            return {"op": "get_attr", "name": self.names[node], "target": node.target}
        if node.op == "call_module":
            return self.call("call_module", node, node.target, node.args, node.kwargs)
        return self.function(node)

    def function(self, node):
        name = functions.name_of(node.target)
        if node.op == "call_method" and node.target == "to":
            args = [argument for argument in node.args[1:] if not isinstance(argument, (torch.device, str, bool))]
            dtypes = [*args, *[node.kwargs[key] for key in ("dtype", "other") if node.kwargs.get(key) is not None]]
            if not dtypes:
                return self.alias(node)
            if isinstance(dtypes[0], fx.Node) and torch.is_tensor(self.trace.values[dtypes[0]]):
                return self.call("call_function", node, "type_as", (node.args[0], dtypes[0]), {})
            return self.call("call_function", node, "to", (node.args[0], dtypes[0]), {})
        if name is None:
            shown = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", node.target)
            raise NotExportable(f"{self.path} ({type(self.trace.module).__name__}) calls {shown}, which Callpath does not know")
        defaults = {} if node.op == "call_method" else functions.defaults(node.target)
        kwargs = {key: value for key, value in node.kwargs.items()
                  if key not in functions.PLACES and key != "inplace" and not (key in defaults and layers.same(value, defaults[key]))}
        args = node.args
        if name in ("cat", "stack") and args and isinstance(args[0], tuple):
            args = (list(args[0]), *args[1:])
        return self.call("call_function", node, name, args, kwargs)

    def alias(self, node):
        self.aliases[node] = node.args[0]
        return None

    def call(self, op, node, target, args, kwargs):
        written = {"op": op, "name": self.names[node], "target": target, "args": [self.argument(each, node) for each in args]}
        if kwargs:
            written["kwargs"] = {key: self.argument(value, node) for key, value in kwargs.items()}
        return written

    def argument(self, value, node, is_output=False):
        if isinstance(value, fx.Node):
            while value in self.aliases:
                value = self.aliases[value]
            return {"node": self.names[value]}
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return layers.number(value)
        if isinstance(value, torch.dtype) and value in layers.DTYPES:
            return {"dtype": layers.DTYPES[value]}
        if isinstance(value, slice):
            return {"slice": [self.argument(part, node) for part in (value.start, value.stop, value.step)]}
        if value is Ellipsis:
            return {"ellipsis": True}
        if isinstance(value, tuple):
            return {"tuple": [self.argument(each, node, is_output) for each in value]}
        if isinstance(value, (list, range)):
            return [self.argument(each, node, is_output) for each in value]
        if isinstance(value, dict) and is_output:
            return {str(key): self.argument(each, node, True) for key, each in value.items()}
        raise NotExportable(f"{self.path} ({type(self.trace.module).__name__}) gives {node.name} a {type(value).__name__}, "
                            "which a graph cannot say")
