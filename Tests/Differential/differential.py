"""Random networks called over HTTP and in PyTorch: the same numbers, names, texts and errors.

`script/differential` runs it; each case has a seed of its own, printed with what differs.
"""
import argparse
import collections
import random
import re
import sys
import warnings

import torch
from torch import nn

import graphs
import hooks
import inputs
import layers
import networks
import walk
from server import Server, from_octets, octets, tensor, whole

# What draws random numbers in training.
DRAWING = (nn.modules.dropout._DropoutNd, nn.RReLU)
Outcome = collections.namedtuple("Outcome", "value error")


class Difference(Exception):
    pass


def expect(what, got, wanted):
    if got != wanted:
        raise Difference(f"{what}\n  got    {got!r}\n  wanted {wanted!r}")


def expect_close(what, got, wanted, slack=1):
    if wanted is None or got is None:
        return expect(what, got, wanted)
    expect(f"{what}: dtype", got.dtype, wanted.dtype)
    expect(f"{what}: shape", list(got.shape), list(wanted.shape))
    tolerance = slack * {torch.float16: 4e-3, torch.bfloat16: 3e-2, torch.float64: 1e-9}.get(wanted.dtype, 2e-5)
    near = torch.isclose(got, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not near.all():
        raise Difference(f"{what}: of {list(wanted.shape)}, at {(~near).nonzero().tolist()[:8]}"
                         f"\n  got    {got[~near][:8]}\n  wanted {wanted[~near][:8]}")


def outcome(function):
    """Runs PyTorch, and returns what came out or the text of its error."""
    try:
        return Outcome(function(), None)
    except Exception as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else str(error)
        if isinstance(error, hooks.Refused):
            return Outcome(None, error)
        # From 2.14 on PyTorch names the operation in front of some of its errors.
        return Outcome(None, re.sub(r"^(addmm|mm|addmv|dot): ", "", text))


class Case:
    def __init__(self, server, seed):
        self.server = server
        self.seed = seed
        self.rng = random.Random(seed)
        self.drawer = networks.Networks(self.rng)

    def run(self):
        """Makes a network, and compares what both sides say of it and do with it."""
        self.make()
        self.read()
        for _ in range(4):
            self.arguments = inputs.Inputs(self.rng, self.module, self.size).draw()
            self.call()
            self.hooked()
            self.backward()
            self.trace()

    # The module

    def make(self):
        """Creates a network on both sides, one in three around a module that it shares by name."""
        self.shared = {}
        for name in ("net", "shared"):
            self.server.send("DELETE", f"/v1/modules/{name}")
        shared = None
        if self.rng.random() < 0.3:
            size = self.rng.randint(1, 6)
            description = {"type": "Linear", "in_features": size, "out_features": size, "seed": 5, "name": "shared"}
            expect("shared", self.server.send("POST", "/v1/modules", description).status, 201)
            torch.manual_seed(5)
            self.shared["shared"] = networks.build(description).eval()
            shared = ("shared", size)
        self.description, self.size = self.drawer.draw(shared)
        self.description |= {"seed": self.rng.choice([0, 1, -1, 2**63, self.seed]), "name": "net"}
        torch.manual_seed(self.description["seed"])
        self.module = networks.build(self.description, self.shared).eval()
        if self.rng.random() < 0.15 and not any(isinstance(m, DRAWING) for m in self.module.modules()):
            self.description["training"] = True
            self.module.train()
            for child in self.shared.values():
                child.eval()
        answer = self.server.send("POST", "/v1/modules", self.description)
        expect("create", (answer.status, answer.text if answer.status != 201 else ""), (201, ""))
        expect("repr", answer.json["repr"], repr(self.module))
        self.dtype = next((tensor.dtype for tensor in self.module.state_dict().values()), torch.float32)
        owners = (inner for inner in self.module.modules() if list(inner.parameters(recurse=False)))
        if isinstance(next(owners, None), nn.Embedding):
            self.dtype = torch.int64

    def read(self):
        """Reads what PyTorch's state_dict holds, bit for bit."""
        answer = self.server.send("GET", "/v1/modules/net/state_dict").json
        wanted = self.module.state_dict()
        expect("keys", list(answer), list(wanted))
        parameters = dict(self.module.named_parameters(remove_duplicate=False))
        for key, value in wanted.items():
            got = tensor(answer[key])
            expect(f"dtype of {key}", got.dtype, value.dtype)
            if not torch.equal(got, value):
                raise Difference(f"bits of {key}: {got} is not {value}")
            path = f"/v1/modules/net/parameters/{networks.quoted(key)}"
            expect(f"octets of {key}", self.server.send("GET", path, Accept="application/octet-stream").body,
                   octets(value))
            text = self.server.send("GET", path, Accept="text/plain").text
            printed = repr(parameters[key] if key in parameters else value)
            expect(f"text of {key}", text, f"{printed}\n")

    # Calls

    def body(self, **more):
        tensors = [whole(argument) for argument in self.arguments]
        return {**({"input": tensors[0]} if len(tensors) == 1 else {"inputs": tensors}), **more}

    def plain(self):
        with torch.no_grad():
            return self.module(*self.arguments)

    def expect_error(self, what, answer, wanted):
        expect(f"{what}: status", answer.status, 422)
        if isinstance(wanted.error, hooks.Refused):
            return expect(f"{what}: code", answer.json["code"], wanted.error.code)
        expect(f"{what}: detail", answer.json["detail"], wanted.error)

    def call(self):
        wanted = outcome(self.plain)
        answer = self.server.send("POST", "/v1/modules/net/call", self.body())
        if wanted.error is not None:
            return self.expect_error("call", answer, wanted)
        expect("call", (answer.status, answer.text if answer.status != 200 else ""), (200, ""))
        got = tensor(answer.json, "output")
        expect_close("call", got, wanted.value)
        text = self.server.send("POST", "/v1/modules/net/call", self.body(), Accept="text/plain").text
        expect("printed", text, f"{got!r}\n")
        if len(self.arguments) == 1:
            self.call_as_octets(got)
        self.call_with_gradients(got)

    def call_as_octets(self, got):
        argument = self.arguments[0]
        answer = self.server.send(
            "POST", "/v1/modules/net/call", octets(argument), Accept="application/octet-stream",
            Content_Type="application/octet-stream", Tensor_Shape=",".join(map(str, argument.shape)),
            Tensor_Dtype=str(argument.dtype).removeprefix("torch."))
        expect_close("call as octets", from_octets(answer), got)

    def call_with_gradients(self, got):
        wanted = self.module(*self.arguments)
        answer = self.server.send("POST", "/v1/modules/net/call?grad=true", self.body())
        name = type(wanted.grad_fn).__name__ if wanted.grad_fn is not None else None
        expect("grad_fn", answer.json["grad_fn"], name)
        text = self.server.send("POST", "/v1/modules/net/call?grad=true", self.body(), Accept="text/plain").text
        suffix = f"grad_fn=<{name}>)\n" if name else ""
        if not text.endswith(suffix) or ("grad_fn" in text) != bool(name):
            raise Difference(f"printed with gradients: {text} has no {suffix}")

    # Hooks

    def hooked(self):
        """Calls with hooks of every source: global, persistent and for this call."""
        plan = hooks.Plan(self.rng, self.module, self.size, self.dtype, backward=False)
        with plan.on_server(self.server), plan.in_torch() as seen:
            wanted = outcome(self.plain)
            answer = self.server.send("POST", "/v1/modules/net/call", self.body(hooks=plan.call))
            if wanted.error is not None:
                return self.expect_error(f"hooked {plan}", answer, wanted)
            expect(f"hooked {plan}", (answer.status, answer.text if answer.status != 200 else ""), (200, ""))
            expect_close(f"hooked {plan}", tensor(answer.json, "output"), wanted.value)
            self.compare_captures(plan, answer.json["captures"] if plan.call else [], seen)
            plan.compare_statistics(self.server, expect)

    def compare_captures(self, plan, got, seen):
        expect(f"captures {plan}", [(c["hook"], c["module"], c["kind"]) for c in got], [s[:3] for s in seen])
        for capture, (*_, value) in zip(got, seen):
            expect_close(f"capture {plan}", tensor(capture), value)

    # Backward and trace

    def backward(self):
        # Where a number is none, PyTorch's vectorised derivatives and its scalar ones differ.
        self.arguments = [inputs.finite(argument) for argument in self.arguments]
        plan = hooks.Plan(self.rng, self.module, self.size, self.dtype, backward=True)
        if self.rng.random() < 0.5:
            plan.clear()
        upstream = None
        probe = outcome(self.plain)
        if probe.error is None and (probe.value.numel() != 1 or self.rng.random() < 0.5) and self.rng.random() < 0.9:
            upstream = torch.randn(probe.value.shape).to(probe.value.dtype)
            if self.rng.random() < 0.05:
                upstream = torch.randn(2, 3)
        body = self.body(hooks=plan.call) if plan.call else self.body()
        if upstream is not None:
            body["grad_output"] = whole(upstream)
        with plan.on_server(self.server), plan.in_torch() as seen:
            wanted = outcome(lambda: self.go_backward(upstream))
            answer = self.server.send("POST", "/v1/modules/net/backward", body)
        if wanted.error is not None:
            return self.expect_error(f"backward {plan}", answer, wanted)
        expect(f"backward {plan}", (answer.status, answer.text if answer.status != 200 else ""), (200, ""))
        self.compare_gradients(plan, answer.json, *wanted.value)
        self.compare_captures(plan, answer.json["captures"], seen)

    def go_backward(self, upstream):
        self.module.zero_grad()
        arguments = [a.clone().requires_grad_(a.is_floating_point()) for a in self.arguments]
        output = self.module(*arguments)
        output.backward(upstream)
        gradients = {name: parameter.grad for name, parameter in self.module.named_parameters()}
        return output, [argument.grad for argument in arguments], gradients

    # Rows of few elements cancel in the derivative of a norm: only some digits of a gradient are certain.
    def compare_gradients(self, plan, got, output, of_inputs, of_parameters):
        read = lambda document: None if document is None else tensor(document)
        expect_close(f"output {plan}", tensor(got, "output"), output.detach())
        expect(f"grad_fn {plan}", got["grad_fn"], type(output.grad_fn).__name__ if output.grad_fn else None)
        found = got["grad_input"] if len(of_inputs) > 1 else [got["grad_input"]]
        for mine, theirs in zip(found, of_inputs, strict=True):
            expect_close(f"grad_input {plan}", read(mine), theirs, slack=50)
        expect("gradients", list(got["gradients"]), list(of_parameters))
        for name, gradient in of_parameters.items():
            expect_close(f"gradient of {name} {plan}", read(got["gradients"][name]), gradient, slack=50)

    def trace(self):
        with hooks.watched(self.module) as seen:
            wanted = outcome(self.plain)
        answer = self.server.send("POST", "/v1/modules/net/trace", self.body())
        if wanted.error is not None:
            return self.expect_error("trace", answer, wanted)
        expect_close("trace", tensor(answer.json, "output"), wanted.value)
        got = [(e["event"], e["module"], e["type"], e["scope"]) for e in answer.json["events"]
               if e["event"] != "operation"]
        if not self.shared:
            expect("events", got, seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first case")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--graphs", action="store_true", help="random graphs in place of random networks of layers")
    parser.add_argument("--keep-going", action="store_true", help="go on after a case that differs")
    parser.add_argument("--layers", nargs="*", metavar="CLASS",
                        help="single layers in place of networks, all of them or those named")
    parser.add_argument("--draws", type=int, default=200, help="how many of each layer")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    server = Server(options.binary)
    if options.graphs:
        different = graphs.main(server, options)
        sys.exit(1 if different else server.stop())
    missing = walk.problems(server)
    print("\n".join(missing) if missing else "every class of torch.nn is there or has a reason", flush=True)
    different = len(missing)
    if options.layers is not None:
        different += layers.compare(server, lambda name: random.Random(f"{options.seed} {name}"), options.draws, expect,
                                    expect_close, Difference, options.layers)
        print(f"{options.draws} draws of each layer, {different} different (torch {torch.__version__})")
        sys.exit(1 if different else server.stop())
    for seed in range(options.seed, options.seed + options.cases):
        case = Case(server, seed)
        try:
            case.run()
        except Difference as difference:
            different += 1
            print(f"case {seed}: {difference}\n  of {case.description}\n", flush=True)
            if not options.keep_going:
                break
    print(f"{options.cases} networks, {different} different (torch {torch.__version__})")
    stopped = server.stop()
    sys.exit(1 if different else stopped)


if __name__ == "__main__":
    main()
