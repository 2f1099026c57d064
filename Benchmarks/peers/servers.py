"""How each server is started, and what a call of it looks like."""
import dataclasses
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import time
import urllib.request

import torch

from .models import LAYERS, make

HERE = pathlib.Path(__file__).resolve().parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def input_of(model):
    """The one row that every server is asked about."""
    return torch.sin(torch.arange(LAYERS[model][0], dtype=torch.float32))


@dataclasses.dataclass
class Call:
    model: str
    form: str  # "json" or "bytes"
    url: str
    headers: dict
    body: bytes
    numbers: object  # from the bytes of an answer to its numbers
    body_file: pathlib.Path = None

    def expected(self, models):
        with torch.inference_mode():
            return models[self.model](input_of(self.model))


class Server:
    """A process that answers calls on a free port of loopback."""

    models = tuple(LAYERS)
    patience = 60  # seconds until it must answer

    def __init__(self, options, folder):
        self.options, self.folder, self.port, self.process = options, folder, free_port(), None
        folder.mkdir(parents=True)
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls = list(self.make_calls())
        for index, call in enumerate(self.calls):
            call.body_file = folder / f"body-{index}"
            call.body_file.write_bytes(call.body)

    def start(self):
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=HERE, start_new_session=True)
        deadline = time.monotonic() + self.patience
        while True:
            try:
                self.prepare()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("did not start: " + (self.folder / "log").read_text()[-300:]) from None
                time.sleep(0.1)

    def prepare(self):
        """Readies the server; an OSError means not yet."""
        self.post(self.calls[0])

    def stop(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)  # a session of its own: its workers too
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)

    def post(self, call):
        request = urllib.request.Request(call.url, call.body, call.headers, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def json_call(self, model, path, body, numbers):
        return Call(model, "json", self.url + path, {"Content-Type": "application/json"},
                    json.dumps(body).encode(), lambda answer: numbers(json.loads(answer)))

    def bytes_call(self, model, path):
        row = input_of(model).tolist()
        headers = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream",
                   "Tensor-Shape": str(len(row)), "Tensor-Dtype": "float32"}
        return Call(model, "bytes", self.url + path, headers, struct.pack(f"<{len(row)}f", *row),
                    lambda answer: struct.unpack(f"<{len(answer) // 4}f", answer))

    def python(self, program):
        """The path of a program in this peer's environment."""
        path = self.options.venvs.resolve() / self.name / "bin" / program
        if not path.exists():
            raise FileNotFoundError(f"{self.name} is not installed")
        return str(path)


class Callpath(Server):
    name = "callpath"

    def command(self):
        return [self.options.callpath, "serve", "--port", str(self.port), "--loops", "1", "--log-level", "warning"]

    def prepare(self):
        for model, sizes in LAYERS.items():
            linear = [{"type": "Linear", "in_features": i, "out_features": o} for i, o in zip(sizes, sizes[1:])]
            if len(linear) == 1:
                description = linear[0]
            else:
                modules = [module for layer in linear for module in (layer, {"type": "ReLU"})][:-1]
                description = {"type": "Sequential", "modules": modules}
            body = json.dumps(description | {"seed": 0}).encode()
            request = urllib.request.Request(
                f"{self.url}/v1/modules/{model}", body, {"Content-Type": "application/json"}, method="PUT")
            urllib.request.urlopen(request, timeout=30).read()

    def make_calls(self):
        for model in self.models:
            path = f"/v1/modules/{model}/call"
            yield self.json_call(model, path, {"input": input_of(model).tolist()}, lambda answer: answer["output"])
            yield self.bytes_call(model, path)


class CallpathNotJoining(Callpath):
    """Callpath without batching, to see what batching gives."""

    name = "callpath, not joining"
    models = ("fc", "huge")

    def command(self):
        return [*super().command(), "--max-batch-rows", "1"]


class Constant(Server):
    """A server that answers a constant whatever is asked: what the network costs. Its numbers are not checked."""

    models = ("fc",)

    def make_calls(self):
        call = self.json_call("fc", "/fc", {"input": input_of("fc").tolist()}, lambda answer: answer["output"])
        call.expected = lambda models: torch.tensor([30.0, 40.0, 50.0])
        yield call


class Responder(Constant):
    name = "raw epoll responder"

    def command(self):
        return [str(self.options.build.resolve() / "responder"), str(self.port)]


class Nginx(Constant):
    name = "nginx"

    def command(self):
        folder = self.folder.resolve()
        text = (HERE / "nginx.conf").read_text().replace("PORT", str(self.port)).replace("FOLDER", str(folder))
        (folder / "nginx.conf").write_text(text)
        return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


class Hummingbird(Server):
    name = "hummingbird"
    models = ("fc",)

    def command(self):
        layer = make("fc")
        weights = self.folder / "weights.json"
        weights.write_text(json.dumps({"weight": layer.weight.tolist(), "bias": layer.bias.tolist()}))
        return [str(self.options.build.resolve() / "hummingbird-peer"), str(self.port), str(weights.resolve())]

    def make_calls(self):
        yield self.json_call("fc", "/fc", {"input": input_of("fc").tolist()}, lambda answer: answer["output"])


class FastAPI(Server):
    name = "fastapi"

    def command(self):
        return [self.python("uvicorn"), "fastapi_peer:app", "--port", str(self.port), "--log-level", "warning",
                "--no-access-log"]

    def make_calls(self):
        for model in self.models:
            body = {"input": input_of(model).tolist()}
            yield self.json_call(model, f"/{model}", body, lambda answer: answer["output"])
            yield self.bytes_call(model, f"/{model}/bytes")


class OnnxFastAPI(FastAPI):
    """onnxruntime behind FastAPI, on uvicorn."""

    name = "onnx"

    def command(self):
        return [self.python("uvicorn"), "onnx_peer:app", "--port", str(self.port), "--log-level", "warning", "--no-access-log"]


class OnnxGranian(FastAPI):
    """The same on granian."""

    name = "granian"

    def command(self):
        return [self.python("granian"), "--interface", "asgi", "--port", str(self.port), "--log-level", "warning", "onnx_peer:app"]


class Mosec(Server):
    name = "mosec"

    def command(self):
        return [self.python("python"), "mosec_peer.py", "--address", "127.0.0.1", "--port", str(self.port)]

    def make_calls(self):
        for model in self.models:
            body = {"model": model, "input": input_of(model).tolist()}
            yield self.json_call(model, "/inference", body, lambda answer: answer["output"])


class LitServe(Server):
    name = "litserve"

    def command(self):
        return [self.python("python"), "litserve_peer.py", str(self.port)]

    def make_calls(self):
        for model in self.models:
            body = {"model": model, "input": input_of(model).tolist()}
            yield self.json_call(model, "/predict", body, lambda answer: answer["output"])


class BentoML(Server):
    name = "bentoml"

    def command(self):
        return [self.python("bentoml"), "serve", "bentoml_peer:Layers", "--host", "127.0.0.1", "--port", str(self.port)]

    def make_calls(self):
        for model in self.models:
            body = {"model": model, "input": input_of(model).tolist()}
            yield self.json_call(model, "/predict", body, lambda answer: answer["output"])


class MLServer(Server):
    name = "mlserver"

    def command(self):
        settings = {"http_port": self.port, "grpc_port": free_port(), "metrics_port": free_port(), "host": "127.0.0.1",
                    "parallel_workers": 0}
        (self.folder / "settings.json").write_text(json.dumps(settings))
        for model in self.models:
            folder = self.folder / model
            folder.mkdir()
            (folder / "runtime.py").symlink_to(HERE / "mlserver" / "runtime.py")
            description = {"name": model, "implementation": "runtime.Layers"}
            (folder / "model-settings.json").write_text(json.dumps(description))
        return [self.python("mlserver"), "start", str(self.folder.resolve())]

    def make_calls(self):
        for model in self.models:
            row = input_of(model).tolist()
            tensor = {"name": "input", "shape": [1, len(row)], "datatype": "FP32", "data": row}
            yield self.json_call(model, f"/v2/models/{model}/infer", {"inputs": [tensor]},
                                 lambda answer: answer["outputs"][0]["data"])


KINDS = [Callpath, CallpathNotJoining, Responder, Nginx, Hummingbird, FastAPI, OnnxFastAPI, OnnxGranian, Mosec, MLServer, LitServe,
         BentoML]
