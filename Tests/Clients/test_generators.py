"""What makes clients of the contract can read all of it, and the client that comes out works."""
import importlib
import json
import re
import shutil
import subprocess
import sys

import pytest
from server import Server

# Answers that are no JSON may be left out with a warning; the operations themselves may not.
MAY_BE_LEFT_OUT = ("application/x-safetensors", "application/x-tar", "application/safetensors", "application/yaml", "text/css", "text/javascript", "text/html")


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def contract(server, tmp_path_factory):
    file = tmp_path_factory.mktemp("contract") / "openapi.json"
    file.write_bytes(server.request("GET", "/openapi.json").read())
    return file


@pytest.fixture(scope="module")
def generated(contract):
    folder = contract.parent / "callpath_generated"
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", contract, "--output-path", folder, "--meta", "none"],
        capture_output=True, text=True)
    assert folder.exists(), done.stdout + done.stderr
    sys.path.insert(0, str(folder.parent))
    yield folder, done.stdout + done.stderr
    sys.path.remove(str(folder.parent))
    shutil.rmtree(folder)


def operations(contract):
    paths = json.loads(contract.read_text())["paths"]
    return {operation["operationId"] for item in paths.values() for method, operation in item.items() if isinstance(operation, dict) and "operationId" in operation}


def test_every_operation_becomes_a_function(contract, generated):
    folder, _ = generated
    made = {file.stem.replace("_", "") for file in (folder / "api").rglob("*.py") if file.stem != "__init__"}
    assert {operation.lower() for operation in operations(contract)} - made == set()


def test_no_answer_in_json_is_left_out(generated):
    _, said = generated
    unsupported = re.findall(r"[Uu]nsupported content[ _]type:? ([\w/+.-]+)", said)
    assert [type for type in unsupported if type not in MAY_BE_LEFT_OUT] == []
    assert "ecursive" not in said
    assert "Unable to process" not in said, said


def test_the_generated_client_creates_loads_hooks_and_calls(server, generated):
    client = importlib.import_module("callpath_generated").Client(base_url=server.url, raise_on_unexpected_status=True)
    models = importlib.import_module("callpath_generated.models")

    def operation(name):
        return importlib.import_module(f"callpath_generated.api.{name}")
    description = models.ModuleDescription.from_dict({"name": "made", "type": "Linear", "in_features": 2, "out_features": 2})
    assert operation("modules.create_module").sync(client=client, body=description).to_dict()["version"] == 1
    description = models.ModuleDescription.from_dict({"type": "Linear", "in_features": 2, "out_features": 1})
    assert operation("modules.put_module").sync(name="made", client=client, body=description).to_dict()["version"] == 2
    state = models.StateDict.from_dict({"weight": {"data": [[1, 2]], "shape": [1, 2], "dtype": "float32"}, "bias": {"data": [0.5], "shape": [1], "dtype": "float32"}})
    assert operation("parameters.put_state_dict").sync_detailed(name="made", client=client, body=state).status_code == 200
    hook = models.HookDescription.from_dict({"kind": "forward", "action": {"type": "scale", "value": 2}})
    assert operation("hooks.create_hook").sync_detailed(name="made", client=client, body=hook).status_code == 201
    answer = operation("calls.call_module").sync_detailed(name="made", client=client, body=models.Call.from_dict({"input": [1, 1]}))
    assert json.loads(answer.content)["output"] == [7.0]


def test_other_readers_take_the_contract(contract):
    for command in (["-m", "openapi_spec_validator", contract],
                    ["-m", "datamodel_code_generator", "--input", contract, "--input-file-type", "openapi", "--output", contract.parent / "models.py"]):
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
