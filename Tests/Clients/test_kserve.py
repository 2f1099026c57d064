"""kserve's clients, unmodified: REST and gRPC."""
import asyncio

import httpx
import numpy as np
import pytest
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

from conftest import Server


def run(server, body):
    async def main():
        client = InferenceRESTClient(RESTConfig(protocol="v2", retries=1, timeout=10))
        try:
            await body(client)
        finally:
            await client.close()
    asyncio.run(main())


def request(values, binary, model="fc"):
    tensor = InferInput("input", list(values.shape), "FP32")
    tensor.set_data_from_numpy(values, binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=[tensor])


def test_health(server):
    async def body(client):
        assert await client.is_server_live(server.url)
        assert await client.is_server_ready(server.url)
        assert await client.is_model_ready(server.url, "fc")
    run(server, body)


@pytest.mark.parametrize("binary", [True, False])
def test_infer(server, binary):
    async def body(client):
        values = np.array([[1, 2, 3, 4]], np.float32)
        answer = await client.infer(server.url, request(values, binary), model_name="fc")
        assert answer.outputs[0].as_numpy().tolist() == [[30, 40, 50]]
    run(server, body)


def test_errors_carry_their_text(server):
    async def body(client):
        with pytest.raises(Exception, match="cannot be multiplied"):
            await client.infer(server.url, request(np.ones((1, 5), np.float32), False), model_name="fc")
    run(server, body)


def test_what_the_connection_refuses_carries_its_text():
    server = Server("--max-body-bytes", "1KiB")

    async def body(client):
        with pytest.raises(Exception, match="The body is larger than 1024 octets."):
            await client.infer(server.url, request(np.ones((1, 1000), np.float32), False), model_name="fc")
    run(server, body)
    server.stop()


def test_null_stands_for_what_nobody_has_set(server):
    """As pydantic's models are dumped without `exclude_none`, those of kserve's own server among them."""
    answer = httpx.post(f"{server.url}/v2/models/fc/infer", json={
        "id": None, "parameters": None, "outputs": None,
        "inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "parameters": None, "data": [1, 2, 3, 4]}]})
    assert answer.json()["outputs"][0]["data"] == [30, 40, 50]


@pytest.mark.parametrize("binary", [True, False])
def test_grpc(server, binary):
    async def main():
        async with InferenceGRPCClient(url=server.address) as client:
            assert await client.is_server_live()
            assert await client.is_server_ready()
            assert await client.is_model_ready("fc")
            answer = await client.infer(request(np.array([[1, 2, 3, 4]], np.float32), binary))
            assert np.array_equal(answer.outputs[0].as_numpy(), [[30, 40, 50]])

    asyncio.run(main())
