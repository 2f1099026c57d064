"""Random networks, as Callpath's descriptions; `build` makes PyTorch's modules of the same descriptions."""
import urllib.parse
from collections import OrderedDict

import torch
from torch import nn

import images

WITH_DTYPE = ("Linear", "Bilinear", "Embedding", "LayerNorm", "RMSNorm", "BatchNorm1d", "Identity", "RNNCell", "GRUCell")
ROOT_ONLY = ("name", "type", "modules", "dtype", "seed", "training", "compat", "state_dict")


def build(description, registered={}):
    """Returns the module; `registered` holds those that a `ref` may name."""
    if "ref" in description:
        return registered[description["ref"]]
    kind = getattr(nn, description["type"])
    children = description.get("modules")
    if children is not None:
        return container(kind, children, registered)
    arguments = {name: tuple(value) if isinstance(value, list) else value
                 for name, value in description.items() if name not in ROOT_ONLY}
    dtype = description.get("dtype")
    if dtype is None:
        return kind(**arguments)
    return kind(**arguments, dtype=getattr(torch, dtype))


def container(kind, children, registered):
    named = [(child.get("name"), child) for child in children] if isinstance(children, list) else children.items()
    built = [(name, build(child, registered)) for name, child in named]
    if kind is nn.Sequential:
        return kind(OrderedDict((name or str(index), child) for index, (name, child) in enumerate(built)))
    return kind(dict(built)) if kind is nn.ModuleDict else kind([child for _, child in built])


class Networks:
    """Draws descriptions whose layers mostly fit one another."""

    def __init__(self, rng):
        self.rng = rng

    def draw(self, shared=None):
        """Returns a description and the size of the last axis that it takes; `shared` is (name, size) for a `ref`."""
        if self.rng.random() < 0.4:
            return images.Images(self.rng).draw()
        self.dtype = self.rng.choice([None] * 6 + ["float32", "float64", "float16", "bfloat16"])
        takes = self.rng.randint(1, 6)
        self.shared = shared
        if self.rng.random() < 0.35:
            description, _ = self.leaf(takes)
        else:
            description, _ = self.sequential(takes, depth=self.rng.randint(1, 3))
        return description, takes

    def sequential(self, size, depth):
        children = []
        for _ in range(self.rng.randint(0, 4) if depth < 3 else self.rng.randint(1, 4)):
            inner = depth > 1 and self.rng.random() < 0.4
            child, size = self.sequential(size, depth - 1) if inner else self.child(size)
            children.append(child)
        if self.rng.random() < 0.3:
            names = self.rng.sample(["hidden", "act", "out", "a-b", "x_1", "ünï", "head"], len(children))
            return {"type": "Sequential", "modules": dict(zip(names, children))}, size
        return {"type": "Sequential", "modules": children}, size

    def child(self, size):
        if self.shared and self.rng.random() < 0.3 and self.shared[1] == size:
            return {"ref": self.shared[0]}, size
        return self.leaf(size)

    def leaf(self, size):
        """Returns a layer that takes `size`, or now and then another one, and what it gives."""
        if size is None or self.rng.random() < 0.05:
            size = self.rng.randint(1, 6)
        kind = self.rng.choice(["Linear"] * 6 + list(LEAVES))
        description, gives = LEAVES[kind](self.rng, size)
        if self.dtype and kind in WITH_DTYPE:
            description["dtype"] = self.dtype
        return {"type": kind, **description}, gives


def maybe(rng, **arguments):
    """Returns each argument or leaves it to its default."""
    return {name: value for name, value in arguments.items() if rng.random() < 0.4}


def linear(rng, size):
    gives = rng.randint(1, 6)
    return {"in_features": size, "out_features": gives, **maybe(rng, bias=rng.random() < 0.3)}, gives


def embedding(rng, size):
    gives = rng.randint(1, 6)
    return {"num_embeddings": rng.randint(1, 9), "embedding_dim": gives, **maybe(rng, padding_idx=0)}, gives


def bilinear(rng, size):
    gives = rng.randint(1, 4)
    return {"in1_features": size, "in2_features": rng.randint(1, 4), "out_features": gives,
            **maybe(rng, bias=False)}, gives


def cell(rng, size):
    gives = rng.randint(1, 6)
    return {"input_size": size, "hidden_size": gives, **maybe(rng, bias=False)}, gives


def simple(**arguments):
    return lambda rng, size: (maybe(rng, **{name: draw(rng) for name, draw in arguments.items()}), size)


def normalized(rng, size):
    return rng.choice([size, [size], [size], [rng.randint(1, 3), size]])


LEAVES = {
    "Linear": linear,
    "Embedding": embedding,
    "RNNCell": cell,
    "GRUCell": cell,
    "Identity": simple(),
    "ReLU": simple(),
    "ReLU6": simple(),
    "LeakyReLU": simple(negative_slope=lambda rng: rng.choice([0.0, 0.2, 1, -0.5])),
    "ELU": simple(alpha=lambda rng: rng.choice([0.5, 2.0, 2])),
    "GELU": simple(approximate=lambda rng: rng.choice(["none", "tanh"])),
    "SiLU": simple(),
    "Sigmoid": simple(),
    "Tanh": simple(),
    "Softplus": simple(beta=lambda rng: rng.choice([0.5, 2]), threshold=lambda rng: rng.choice([1, 10.5])),
    "Hardtanh": simple(min_val=lambda rng: rng.choice([-2.0, 0]), max_val=lambda rng: rng.choice([0.5, 3])),
    "Softmax": simple(dim=lambda rng: rng.randint(-2, 2)),
    "LogSoftmax": simple(dim=lambda rng: rng.randint(-2, 2)),
    "LayerNorm": lambda rng, size: ({"normalized_shape": normalized(rng, size), **maybe(
        rng, eps=rng.choice([1e-3, 0.0, 1]), elementwise_affine=rng.random() < 0.3, bias=rng.random() < 0.3)}, size),
    "RMSNorm": lambda rng, size: ({"normalized_shape": normalized(rng, size), **maybe(
        rng, eps=1e-3, elementwise_affine=rng.random() < 0.3)}, size),
    "BatchNorm1d": lambda rng, size: ({"num_features": size, **maybe(
        rng, eps=1e-3, momentum=rng.choice([0.5, None]), affine=rng.random() < 0.3,
        track_running_stats=rng.random() < 0.3)}, size),
    "Dropout": simple(p=lambda rng: rng.choice([0, 0.5])),
    "Flatten": lambda rng, size: (maybe(rng, start_dim=rng.randint(-2, 2), end_dim=rng.randint(-2, 2)), None),
}


def quoted(key):
    """Returns a key as one or more segments of a path."""
    return urllib.parse.quote(key, safe="")
