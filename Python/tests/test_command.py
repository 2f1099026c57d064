"""The command that pip installs: `callpath export` as Python has it, and the binary's own words."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

import callpath

HEAD = "import sys; sys.argv[0] = 'callpath'; sys.path = [place for place in sys.path if place]\nfrom callpath.__main__ import main\nmain()"


def run(*words, folder=None, script=False, **more):
    """Runs it as `python -m callpath`, or as the script in the folder of programs, which knows no working folder."""
    start = [sys.executable, "-c", HEAD] if script else [sys.executable, "-m", "callpath"]
    return subprocess.run([*start, *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=120, **more)


def without_torch(folder):
    (folder / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


# Help and usage

@pytest.mark.parametrize("words", [["export", "--help"], ["export", "-h"], ["help", "export"]])
def test_the_help_of_export_needs_no_torch(words, tmp_path):
    told = run(*words, env=without_torch(tmp_path))
    assert told.returncode == 0 and told.stderr == "", told.stderr
    assert told.stdout.startswith("usage: callpath export ") and "--example" in told.stdout and "evaluation mode" in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 100


@pytest.mark.parametrize("words", [["--help"], ["help"]])
def test_export_stands_in_the_help(words):
    assert "\n  export  " in run(*words).stdout


@pytest.mark.parametrize("words, problem", [
    (["export"], "the following arguments are required: file"), (["export", "a.safetensors"], "required: model, or --class"),
    (["export", "a", "b", "c"], "unrecognized arguments: c"), (["export", "--exmple", "1", "a", "b"], "--exmple"),
    (["export", "a.pt", "b.safetensors", "--state", "c"], "--state: goes with --class alone"),
    (["export", "b.safetensors", "--state", "c"], "--state: needs --class"), (["export", "--help=yes", "a", "b"], "--help"),
    (["help", "export", "x"], "unexpected word 'x'"), (["help", "lst"], "unknown subcommand 'lst'"), (["lst"], "Did you mean 'list'?"),
])
def test_wrong_words_end_with_the_binarys_status(words, problem, tmp_path):
    refused = run(*words, env=without_torch(tmp_path))
    assert refused.returncode == 64 and refused.stdout == ""
    assert refused.stderr.startswith("Error: ") and problem in refused.stderr.splitlines()[0], refused.stderr
    assert refused.stderr.splitlines()[1].startswith("Usage: callpath ")


# Output that nobody takes

@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this machine has no /dev/full")
@pytest.mark.parametrize("words", ["version", "--version", "help", "help help", "list --help", "serve --help", "export --help",
                                   "serve --print-options", "serve --print-config", "key --name x"])
def test_output_that_cannot_be_written_is_an_error(words):
    with open("/dev/full", "w") as full:
        ended = subprocess.run([sys.executable, "-m", "callpath", *words.split()], stdout=full, stderr=subprocess.PIPE, text=True,
                               timeout=60)
    assert ended.returncode == 1
    assert ended.stderr == "Error: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("words", ["serve --help", "list"])
def test_a_reader_that_goes_ends_it_without_a_word(words, callpath_server, callpath_client):
    read, write = os.pipe()
    os.close(read)
    environment = {**os.environ, "CALLPATH_URL": callpath_server.url}
    callpath_client.create("fc", {"type": "ReLU"})
    ended = subprocess.run([sys.executable, "-m", "callpath", *words.split()], stdout=write, stderr=subprocess.PIPE, env=environment,
                           timeout=60)
    os.close(write)
    assert ended.returncode == -signal.SIGPIPE and ended.stderr == b""


# Export

MODEL = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)

    def forward(self, x):
        return self.layer(x).relu()

if __name__ == "__main__":
    torch.save(Net(), "net.pt")
    torch.save(Net().state_dict(), "state.pt")
"""


@pytest.fixture
def folder(torch, tmp_path):
    (tmp_path / "train.py").write_text(MODEL)
    subprocess.run([sys.executable, "train.py"], cwd=tmp_path, check=True, timeout=120)
    return tmp_path


@pytest.mark.parametrize("script", [False, True])
def test_classes_of_the_working_folder_are_found(folder, script):
    (folder / "save.py").write_text("import torch, train\ntorch.save(train.Net(), 'own.pt')\n")
    subprocess.run([sys.executable, "save.py"], cwd=folder, check=True, timeout=120)
    done = run("export", "own.pt", "own.safetensors", "--example", "1,4", folder=folder, script=script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    made = run("export", "--class", "train:Net", "--state", "state.pt", "made.safetensors", "--example", "1,4", folder=folder, script=script)
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")


@pytest.mark.parametrize("script", [False, True])
def test_a_class_of_main_is_named_by_its_script(folder, torch, script):
    refused = run("export", "net.pt", "net.safetensors", "--example", "1,4", folder=folder, script=script)
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and not (folder / "net.safetensors").exists()
    assert "say which with --class SCRIPT:Net" in refused.stderr, refused.stderr
    done = run("export", "net.pt", "--class", "train:Net", "net.safetensors", "--example", "1,4", folder=folder, script=script)
    assert (done.returncode, done.stderr) == (0, "")
    with callpath.serve(models=folder) as server:
        assert server.client["net"].parameter("layer.weight").shape == (2, 4)


def test_weights_that_nobody_trained_are_told(folder):
    done = run("export", "--class", "train:Net", "new.safetensors", "--example", "1,4", folder=folder)
    assert done.returncode == 0 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("new.safetensors has the weights that train:Net makes: --state FILE")


@pytest.mark.parametrize("named", ["train:Nosuch", "nosuch:Net", "train"])
def test_a_class_that_is_missing_is_one_line(folder, named):
    for words in (["net.pt"], []):
        refused = run("export", *words, "x.safetensors", "--class", named, folder=folder)
        assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and refused.stderr.startswith(named)


def test_a_model_in_training_is_exported_as_it_is_evaluated(torch, tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout(0.5)).train()
    callpath.export(model, tmp_path / "net.safetensors")
    assert model.training and model[1].training
    x = torch.randn(4, 3)
    with callpath.serve(models=tmp_path) as server:
        assert torch.allclose(server.client["net"](x), model.eval()(x), atol=1e-6)
