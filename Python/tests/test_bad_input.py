"""What goes wrong on the way in: each is one clear line, as an exception and at a shell."""
import os
import re
import socket
import subprocess
import sys

import pytest

import callpath
from callpath import server as starting


def command(*words, **variables):
    return subprocess.run(
        [sys.executable, "-m", "callpath", *words], capture_output=True, text=True, env={**os.environ, **variables}, timeout=60
    )


def run(program, **variables):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, **variables}, timeout=60
    )


def without(folder, *names):
    """A PYTHONPATH on which these packages cannot be imported, whatever is installed."""
    for name in names:
        (folder / f"{name}.py").write_text(f'raise ModuleNotFoundError("No module named {name!r}", name={name!r})\n')
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


def one_line(process):
    """The only line of standard error."""
    assert process.returncode != 0 and process.stdout == ""
    assert process.stderr.count("\n") == 1, process.stderr
    return process.stderr.rstrip("\n")


# Without numpy

def test_the_command_needs_no_numpy(tmp_path):
    assert command("version", PYTHONPATH=without(tmp_path, "numpy")).stdout.startswith("callpath ")


def test_serving_needs_no_numpy(tmp_path):
    program = "import callpath\nwith callpath.serve() as server: print(server.url)"
    assert run(program, PYTHONPATH=without(tmp_path, "numpy")).stdout.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("use", ["callpath.Client()", "callpath.aio.Client()", "callpath.mask([1])", "callpath.serve().client"])
def test_a_client_without_numpy_says_what_to_install(use, tmp_path):
    failed = run(f"import callpath\n{use}", PYTHONPATH=without(tmp_path, "numpy"))
    assert failed.stderr.splitlines()[-1] == "ImportError: the client of callpath needs numpy: pip install numpy"


# Without sense

@pytest.mark.parametrize("given, got", [(lambda module, inputs, output: output, "a function"), ("mask", "a str"), (1, "a int")])
def test_a_hook_that_is_no_action_says_what_one_is(given, got):
    with callpath.serve() as server:
        layer = server.client.create("fc", {"type": "Linear", "in_features": 2, "out_features": 2})
        with pytest.raises(TypeError) as refused:
            layer.register_forward_hook(given)
        assert str(refused.value) == f"expected an action, such as callpath.capture() or callpath.mask([1]), got {got}"
        assert layer.hooks == []


@pytest.mark.parametrize("given", ["hello", ["a", "b"]])
def test_text_is_not_a_tensor(given):
    with pytest.raises(TypeError, match="got str$"):
        callpath.replace(given)


# Without torch

def test_export_without_torch_says_what_to_install(tmp_path):
    path = without(tmp_path, "torch")
    needs = "needs torch: pip install torch safetensors"
    assert one_line(command("export", "a.pt", "b.safetensors", PYTHONPATH=path)) == f"callpath export: {needs}"
    failed = run("import callpath\ncallpath.export(None, 'b.safetensors')", PYTHONPATH=path)
    assert failed.stderr.splitlines()[-1] == f"callpath.errors.ExportError: exporting {needs}"


def test_torch_tensors_without_torch_are_refused_before_a_call(tmp_path):
    failed = run("import callpath\ncallpath.Client(framework='torch')", PYTHONPATH=without(tmp_path, "torch"))
    assert failed.stderr.splitlines()[-1] == "ImportError: framework='torch' needs torch: pip install torch"


# Another glibc

@pytest.mark.parametrize("found", ["glibc 2.31", "glibc 2.4", None, ValueError, OSError])
def test_an_older_or_another_c_library_is_named(found, monkeypatch, tmp_path):
    def confstr(_):
        if isinstance(found, type):
            raise found()
        return found

    (tmp_path / "glibc").write_text("2.36\n")
    monkeypatch.setattr(os, "confstr", confstr)
    with pytest.raises(callpath.ServerError) as refusal:
        starting.check_glibc(tmp_path / "glibc")
    has = found if isinstance(found, str) else "another C library"
    words = f"the server in this wheel needs glibc 2.36 or newer, and this system has {has}: use a newer system, or name a binary"
    assert str(refusal.value).startswith(words) and "\n" not in str(refusal.value)


@pytest.mark.parametrize("found", ["glibc 2.36", "glibc 2.41", "glibc 3.0"])
def test_a_newer_c_library_is_fine(found, monkeypatch, tmp_path):
    (tmp_path / "glibc").write_text("2.36\n")
    monkeypatch.setattr(os, "confstr", lambda _: found)
    starting.check_glibc(tmp_path / "glibc")
    starting.check_glibc(tmp_path / "none: the binary did not come in a wheel")


# Servers that do not start, or end

def test_a_port_in_use_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port}" in one_line(command("serve", "--port", port))
        with pytest.raises(callpath.ServerError, match=f"cannot listen on 127.0.0.1:{port}") as refusal:
            callpath.serve(arguments=["--port", port])
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("program, words", [
    ("#!/bin/sh\nexit 3\n", "it ended with status 3 and said nothing"),
    ("#!/bin/sh\necho first >&2\necho 'the last line' >&2\nexit 1\n", "the last line"),
    ("#!/bin/sh\nkill -9 $$\n", "it was killed by signal 9 and said nothing"),
    ("no program\n", "cannot be started"),
])
def test_a_server_that_dies_at_its_start_says_its_last_words(program, words, monkeypatch, tmp_path):
    binary = tmp_path / "callpath"
    binary.write_text(program)
    binary.chmod(0o755)
    monkeypatch.setenv("CALLPATH_BINARY", str(binary))
    with pytest.raises(callpath.ServerError, match=words) as refusal:
        callpath.serve()
    assert "\n" not in str(refusal.value)


def test_a_server_that_never_gets_ready_is_ended(monkeypatch, tmp_path):
    binary = tmp_path / "callpath"
    binary.write_text("#!/bin/sh\nexec sleep 600\n")
    binary.chmod(0o755)
    monkeypatch.setenv("CALLPATH_BINARY", str(binary))
    with pytest.raises(callpath.ServerError, match="it was not ready within 0.2 s"):
        callpath.serve(start_timeout=0.2)


def test_nobody_there_names_who_was_asked():
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConnectionRefusedError, match=f"no server answers at {url}: is `callpath serve` running"):
        callpath.Client(url).names()
    assert url in one_line(command("list", "--url", url))
    with pytest.raises(OSError, match="no server answers at unix:///nosuch"):
        callpath.Client("unix:///nosuch").names()


# Models

def test_a_model_that_cannot_be_exported_is_one_line(torch, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import torch\n\nclass Mine(torch.nn.Module):\n    def forward(self, x):\n        return x if x.sum() > 0 else -x\n"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    words = ["export", "--class", "mine:Mine", "--example", "1,4", str(tmp_path / "mine.safetensors")]
    one_line(command(*words, PYTHONPATH=path))
    assert not (tmp_path / "mine.safetensors").exists()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_a_file_that_is_no_model_is_one_line(torch, content, tmp_path):
    (tmp_path / "a.pt").write_bytes(content)
    assert "a.pt" in one_line(command("export", str(tmp_path / "a.pt"), str(tmp_path / "b.safetensors")))


def test_a_file_that_is_missing_is_one_line(torch, tmp_path):
    assert "nosuch.pt" in one_line(command("export", str(tmp_path / "nosuch.pt"), str(tmp_path / "b.safetensors")))


# Names and keys

def test_a_name_in_use_is_a_value_error(callpath_server, callpath_client, tmp_path):
    callpath_client.create("fc", {"type": "ReLU"})
    with pytest.raises(ValueError, match="'fc'") as refusal:
        callpath_client.create("fc", {"type": "ReLU"})
    assert (refusal.value.status, refusal.value.code) == (409, "name_taken") and "\n" not in str(refusal.value)
    saved = command("save", "fc", str(tmp_path / "fc.safetensors"), "--url", callpath_server.url)
    assert saved.returncode == 0, saved.stderr
    callpath_client.create("other", {"type": "ReLU"})
    assert callpath_client["other"]([1.0]) == [1]


def test_a_wrong_key_is_one_line(tmp_path):
    made = command("key", "--name", "reader", "--scope", "infer").stdout
    (tmp_path / "keys").write_text(re.search(r"reader infer \S+", made)[0] + "\n")
    key = re.search(r"cpk_\S+", made)[0]
    with callpath.serve(arguments=["--keys", str(tmp_path / "keys")]) as server:
        assert callpath.Client(server.url, key=key).names() == []
        for wrong, status in ((None, 401), ("cpk_wrong", 401)):
            with pytest.raises(callpath.CallpathError) as refusal:
                callpath.Client(server.url, key=wrong).names()
            assert refusal.value.status == status and "key" in str(refusal.value) and "\n" not in str(refusal.value)
        with pytest.raises(callpath.CallpathError, match="scope") as refusal:
            callpath.Client(server.url, key=key).create("fc", {"type": "ReLU"})
        assert refusal.value.status == 403
        assert "key" in one_line(command("list", "--url", server.url, "--key", "cpk_wrong"))


@pytest.mark.parametrize("words, nearest", [
    (["lst"], "list"), (["exprt", "a", "b"], "export"), (["serve", "--prot", "1"], "--port"),
])
def test_a_typo_is_answered_with_the_nearest(words, nearest):
    failed = command(*words)
    assert failed.returncode != 0 and nearest in failed.stderr.splitlines()[0]
