"""Runs the built `callpath` for clients that other people wrote. `script/clients` sets CALLPATH_BINARY."""
import json
import pathlib

import pytest
from server import Server

REPOSITORY = pathlib.Path(__file__).parent.parent.parent
DIGITS = REPOSITORY / "Tests/CallpathTests/Fixtures/digits"


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
