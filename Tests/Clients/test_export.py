"""Models that `callpath export` wrote answer as PyTorch does.

The files beside `Fixtures/export/generate.py` hold what it exported, and what PyTorch answered. Where torch is installed
(`pip install torch safetensors`), everything is exported and asked anew.
"""
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from conftest import REPOSITORY, Server

FOLDER = REPOSITORY / "Tests/Clients/Fixtures/export"


def check(folder):
    answers = json.loads((folder / "answers.json").read_text())["models"]
    assert {file.stem for file in folder.glob("*.safetensors")} == set(answers) != set()
    server = Server("--models", str(folder))
    for name, recorded in answers.items():
        answer = server.json("POST", f"/v1/modules/{name}/call", {"input": recorded["input"]})
        np.testing.assert_allclose(answer["output"], recorded["output"], rtol=1e-5, atol=1e-6, err_msg=name)
    server.stop()


def test_recorded_models_answer_as_pytorch_did():
    check(FOLDER)


def test_models_exported_now_answer_as_pytorch_does(tmp_path):
    pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    subprocess.run([sys.executable, FOLDER / "generate.py", tmp_path], check=True)
    check(tmp_path)


def test_a_saved_model_is_exported_by_the_command(tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    torch.save(model, tmp_path / "model.pt")
    command = [sys.executable, "-m", "callpath", "export", tmp_path / "model.pt", tmp_path / "net.safetensors"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "Python/src")}
    subprocess.run([*command, "--input-name", "x", "--output-name", "y"], check=True, env=environment)
    server = Server("--models", str(tmp_path))
    body = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}
    answer = server.json("POST", "/v2/models/net/infer", body)["outputs"][0]
    assert answer["name"] == "y"
    np.testing.assert_allclose(answer["data"], model(torch.tensor([1.0, 2, 3])).tolist(), rtol=1e-5, atol=1e-6)
    server.stop()


def refused(torch):
    hooked = torch.nn.Linear(2, 2)
    hooked.register_forward_hook(lambda *_: None)
    yield torch.nn.Sequential(torch.nn.Conv1d(1, 1, 1)), "model.0 is a Conv1d"
    yield torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Sequential(hooked)), "model.1.0 (Linear) has hooks"
    yield torch.nn.Embedding(4, 2, max_norm=1.0), "max_norm"
    yield torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2)), "ParametrizedLinear"
    yield type("Linear", (torch.nn.Linear,), {})(2, 2), "model is a Linear"


def test_what_callpath_does_not_know_is_refused_by_name(tmp_path):
    torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
    sys.path.insert(0, str(REPOSITORY / "Python/src"))
    from callpath.exporter import NotExportable, export
    for model, words in refused(torch):
        with pytest.raises(NotExportable) as error:
            export(model, tmp_path / "x.safetensors")
        assert words in str(error.value)
        assert list(tmp_path.iterdir()) == []
