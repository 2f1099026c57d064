"""A8, D10 and E: export and the command line. What needs PyTorch runs in one process of FIELD_TORCH."""

import json
import os

from support import REPOSITORY, command, entry, equal, expect, folder, holds, run, server, torch_python

SOURCES = REPOSITORY / "Python/src"
BEGIN = """
import json, sys, os, contextlib
sys.path.insert(0, sys.argv[1])
import torch, torch.nn as nn, numpy as np
from callpath import export
from callpath.exporting.errors import NotExportable
place, results, torch_answers = sys.argv[2], {}, {}
torch.manual_seed(0)
def refused(name, model):
    path = f"{place}/{name}.safetensors"
    try:
        export(model, path)
        results[name] = "exported"
    except NotExportable as error:
        results[name] = "file left" if os.path.exists(path) else f"refused: {error}"
    except Exception as error:
        results[name] = f"{type(error).__name__}: {error}"
def either(name, model, x):
    'Refused and no file, or a file that gives the answers of torch.'
    refused(name, model)
    if results[name] == "exported":
        try:
            torch_answers[name] = [x.tolist(), model(x).tolist(), str(x.dtype).split(".")[1]]
        except Exception as error:
            torch_answers[name] = [x.tolist(), None, str(error)]
"""
END = "\nprint(json.dumps([results, torch_answers]))\n"


def exported(script, check):
    """Runs `script`, serves what it wrote, and holds each answer to torch's."""
    python = torch_python()
    with folder() as place:
        done = command(python, "-c", BEGIN + script + END, SOURCES, place, timeout=300).must_pass()
        results, answers = json.loads(done.out.strip().splitlines()[-1])
        check(results)
        if answers:
            with server("--models", place) as one:
                for name, (x, must, dtype) in answers.items():
                    answer = one.ask("POST", f"/v1/modules/{name}/call", {"input": {"data": x, "dtype": dtype}})
                    if must is None:
                        expect(answer.status == 422, f"{name}: torch says {dtype}, {answer.status} came")
                        continue
                    came = answer.must(200).json["output"]
                    flat = lambda value: [one for part in value for one in flat(part)] if isinstance(value, list) else [float(value)]
                    expect(all(abs(a - b) <= 1e-2 * abs(b) + 1e-2 if "16" in dtype else abs(a - b) <= 1e-5 * abs(b) + 1e-5
                               for a, b in zip(flat(came), flat(must), strict=True)), f"{name}: {came}, torch {must}")
        return results, answers


def all_refused(results):
    wrong = {name: said for name, said in results.items() if not said.startswith("refused")}
    expect(not wrong, f"{wrong}")


@entry("A8", "a forward that was replaced")
def replaced_forward():
    script = """
m = nn.Sequential(nn.Linear(4, 3)); m.forward = lambda x: m[0](x) + 1; refused("root", m)
m = nn.Sequential(nn.Linear(4, 3)); m[0].forward = lambda x: x; refused("child", m)
m = nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(4, 3)))); m[0][0][0]._call_impl = lambda x: x; refused("deep", m)
class Mine(nn.Linear):
    def forward(self, x): return super().forward(x) + 1
refused("subclass", nn.Sequential(Mine(4, 3)))
kept = nn.ReLU.forward; nn.ReLU.forward = lambda self, x: x; refused("patched", nn.Sequential(nn.ReLU())); nn.ReLU.forward = kept
handle = torch.nn.modules.module.register_module_forward_hook(lambda *_: None); refused("global", nn.Linear(4, 3)); handle.remove()
handle = torch.nn.modules.module.register_module_forward_pre_hook(lambda *_: None); refused("global_pre", nn.Linear(4, 3)); handle.remove()
"""
    results, _ = exported(script, all_refused)
    return f"{len(results)} refused with NotExportable, no file: " + "; ".join(said[9:80] for said in list(results.values())[:2])


@entry("D10", "dtype from buffers")
def dtype_from_buffers():
    script = """
for name, dtype in (("double", torch.float64), ("half", torch.float16), ("brain", torch.bfloat16)):
    m = nn.BatchNorm1d(4, affine=False).to(dtype).eval()
    either(name, m, torch.tensor([[1., 2, 3, 4]], dtype=dtype))
either("nested", nn.Sequential(nn.ReLU(), nn.BatchNorm1d(4, affine=False)).double().eval(), torch.ones(1, 4, dtype=torch.float64))
"""
    results, _ = exported(script, lambda results: expect(set(results.values()) == {"exported"}, f"{results}"))
    return f"{len(results)} exported and answer as torch: float64, float16, bfloat16, nested"


@entry("E1", "numbers that are no Python numbers")
def odd_numbers():
    script = """
x = torch.tensor([[1., 2, 3, 4]])
for kind in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64):
    either(f"linear_{kind.__name__}", nn.Linear(kind(4), 3), x)
either("tensor", nn.Linear(torch.tensor(4).item(), 3), x)
either("scalar", nn.Softmax(dim=np.int64(1)), x)
either("float", nn.LeakyReLU(np.float32(0.25)), -x)
either("float64", nn.ELU(np.float64(0.5)), -x)
either("one", nn.Threshold(torch.tensor(2.5), torch.tensor(0.0)), x)
either("slope", nn.LeakyReLU(torch.tensor([0.25])), -x)
either("tuple", nn.LayerNorm((np.int64(4),)), x)
either("flag", nn.BatchNorm1d(np.int64(4), eps=np.float64(1e-3), affine=np.bool_(True)).eval(), x)
either("pair", nn.Conv1d(np.int64(1), np.int32(2), (np.int64(2),)), torch.ones(1, 1, 4))
either("dropout", nn.Dropout(np.float32(0.5)).eval(), x)
either("nested", nn.Sequential(nn.Linear(np.int64(4), np.int64(2)), nn.Hardtanh(np.float32(0), np.float64("inf"))), x)
"""
    results, _ = exported(script, lambda results: expect(set(results.values()) == {"exported"}, f"{results}"))
    return f"{len(results)} layers served and answer as torch"


@entry("E2", "files that the server refuses")
def refused_files():
    script = """
x2, x4 = torch.ones(2, 2), torch.ones(1, 4)
m = nn.BatchNorm1d(2).eval(); m.track_running_stats = False; either("untracked", m, x2)
m = nn.BatchNorm1d(2).eval(); m.running_mean = m.running_var = None; either("no_statistics", m, x2)
m = nn.BatchNorm1d(2).eval(); m.running_mean = None; either("no_mean", m, x2)
m = nn.BatchNorm1d(2).eval(); m.register_buffer("running_mean", torch.zeros(2), persistent=False); either("not_persistent", m, x2)
m = nn.Linear(4, 3); del m.weight; m.weight = torch.ones(3, 4); either("plain_tensor", m, x4)
for layer, x in ((nn.LayerNorm(4), x4), (nn.BatchNorm1d(4).eval(), x4), (nn.RMSNorm(4), x4)):
    name = type(layer).__name__
    layer.weight = None; either(name + "_no_weight", layer, x)
m = nn.LayerNorm(4); m.weight = m.bias = None; either("LayerNorm_neither", m, x4)
m = nn.BatchNorm1d(4).eval(); m.weight = m.bias = None; either("BatchNorm_neither", m, x4)
m = nn.Linear(4, 3); m.register_buffer("extra", torch.ones(1)); either("extra_buffer", m, x4)
m = nn.Linear(4, 3); m.register_parameter("extra", nn.Parameter(torch.ones(1))); either("extra_parameter", m, x4)
m = nn.Linear(4, 3); m.weight = nn.Parameter(torch.ones(2, 4)); m.bias = nn.Parameter(torch.ones(2)); either("other_size", m, x4)
m = nn.Linear(4, 3); m.bias = nn.Parameter(torch.ones(1)); either("bias_broadcasts", m, x4)
m = nn.Linear(4, 3).to(torch.complex64); refused("complex", m)
m = nn.Linear(4, 3); m.weight = nn.Parameter(m.weight.to(torch.float8_e4m3fn), requires_grad=False); refused("float8", m)
from collections import OrderedDict
either("odd_name", nn.Sequential(OrderedDict([("a b<c>", nn.ReLU())])), x4)
either("empty_like", nn.Sequential(OrderedDict([("x" * 300, nn.ReLU())])), x4)
m = nn.Linear(4, 3)
for _ in range(40): m = nn.Sequential(m)
refused("deep", m)
refused("many", nn.Sequential(*[nn.ReLU() for _ in range(5000)]))
"""

    def check(results):
        wrong = {name: said for name, said in results.items() if not said.startswith(("refused", "exported"))}
        expect(not wrong, f"{wrong}")
        for name in ("complex", "float8", "deep", "many"):
            expect(results[name].startswith("refused"), f"{name}: {results[name]}")

    results, answers = exported(script, check)
    refused = sum(said.startswith("refused") for said in results.values())
    return f"{len(results)}: {refused} refused with the reason and no file, {len(answers)} served with torch's answers"


MESSAGES = """
import sys, torch, torch.nn as nn
place = sys.argv[1]
open(f"{place}/junk.pt", "wb").write(b"not torch's")
torch.save({"model": nn.Linear(2, 2).state_dict(), "epoch": 3}, f"{place}/checkpoint.pt")
torch.jit.script(nn.Linear(2, 2)).save(f"{place}/script.pt")
torch.save(nn.Linear(2, 2), f"{place}/good.pt")
import types
gone = types.ModuleType("gone_module"); sys.modules["gone_module"] = gone
exec("import torch.nn as nn\\nclass Net(nn.Module):\\n  def __init__(self):\\n    super().__init__(); self.l = nn.Linear(2, 2)\\n", gone.__dict__)
gone.Net.__module__ = "gone_module"
torch.save(gone.Net(), f"{place}/gone.pt")
import warnings; warnings.simplefilter("ignore")
torch.backends.quantized.engine = torch.backends.quantized.supported_engines[-1]
torch.save(torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(2, 2)), {nn.Linear}, dtype=torch.qint8), f"{place}/quantised.pt")
torch.save(nn.Sequential(nn.LazyLinear(3)), f"{place}/lazy.pt")
"""


@entry("E3", "messages of export")
def messages():
    python = torch_python()
    with folder() as place:
        command(python, "-W", "ignore", "-c", MESSAGES, place, timeout=120).must_pass()
        rows = [("nosuch.pt", "out.safetensors", ["nosuch.pt", "No such file"]), ("junk.pt", "out.safetensors", ["junk.pt"]),
                ("gone.pt", "out.safetensors", ["gone_module"]), ("checkpoint.pt", "out.safetensors", ["checkpoint.pt"]),
                ("script.pt", "out.safetensors", ["TorchScript"]), ("good.pt", "nosuch/out.safetensors", ["nosuch"]),
                ("good.pt", "out.bin", [".safetensors"]), ("good.pt", ".out.safetensors", [".out"]), ("good.pt", ".safetensors", []),
                ("good.pt", "a b.safetensors", ["a b"]), ("quantised.pt", "out.safetensors", ["quanti"]), ("lazy.pt", "out.safetensors", ["lazy"])]
        environment = {**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONWARNINGS": "ignore"}
        said = []
        for source, target, words in rows:
            done = command(python, "-m", "callpath", "export", place / source, place / target, env=environment, timeout=120)
            equal(done.status, 1, f"{source}: {done.said[:300]}")
            expect(len(done.said.strip().splitlines()) <= 4 and "Traceback" not in done.said, f"{source}: {done.said[:600]}")
            for word in words:
                expect(word.lower() in done.said.lower(), f"{source}: {word!r} is missing in {done.said[:400]}")
            said.append(done.said.strip().splitlines()[0])
        blocked = place / "blocked"
        (blocked / "torch").mkdir(parents=True)
        (blocked / "torch" / "__init__.py").write_text("raise ImportError(\"No module named 'torch'\", name='torch')")
        done = command(python, "-m", "callpath", "export", place / "good.pt", place / "o.safetensors",
                       env={**environment, "PYTHONPATH": f"{blocked}:{SOURCES}"})
        expect(done.status == 1 and "torch" in done.said and "Traceback" not in done.said and len(done.said.strip().splitlines()) <= 4, done.said[:400])
    return f"{len(rows) + 1} of at most four lines, status 1; e.g. {said[0][:100]!r}"


@entry("E4", "words of the command line")
def words():
    done = run("foo", timeout=10).must_fail("foo", "serve", "health", "key", "version")
    expect("unknown option" not in done.said.lower(), done.said[:200])
    near = run("serv", timeout=10).must_fail("serve")
    wrong = run("serve", "--prt", "1", timeout=10).must_fail("serve")
    holds(wrong.said, "callpath serve")
    variables = {"CALLPATH_PROT": "1", "CALLPATH_SERVICE_HOST": "10.0.0.1", "CALLPATH_PORT_80_TCP": "tcp://x", "CALLPATH_SERVICE_PORT_HTTP": "80"}
    with server(variables=variables) as one:
        holds(one.log, "CALLPATH_PROT")
        expect("CALLPATH_SERVICE" not in one.log and "CALLPATH_PORT_" not in one.log, one.log[:400])
        line = next(line for line in one.log.splitlines() if "CALLPATH_PROT" in line)
        holds(line.lower(), "warn")
    return f"{done.error.strip().splitlines()[0]!r}; {near.error.strip().splitlines()[0][:80]!r}; {line.split('warning')[-1].strip()!r}"
