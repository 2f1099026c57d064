"""Modules as Python handles them: attributes that are not there, texts of what is gone, versions, what is no module."""
import asyncio
import collections
import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import callpath

NO_BIAS = {"type": "Linear", "in_features": 2, "out_features": 1, "bias": False, "state_dict": {"weight": [[1.0, 2.0]]}}


def test_what_is_missing_is_an_attribute_error_too(callpath_client):
    module = callpath_client.create("fc", NO_BIAS)
    assert hasattr(module, "weight") and not hasattr(module, "bias") and not hasattr(module, "nosuch")
    assert getattr(module, "bias", 7) == 7
    for read in (lambda: module.bias, lambda: module.parameter("bias")):
        with pytest.raises(AttributeError) as missing:
            read()
        assert isinstance(missing.value, KeyError) and missing.value.status == 404


@pytest.mark.parametrize("name", ["weight", "bias", "version", "versions", "etag", "hooks"])
def test_a_module_that_is_gone_has_no_attributes(callpath_client, name):
    module = callpath_client.create("fc", NO_BIAS)
    module.delete()
    assert not hasattr(module, name) and getattr(module, name, None) is None


@pytest.mark.parametrize("probe", [
    "_repr_html_", "_repr_mimebundle_", "_ipython_display_", "_ipython_canary_method_should_not_exist_", "__array__", "__len__",
])
def test_probes_of_notebooks_and_numpy_find_nothing(callpath_client, probe):
    module = callpath_client.create("fc", NO_BIAS)
    assert not hasattr(module, probe)
    assert "weight" in dir(module) and copy.copy(module).name == "fc"


def test_a_client_says_why_it_cannot_be_pickled(callpath_client):
    module = callpath_client.create("fc", NO_BIAS)
    for act in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a client holds connections and cannot be pickled"):
            act(module)


def test_a_module_has_a_text_when_it_is_gone():
    with callpath.serve() as server:
        module = server.client.create("fc", NO_BIAS)
        assert repr(module) == "Linear(in_features=2, out_features=1, bias=False)"
        module.delete()
        assert repr(module).startswith("<callpath.Module 'fc': ") and "\n" not in repr(module)
    assert repr(module).startswith("<callpath.Module 'fc': ") and server.url in repr(module)


def test_handles_show_what_they_do(callpath_client):
    module = callpath_client.create("fc", NO_BIAS)
    handle = module.register_forward_hook(callpath.mask([0]))
    assert repr(handle) == f"<callpath.Handle {handle.id}: forward of the module itself: mask(indices=[0])>"
    assert repr(module.hooks) == f"[{handle!r}]"
    everywhere = callpath_client.register_module_forward_pre_hook(callpath.add(np.ones((50, 50), np.float32)))
    assert repr(everywhere).startswith(f"<callpath.Handle {everywhere.id}: forward_pre of every module: add(value=")
    assert len(repr(everywhere)) < 200


# Versions

def test_versions_can_be_called(callpath_client):
    module = callpath_client.create("fc", NO_BIAS)
    first = module.version
    module.weight = [[10.0, 20.0]]
    assert module.versions == [first, first + 1]
    x = np.array([[1, 1]], np.float32)
    assert [module.at(version)(x).tolist() for version in module.versions] == [[[3]], [[30]]]
    assert module.at(first)([1.0, 1.0]).tolist() == [3] and module(x).tolist() == [[30]]
    assert repr(module.at(first)) == f"<callpath.Version {first} of 'fc'>"
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        module.at(first)([1.0])


def test_versions_can_be_called_with_await(callpath_server, callpath_client):
    callpath_client.create("fc", NO_BIAS).weight = [[10.0, 20.0]]

    async def session():
        async with callpath.aio.Client(callpath_server.url) as client:
            versions = await client["fc"].versions
            return [(await client["fc"].at(version)([1.0, 1.0])).tolist() for version in versions]

    assert asyncio.run(session()) == [[3], [30]]


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool", "float32"])
def test_versions_keep_types_and_shapes(callpath_client, dtype):
    same = callpath_client.create("same", {"type": "Identity"})
    array = np.array([[0, 1], [1, 0]], dtype)
    output = same.at(same.version)(array)
    assert output.dtype == array.dtype and np.array_equal(output, array) and output.flags.writeable


def test_versions_of_several_inputs(callpath_client):
    both = callpath_client.create("both", {"type": "Bilinear", "in1_features": 2, "in2_features": 1, "out_features": 3})
    x, y = np.ones((1, 2), np.float32), np.ones((1, 1), np.float32)
    np.testing.assert_array_equal(both.at(both.version)(x, y), both(x, y))
    with pytest.raises(TypeError, match="expected 2 inputs, got 3"):
        both.at(both.version)(x, y, y)


def test_versions_of_torch(torch, callpath_client):
    same = callpath_client.create("same", {"type": "Identity"})
    for dtype in (torch.float32, torch.bfloat16, torch.bool):
        value = torch.tensor([[0, 1], [1, 0]]).to(dtype)
        assert torch.equal(same.at(same.version)(value), value)


@pytest.mark.parametrize("version", ["1", 1.5, None, True])
def test_a_version_is_a_number(callpath_client, version):
    with pytest.raises(TypeError, match="expected the number of a version, got "):
        callpath_client.create("fc", NO_BIAS).at(version)


def test_a_version_that_is_not_kept_is_a_key_error(callpath_client):
    with pytest.raises(KeyError, match="99"):
        callpath_client.create("fc", NO_BIAS).at(99)([1.0, 1.0])


# What is no module

@pytest.mark.parametrize("given, words", [
    ("Linear", "got a str"), (None, "got None"), (3, "got an int"), ([1], "got a list"), (dict, "got the class dict: make one"),
    ({"weight": np.ones((2, 2), np.float32)}, "got a state dictionary: give the module itself"),
    ({"type": "ReLU", "state_dict": [1]}, "state_dict: expected a dictionary of tensors, got a list"),
    ({"type": "Linear", "in_features": 1, "out_features": 1, "state_dict": {"weight": "x"}}, "weight: expected a tensor of"),
    ({"type": "Linear", "in_features": object(), "out_features": 1}, "expected numbers, text, lists and dictionaries, got an object"),
])
def test_what_is_no_module_is_one_clear_type_error(callpath_client, given, words):
    with pytest.raises(TypeError) as refused:
        callpath_client.create("fc", given)
    assert words in str(refused.value) and "\n" not in str(refused.value) and list(callpath_client) == []


def test_names_come_before_modules(callpath_client):
    with pytest.raises(TypeError, match="expected a name or None, and then a module, got a dict"):
        callpath_client.create({"type": "ReLU"}, "relu")


def test_state_dictionaries_and_classes_of_torch_are_told(torch, callpath_client):
    layer = torch.nn.Linear(2, 1)
    for state in (layer.state_dict(), collections.OrderedDict(weight=layer.weight)):
        with pytest.raises(TypeError, match="got a state dictionary"):
            callpath_client.create("fc", state)
    with pytest.raises(TypeError, match=r"got the class Linear: make one, Linear\(\.\.\.\)"):
        callpath_client.create("fc", torch.nn.Linear)


@pytest.mark.parametrize("given", [
    {"type": "Linear", "in_features": np.int64(2), "out_features": np.int32(1), "bias": np.bool_(True)},
    {"type": "LayerNorm", "normalized_shape": np.array([2]), "eps": np.float32(1e-5)},
    {"type": "LayerNorm", "normalized_shape": (np.int8(2),), "eps": float("nan")},
    {"type": "Sequential", "modules": [{"type": "Linear", "in_features": np.uint8(2), "out_features": np.array(1)}]},
])
def test_numbers_of_numpy_are_numbers(callpath_client, given):
    callpath_client.create("fc", given)


def test_numbers_and_types_of_torch_are_too(torch, callpath_client):
    given = {"type": "Linear", "in_features": torch.tensor(2), "out_features": torch.Size([1])[0], "dtype": torch.float64}
    assert callpath_client.create("fc", given).weight.dtype == np.float64


def test_nothing_needs_torch_to_be_refused(tmp_path):
    program = "import callpath\nwith callpath.serve() as server: server.client.create('fc', 'Linear')"
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    failed = subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{program}"],
                            capture_output=True, text=True, timeout=60)
    assert failed.stderr.splitlines()[-1].startswith("TypeError: expected a torch.nn.Module, or a description such as")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float32("inf"), np.float64(2), np.int64(2)])
def test_hooks_take_every_number(callpath_client, value):
    same = callpath_client.create("same", {"type": "Identity"})
    output, _ = same.run([1.0], hooks=[callpath.forward(callpath.scale(value))])
    np.testing.assert_array_equal(output, np.array([value], np.float32))
    assert same.run([1.0], hooks=[callpath.forward(callpath.clamp(max=float("inf"), min=-float("inf")))])[0].tolist() == [1]
