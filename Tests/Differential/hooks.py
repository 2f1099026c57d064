"""Random hooks on both sides: as data on the server, as functions in PyTorch."""
import contextlib
import math

import torch
from torch.nn.modules import module as torch_module

import actions
from actions import Refused

FORWARD = ("forward_pre", "forward")
BACKWARD = ("full_backward_pre", "full_backward")
REGISTER = {
    "forward_pre": "register_forward_pre_hook", "forward": "register_forward_hook",
    "full_backward_pre": "register_full_backward_pre_hook", "full_backward": "register_full_backward_hook"}
REGISTER_GLOBAL = {
    "forward_pre": torch_module.register_module_forward_pre_hook,
    "forward": torch_module.register_module_forward_hook,
    "full_backward_pre": torch_module.register_module_full_backward_pre_hook,
    "full_backward": torch_module.register_module_full_backward_hook}


def always(hook):
    return {"always_call": True} if hook.get("always_call") else {}


class Plan:
    """The hooks of one call: on all modules, on the network, and brought along."""

    def __init__(self, rng, module, size, dtype, backward):
        self.rng, self.module, self.size, self.dtype = rng, module, size, dtype
        self.paths = [name for name, _ in module.named_modules()]
        self.kinds = FORWARD + BACKWARD if backward else FORWARD
        self.everywhere = [self.draw_global() for _ in range(rng.choice([0, 0, 0, 1]))]
        self.persistent = [self.draw() for _ in range(rng.choice([0, 0, 1, 2, 3]))]
        self.call = [self.draw() for _ in range(rng.choice([0, 1, 2, 3, 4]))]
        self.ids = {}
        self.summaries = {}

    def clear(self):
        self.everywhere, self.persistent, self.call = [], [], []

    def __repr__(self):
        return f"with {self.everywhere}, {self.persistent}, {self.call}"

    def draw(self):
        kind = self.rng.choice(self.kinds)
        action = actions.draw(self.rng, self.size or 1)
        if self.dtype == torch.int64 and isinstance(action.get("value"), list):
            action["value"] = [int(number) for number in action["value"]]
        hook = {"kind": kind, "module": self.rng.choice(self.paths), "action": action,
                "prepend": self.rng.random() < 0.2}
        if kind == "forward" and self.rng.random() < 0.1:
            hook["always_call"] = True
        return hook

    def draw_global(self):
        """A hook on all modules reads a bare list as float32."""
        dtype, self.dtype = self.dtype, torch.float32
        hook = self.draw()
        self.dtype = dtype
        return {name: hook[name] for name in hook if name not in ("module", "prepend")}

    # On the server

    @contextlib.contextmanager
    def on_server(self, server):
        urls = [self.register(server, "/v1/hooks", hook) for hook in self.everywhere]
        urls += [self.register(server, "/v1/modules/net/hooks", hook) for hook in self.persistent]
        try:
            yield
        finally:
            for url in urls:
                assert server.send("DELETE", url).status == 204

    def register(self, server, path, hook):
        answer = server.send("POST", path, hook)
        assert answer.status == 201, answer.text
        self.ids[id(hook)] = answer.headers["Location"]
        return answer.headers["Location"]

    def compare_statistics(self, server, expect):
        for hook in self.everywhere + self.persistent:
            if hook["action"]["type"] == "statistics":
                got = server.send("GET", self.ids[id(hook)]).json["statistics"]
                self.compare_summary(got, torch.cat(self.summaries.get(id(hook), [torch.empty(0)])), expect)

    def compare_summary(self, got, seen, expect):
        numbers = seen[~seen.isnan()]
        expect("count", got["count"], seen.numel())
        expect("nan_count", got["nan_count"], seen.numel() - numbers.numel())
        if numbers.numel() and numbers.isfinite().all():
            tolerance = {torch.float16: 4e-3, torch.bfloat16: 3e-2}.get(self.dtype, 1e-4)
            wanted = [numbers.mean(), numbers.var(correction=0), numbers.min(), numbers.max()]
            for name, value in zip(["mean", "variance", "min", "max"], wanted):
                value = value.item()
                near = math.isclose(got[name], value, rel_tol=tolerance, abs_tol=tolerance)
                expect(f"{name}: {got[name]} near {value} of {seen}", near, True)

    # In PyTorch

    @contextlib.contextmanager
    def in_torch(self):
        """Registers the hooks, and yields the list that captures of the call go to."""
        seen = []
        handles = [REGISTER_GLOBAL[hook["kind"]](self.function(hook), **always(hook)) for hook in self.everywhere]
        handles += [self.register_in_torch(hook, self.function(hook)) for hook in self.persistent]
        handles += [self.register_in_torch(hook, self.function(hook, index, seen))
                    for index, hook in enumerate(self.call)]
        try:
            yield seen
        finally:
            for handle in handles:
                handle.remove()

    def register_in_torch(self, hook, function):
        module = self.module.get_submodule(hook["module"])
        return getattr(module, REGISTER[hook["kind"]])(function, prepend=hook["prepend"], **always(hook))

    def function(self, hook, index=None, seen=None):
        """Returns the hook as PyTorch would be given it."""
        action = hook["action"]

        def act(tensor):
            if tensor is None:
                return None
            if action["type"] == "capture" and seen is not None:
                seen.append((index, hook["module"], hook["kind"], tensor.detach().clone()))
            if action["type"] == "statistics" and index is None:
                self.summaries.setdefault(id(hook), []).append(tensor.detach().double().reshape(-1))
            return actions.apply(action, tensor, torch.float32 if "module" not in hook else self.dtype)

        def each(tensors):
            results = [act(tensor) for tensor in tensors]
            if all(result is None for result in results):
                return None
            return tuple(old if new is None else new for new, old in zip(results, tensors))

        return {"forward_pre": lambda module, tensors: each(tensors),
                "forward": lambda module, tensors, output: act(output),
                "full_backward_pre": lambda module, gradients: each(gradients),
                "full_backward": lambda module, of_input, of_output: each(of_input)}[hook["kind"]]


@contextlib.contextmanager
def watched(module):
    """Yields the list of when each module of the tree goes forward and when it is done."""
    seen, scopes = [], []

    def watch(path, inner):
        forward = inner.forward

        def watching(*arguments):
            name = type(inner).__name__
            scopes.append(f"{name}[{path.rpartition('.')[2]}]" if path else name)
            place = (path, name, "/".join(scopes))
            seen.append(("forward_begin", *place))
            try:
                output = forward(*arguments)
            finally:
                scopes.pop()
            seen.append(("forward_end", *place))
            return output
        inner.forward = watching

    for path, inner in module.named_modules():
        watch(path, inner)
    try:
        yield seen
    finally:
        for inner in module.modules():
            del inner.forward
