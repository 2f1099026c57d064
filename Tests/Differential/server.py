"""The built `callpath` on a free port, asked over one connection that is kept alive."""
import http.client
import json
import subprocess

import torch

DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in (
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool)}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()


class Server:
    def __init__(self, binary):
        self.process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--log-level", "error"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1].split()[0].rstrip("/"))
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def send(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        try:
            self.connection.request(method, path, body, headers)
            answer = Answer(self.connection.getresponse())
            if answer.status != 408:
                return answer
        except ConnectionError:
            if self.process.poll() is not None:
                raise
        # Where this program was held still for long, half a request is refused, and a connection that nobody uses is closed.
        self.connection.close()
        self.connection.request(method, path, body, headers)
        return Answer(self.connection.getresponse())

    def stop(self):
        self.connection.close()
        self.process.terminate()
        return self.process.wait(timeout=20)


def plain(tensor):
    """Returns a tensor's elements as nested lists, NaN and infinity as the strings that the interface reads."""
    def written(element):
        if isinstance(element, list):
            return [written(inner) for inner in element]
        if isinstance(element, float) and element - element != 0:
            return "NaN" if element != element else "Infinity" if element > 0 else "-Infinity"
        return element
    return written(tensor.detach().tolist())


def whole(tensor):
    return {"data": plain(tensor if tensor.numel() else tensor.reshape(-1)), "shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}


def tensor(document, key="data"):
    """Returns the tensor of an answer, which must be as nested as its shape says."""
    read = lambda data: [read(inner) for inner in data] if isinstance(data, list) else (
        float(data.replace("Infinity", "inf")) if isinstance(data, str) else data)
    made = torch.tensor(read(document[key]), dtype=DTYPES[document["dtype"]])
    if made.numel() > 0:
        assert list(made.shape) == document["shape"], (list(made.shape), document["shape"])
    return made.reshape(document["shape"])


def octets(tensor):
    tensor = tensor.detach().contiguous()
    return bytes(tensor.reshape(-1).view(torch.uint8).numpy()) if tensor.dim() else bytes(
        tensor.reshape(1).view(torch.uint8).numpy())


def from_octets(answer):
    shape = [int(size) for size in answer.headers["Tensor-Shape"].split(",") if size]
    dtype = DTYPES[answer.headers["Tensor-Dtype"]]
    if not answer.body:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(bytearray(answer.body), dtype=torch.uint8).view(dtype).reshape(shape)
