"""Servers started from Python, and the command that pip installs."""
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

import callpath


def test_a_server_is_there_when_the_block_begins_and_gone_behind_it():
    with callpath.serve(arguments=["--log-level", "debug"]) as server:
        assert server.is_running() and server.client.names() == [] and str(server.port) in server.url
    assert not server.is_running() and any("draining" in line for line in server.log)
    with pytest.raises(OSError):
        callpath.Client(server.url).names()


def test_models_are_a_folder(tmp_path):
    with callpath.serve() as first:
        first.client.create("fc", {"type": "Linear", "in_features": 2, "out_features": 1})
        state = callpath.tensors.write_file({k: callpath.tensors.wire(v) for k, v in first.client["fc"].state_dict().items()})
    (tmp_path / "fc.safetensors").write_bytes(state)
    with callpath.serve(models=tmp_path) as second:
        assert list(second.client) == ["fc"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--nosuch"], "unknown option '--nosuch'"), (["--models", "/nosuch"], "cannot read '/nosuch'"),
        (["--max-modules", "x"], "--max-modules: expected 1 or more, got 'x'"),
    ],
)
def test_a_server_that_does_not_start_says_why(arguments, words):
    with pytest.raises(callpath.ServerError) as failure:
        callpath.serve(arguments=arguments)
    assert words in str(failure.value) and "\n" not in str(failure.value)


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(callpath.ServerError, match=f"cannot listen on 127.0.0.1:{port}"):
            callpath.serve(arguments=["--port", str(port)])


def test_a_server_that_died_is_a_connection_error():
    with callpath.serve() as server:
        assert server.client.names() == []
        os.kill(server._process.pid, signal.SIGKILL)
        server._process.wait()
        with pytest.raises(OSError):
            server.client.names()


@pytest.mark.parametrize("end", ["", "del server", "raise SystemExit(3)"])
def test_a_program_that_ends_takes_its_server_along(end):
    program = f"import callpath\nserver = callpath.serve()\nprint(server._process.pid, flush=True)\n{end}"
    process = int(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60).stdout)
    for _ in range(1000):
        if not os.path.exists(f"/proc/{process}"):
            return
        time.sleep(0.01)
    raise AssertionError("the server is still there")


def test_a_missing_binary_is_one_line(monkeypatch):
    monkeypatch.setenv("CALLPATH_BINARY", "/nosuch")
    with pytest.raises(callpath.ServerError, match="CALLPATH_BINARY"):
        callpath.serve()


def command(*words, **options):
    return subprocess.run([sys.executable, "-m", "callpath", *words], capture_output=True, text=True, **options)


def test_the_command_is_the_binary():
    assert command("version").stdout.startswith("callpath ")
    failed = command("serve", "--port", "x")
    assert failed.returncode != 0 and "--port: expected 0..65535" in failed.stderr


def test_the_command_takes_signals_itself():
    process = subprocess.Popen([sys.executable, "-m", "callpath", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert "is ready" in process.stdout.readline()
    process.terminate()
    assert process.wait(30) == 0
    process.stdout.close()


def test_export_without_torch_is_one_line(tmp_path):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    failed = command("export", "a.pt", "b.safetensors", env={**os.environ, "PYTHONPATH": path(tmp_path)})
    assert failed.returncode == 1 and failed.stderr == "callpath export: needs torch: pip install torch safetensors\n"


def path(folder):
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


def test_export_writes_what_a_server_loads(torch, tmp_path):
    layer = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    callpath.export(layer, tmp_path / "net.safetensors")
    torch.save(layer, tmp_path / "net.pt")
    done = command("export", str(tmp_path / "net.pt"), str(tmp_path / "again.safetensors"))
    assert done.returncode == 0, done.stderr
    x = torch.randn(4, 3)
    with callpath.serve(models=tmp_path) as server:
        for name in ("net", "again"):
            assert torch.allclose(server.client[name](x), layer(x), atol=1e-6)
