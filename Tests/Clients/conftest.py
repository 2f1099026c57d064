"""Runs the built `callpath` for clients that other people wrote. `script/clients` sets CALLPATH_BINARY."""
import json
import os
import pathlib
import subprocess
import urllib.request

import pytest

REPOSITORY = pathlib.Path(__file__).parent.parent.parent
DIGITS = REPOSITORY / "Tests/CallpathTests/Fixtures/digits"


class Server:
    """The binary on a free port of 127.0.0.1."""

    def __init__(self, *arguments, stderr=None, **environment):
        self.process = subprocess.Popen(
            [os.environ["CALLPATH_BINARY"], "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, **environment})
        ready = self.process.stdout.readline()
        self.port = int(ready.rsplit(":", 1)[1].split()[0].rstrip("/"))
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"

    def request(self, method, path, body=None, headers={}):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        return urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers, method=method))

    def json(self, method, path, body=None):
        with self.request(method, path, body) as answer:
            return json.load(answer)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(timeout=20) == 0


@pytest.fixture(scope="module")
def digits():
    return json.loads((DIGITS / "test.json").read_text())


@pytest.fixture(scope="module")
def server():
    server = Server()
    server.json("PUT", "/v1/modules/digits", {
        "type": "Sequential",
        "modules": [{"type": "Linear", "in_features": 64, "out_features": 32}, {"type": "ReLU"},
                    {"type": "Linear", "in_features": 32, "out_features": 10}],
        "state_dict": json.loads((DIGITS / "network.json").read_text())})
    server.json("PUT", "/v1/modules/identity", {"type": "Identity"})
    server.json("PUT", "/v1/modules/fc", {
        "type": "Linear", "in_features": 4, "out_features": 3, "bias": False,
        "state_dict": {"weight": [[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]}})
    yield server
    server.stop()
