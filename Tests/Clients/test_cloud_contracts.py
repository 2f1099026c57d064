"""What SageMaker and Vertex AI ask of a container."""
import json
import urllib.error

import pytest

from conftest import Server


def test_sagemaker(server):
    assert server.request("GET", "/ping").status == 200
    target = {"X-Amzn-SageMaker-Target-Model": "fc"}
    with server.request("POST", "/invocations", {"input": [1, 2, 3, 4]}, target) as answer:
        assert json.load(answer)["output"] == [30, 40, 50]
    v2 = {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
    with server.request("POST", "/invocations", v2, target) as answer:
        assert json.load(answer)["outputs"][0]["data"] == [30, 40, 50]
    with pytest.raises(urllib.error.HTTPError) as error:
        server.request("POST", "/invocations", {"input": [1, 2, 3, 4]})
    assert error.value.code == 404


def test_vertex(tmp_path):
    server = Server(AIP_HEALTH_ROUTE="/healthy", AIP_PREDICT_ROUTE="/predict")
    try:
        server.json("PUT", "/v1/modules/fc", {
            "type": "Linear", "in_features": 4, "out_features": 3, "bias": False,
            "state_dict": {"weight": [[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]}})
        assert server.request("GET", "/healthy").status == 200
        assert server.json("POST", "/predict", {"instances": [[1, 2, 3, 4]]}) == {"predictions": [[30, 40, 50]]}
    finally:
        server.stop()
