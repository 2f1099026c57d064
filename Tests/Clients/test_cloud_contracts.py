"""What SageMaker and Vertex AI ask of a container."""
import json
import os
import re
import socket
import struct
import subprocess
import urllib.error
import urllib.request

import numpy as np
import pytest

from conftest import REPOSITORY, Server


def test_sagemaker(server):
    assert server.request("GET", "/ping").status == 200
    target = {"X-Amzn-SageMaker-Target-Model": "fc"}
    with server.request("POST", "/invocations", {"input": [1, 2, 3, 4]}, target) as answer:
        assert json.load(answer)["output"] == [30, 40, 50]
    v2 = {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
    with server.request("POST", "/invocations", v2, target) as answer:
        assert json.load(answer)["outputs"][0]["data"] == [30, 40, 50]
    head = json.dumps({"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32",
                                   "parameters": {"binary_data_size": 16}}]}).encode()
    fields = {**target, "Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    with server.request("POST", "/invocations", head + struct.pack("<4f", 1, 2, 3, 4), fields) as answer:
        assert json.load(answer)["outputs"][0]["data"] == [30, 40, 50]
    with pytest.raises(urllib.error.HTTPError) as error:
        server.request("POST", "/invocations", {"input": [1, 2, 3, 4]})
    assert error.value.code == 404


def image_environment():
    """The variables that the image sets."""
    line = re.search(r"^ENV (.*)$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)[1]
    return dict(pair.split("=") for pair in line.split())


def test_the_image_serves_as_the_platforms_start_it():
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    # SageMaker runs `docker run IMAGE serve`, Vertex AI `docker run IMAGE` with a port of its own.
    assert '\nENTRYPOINT ["/usr/bin/callpath"]\nCMD ["serve"]\n' in dockerfile
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    binary, environment = os.environ["CALLPATH_BINARY"], {**image_environment(), "AIP_HTTP_PORT": str(port)}
    process = subprocess.Popen([binary, "serve"], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == f"callpath is ready on http://0.0.0.0:{port}\n"
    assert urllib.request.urlopen(f"http://127.0.0.1:{port}/ping").status == 200
    assert subprocess.run([binary, "health", "--ready"], env=environment).returncode == 0
    process.terminate()
    assert process.wait(timeout=20) == 0
    printed = subprocess.run([binary, "serve", "--print-config"], env=image_environment(), capture_output=True, text=True)
    assert "port = 8080" in printed.stdout


def test_vertex(tmp_path):
    data = np.array([[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]], np.float32).tobytes()
    head = json.dumps({"weight": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, len(data)]}}).encode()
    (tmp_path / "fc.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)
    server = Server(AIP_HEALTH_ROUTE="/healthy", AIP_PREDICT_ROUTE="/predict", AIP_STORAGE_URI=str(tmp_path))
    try:
        assert server.request("GET", "/healthy").status == 200
        assert server.json("POST", "/predict", {"instances": [[1, 2, 3, 4]]}) == {"predictions": [[30, 40, 50]]}
    finally:
        server.stop()
