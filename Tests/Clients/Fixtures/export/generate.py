"""Exports models with callpath.exporter and records what PyTorch answers. Needs torch and safetensors:

    python Tests/Clients/Fixtures/export/generate.py [FOLDER]      # beside this file if no folder is given
"""
import collections
import json
import pathlib
import sys

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent.parent.parent / "Python/src"))

from callpath.exporter import export  # noqa: E402


def models():
    """Yields a name, a model and an input for it; together they have every layer that Callpath knows."""
    yield "linear", nn.Linear(4, 3), torch.randn(5, 4)
    yield "digits", nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)), torch.rand(7, 64)
    activations = [nn.ReLU(inplace=True), nn.ReLU6(), nn.LeakyReLU(0.2), nn.ELU(0.7), nn.GELU(), nn.GELU("tanh"), nn.SiLU(),
                   nn.Sigmoid(), nn.Tanh(), nn.Softplus(2.0, 5.0), nn.Hardtanh(-0.5, 2.0), nn.Identity(), nn.Dropout(0.4)]
    layers = [layer for activation in activations for layer in (nn.Linear(6, 6), activation)]
    yield "activations", nn.Sequential(*layers, nn.LogSoftmax(-1)), torch.randn(3, 6)
    normalised = nn.Sequential(nn.BatchNorm1d(6, eps=1e-3, momentum=None), nn.LayerNorm(6, eps=1e-4), nn.RMSNorm(6),
                               nn.LayerNorm(6, bias=False), nn.LayerNorm([6], elementwise_affine=False),
                               nn.BatchNorm1d(6, affine=False), nn.Softmax(dim=1))
    normalised(torch.randn(20, 6) * 3 + 1)  # running statistics that are not the initial ones
    yield "normalised", normalised, torch.randn(4, 6)
    named = collections.OrderedDict(
        hidden=nn.Sequential(nn.Linear(3, 5, bias=False), nn.Sequential(nn.Tanh(), nn.Linear(5, 2))), squash=nn.Sigmoid())
    yield "nested", nn.Sequential(named), torch.randn(2, 3)
    yield "embedding", nn.Sequential(nn.Embedding(10, 4, padding_idx=0), nn.Flatten(1, -1), nn.Linear(12, 2)), \
        torch.tensor([[1, 0, 9], [2, 3, 4]])
    yield "double", nn.Sequential(nn.Linear(3, 3), nn.Tanh()).double(), torch.randn(2, 3, dtype=torch.float64)
    twice = nn.Linear(4, 4)
    yield "twice", nn.Sequential(twice, nn.Tanh(), twice), torch.randn(2, 4)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    torch.manual_seed(7)
    answers = {}
    for name, model, values in models():
        export(model, folder / f"{name}.safetensors")
        with torch.no_grad():
            answers[name] = {"input": values.tolist(), "output": model.eval()(values).tolist()}
    (folder / "answers.json").write_text(json.dumps({"torch": torch.__version__, "models": answers}) + "\n")


if __name__ == "__main__":
    main()
