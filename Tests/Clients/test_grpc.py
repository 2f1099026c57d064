"""gRPC clients, unmodified: tritonclient.grpc, alone, aio and streaming, grpcio's health and reflection.

In a process of its own: kserve and tritonclient have a file each that declares the same messages, and protobuf takes one.
"""
import asyncio
import queue

import grpc
import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2
from server import Server
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

NUMERIC = [np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64,
           np.float16, np.float32, np.float64]
SERVICES = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection", "inference.GRPCInferenceService"]


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(server.address) as client:
        yield client


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def tensor(name, values):
    tensor = triton.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    tensor.set_data_from_numpy(values)
    return tensor


def row(*values):
    return np.array([values], dtype=np.float32)


def raw(channel, method, request):
    """The octets of an answer."""
    return channel.unary_unary(f"/inference.GRPCInferenceService/{method}",
                               request_serializer=lambda message: message.SerializeToString())(request)


def typed(values, datatype, field):
    request = service_pb2.ModelInferRequest(model_name="identity", id="7")
    given = request.inputs.add(name="input", datatype=datatype, shape=[len(values)])
    getattr(given.contents, field).extend(values)
    return request


def test_health(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("fc")
    assert client.is_model_ready("fc", "1")
    assert not client.is_model_ready("absent")
    assert not client.is_model_ready("fc", "99")


def test_what_it_says_is_what_rest_says(client, server):
    metadata = client.get_server_metadata(as_json=True)
    assert metadata == server.json("GET", "/v2")
    assert client.get_model_metadata("fc", as_json=True)["platform"] == server.json("GET", "/v2/models/fc")["platform"]
    model = client.get_model_metadata("digits")
    assert [list(tensor.shape) for tensor in model.inputs] == [[-1, 64]]
    configuration = client.get_model_config("fc").config
    expected = server.json("GET", "/v2/models/fc/config")
    assert configuration.name == expected["name"] and configuration.backend == expected["backend"]
    assert configuration.max_batch_size == expected["max_batch_size"]
    assert list(configuration.input[0].dims) == expected["input"][0]["dims"] == [4]
    assert configuration.HasField("dynamic_batching")


@pytest.mark.parametrize("dtype", NUMERIC)
def test_every_datatype_passes_through(client, dtype):
    values = np.array([0, 1, 1, 0, 1], dtype=dtype)
    result = client.infer("identity", [tensor("input", values)])
    assert np.array_equal(result.as_numpy("output"), values)
    assert result.as_numpy("output").dtype == values.dtype


def test_bfloat16(client):
    values = np.array([1.5, -2], dtype=ml_dtypes.bfloat16)
    given = triton.InferInput("input", [2], "BF16")
    given.set_data_from_numpy(values)
    answer = client.infer("identity", [given])
    assert answer.get_output("output").datatype == "BF16"
    assert list(answer.as_numpy("output").astype(np.float32)) == [1.5, -2]


@pytest.mark.parametrize("datatype, field, values", [
    ("BOOL", "bool_contents", [True, False]), ("INT8", "int_contents", [-128, 127]), ("INT32", "int_contents", [-2**31]),
    ("INT64", "int64_contents", [-2**63, 1]), ("UINT16", "uint_contents", [65535]), ("UINT64", "uint64_contents", [2**64 - 1]),
    ("FP32", "fp32_contents", [1.5, float("inf")]), ("FP64", "fp64_contents", [0.1, -0.0])])
def test_contents_come_back_as_contents(channel, datatype, field, values):
    octets = raw(channel, "ModelInfer", typed(values, datatype, field))
    answer = service_pb2.ModelInferResponse.FromString(octets)
    assert list(getattr(answer.outputs[0].contents, field)) == values
    # What is written is what Python writes.
    assert answer.SerializeToString(deterministic=True) == octets


@pytest.mark.parametrize("method, request_", [
    ("ServerMetadata", service_pb2.ServerMetadataRequest()), ("ModelMetadata", service_pb2.ModelMetadataRequest(name="fc")),
    ("ModelConfig", service_pb2.ModelConfigRequest(name="fc")), ("ModelStatistics", service_pb2.ModelStatisticsRequest()),
    ("RepositoryIndex", service_pb2.RepositoryIndexRequest())])
def test_every_answer_is_what_python_writes(channel, method, request_):
    octets = raw(channel, method, request_)
    answer = getattr(service_pb2, f"{method}Response").FromString(octets)
    assert octets and answer.SerializeToString(deterministic=True) == octets


@pytest.mark.parametrize("algorithm", [None, "gzip", "deflate"])
def test_large_tensors_in_every_coding(client, algorithm):
    values = np.arange(1 << 20, dtype=np.float32)
    result = client.infer("identity", [tensor("input", values)], compression_algorithm=algorithm)
    assert np.array_equal(result.as_numpy("output"), values)


def test_bits_are_those_of_rest(client, server, digits):
    values = np.array(digits["images"][:7] if "images" in digits else np.linspace(-1, 1, 7 * 64).reshape(7, 64),
                      dtype=np.float32).reshape(7, 64)
    ours = client.infer("digits", [tensor("input", values)]).as_numpy("output")
    theirs = server.json("POST", "/v2/models/digits/infer", {"inputs": [
        {"name": "input", "datatype": "FP32", "shape": [7, 64], "data": values.flatten().tolist()}]})
    assert ours.tobytes() == np.array(theirs["outputs"][0]["data"], dtype=np.float32).tobytes()


def test_hooks_and_classes(client):
    result = client.infer("fc", [tensor("input", row(1, 2, 3, 4))], parameters={
        "hooks": '[{"kind": "forward", "action": {"type": "capture"}}]'})
    assert np.array_equal(result.as_numpy("hook_0"), [[30, 40, 50]])
    result = client.infer("fc", [tensor("input", row(1, 2, 3, 4))],
                          outputs=[triton.InferRequestedOutput("output", class_count=2)])
    assert result.as_numpy("output").tolist() == [[b"50.000000:2", b"40.000000:1"]]


@pytest.mark.parametrize("model, values, code, words", [
    ("absent", row(1, 2, 3, 4), "NOT_FOUND", "absent"),
    ("fc", row(1, 2, 3), "INVALID_ARGUMENT", "mat1 and mat2 shapes cannot be multiplied (1x3 and 4x3)")])
def test_what_is_wrong_is_said(client, model, values, code, words):
    with pytest.raises(InferenceServerException) as error:
        client.infer(model, [tensor("input", values)])
    assert error.value.status() == f"StatusCode.{code}"
    assert words in error.value.message()


def test_methods_that_there_are_not(client):
    for call in (client.get_trace_settings, client.get_log_settings, client.get_system_shared_memory_status):
        with pytest.raises(InferenceServerException) as error:
            call()
        assert error.value.status() == "StatusCode.UNIMPLEMENTED"


def test_deadline(client):
    with pytest.raises(InferenceServerException) as error:
        # grpcio rounds up to a millisecond, within which a call may be answered.
        for _ in range(1000):
            client.infer("fc", [tensor("input", row(1, 2, 3, 4))], client_timeout=1e-9)
    assert error.value.status() in ("StatusCode.DEADLINE_EXCEEDED", "Deadline Exceeded")


def test_statistics_and_repository(client, server):
    client.infer("fc", [tensor("input", row(1, 2, 3, 4))])
    (statistics,) = client.get_inference_statistics("fc").model_stats
    assert statistics.inference_count > 0 and statistics.inference_stats.success.count > 0
    names = [model.name for model in client.get_model_repository_index().models]
    assert names == [model["name"] for model in server.json("POST", "/v2/repository/index", {})]
    description = '{"type": "Linear", "in_features": 2, "out_features": 1}'
    client.load_model("loaded", config=description)
    assert client.is_model_ready("loaded")
    file = server.request("GET", "/v1/modules/loaded/state_dict", headers={"Accept": "application/x-safetensors"}).read()
    client.load_model("again", config=description, files={"file:1/model.safetensors": file})
    first = client.infer("loaded", [tensor("input", row(1, 2))]).as_numpy("output")
    assert first.tobytes() == client.infer("again", [tensor("input", row(1, 2))]).as_numpy("output").tobytes()
    for name in ("loaded", "again"):
        client.unload_model(name)
        assert not client.is_model_ready(name)


def test_stream(server):
    answers = queue.Queue()
    with triton.InferenceServerClient(server.address) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        for index in range(200):
            client.async_stream_infer("fc" if index != 100 else "absent", [tensor("input", row(index, 0, 0, 0))],
                                      request_id=str(index), enable_empty_final_response=True)
        for index in range(200):
            result, error = answers.get(timeout=30)
            if index == 100:
                assert "absent" in error.message()
                continue
            assert error is None and result.get_response().id == str(index)
            assert result.get_response().parameters["triton_final_response"].bool_param
            assert result.as_numpy("output")[0, 0] == index
        client.stop_stream()


def test_stream_that_ends_at_an_error(server):
    answers = queue.Queue()
    with triton.InferenceServerClient(server.address) as client:
        client.start_stream(lambda result, error: answers.put((result, error)), headers={"triton_grpc_error": "true"})
        client.async_stream_infer("absent", [tensor("input", row(1, 0, 0, 0))])
        _, error = answers.get(timeout=30)
        assert error.status() == "StatusCode.NOT_FOUND"


def test_a_drain_ends_idle_streams():
    server = Server()
    try:
        server.json("PUT", "/v1/modules/identity", {"type": "Identity"})
        answers = queue.Queue()
        with triton.InferenceServerClient(server.address) as client, grpc.insecure_channel(server.address) as channel:
            client.start_stream(lambda result, error: answers.put((result, error)))
            client.async_stream_infer("identity", [tensor("input", row(1, 2, 3, 4))])
            result, error = answers.get(timeout=10)
            assert error is None
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            # Far less than the grace of a shutdown.
            server.process.terminate()
            assert server.process.wait(timeout=5) == 0
            _, error = answers.get(timeout=10)
            assert error.status() == "StatusCode.UNAVAILABLE"
            with pytest.raises(grpc.RpcError) as gone:
                while True:
                    next(watch)
            assert gone.value.code() == grpc.StatusCode.UNAVAILABLE
    finally:
        server.stop()


def test_aio(server):
    async def main():
        async with triton_aio.InferenceServerClient(server.address) as client:
            assert await client.is_server_live()
            results = await asyncio.gather(*(
                client.infer("fc", [tensor("input", row(index, 0, 0, 0))]) for index in range(64)))
            assert [result.as_numpy("output")[0, 0] for result in results] == list(range(64))

            async def requests():
                for index in range(20):
                    yield {"model_name": "fc", "inputs": [tensor("input", row(index, 0, 0, 0))], "request_id": str(index)}

            seen = []
            async for result, error in client.stream_infer(requests()):
                assert error is None
                seen.append(result.get_response().id)
            assert seen == [str(index) for index in range(20)]

    asyncio.run(main())


def test_health_checking(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", "inference.GRPCInferenceService", "readiness", "liveness"):
        assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as error:
        health.Check(health_pb2.HealthCheckRequest(service="other"))
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    watch = health.Watch(health_pb2.HealthCheckRequest(service="other"))
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def test_reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert sorted(database.get_services()) == SERVICES == list(database.get_services())
    pool = DescriptorPool(database)
    service = pool.FindServiceByName("inference.GRPCInferenceService")
    assert len(service.methods) == 12
    for name in SERVICES:
        assert pool.FindServiceByName(name).full_name == name
    ours = pool.FindMessageTypeByName("inference.ModelInferRequest")
    theirs = service_pb2.ModelInferRequest.DESCRIPTOR
    assert [(field.name, field.number) for field in ours.fields] == [(field.name, field.number) for field in theirs.fields]


def test_metadata_of_answers(channel):
    call = channel.unary_unary("/inference.GRPCInferenceService/ServerLive").with_call
    _, answered = call(b"", metadata=[("x-request-id", "mine"), (
        "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
    initial = dict(answered.initial_metadata())
    assert initial["x-request-id"] == "mine"
    assert initial["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with pytest.raises(grpc.RpcError) as error:
        channel.unary_unary("/inference.GRPCInferenceService/ModelMetadata")(b"\x0a\x06absent")
    assert dict(error.value.trailing_metadata())["callpath-code"] == "module_not_found"
    with pytest.raises(grpc.RpcError) as error:
        channel.unary_unary("/inference.GRPCInferenceService/ModelMetadata")(b"\x0a\x06cut")
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
