"""Networks as people write them, exported, served, and held to PyTorch: `script/networks` runs it.

For each network: outputs for three inputs, in batches of one and of five; the printout; captures at every module; gradients; the
same bits alone and beside others; `/v2`. A line a network says what was found; the exit status is how many differ.
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import warnings

import torch
from torch.utils import _pytree as pytree

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "Python/src"), str(ROOT / "Python/tests"), str(ROOT / "Tests/Differential"), str(pathlib.Path(__file__).parent)]

import callpath  # noqa: E402
import networks  # noqa: E402
import public  # noqa: E402,F401
from architectures import ARCHITECTURES  # noqa: E402
from callpath.exporting.errors import NotExportable  # noqa: E402
from server import tensor, whole  # noqa: E402

TOLERANCE = 2e-4
# What PyTorch prints, and names its parameters by, that a description cannot say: a layer's subclass, a parametrized layer, a
# list of parameters.
NAMED_OTHERWISE = {"adapters", "weight-norm", "deep-and-cross", "lora"}
# Two threads, one worker: what waits together goes together.
SERVER = ["--inline-work", "0", "--compute-width", "1", "--batch-delay", "20ms", "--max-hooks-per-call", "1024"]


class Difference(Exception):
    pass


class Network:
    """A network, its name, and its examples by position."""

    def __init__(self, name, model, example, batched, random):
        self.name, self.model, self.example, self.batched, self.random = name, model, example, batched, random
        # Whether rows of several calls were computed together.
        self.joined = False


def all_networks():
    for name, case in ARCHITECTURES.items():
        make = lambda rows, seed, case=case: tuple(case.example(rows, seed).values())
        yield Network(name, case.model(), make, case.batched, case.random)
    for name, (_, _, batched, random) in networks.NETWORKS.items():
        if name not in ARCHITECTURES:
            make = lambda rows, seed, name=name: networks.example(name, rows, seed)
            yield Network(name, networks.made(name), make, batched, random)


@contextlib.contextmanager
def serving(binary, folder):
    command = [binary, "serve", "--host", "127.0.0.1", "--port", "0", "--log-level", "error", "--models", folder, *SERVER]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield "http://127.0.0.1:" + process.stdout.readline().rsplit(":", 1)[1].split()[0].rstrip("/")
    finally:
        process.terminate()
        process.wait()


class Client:
    def __init__(self, url, name):
        self.url, self.name = url, name

    def send(self, path, body=None, **headers):
        headers = {"Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=300) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise Difference(f"{path} answers {error.code}: {error.read().decode()[:300]}") from error

    def post(self, verb, body):
        return json.loads(self.send(f"/v1/modules/{self.name}/{verb}", body))

    def outputs(self, document):
        """Returns the tensors of an answer by name."""
        if "outputs" in document:
            return {name: tensor(output) for name, output in document["outputs"].items()}
        return {"output": tensor({**document, "data": document["output"]})}


def leaves(value):
    found = [leaf for leaf in pytree.tree_leaves(value) if leaf is not None]
    return [leaf if torch.is_tensor(leaf) else torch.tensor(leaf) for leaf in found]


def copies(example):
    return tuple(value.clone() if torch.is_tensor(value) else value for value in example)


def close(what, got, wanted):
    if (got is None) != (wanted is None):
        # PyTorch gives zeros where Callpath says that nothing was used, and the other way round.
        if float((wanted if got is None else got).abs().sum()) == 0:
            return
        raise Difference(f"{what}: got {got}, wanted {wanted}")
    if got is None:
        return
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        raise Difference(f"{what}: {got.dtype} of {list(got.shape)}, wanted {wanted.dtype} of {list(wanted.shape)}")
    scale = max(1, float(wanted.double().abs().nan_to_num(0, 0, 0).max()) if wanted.numel() else 1)
    if not torch.allclose(got.double(), wanted.double(), rtol=TOLERANCE, atol=TOLERANCE * scale / 10, equal_nan=True):
        raise Difference(f"{what}: {float((got.double() - wanted.double()).abs().max()):.3g} apart")


def call(network, example, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return network.model(*copies(example))


def body(example, seed, network, **more):
    inputs = [whole(value) if torch.is_tensor(value) else value for value in example]
    return {"inputs": inputs, **({"seed": seed} if network.random else {}), **more}


def check_outputs(network, client):
    cases = [(1, 1), (5, 2), (5, 3), (1, 4)] if network.batched else [(2, 1), (2, 2), (2, 3)]
    for rows, seed in cases:
        example = network.example(rows, seed)
        with torch.no_grad():
            wanted = leaves(call(network, example, seed))
        got = list(client.outputs(client.post("call", body(example, seed, network))).values())
        if len(got) != len(wanted):
            raise Difference(f"{len(got)} outputs, wanted {len(wanted)}")
        for index, pair in enumerate(zip(got, wanted)):
            close(f"output {index} of batch {rows}", *pair)


def check_printout(network, client):
    got = client.send(f"/v1/modules/{network.name}", accept="text/plain").decode()
    if network.name not in NAMED_OTHERWISE and got != repr(network.model) + "\n":
        raise Difference(f"prints\n{got}and PyTorch\n{network.model!r}")


def outer_modules(model):
    """Gives the modules with their paths, but for those inside PyTorch's own layers, which it calls in one go when it can."""
    layers = (torch.nn.MultiheadAttention, torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)
    inside = set()
    for path, module in model.named_modules():
        if isinstance(module, layers):
            inside.update(f"{path}.{name}" for name, _ in module.named_modules() if name)
        if path not in inside:
            yield path, module


def check_captures(network, client):
    """Each module of the tree is watched, by a hook of the call and by PyTorch's."""
    if network.name in NAMED_OTHERWISE:
        return
    example, seen, handles = network.example(2, 7), [], []
    watched = list(outer_modules(network.model))
    paths = [path for path, _ in watched]
    for index, (_, module) in enumerate(watched):
        # Cloned, since a module that works in place may change it later.
        handles.append(module.register_forward_hook(
            lambda _, __, output, index=index: seen.extend((index, leaf.clone()) for leaf in leaves(output))))
    with torch.no_grad():
        call(network, example, 7)
    for handle in handles:
        handle.remove()
    hooks = [{"kind": "forward", "module": path, "action": {"type": "capture"}} for path in paths]
    captures = client.post("call", body(example, 7, network, hooks=hooks))["captures"]
    if [capture["hook"] for capture in captures] != [index for index, _ in seen]:
        raise Difference(f"captures come from {[paths[c['hook']] for c in captures]}, wanted {[paths[index] for index, _ in seen]}")
    for capture, (index, wanted) in zip(captures, seen):
        close(f"capture of '{paths[index]}'", tensor(capture), wanted)


def check_gradients(network, client):
    example = tuple(value.requires_grad_() if value.is_floating_point() else value for value in copies(network.example(3 if network.batched else 2, 8)))
    names = list(client.outputs(client.post("call", body(example, 8, network))))
    with torch.random.fork_rng():
        torch.manual_seed(8)
        outputs = leaves(network.model(*example))
    roots = [(name, output) for name, output in zip(names, outputs) if output.requires_grad]
    given = {name: torch.cos(torch.arange(output.numel(), dtype=torch.float64)).reshape(output.shape).to(output.dtype) for name, output in roots}
    parameters = dict(network.model.named_parameters())
    wants = [value for value in example if value.requires_grad] + list(parameters.values())
    try:
        wanted = torch.autograd.grad([output for _, output in roots], wants, list(given.values()), allow_unused=True)
    except RuntimeError:
        return  # It changes in place what its own gradients need.
    start = whole(next(iter(given.values()))) if len(names) == 1 else {name: whole(given[name]) if name in given else None for name in names}
    answer = client.post("backward", body(example, 8, network, grad_output=start))
    found = answer["grad_input"]
    found = [found] if len(example) == 1 else list(found.values()) if isinstance(found, dict) and not {"data", "shape"} <= set(found) else found
    count = sum(value.requires_grad for value in example)
    for index, pair in enumerate(zip([g for g, value in zip(found, example) if value.requires_grad], wanted)):
        close(f"gradient of input {index}", pair[0] and tensor(pair[0]), pair[1])
    if network.name in NAMED_OTHERWISE:
        return
    for name, gradient in zip(parameters, wanted[count:]):
        got = answer["gradients"].get(name)
        close(f"gradient of '{name}'", got and tensor(got), gradient)


def check_joined(network, client):
    """The rows of a batch, each asked for alone, one after the other and at the same time."""
    if not network.batched or network.random:
        return
    rows = [network.example(1, seed) for seed in range(10, 16)]
    alone = [client.post("call", body(row, 0, network)) for row in rows]
    before = joined_calls(client)
    with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
        together = list(pool.map(lambda row: client.post("call", body(row, 0, network)), rows))
    if alone != together:
        raise Difference("a row has other bits beside others than alone")
    network.joined = joined_calls(client) > before


def joined_calls(client):
    """Returns how many calls the server has computed together with others."""
    lines = client.send("/metrics", **{"accept": "text/plain"}).decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("callpath_joined_calls_total"))


def check_inference_protocol(network, client):
    metadata = json.loads(client.send(f"/v2/models/{network.name}"))
    example = network.example(2, 9)
    named = [(fields["name"], value) for fields, value in zip(metadata["inputs"], example) if torch.is_tensor(value)]
    types = {torch.float32: "FP32", torch.float64: "FP64", torch.int64: "INT64", torch.int32: "INT32", torch.bool: "BOOL"}
    inputs = [{"name": name, "shape": list(value.shape), "datatype": types[value.dtype], "data": value.flatten().tolist()} for name, value in named]
    answer = json.loads(client.send(f"/v2/models/{network.name}/infer", {"inputs": inputs, "parameters": {"seed": 9}}))
    wanted = client.outputs(client.post("call", body(example, 9, network)))
    if [output["name"] for output in answer["outputs"]] != (list(wanted) if wanted.keys() != {"output"} else [metadata["outputs"][0]["name"]]):
        raise Difference(f"/v2 names {[output['name'] for output in answer['outputs']]}, /v1 {list(wanted)}")
    for output, value in zip(answer["outputs"], wanted.values()):
        got = torch.tensor([float(number) for number in output["data"]], dtype=torch.float64)
        close(f"/v2 output '{output['name']}'", got, value.double().flatten())
        if output["shape"] != list(value.shape):
            raise Difference(f"/v2 output '{output['name']}' has the shape {output['shape']}, wanted {list(value.shape)}")


CHECKS = (check_outputs, check_printout, check_captures, check_gradients, check_joined, check_inference_protocol)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, help="the callpath that serves")
    parser.add_argument("names", nargs="*", help="networks to check; all without any")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    chosen = [network for network in all_networks() if not given.names or network.name in given.names]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        served = []
        for network in chosen:
            try:
                callpath.export(network.model, f"{folder}/{network.name}.safetensors", copies(network.example(2, 1)), binary=given.binary)
                served.append(network)
            except NotExportable as error:
                wrong += 1
                print(f"{network.name}: not exported: {error}", flush=True)
        with serving(given.binary, folder) as url:
            for network in served:
                differences = []
                for check in CHECKS:
                    try:
                        check(network, Client(url, network.name))
                    except Difference as difference:
                        differences.append(f"{check.__name__.removeprefix('check_')}: {difference}")
                wrong += bool(differences)
                joined = ", calls joined" if network.joined else ""
                print(f"{network.name}: {'; '.join(differences) or 'as PyTorch'}{joined}", flush=True)
    print(f"{len(chosen) - wrong} of {len(chosen)} networks answer as PyTorch")
    sys.exit(min(wrong, 99))


if __name__ == "__main__":
    main()
