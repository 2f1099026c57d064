"""The networks that every peer serves: PyTorch's, from the same seeds as Callpath's."""
import torch

LAYERS = {"fc": [4, 3], "net": [784, 256, 10], "wide": [1024, 1024], "huge": [4096, 4096]}


def make(name):
    torch.manual_seed(0)
    sizes = LAYERS[name]
    layers = [torch.nn.Linear(*pair) for pair in zip(sizes, sizes[1:])]
    modules = [module for layer in layers for module in (layer, torch.nn.ReLU())][:-1]
    return torch.nn.Sequential(*modules) if len(layers) > 1 else layers[0]


def make_all():
    return {name: make(name).eval() for name in LAYERS}
