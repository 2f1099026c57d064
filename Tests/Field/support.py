"""What the entries are asked with: the binary, its clients, and the table that says what came."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
ENTRIES = []


class No(Exception):
    """What came is not what must come."""


class Missing(Exception):
    """A program or a package that an entry needs is not here."""


def entry(name, title):
    """Adds a function to the table as the entry `name` of the field cases; an entry may have several parts."""

    def add(function):
        ENTRIES.append((name, title, function))
        return function

    return add


def expect(condition, what):
    if not condition:
        raise No(what)


def equal(came, must, what=""):
    if came != must:
        raise No(f"{what}{': ' if what else ''}{came!r} came, {must!r} must come")


def holds(text, *parts):
    """Holds `text` to contain each of `parts`."""
    for part in parts:
        if part not in text:
            raise No(f"{part!r} is missing in {text[:600]!r}")


def program(name):
    path = shutil.which(name)
    if not path:
        raise Missing(f"needs {name}")
    return path


def torch_python():
    """An interpreter that has torch, or None: FIELD_TORCH, or this one."""
    for python in (os.environ.get("FIELD_TORCH"), sys.executable):
        if python and subprocess.run([python, "-c", "import torch, safetensors, numpy"], capture_output=True).returncode == 0:
            return python
    raise Missing("needs a Python with torch, safetensors and numpy (FIELD_TORCH)")


def eventually(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def code(self):
        """The code of a problem."""
        return self.json.get("code") if self.body[:1] == b"{" else None

    def field(self, name):
        return ", ".join(value for key, value in self.fields if key.lower() == name.lower()) or None

    def must(self, status, code=None, *parts):
        if self.status != status or (code and self.code != code):
            raise No(f"{self.status} {self.text[:400]!r} came, {status} {code or ''} must come")
        holds(self.text, *parts)
        return self


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Process:
    """The binary, started with what a shell would give it."""

    def __init__(self, *arguments, variables=None, log=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, folder=None):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CALLPATH")}
        self.folder = tempfile.mkdtemp(prefix="field-", dir=folder)
        self.log_path = f"{self.folder}/log"
        self.process = subprocess.Popen(
            [os.environ["CALLPATH_BINARY"], *map(str, arguments)],
            stdin=stdin, stdout=stdout, stderr=open(self.log_path, "wb") if log is None else log,
            env={**environment, **(variables or {})})
        self.pid = self.process.pid

    @property
    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=15):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise No(f"still there after {seconds} s") from None

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Server(Process):
    """The binary as it serves on a free port."""

    def __init__(self, *arguments, port=True, ready=True, **more):
        super().__init__("serve", *(["--port", "0"] if port else []), *arguments, **more)
        self.ready_line, self.port = "", None
        if ready:
            self.wait_until_ready()

    def wait_until_ready(self):
        self.ready_line = self.process.stdout.readline().decode()
        if not self.ready_line:
            self.process.wait()
            raise No(f"did not start: {self.log[-600:]}")
        # A path may follow, that of --path-prefix.
        port = re.search(r"://[^\s/]*:(\d+)", self.ready_line)
        self.port = int(port[1]) if port else None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method, path, body=None, fields=None, port=None, timeout=30, connection=None):
        """One request on a connection of its own; `fields` may hold several of one name as pairs."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields or [])
        names = {name.lower() for name, _ in pairs}
        client = connection or http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        client.putrequest(method, path, skip_host="host" in names, skip_accept_encoding=True)
        if data is not None:
            client.putheader("Content-Length", str(len(data)))
            if "content-type" not in names:
                client.putheader("Content-Type", "application/json")
        for name, value in pairs:
            client.putheader(name, value)
        client.endheaders(data)
        try:
            answer = client.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            client.close()

    def make(self, name, description):
        return self.ask("PUT", f"/v1/modules/{name}", description).must(201)

    def call(self, name, *inputs, **body):
        document = {"input": inputs[0], **body} if inputs else body
        return self.ask("POST", f"/v1/modules/{name}/call", document)

    def metric(self, name):
        text = self.ask("GET", "/metrics").text
        values = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        expect(values, f"no metric {name}")
        return sum(values)


@contextlib.contextmanager
def server(*arguments, **more):
    one = Server(*arguments, **more)
    try:
        yield one
    finally:
        one.end()


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="field-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def run(*arguments, input=None, timeout=60, variables=None, cwd=None):
    """Runs the binary to its end."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CALLPATH")}
    return command(os.environ["CALLPATH_BINARY"], *arguments, input=input, timeout=timeout, cwd=cwd, env={**environment, **(variables or {})})


def command(*arguments, input=None, timeout=120, cwd=None, env=None):
    """Runs a program to its end and returns its status and what it said."""
    given = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
    try:
        done = subprocess.run([str(one) for one in arguments], capture_output=True, text=True, timeout=timeout, cwd=cwd, env=env, **given)
    except subprocess.TimeoutExpired:
        raise No(f"{arguments[0]} did not end within {timeout} s") from None
    return Done(done.returncode, done.stdout, done.stderr)


class Done:
    def __init__(self, status, out, error):
        self.status, self.out, self.error = status, out, error

    @property
    def said(self):
        return self.out + self.error

    def must_fail(self, *parts):
        expect(self.status != 0, f"status 0: {self.said[:300]}")
        holds(self.said, *parts)
        return self

    def must_pass(self, *parts):
        equal(self.status, 0, self.said[:300])
        holds(self.said, *parts)
        return self


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def connect(port, timeout=30):
    return socket.create_connection(("127.0.0.1", port), timeout)


def head(method, path, fields=(), length=None):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in dict(fields).items())]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_to_end(client):
    octets = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while piece := client.recv(1 << 20):
            octets += piece
    return octets


LINEAR = {"type": "Linear", "in_features": 4, "out_features": 3}
KEY_SETTINGS = {"Content-Type": "application/json"}


def tensor_file(path, tensors, metadata=None):
    """Writes safetensors: names to (dtype, shape, bytes)."""
    header, offset, data = {}, 0, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, octets) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(octets)]}
        offset += len(octets)
        data += octets
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    octets = len(text).to_bytes(8, "little") + text + data
    if path is not None:
        pathlib.Path(path).write_bytes(octets)
    return octets


def floats(*values):
    import struct

    return struct.pack(f"<{len(values)}f", *values)


def linear_file(path, weight=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), bias=(0, 0, 0), described=True):
    """A Linear(4, 3) as export writes it."""
    metadata = {"callpath": json.dumps(LINEAR)} if described else None
    return tensor_file(path, {"weight": ("F32", [3, 4], floats(*weight)), "bias": ("F32", [3], floats(*bias))}, metadata)


def openssl(*arguments, cwd=None):
    command(program("openssl"), *arguments, cwd=cwd).must_pass()


def certificate(folder, name, subject="localhost", signer=None, days=30, start=None):
    """Makes NAME.key and NAME.crt, signed by SIGNER or itself."""
    extensions = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key", cwd=folder)
    if signer is None:
        openssl("req", "-x509", "-key", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={subject}", "-days", days,
                "-addext", extensions, cwd=folder)
        return
    openssl("req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}", cwd=folder)
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.crt", "-CAkey", f"{signer}.key", "-CAcreateserial",
            "-out", f"{name}.crt", "-days", days, cwd=folder)


SIGNALS = {"TERM": signal.SIGTERM, "INT": signal.SIGINT, "HUP": signal.SIGHUP}
