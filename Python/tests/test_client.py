"""Modules are called, changed and hooked like PyTorch's."""
import numpy as np
import pytest

import callpath


def test_a_module_is_callable(fc):
    output = fc(np.array([[1, 2, 3, 4], [0, 0, 0, 0]], np.float32))
    assert output.dtype == np.float32 and output.flags.writeable
    np.testing.assert_array_equal(output, [[30.5, 40.25, 49], [0.5, 0.25, -1]])


@pytest.mark.parametrize("value", [[1.0, 2, 3, 4], (1, 2.0, 3, 4), np.arange(1, 5, dtype=np.float32)[::1]])
def test_takes_what_numpy_takes(fc, value):
    np.testing.assert_array_equal(fc(value), [30.5, 40.25, 49])


def test_takes_arrays_that_are_not_contiguous(fc):
    array = np.array([[1, 9], [2, 9], [3, 9], [4, 9]], ">f4")[:, 0]
    np.testing.assert_array_equal(fc(array), [30.5, 40.25, 49])


@pytest.mark.parametrize("shape", [(0, 4), (2, 0, 4), (1, 1, 4)])
def test_keeps_shapes(fc, shape):
    assert fc(np.zeros(shape, np.float32)).shape == (*shape[:-1], 3)


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "bool", "float16"])
def test_keeps_types(callpath_client, dtype):
    same = callpath_client.create("same", {"type": "Identity"})
    array = np.array([[0, 1], [1, 0]], dtype)
    output = same(array)
    assert output.dtype == array.dtype
    np.testing.assert_array_equal(output, array)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, -0.0])
def test_keeps_numbers_that_json_has_not(callpath_client, special):
    same = callpath_client.create("same", {"type": "Identity"})
    array = np.array([special, 1], np.float32)
    np.testing.assert_array_equal(same(array), array)
    output, _ = same.run(array, hooks=[callpath.forward(callpath.capture())])
    np.testing.assert_array_equal(output, array)
    assert np.signbit(same(array)[0]) == np.signbit(array[0])


def test_weights_are_read_and_set(fc):
    before = fc.version
    fc.weight = np.ones((3, 4), np.float32)
    fc.bias = [1.0, 2, 3]
    assert fc.version == before + 2
    np.testing.assert_array_equal(fc.weight, np.ones((3, 4)))
    np.testing.assert_array_equal(fc([1.0, 1, 1, 1]), [5, 6, 7])
    fc.bias = None
    np.testing.assert_array_equal(fc([1.0, 1, 1, 1]), [4, 4, 4])
    with pytest.raises(KeyError):
        fc.bias
    assert fc.versions[-1] == fc.version


def test_state_dictionaries_come_and_go(net):
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [name for name, _ in net.named_parameters()] == list(state)
    assert [p.shape for p in net.parameters()] == [(3, 4), (3,), (2, 3), (2,)]
    net.load_state_dict({key: np.zeros_like(value) for key, value in state.items()})
    np.testing.assert_array_equal(net([1.0, 2, 3, 4]), [0, 0])
    net.set_parameter("2.bias", [1.0, 2])
    np.testing.assert_array_equal(net.parameter("2.bias"), [1, 2])
    with pytest.raises(RuntimeError, match=r"Missing key\(s\)"):
        net.load_state_dict({"0.weight": state["0.weight"]})
    net.load_state_dict({"2.bias": [3.0, 4]}, strict=False)
    np.testing.assert_array_equal(net([1.0, 2, 3, 4]), [3, 4])


def test_preconditions_hold_changes_back(fc):
    etag = fc.etag
    fc.set_parameter("bias", [0.0, 0, 0], if_match=etag)
    for change in (
        lambda: fc.set_parameter("bias", [1.0, 1, 1], if_match=etag),
        lambda: fc.load_state_dict(fc.state_dict(), if_match=etag),
        lambda: fc.delete(if_match=etag),
    ):
        with pytest.raises(callpath.CallpathError) as refusal:
            change()
        assert refusal.value.status == 412
    np.testing.assert_array_equal(fc.bias, [0, 0, 0])


def test_hooks_are_registered_and_removed(net):
    plain = net([1.0, 2, 3, 4])
    handle = net.register_forward_hook(callpath.mask([1]), "1")
    assert [(hook.id, hook.module, hook.kind) for hook in net.hooks] == [(handle.id, "1", "forward")]
    masked = net([1.0, 2, 3, 4])
    assert not np.array_equal(plain, masked)
    handle.remove()
    handle.remove()
    np.testing.assert_array_equal(net([1.0, 2, 3, 4]), plain)
    with net.register_forward_pre_hook(callpath.scale(0)):
        np.testing.assert_array_equal(net([1.0, 2, 3, 4]), net([0.0, 0, 0, 0]))
    assert net.hooks == []


def test_hooks_of_one_call_capture(net):
    output, captures = net.run(
        [1.0, 2, 3, 4], hooks=[callpath.forward("1", callpath.capture()), callpath.forward_pre(callpath.capture())]
    )
    np.testing.assert_array_equal(output, net([1.0, 2, 3, 4]))
    assert [(c.hook, c.module, c.kind) for c in captures] == [(1, "", "forward_pre"), (0, "1", "forward")]
    np.testing.assert_array_equal(captures[0].tensor, [1, 2, 3, 4])
    assert captures[1].tensor.shape == (3,)


def test_registered_hooks_gather(net):
    captured = net.register_forward_hook(callpath.capture(), "1")
    counted = net.register_forward_hook(callpath.statistics(), "0")
    assert captured.captured is None
    net([1.0, 2, 3, 4])
    assert captured.captured.shape == (3,)
    assert counted.statistics["count"] == 3


@pytest.mark.parametrize(
    "action",
    [
        callpath.replace([0.0, 0]), callpath.replace(0), callpath.add([1.0, 2]), callpath.scale(2), callpath.clamp(min=0),
        callpath.clamp(max=0.5), callpath.normalize(0, 2), callpath.mask([0]), callpath.activation("ReLU"),
        callpath.activation("LeakyReLU", negative_slope=0.5), callpath.topk(1), callpath.assert_finite(),
        callpath.assert_range(min=-100, max=100), callpath.assert_shape([2]), callpath.statistics(), callpath.log("debug"),
    ],
    ids=lambda action: action["type"],
)
def test_every_action_is_taken(net, action):
    assert net.run([1.0, 2, 3, 4], hooks=[callpath.forward(action)])[0].shape == (2,)


def test_global_hooks_act_on_every_module(callpath_client, net):
    handle = callpath_client.register_module_forward_hook(callpath.scale(0))
    np.testing.assert_array_equal(net([1.0, 2, 3, 4]), [0, 0])
    assert [hook.id for hook in callpath_client.hooks] == [handle.id]
    handle.remove()
    assert callpath_client.hooks == []


def test_a_trace_tells_the_path_of_a_call(net):
    trace = net.trace([1.0, 2, 3, 4])
    assert [event["module"] for event in trace.events if event["event"] == "forward_begin"] == ["", "0", "1", "2"]
    np.testing.assert_array_equal(trace.output, net([1.0, 2, 3, 4]))


def test_gradients_come_back(fc):
    back = fc.backward([1.0, 2, 3, 4], grad_output=[1.0, 0, 0])
    np.testing.assert_array_equal(back.grad_input, [1, 2, 3, 4])
    np.testing.assert_array_equal(back.gradients["weight"], [[1, 2, 3, 4], [0] * 4, [0] * 4])
    np.testing.assert_array_equal(back.gradients["bias"], [1, 0, 0])
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        fc.backward([1.0, 2, 3, 4])


def test_gradients_of_several_outputs_go_by_name_or_in_their_order(callpath_client):
    gru = callpath_client.create("gru", {"type": "GRU", "input_size": 2, "hidden_size": 3, "seed": 0})
    x = np.ones((4, 1, 2), np.float32)
    first, last = gru(x)
    gradient = np.ones(gru(x)[first].shape, np.float32)
    back = gru.backward(x, grad_output={first: gradient})
    assert np.abs(back.grad_input).min() > 0
    for given in ([gradient, None], (gradient, None), {first: gradient, last: None}):
        np.testing.assert_array_equal(gru.backward(x, grad_output=given).grad_input, back.grad_input)
    with pytest.raises(TypeError, match=f"{first}: expected a tensor of"):
        gru.backward(x, grad_output={first: "one"})


def test_several_inputs_by_position(callpath_client):
    both = callpath_client.create("both", {"type": "Bilinear", "in1_features": 2, "in2_features": 1, "out_features": 3})
    assert both([1.0, 2], [3.0]).shape == (3,)
    with pytest.raises(TypeError, match="by position or by name"):
        both([1.0], input2=[1.0])


def test_a_client_is_a_mapping_of_names(callpath_client, fc):
    assert list(callpath_client) == ["fc"] and len(callpath_client) == 1
    assert "fc" in callpath_client and "other" not in callpath_client
    assert repr(callpath_client["fc"]) == "Linear(in_features=4, out_features=3, bias=True)"
    with pytest.raises(KeyError, match="other"):
        callpath_client["other"]
    del callpath_client["fc"]
    assert list(callpath_client) == []


def test_the_list_has_more_than_one_page(callpath_client, monkeypatch):
    monkeypatch.setattr(callpath.operations, "PAGE", 2)
    for number in range(5):
        callpath_client.create(f"m{number}", {"type": "ReLU"})
    assert list(callpath_client) == [f"m{number}" for number in range(5)]
    assert callpath_client.names("m3") == ["m3"]


@pytest.mark.parametrize(
    "act, kind, code",
    [
        (lambda client: client["fc"]([1.0, 2]), RuntimeError, "shape_mismatch"),
        (lambda client: client["fc"](np.zeros(4)), RuntimeError, "dtype_mismatch"),
        (lambda client: client["nosuch"], KeyError, "module_not_found"),
        (lambda client: client["fc"].parameter("nosuch"), KeyError, "parameter_not_found"),
        (lambda client: client.create("fc", {"type": "ReLU"}), ValueError, "name_taken"),
        (lambda client: client.create("x", {"type": "Linear"}), TypeError, None),
        (lambda client: client.create("x", {"type": "Nosuch"}), ValueError, None),
        (lambda client: client["fc"].run([1.0] * 4, hooks=[{"kind": "x"}]), ValueError, None),
    ],
)
def test_refusals_are_exceptions_of_pytorchs_classes(callpath_client, fc, act, kind, code):
    with pytest.raises(kind) as refusal:
        act(callpath_client)
    error = refusal.value
    assert isinstance(error, callpath.CallpathError) and error.status >= 400 and str(error) == error.detail
    assert code is None or error.code == code


def test_errors_have_pytorchs_text(fc):
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(1x5 and 4x3\)"):
        fc([1.0, 2, 3, 4, 5])


@pytest.mark.parametrize("value", ["text", object(), [[1.0], [1.0, 2]], np.array([1 + 2j])])
def test_what_is_no_tensor_is_refused_before_it_is_sent(fc, value):
    with pytest.raises((TypeError, ValueError)):
        fc(value)


def test_torch_in_torch_out(torch, callpath_client):
    layer = torch.nn.Linear(4, 3)
    fc = callpath_client.create("fc", layer)
    x = torch.randn(2, 4)
    assert torch.allclose(fc(x), layer(x), atol=1e-6) and isinstance(fc([1.0] * 4), np.ndarray)
    fc.weight = torch.ones(3, 4)
    assert torch.allclose(fc(x), x.sum(1, keepdim=True) + layer.bias, atol=1e-5)
    same = callpath_client.create("same", {"type": "Identity"})
    for dtype in (torch.bfloat16, torch.float16, torch.int64, torch.bool):
        value = torch.tensor([[0, 1], [1, 0]]).to(dtype)
        assert same(value).dtype == dtype and torch.equal(same(value), value)
    client = callpath.Client(callpath_client.url, framework="torch")
    assert isinstance(client["fc"].weight, torch.Tensor)


def test_large_models_are_registered_whole(torch, callpath_client):
    layer = torch.nn.Linear(300, 300)
    assert torch.equal(torch.from_numpy(callpath_client.create("big", layer).weight), layer.weight)


def test_a_model_that_cannot_be_exported_leaves_nothing(torch, callpath_client):
    class Mine(torch.nn.Module):
        def forward(self, x):
            return x.new_tensor(x.shape).nonzero()

    with pytest.raises(callpath.ExportError) as refusal:
        callpath_client.create("mine", Mine())
    assert "\n" not in str(refusal.value) and list(callpath_client) == []
