"""Models that `callpath export` wrote answer as PyTorch does.

The files beside `Fixtures/export/generate.py` hold what it exported, and what PyTorch answered. Where torch is installed
(`pip install torch safetensors`), everything is exported and asked anew.
"""
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from conftest import REPOSITORY, Server

FOLDER = REPOSITORY / "Tests/Clients/Fixtures/export"
SOURCES = str(REPOSITORY / "Python/src")


def check(folder):
    answers = json.loads((folder / "answers.json").read_text())["models"]
    assert {file.stem for file in folder.glob("*.safetensors")} == set(answers) != set()
    server = Server("--models", str(folder))
    for name, recorded in answers.items():
        answer = server.json("POST", f"/v1/modules/{name}/call", {"input": recorded["input"]})
        np.testing.assert_allclose(answer["output"], recorded["output"], rtol=1e-5, atol=1e-6, err_msg=name)
    server.stop()


def test_recorded_models_answer_as_pytorch_did():
    check(FOLDER)


def test_models_exported_now_answer_as_pytorch_does(tmp_path):
    pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    subprocess.run([sys.executable, FOLDER / "generate.py", tmp_path], check=True)
    check(tmp_path)


def test_a_saved_model_is_exported_by_the_command(tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    torch.save(model, tmp_path / "model.pt")
    status, said = run(tmp_path / "model.pt", tmp_path / "net.safetensors", "--input-name", "x", "--output-name", "y")
    assert (status, said) == (0, "")
    server = Server("--models", str(tmp_path))
    body = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}
    answer = server.json("POST", "/v2/models/net/infer", body)["outputs"][0]
    assert answer["name"] == "y"
    np.testing.assert_allclose(answer["data"], model(torch.tensor([1.0, 2, 3])).tolist(), rtol=1e-5, atol=1e-6)
    server.stop()


def run(*arguments, **environment):
    """Runs the command and returns its status and what it says."""
    command = [sys.executable, "-m", "callpath", "export", *arguments]
    environment.setdefault("PYTHONPATH", SOURCES)
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    return done.returncode, done.stdout + done.stderr


def replaced(torch, name, depth):
    model = torch.nn.Linear(4, 3)
    setattr(model, name, lambda x: x + 1)
    for _ in range(depth):
        model = torch.nn.Sequential(model)
    return model


def changed(module, **attributes):
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


def hooked(torch):
    module = torch.nn.Linear(2, 2)
    module.register_forward_hook(lambda *_: None)
    return module


def plain_weight(torch):
    module = torch.nn.Linear(2, 2)
    weight = module.weight.detach()
    del module.weight
    return changed(module, weight=weight)


def nested_weight(torch):
    module = torch.nn.Linear(2, 2)
    module._parameters["weight"] = torch.nn.Parameter(torch.nested.nested_tensor([torch.ones(2), torch.ones(1)]))
    return module


def encoder_layer(torch):
    return torch.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)


def eps_changed(layer):
    layer.norm1.eps = 0.5
    return layer


def random_weight(torch):
    class Noise(torch.nn.Module):
        def forward(self, weight):
            return weight + torch.randn_like(weight)
    module = torch.nn.Linear(2, 2)
    torch.nn.utils.parametrize.register_parametrization(module, "weight", Noise())
    return module


def named(torch, name):
    """A model that holds a layer under a name that PyTorch lets nobody register."""
    model = torch.nn.Sequential()
    model._modules[name] = torch.nn.Linear(2, 2)
    return model


def deep(torch, count):
    model = torch.nn.Identity()
    for _ in range(count):
        model = torch.nn.Sequential(model)
    return model


def quantised_weight(torch):
    """A layer whose weight is a tensor of a class of its own, as torchao's are."""
    kind = type("Quantised", (torch.Tensor,), {})
    module = torch.nn.Linear(2, 2)
    module.weight = torch.nn.Parameter(torch.ones(2, 2).as_subclass(kind))
    return module


# What must not be written, and the words that say why.
REFUSED = {
    "a hook": (lambda t: t.nn.Sequential(t.nn.ReLU(), t.nn.Sequential(hooked(t))), "model.1.0 (Linear) has hooks"),
    "a forward put in": (lambda t: replaced(t, "forward", 0), "model (Linear) has a forward of its own"),
    "a forward put in below": (lambda t: replaced(t, "forward", 2), "model.0.0 (Linear) has a forward of its own"),
    "a call put in": (lambda t: replaced(t, "_call_impl", 1), "model.0 (Linear) has a _call_impl of its own"),
    "a method put in": (lambda t: replaced(t, "_get_name", 1), "model.0 (Linear) has a _get_name of its own"),
    "an evaluation mode that is none": (lambda t: replaced(t, "eval", 1), "model.0 (Linear) has a eval of its own"),
    "a random parametrization": (random_weight, "makes another weight each time"),
    "an empty name": (lambda t: named(t, ""), "holds '', which is not a valid name"),
    "a name with a dot": (lambda t: named(t, "a.b"), "holds 'a.b', which is not a valid name"),
    "a name that is half a character": (lambda t: named(t, "\ud800"), "which is not a valid name"),
    "max_norm": (lambda t: t.nn.Embedding(4, 2, max_norm=1.0), "max_norm"),
    "no weight": (lambda t: changed(t.nn.Linear(4, 3), weight=None), "model (Linear) has no weight, which its arguments say it has"),
    "no weight, in front": (lambda t: t.nn.Sequential(changed(t.nn.Linear(4, 3), weight=None)), "model.0 (Linear) has no weight"),
    "a nested weight": (nested_weight, "holds weight of torch.float32, nested"),
    "another norm inside": (lambda t: changed(encoder_layer(t), norm1=t.nn.Identity()), "has other modules inside"),
    "one eps changed": (lambda t: eps_changed(encoder_layer(t)), "has norms whose eps are not the same"),
    "another fast path": (lambda t: changed(encoder_layer(t), activation_relu_or_gelu=2), "neither relu nor gelu"),
    "a padding changed later": (lambda t: changed(t.nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), padding=(2, 2)), "still pads as it did"),
    "a dilation changed later": (lambda t: changed(t.nn.Conv1d(1, 1, 3, padding="same", padding_mode="reflect"), dilation=(2,)), "still pads as it did"),
    "a plain tensor": (plain_weight, "model (Linear) has no weight, which its arguments say it has"),
    "an extra buffer": (lambda t: (m := t.nn.Linear(2, 2), m.register_buffer("x", t.ones(1)))[0], "has x, which its arguments do not ask for"),
    "an extra parameter": (lambda t: changed(t.nn.ReLU(), x=t.nn.Parameter(t.ones(1))), "has x, which its arguments do not ask for"),
    "another size": (lambda t: changed(t.nn.Linear(3, 2), weight=t.nn.Parameter(t.ones(2, 5))), "weight has the shape (2, 5)"),
    "a bias that broadcasts": (lambda t: changed(t.nn.Linear(3, 2), bias=t.nn.Parameter(t.ones(1))), "bias has the shape (1,)"),
    "a weight of a norm alone": (lambda t: changed(t.nn.LayerNorm(3), weight=None), "has bias, which its arguments do not ask for"),
    "statistics of None": (lambda t: changed(t.nn.BatchNorm1d(3), running_mean=None), "num_batches_tracked"),
    "complex numbers": (lambda t: t.nn.Linear(2, 2).to(t.complex64), "weight of torch.complex64"),
    "float8": (lambda t: t.nn.Linear(2, 2).to(t.float8_e4m3fn), "weight of torch.float8_e4m3fn"),
    "too deep": (lambda t: deep(t, 33), "is more than 32 deep"),
    "too many": (lambda t: t.nn.Sequential(*[t.nn.ReLU() for _ in range(4_096)]), "more than 4,096 modules"),
    "a long name": (lambda t: t.nn.ModuleDict({"x" * 257: t.nn.ReLU()}), "a name of more than 256 bytes"),
    "quantised": (lambda t: t.ao.quantization.quantize_dynamic(t.nn.Sequential(t.nn.Linear(2, 2))), "model.0 (Linear) is quantised"),
    "lazy": (lambda t: t.nn.LazyLinear(2), "model (LazyLinear) is lazy"),
    "TorchScript": (lambda t: t.jit.script(t.nn.Linear(2, 2)), "is TorchScript"),
    "compiled": (lambda t: t.compile(t.nn.Linear(2, 2)), "model (OptimizedModule) was made by torch.compile: export its ._orig_mod"),
    "a tensor of another class": (quantised_weight, "holds weight as a Quantised, and Callpath takes plain tensors"),
    "a buffer that is not kept": (lambda t: (m := t.nn.BatchNorm1d(3), m.register_buffer("running_mean", t.zeros(3), persistent=False))[0],
                                  "has buffers that its state dictionary leaves out"),
    "a loss": (lambda t: t.nn.Sequential(t.nn.MSELoss()), "model.0 (MSELoss)"),
}


def contents(file):
    """Returns the header of a safetensors file, and the bytes behind it."""
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8:8 + size]), data[8 + size:]


def exporter():
    sys.path.insert(0, SOURCES)
    from callpath import exporter
    return exporter


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_what_callpath_would_answer_otherwise_is_refused(name, tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    make, words = REFUSED[name]
    model = make(torch)
    with pytest.raises(exporter().NotExportable) as error:
        exporter().export(model, tmp_path / "x.safetensors", torch.ones(1, 2))
    assert words in str(error.value) and "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file(tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    (tmp_path / "d.safetensors").mkdir()
    with pytest.raises(exporter().NotExportable, match="d.safetensors is a folder: name a file"):
        exporter().export(torch.nn.Linear(2, 2), tmp_path / "d.safetensors")


def test_hooks_of_all_modules_and_patched_classes_are_refused(tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    handle = torch.nn.modules.module.register_module_forward_hook(lambda *_: None)
    try:
        with pytest.raises(exporter().NotExportable, match="global module hooks"):
            exporter().export(torch.nn.Linear(2, 2), tmp_path / "x.safetensors")
    finally:
        handle.remove()
    forward = torch.nn.Linear.forward
    torch.nn.Linear.forward = lambda self, x: x
    try:
        with pytest.raises(exporter().NotExportable, match="forward was replaced"):
            exporter().export(torch.nn.Linear(2, 2), tmp_path / "x.safetensors")
    finally:
        torch.nn.Linear.forward = forward
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["__call__", "_call_impl", "_wrapped_call_impl"])
@pytest.mark.parametrize("kind", ["Module", "Linear"])
def test_calls_put_into_pytorchs_classes_are_refused(kind, name, tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    owner = getattr(torch.nn, kind)
    own, call = vars(owner).get(name), getattr(owner, name)
    setattr(owner, name, lambda self, *inputs: call(self, *inputs) + 1)
    try:
        with pytest.raises(exporter().NotExportable, match="was replaced"):
            exporter().export(torch.nn.Linear(2, 2), tmp_path / "x.safetensors")
    finally:
        if own is None:
            delattr(owner, name)
        else:
            setattr(owner, name, own)
    assert list(tmp_path.iterdir()) == []


def odd_models(torch):
    """Yields models that are written otherwise than PyTorch has them, with an input for each."""
    nn, ones = torch.nn, torch.ones
    yield "numpy", nn.Sequential(nn.LeakyReLU(np.longdouble("0.1")), 
        nn.Linear(np.int64(4), 3), nn.Linear(3, np.prod([2, 2])), nn.Dropout(np.float32(0.5)), nn.LeakyReLU(torch.tensor(0.25)),
        nn.LayerNorm((np.int64(4),), eps=np.float64(1e-3), elementwise_affine=np.bool_(True)), nn.Softmax(np.int32(-1))), ones(2, 4)
    yield "double-statistics", nn.BatchNorm1d(4, affine=False).double(), ones(2, 4).double()
    yield "half-statistics", nn.BatchNorm1d(4, affine=False).half(), ones(2, 4).half()
    yield "infinite", nn.Hardtanh(0, float("inf")), torch.tensor([[-1.0, 1e30]])
    yield "untracked-later", changed(nn.BatchNorm1d(3), track_running_stats=False), torch.randn(4, 3)
    yield "norm-without-both", changed(nn.LayerNorm(3), weight=None, bias=None), torch.randn(4, 3)
    yield "norm-without-bias", changed(nn.BatchNorm1d(3), bias=None), torch.randn(4, 3)
    yield "rms-without-weight", changed(nn.RMSNorm(3), weight=None), torch.randn(4, 3)
    yield "weight-norm", nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), torch.randn(2, 4)
    yield "old-weight-norm", nn.utils.weight_norm(nn.Linear(4, 3)), torch.randn(2, 4)
    tied = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    yield "tied", changed(tied, **{}) if tied[1].register_parameter("weight", tied[0].weight) else tied, torch.tensor([[0, 4]])


@pytest.mark.filterwarnings("ignore")
def test_odd_models_answer_as_pytorch_does(tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    expected = {}
    for name, model, values in odd_models(torch):
        printed = repr(model)
        exporter().export(model, tmp_path / f"{name}.safetensors", values)
        assert repr(model) == printed
        expected[name] = values, model.eval()(values)
    server = Server("--models", str(tmp_path))
    for name, (values, output) in expected.items():
        dtype = str(values.dtype).removeprefix("torch.")
        answer = server.json("POST", f"/v1/modules/{name}/call", {"input": {"data": values.tolist(), "dtype": dtype}})
        np.testing.assert_allclose(answer["output"], output.tolist(), rtol=2e-3 if dtype == "float16" else 1e-5, atol=1e-6, err_msg=name)
    server.stop()


def test_the_command_says_what_is_wrong_in_a_few_lines(tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    model, text, state = tmp_path / "model.pt", tmp_path / "text.pt", tmp_path / "state.pt"
    torch.save(torch.nn.Linear(2, 2), model)
    text.write_text("no archive")
    torch.save(torch.nn.Linear(2, 2).state_dict(), state)
    torch.save({"model": {}, "epoch": 3}, tmp_path / "checkpoint.pt")
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "script.pt")
    small = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())
    torch.save(torch.ao.quantization.quantize_dynamic(small), tmp_path / "quantised.pt")
    (tmp_path / "elsewhere.py").write_text("import torch\nclass Net(torch.nn.Linear):\n    pass\n")
    saved = "import sys, torch; sys.path.insert(0, sys.argv[1]); import elsewhere; torch.save(elsewhere.Net(2, 2), sys.argv[2])"
    subprocess.run([sys.executable, "-c", saved, tmp_path, tmp_path / "class.pt"], check=True)
    good = tmp_path / "net.safetensors"
    cases = [
        (tmp_path / "nosuch.pt", good, "No such file or directory"), (tmp_path, good, "Is a directory"),
        (text, good, "is not a file that torch.save wrote"), (state, good, "holds a state dictionary, no module"),
        (tmp_path / "checkpoint.pt", good, "holds a checkpoint, no module"), (tmp_path / "class.pt", good, "run this where the class is"),
        (tmp_path / "script.pt", good, "TorchScript"), (model, tmp_path / "nosuch/net.safetensors", "there is no folder"),
        # Reading one, torch warns of what it will take away one day.
        (tmp_path / "quantised.pt", good, "0 (Linear) is quantised"),
        (model, tmp_path / "net.bin", "is not a file that is served"), (model, tmp_path / ".net.safetensors", "is not a file that is served"),
        (model, tmp_path / ".safetensors", "is not a file that is served"),
        (model, tmp_path / "sp ace.safetensors", "'sp ace' is not a valid name"), (model, tmp_path / "_x.safetensors", "is not a valid name"),
        (model, tmp_path / f"{'x' * 129}.safetensors", "is not a valid name"),
    ]
    before = sorted(tmp_path.iterdir())
    for source, target, words in cases:
        status, said = run(source, target)
        assert status == 1 and words in said, said
        assert len(said.strip().splitlines()) <= 4 and "Traceback" not in said, said
    assert sorted(tmp_path.iterdir()) == before
    without = tmp_path / "without"
    without.mkdir()
    (without / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    status, said = run(model, good, PYTHONPATH=f"{without}{os.pathsep}{SOURCES}")
    assert status == 1 and said == "callpath export: needs torch: pip install torch safetensors\n"


def test_the_command_makes_a_model_of_a_class_and_a_state(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    (tmp_path / "nets.py").write_text("import torch\ndef small():\n    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())\n")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    torch.save(model.state_dict(), tmp_path / "state.pt")
    monkeypatch.chdir(tmp_path)
    status, said = run("net.safetensors", "--class", "nets:small", "--state", "state.pt", "--example", "1,3")
    assert (status, said) == (0, "")
    save_file = pytest.importorskip("safetensors.torch").save_file
    shards = {"0.weight": "model-00001-of-00002.safetensors", "0.bias": "model-00002-of-00002.safetensors"}
    (tmp_path / "shards").mkdir()
    for key, name in shards.items():
        save_file({key: model.state_dict()[key]}, tmp_path / "shards" / name)
    index = tmp_path / "shards/model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}))
    status, said = run("sharded.safetensors", "--class", "nets:small", "--state", index, "--example", "1,3")
    assert (status, said) == (0, "")
    # A header lists its metadata in any order.
    (one, tensors), (other, others) = (contents(tmp_path / name) for name in ("sharded.safetensors", "net.safetensors"))
    assert one == other and tensors == others
    # The folder of the shards would be a model without a description.
    (tmp_path / "served").mkdir()
    (tmp_path / "net.safetensors").rename(tmp_path / "served/net.safetensors")
    server = Server("--models", str(tmp_path / "served"))
    answer = server.json("POST", "/v1/modules/net/call", {"input": [1, 2, 3]})
    np.testing.assert_allclose(answer["output"], model(torch.tensor([1.0, 2, 3])).tolist(), rtol=1e-5, atol=1e-6)
    server.stop()
    for wrong in ("nets:nothing", "nosuch:small", "nets:torch"):
        status, said = run("other.safetensors", "--class", wrong)
        assert status == 1 and len(said.splitlines()) == 1, said
