"""tritonclient, unmodified: health, metadata, configuration, statistics, repository and inference."""
import asyncio
import base64
import json

import ml_dtypes
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from conftest import Server

NUMERIC = [np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64,
           np.float16, np.float32, np.float64]


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(server.address, concurrency=4) as client:
        yield client


def tensor(name, values, binary=True):
    tensor = triton.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    tensor.set_data_from_numpy(values, binary_data=binary)
    return tensor


def output(name, **options):
    return [triton.InferRequestedOutput(name, **options)]


def test_health(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("fc")
    assert client.is_model_ready("fc", "1")
    assert not client.is_model_ready("absent")
    assert not client.is_model_ready("fc", "99")


def test_metadata(client):
    metadata = client.get_server_metadata()
    assert metadata["name"] == "callpath"
    assert {"binary_tensor_data", "classification", "statistics"} <= set(metadata["extensions"])
    model = client.get_model_metadata("fc")
    assert model["name"] == "fc"
    assert model["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 4]}]
    assert model["outputs"] == [{"name": "output", "datatype": "FP32", "shape": [-1, 3]}]


def test_configuration(client):
    configuration = client.get_model_config("fc")
    assert configuration["name"] == "fc"
    assert configuration["max_batch_size"] > 0
    assert configuration["input"] == [{"name": "input", "data_type": "TYPE_FP32", "dims": [4]}]


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False, None])
def test_digits(client, digits, binary_in, binary_out):
    images = np.array(digits["images"], np.float32)
    wanted = None if binary_out is None else output("output", binary_data=binary_out)
    result = client.infer("digits", [tensor("input", images, binary_in)], outputs=wanted, request_id="r7")
    np.testing.assert_allclose(result.as_numpy("output"), np.array(digits["logits"]), atol=1e-5, rtol=1e-5)
    assert result.get_response()["id"] == "r7"
    assert result.get_response()["model_name"] == "digits"


def test_async(client, digits):
    images = np.array(digits["images"], np.float32)
    requests = [client.async_infer("digits", [tensor("input", images[i:i + 1])]) for i in range(32)]
    for i, request in enumerate(requests):
        logits = request.get_result().as_numpy("output")
        assert logits.argmax() == np.argmax(digits["logits"][i])


def test_aio(server, digits):
    async def run():
        async with triton_aio.InferenceServerClient(server.address) as client:
            assert await client.is_server_live()
            assert (await client.get_model_metadata("fc"))["name"] == "fc"
            for binary in (True, False):
                images = np.array(digits["images"][:16], np.float32)
                result = await client.infer("digits", [tensor("input", images, binary)])
                np.testing.assert_allclose(result.as_numpy("output"), digits["logits"][:16], atol=1e-5, rtol=1e-5)
    asyncio.run(run())


@pytest.mark.parametrize("dtype", NUMERIC)
@pytest.mark.parametrize("binary", [True, False])
def test_every_numeric_datatype(client, dtype, binary):
    if dtype == np.float16 and not binary:
        pytest.skip("tritonclient sends FP16 as bytes only")
    if dtype == np.bool_:
        values = np.array([[True, False, True]])
    elif np.issubdtype(dtype, np.integer):
        values = np.array([[np.iinfo(dtype).min, 1, np.iinfo(dtype).max]], dtype)
    else:
        values = np.array([[-1.5, 0, 65504]], dtype)
    result = client.infer("identity", [tensor("input", values, binary)], outputs=output("output", binary_data=binary))
    np.testing.assert_array_equal(result.as_numpy("output"), values)
    assert result.as_numpy("output").dtype == values.dtype


@pytest.mark.parametrize("binary", [True, False])
def test_classification(client, binary):
    values = np.array([[1, 2, 3, 4], [-1, -2, -3, -4]], np.float32)
    result = client.infer("fc", [tensor("input", values)], outputs=output("output", class_count=2, binary_data=binary))
    classes = result.as_numpy("output")
    assert classes.shape == (2, 2)
    text = [[c.decode() if isinstance(c, bytes) else c for c in row] for row in classes.tolist()]
    assert text == [["50.000000:2", "40.000000:1"], ["-30.000000:0", "-40.000000:1"]]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression(client, digits, algorithm):
    images = np.array(digits["images"], np.float32)
    result = client.infer("digits", [tensor("input", images)], request_compression_algorithm=algorithm,
                          response_compression_algorithm=algorithm)
    np.testing.assert_allclose(result.as_numpy("output"), digits["logits"], atol=1e-5, rtol=1e-5)


def test_statistics(client):
    values = np.ones((5, 4), np.float32)
    before = client.get_inference_statistics("fc", "1")["model_stats"][0]
    client.infer("fc", [tensor("input", values)])
    after = client.get_inference_statistics("fc")["model_stats"][-1]
    assert after["version"] == before["version"] == "1"
    assert after["inference_count"] - before["inference_count"] == 5
    assert after["execution_count"] - before["execution_count"] == 1
    assert after["inference_stats"]["success"]["count"] - before["inference_stats"]["success"]["count"] == 1
    for part in ("success", "compute_input", "compute_infer", "compute_output"):
        assert after["inference_stats"][part]["ns"] > before["inference_stats"][part]["ns"]
    assert {"batch_size": 5, "count": 1} in [
        {"batch_size": batch["batch_size"], "count": batch["compute_infer"]["count"]} for batch in after["batch_stats"]]
    assert {entry["name"] for entry in client.get_inference_statistics()["model_stats"]} >= {"fc", "digits"}


def test_repository(client, server):
    with server.request("GET", "/v1/modules/fc/state_dict", headers={"Accept": "application/x-safetensors"}) as answer:
        file = answer.read()
    config = json.dumps({"type": "Linear", "in_features": 4, "out_features": 3, "bias": False})
    client.load_model("loaded", config=config, files={"file:1/model.safetensors": file})
    values = np.array([[1, 2, 3, 4]], np.float32)
    assert client.infer("loaded", [tensor("input", values)]).as_numpy("output").tolist() == [[30, 40, 50]]
    index = {entry["name"]: entry["state"] for entry in client.get_model_repository_index()}
    assert index["loaded"] == "READY"
    client.unload_model("loaded")
    assert not client.is_model_ready("loaded")
    index = {entry["name"]: entry for entry in client.get_model_repository_index()}
    assert index["loaded"]["state"] == "UNAVAILABLE" and index["loaded"]["reason"]


def test_a_failed_load_leaves_the_old_module(client):
    with pytest.raises(InferenceServerException):
        client.load_model("fc", config="{}", files={"file:1/model.safetensors": b"garbage"})
    values = np.array([[1, 2, 3, 4]], np.float32)
    assert client.infer("fc", [tensor("input", values)]).as_numpy("output").tolist() == [[30, 40, 50]]


@pytest.mark.parametrize("inputs,outputs,words", [
    ([("input", np.ones((1, 5), np.float32))], None, "mat1 and mat2 shapes cannot be multiplied (1x5 and 4x3)"),
    ([("input", np.ones((1, 4), np.float64))], None, "dtype"),
    ([("x", np.ones((1, 4), np.float32))], None, "x"),
    ([("input", np.ones((1, 4), np.float32))], output("y"), "y"),
    ([("input", np.array([b"text"], np.object_))], None, "BYTES"),
])
def test_errors_are_readable(client, inputs, outputs, words):
    with pytest.raises(InferenceServerException) as error:
        client.infer("fc", [tensor(name, values) for name, values in inputs], outputs=outputs)
    assert words in error.value.message()
    assert error.value.status() == "400"


def test_reserved_parameters_are_named(client):
    values = [tensor("input", np.ones((1, 4), np.float32))]
    with pytest.raises(InferenceServerException, match="sequence_id"):
        client.infer("fc", values, sequence_id=3)
    client.infer("fc", values, priority=1, timeout=10_000_000)


@pytest.mark.parametrize("binary", [True, False])
def test_hooks(client, binary):
    hooks = [{"kind": "forward", "action": {"type": "capture"}}, {"kind": "forward", "action": {"type": "scale", "value": 2}}]
    values = [tensor("input", np.array([[1, 2, 3, 4]], np.float32))]
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("output", "hook_0")]
    for outputs in (wanted, None):
        result = client.infer("fc", values, outputs=outputs, parameters={"hooks": json.dumps(hooks)})
        assert result.as_numpy("output").tolist() == [[60, 80, 100]]
        assert result.as_numpy("hook_0").tolist() == [[30, 40, 50]]
        assert ("binary_data_size" in result.get_output("hook_0").get("parameters", {})) == (binary or outputs is None)
    assert client.infer("fc", values).as_numpy("output").tolist() == [[30, 40, 50]]


def test_versions(client, server):
    server.json("PUT", "/v1/modules/versioned", {"type": "Linear", "in_features": 1, "out_features": 1, "bias": False})
    for value in (5, 7, 9):
        server.json("PUT", "/v1/modules/versioned/weight", [[value]])
    last, current = client.get_model_metadata("versioned")["versions"]
    gone = str(int(last) - 1)
    values = [tensor("input", np.ones((1, 1), np.float32))]
    for version, answer in ((last, 7), (current, 9), ("", 9)):
        result = client.infer("versioned", values, model_version=version)
        assert result.as_numpy("output").tolist() == [[answer]]
        assert result.get_response()["model_version"] == (version or current)
    assert client.is_model_ready("versioned", last) and not client.is_model_ready("versioned", gone)
    with pytest.raises(InferenceServerException, match=f"no version {gone} any more") as error:
        client.infer("versioned", values, model_version=gone)
    assert error.value.status() == "404"


def test_bfloat16(client):
    values = triton.InferInput("input", [1, 3], "BF16")
    values.set_data_from_numpy(np.array([[-1.5, 0, 3]], ml_dtypes.bfloat16))
    result = client.infer("identity", [values])
    assert result.get_output("output")["datatype"] == "BF16"
    assert result.as_numpy("output").astype(np.float32).tolist() == [[-1.5, 0, 3]]


def test_queries_of_users_are_left_alone(client):
    """They are for gateways on the way; tritonclient's own examples send these."""
    query = {"test_1": 1, "test_2": 2}
    assert client.is_server_ready(query_params=query) and client.is_model_ready("fc", query_params=query)
    assert client.get_model_metadata("fc", query_params=query)["name"] == "fc"
    assert client.get_model_repository_index(query_params=query)
    values = np.array([[1, 2, 3, 4]], np.float32)
    answer = client.infer("fc", [tensor("input", values)], query_params=query)
    assert answer.as_numpy("output").tolist() == [[30, 40, 50]]


def test_what_the_connection_refuses_is_readable():
    server = Server("--max-body-bytes", "1KiB", "--max-request-line-bytes", "100", "--max-head-bytes", "1KiB")
    values = np.zeros((1, 1000), np.float32)
    with triton.InferenceServerClient(server.address) as client:
        for words, call in [
            ("[413] The body is larger than 1024 octets.", lambda: client.infer("fc", [tensor("input", values)])),
            ("[414] The request line is longer than 100 octets.", lambda: client.get_model_metadata("m" * 200)),
            ("[431] The head is larger than 1024 octets.",
             lambda: client.get_model_metadata("fc", headers={"x": "a" * 2000})),
        ]:
            with pytest.raises(InferenceServerException) as error:
                call()
            assert str(error.value) == words
            assert error.value.status() == words[1:4]
    server.stop()
