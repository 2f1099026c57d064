"""What the exporter writes of a forward, run by an interpreter of the format, is what PyTorch computes."""
import json
import pathlib
import sys

import numpy
import pytest

torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from torch import nn  # noqa: E402
from torch.utils import _pytree as pytree  # noqa: E402

import callpath  # noqa: E402
import interpreter  # noqa: E402
import networks  # noqa: E402
from callpath.exporting import checking, tree  # noqa: E402
from callpath.exporting.errors import NotExportable  # noqa: E402

# PyTorch prints what a description cannot say: a layer's subclass, a parametrized layer, a list of parameters.
PRINTED_OTHERWISE = {"adapters", "weight-norm", "deep-and-cross"}


def exported(model, example):
    """Returns the description and the tensors of a model by key, ties filled in."""
    tree.inspected(model)
    found = tree.Tree(tree.settled(model))
    found.follow(checking.copies(example), {})
    described = json.loads(json.dumps(found.description()))
    state, others, ties = found.tensors()
    tensors = {key: tensor.detach() for key, tensor in {**state, **others}.items()}
    return described, {**tensors, **{key: tensors[first] for key, first in ties.items()}}


def answer(model, example, seed):
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        return pytree.tree_leaves(model(*checking.copies(example)))


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_a_graph_computes_what_the_forward_does(name):
    model = networks.made(name)
    described, tensors = exported(model, networks.example(name, 2))
    built = interpreter.built(described, tensors).eval()
    for rows, seed in ((2, 1), (1, 2), (5, 3)) if networks.NETWORKS[name][2] else ((2, 1), (2, 2)):
        example = networks.example(name, rows, seed)
        for got, wanted in zip(answer(built, example, seed), answer(model, example, seed), strict=True):
            torch.testing.assert_close(got, wanted)
    if name not in PRINTED_OTHERWISE:
        assert repr(built) == repr(model)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_the_model_stays_as_it_was(name):
    model = networks.made(name).train()
    before, printed = {key: tensor.clone() for key, tensor in model.state_dict().items()}, repr(model)
    exported(model, networks.example(name, 2))
    assert repr(model) == printed and all(module.training for module in model.modules())
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
    assert nn.Module.__call__.__module__ == "torch.nn.modules.module" and torch.zeros.__name__ == "zeros"


class Branches(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else -x


class Assigns(nn.Module):
    def forward(self, x):
        x = x.clone()
        x[:, 0] = 0
        return x


class AssignsByNumbers(nn.Module):
    def forward(self, x):
        x = x.clone()
        x[torch.tensor([1, 0])] = x
        return x


class AssignsAround(nn.Module):
    """Modules inside, of which one gives a tuple, one is called twice and one stands in a list."""

    def __init__(self):
        super().__init__()
        self.recurrent = nn.GRU(4, 4, batch_first=True)
        self.blocks = nn.ModuleList([nn.Linear(4, 4), networks.Gate()])
        self.scale = nn.Parameter(torch.randn(4))
        self.register_buffer("shift", torch.randn(4), persistent=False)

    def forward(self, x, state=None):
        steps, last = self.recurrent(x)
        filled = torch.zeros(x.shape[0], x.shape[1] + 1, 4)
        filled[:, 1:] = self.blocks[0](steps)
        filled[:, 0] = self.blocks[1](self.blocks[0](last[0]), "sum", 2.0)
        filled[..., -1] += self.shift[0]
        filled[filled > 1] = 0
        return {"filled": filled * self.scale, "parts": (last, filled.shape[1] * 2)}


class Items(nn.Module):
    def forward(self, x):
        return x[: int(x.abs().sum().item())]


class Aliases(nn.Module):
    def forward(self, x):
        y = x * 2
        view = y.view(-1)
        y.add_(1)
        return view.sum() + y


class BlockInPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 4))

    def forward(self, x):
        x = x + 0
        return x + self.block(x)


class Counts(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        return x + self.calls


class Hidden(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4)]

    def forward(self, x):
        return self.layers[0](x)


class Unknown(nn.Module):
    def forward(self, x):
        return torch.fft.fft(x).real


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = networks.Gate()

    def forward(self, x):
        return self.inner(x, "sum", 2.0) + self.inner(x, "none", 1.0)


class Leaves(nn.Module):
    def __init__(self, way):
        super().__init__()
        self.way, self.layer = way, nn.Linear(4, 3)

    def forward(self, x):
        return torch.as_tensor(self.way(self.layer(x)))


@pytest.mark.parametrize("model, words", [
    (Branches(), "model (Branches): what it does depends on the values"),
    (AssignsByNumbers(), "model (AssignsByNumbers): it assigns to a part of a tensor"),
    (Items(), "depends on the values of its inputs"),
    (BlockInPlace(), "in place that it reads afterwards"),
    (Counts(), "model (Counts): it changes its own tensors in a call"),
    (Unknown(), "model (Unknown) calls fft_fft, which Callpath does not know"),
    (Leaves(lambda x: x.numpy()), "model (Leaves): it calls numpy() of a tensor: only what torch's functions do is in a graph"),
    (Leaves(lambda x: numpy.maximum(x.detach().cpu().numpy(), 0)), "model (Leaves): it calls numpy() of a tensor"),
    (Leaves(lambda x: x.tolist()), "model (Leaves): it calls tolist() of a tensor"),
    (Leaves(numpy.tanh), "model (Leaves): it makes a numpy array of a tensor"),
    (Leaves(lambda x: torch.tensor(numpy.array(x))), "model (Leaves): it makes a numpy array of a tensor"),
    (Twice(), "model.inner (Gate) is called twice in one call"),
    (nn.Sequential(Branches(), nn.Sequential(Unknown())), "model.0 (Branches)"),
    (nn.Sequential(Assigns(), nn.Sequential(Unknown())), "model.1.0 (Unknown)"),
], ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "")
def test_what_no_graph_says_is_refused_in_one_line(model, words):
    with pytest.raises(NotExportable) as error:
        exported(model.eval(), (torch.randn(2, 4),))
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("example, words", [
    ((torch.ones(2, 5),), "the model does not take the example: RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x5 and 4x3)"),
    ((torch.ones(2, 4), torch.ones(2, 4)), "the model does not take the example: TypeError: "),
    ("hello", "an example is a tensor, a tuple of them, or a dict of them by name, not a str"),
    (4, "an example is a tensor, a tuple of them, or a dict of them by name, not a int"),
])
def test_an_example_that_the_model_does_not_take_is_one_line(example, words, tmp_path):
    with pytest.raises(NotExportable) as error:
        callpath.export(nn.Linear(4, 3), tmp_path / "x.safetensors", example=example)
    assert str(error.value).startswith(words) and "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


class Doubles(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return x * 2

    @staticmethod
    def backward(context, gradient):
        return gradient


class WithFunction(nn.Module):
    def forward(self, x):
        return Doubles.apply(x)


def test_a_function_with_a_gradient_of_its_own_does_not_end_the_process(tmp_path):
    """PyTorch's C code reads its arguments as tensors, whatever they are."""
    callpath.export(WithFunction(), tmp_path / "x.safetensors", example=(torch.ones(2, 3),))
    with callpath.serve(models=tmp_path) as server:
        assert server.client["x"](torch.full((4, 3), 3.0)).tolist() == [[6.0] * 3] * 4


@pytest.mark.parametrize("model, shape, modules", [
    (Assigns(), (4,), []), (Aliases(), (4,), []), (Hidden(), (4,), []),
    (AssignsAround(), (3, 4), ["recurrent", "blocks.0", "blocks.0", "blocks.1"]),
], ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "")
def test_what_cannot_be_followed_is_exported(model, shape, modules):
    for rows in (3, 1):
        described, tensors = exported(model.eval(), (torch.randn(rows, *shape),))
        assert sorted(node["target"] for node in described["graph"] if node["op"] == "call_module") == sorted(modules)
        built = interpreter.built(described, tensors).eval()
        assert repr(built) == repr(model)
        for rows in (1, 2, 5):
            example = (torch.randn(rows, *shape),)
            for got, wanted in zip(answer(built, example, 0), answer(model, example, 0), strict=True):
                torch.testing.assert_close(torch.as_tensor(got), torch.as_tensor(wanted))


@pytest.mark.parametrize("name, example", [
    ("unrolled-cell", (torch.randn(2, 4, 4),)), ("scaled-by-length", (torch.randn(2, 3, 5),)),
    ("optional-arguments", (torch.randn(2, 5), torch.randn(2, 4)))])
def test_a_size_that_the_graph_was_made_for_is_held(name, example):
    described, tensors = exported(networks.made(name), networks.example(name, 2))
    with pytest.raises(RuntimeError, match="unflatten"):
        interpreter.built(described, tensors)(*example)


def test_a_tie_and_a_layer_that_stands_twice_are_one_parameter():
    layer = nn.Linear(4, 4)
    found = tree.Tree(nn.Sequential(layer, nn.Tanh(), layer))
    state, _, ties = found.tensors()
    assert list(state) == ["0.weight", "0.bias"] and ties == {"2.weight": "0.weight", "2.bias": "0.bias"}
