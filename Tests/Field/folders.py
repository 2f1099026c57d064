"""C. Folders and files."""

import json
import os
import shutil

from support import (LINEAR, REPOSITORY, certificate, command, entry, equal, eventually, expect, floats, folder, holds, linear_file,
                     run, server, tensor_file, torch_python)

INPUT = [1, 2, 3, 4]
PLAIN_OUTPUT = [30, 70, 110]


def names(one):
    return [module["name"] for module in one.ask("GET", "/v1/modules").must(200).json["modules"]]


def answers(one, name, must=PLAIN_OUTPUT):
    equal(one.call(name, INPUT).must(200).json["output"], must, name)


@entry("C1", "hidden files")
def hidden():
    with folder() as place:
        linear_file(place / "model.safetensors")
        for name in ("._model.safetensors", ".rsync.tmp.safetensors", ".hidden.json"):
            (place / name).write_text("junk")
        (place / ".git").mkdir()
        (place / ".git" / "model.safetensors").write_text("junk")
        with server("--models", place, "--log-level", "debug") as one:
            equal(names(one), ["model"])
            expect(eventually(lambda: "._model.safetensors" in one.log, 3), "no debug line")
        with server("--models", place) as one:
            expect("._model" not in one.log, "a line at info")
    with folder() as place:
        (place / "..2026_01").mkdir()
        linear_file(place / "..2026_01" / "net.safetensors")
        os.symlink("..2026_01", place / "..data")
        os.symlink("..data/net.safetensors", place / "net.safetensors")
        with server("--models", place) as one:
            answers(one, "net")
    return "files, descriptions and folders with a dot passed over (debug line); a ConfigMap's links work"


@entry("C2", "what is left out is said")
def left_out():
    with folder() as place:
        for name in ("model.pt", "A.SAFETENSORS", "notes.txt"):
            (place / name).write_text("x")
        (place / "empty").mkdir()
        with server("--models", place) as one:
            eventually(lambda: one.log.count("warning") >= 5, 3)
            for name in ("model.pt", "A.SAFETENSORS", "notes.txt", "empty"):
                lines = [line for line in one.log.splitlines() if name in line]
                equal(len(lines), 1, f"lines about {name}")
                holds(lines[0].lower(), "warn")
            warnings = [line for line in one.log.splitlines() if "warn" in line.lower()]
            equal(len(warnings), 5, "warnings")
        linear_file(place / "m.safetensors")
        (place / "orphan.json").write_text(json.dumps(LINEAR))
        with server("--models", place) as one:
            expect(eventually(lambda: "orphan" in one.log, 3), "no line about orphan.json")
            equal(sum("warn" in line.lower() for line in one.log.splitlines()), 5, "warnings beside a model")
    return "one warning for each of four entries, one that nothing was loaded: " + warnings[-1].split("warning")[-1].strip()[:110]


@entry("C3", "layouts of hubs and Triton")
def layouts():
    with folder() as place:
        (place / "hub").mkdir()
        linear_file(place / "hub" / "model.safetensors", described=False)
        (place / "hub" / "model.json").write_text(json.dumps(LINEAR))
        (place / "hub" / "config.json").write_text('{"architectures": ["x"]}')
        for number, weight in (("1", (0,) * 12), ("9", (1,) * 12), ("10", (2,) * 12), ("11", None)):
            (place / "triton" / number).mkdir(parents=True)
            if weight:
                linear_file(place / "triton" / number / "model.safetensors", weight)
        (place / "triton" / "config.pbtxt").write_text("name: 'x'")
        with server("--models", place) as one:
            equal(sorted(names(one)), ["hub", "triton"])
            answers(one, "hub")
            answers(one, "triton", [20, 20, 20])
    return "NAME/model.safetensors and NAME/10/model.safetensors of 1, 9, 10 and an empty 11; config files are no descriptions"


def shards(place, prefix, index, described=True, **changes):
    metadata = {"callpath": json.dumps(LINEAR)} if described else None
    tensor_file(place / f"{prefix}-1.safetensors", {"weight": ("F32", [3, 4], floats(*range(1, 13)))}, metadata)
    tensor_file(place / f"{prefix}-2.safetensors", {"bias": ("F32", [3], floats(0, 0, 0))}, metadata)
    weight_map = {"weight": f"{prefix}-1.safetensors", "bias": f"{prefix}-2.safetensors", **changes}
    (place / index).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    if not described:
        (place / index.replace(".safetensors.index.json", ".json")).write_text(json.dumps(LINEAR))


@entry("C4", "shards")
def sharded():
    for described in (True, False):
        with folder() as place:
            shards(place, "net-part", "net.safetensors.index.json", described)
            (place / "hub").mkdir()
            shards(place / "hub", "model-part", "model.safetensors.index.json", described)
            with server("--models", place) as one:
                equal(sorted(names(one)), ["hub", "net"])
                answers(one, "net")
                answers(one, "hub")
    said = []
    for changes, part in (({"bias": "gone.safetensors"}, "gone.safetensors"), ({"bias": "net-part-1.safetensors"}, "bias"),
                          ({"bias": "../out.safetensors"}, "../out.safetensors"), ({"bias": "/etc/passwd"}, "/etc/passwd")):
        with folder() as place:
            shards(place, "net-part", "net.safetensors.index.json", **changes)
            done = run("serve", "--port", "0", "--models", place, timeout=10).must_fail(part)
            said.append(done.error.strip().splitlines()[-1][-90:])
    return f"one model of all tensors, shards alone are none; refused: {len(said)} of a missing shard, a missing key, paths outside"


@entry("C5", "F8 and complex numbers in a file")
def odd_dtypes():
    good = {"weight": ("F32", [3, 4], floats(*range(1, 13))), "bias": ("F32", [3], floats(0, 0, 0))}
    with server() as one:
        one.make("m", LINEAR)
        fields = {"Content-Type": "application/safetensors"}

        def put(tensors, query=""):
            return one.ask("PUT", f"/v1/modules/m/state_dict{query}", tensor_file(None, tensors), fields)

        for dtype, shape, octets in (("F8_E4M3", [0], b""), ("F8_E5M2", [2], b"\0\0"), ("C64", [1], b"\0" * 8), ("F8_E8M0", [1], b"\0"), ("F4", [2], b"\0")):
            put({**good, "extra": (dtype, shape, octets)}, "?strict=false").must(200)
            put({**good, "extra": (dtype, shape, octets)}).must(422, None, "Unexpected key(s)", "extra")
        # As torch decodes them: 1.0, -2.0, the largest, the smallest.
        for dtype, octets, values in (("F8_E4M3", bytes([0x38, 0xC0, 0x7E]), [1, -2, 448]), ("F8_E5M2", bytes([0x3C, 0xC0, 0x7B]), [1, -2, 57344])):
            put({**good, "bias": (dtype, [3], octets)}).must(200)
            equal(one.ask("GET", "/v1/modules/m/bias").json["data"], values, dtype)
        for dtype, octets in (("C64", b"\0" * 24), ("F8_E8M0", b"\0" * 3)):
            put({**good, "bias": (dtype, [3], octets)}).must(422, "dtype_mismatch", "bias", dtype)
        for dtype, shape, octets in (("F4", [3, 4], b"\0" * 6), ("F6_E2M3", [3, 4], b"\0" * 9)):
            put({**good, "weight": (dtype, shape, octets)}).must(422, "dtype_mismatch", "weight", dtype)
    return "unwanted ones: Unexpected key(s), or left out; F8 decoded; C64, F8_E8M0, F4, F6 422 with tensor and dtype"


@entry("C6", "a saved state dictionary comes back")
def comes_back():
    with folder() as place:
        with server() as one:
            one.make("net", {"type": "Sequential", "modules": [LINEAR, {"type": "ReLU"}], "seed": 3, "input_name": "x", "output_name": "y"})
            must = one.call("net", INPUT).json["output"]
            for accept in ("application/safetensors", "application/x-safetensors"):
                answer = one.ask("GET", "/v1/modules/net/state_dict", None, {"Accept": accept}).must(200)
                equal(answer.field("content-type"), accept)
                one.ask("PUT", "/v1/modules/net/state_dict", answer.body, {"Content-Type": accept}).must(200)
            (place / "back.safetensors").write_bytes(answer.body)
        with server("--models", place) as one:
            answers(one, "back", must)
            metadata = one.ask("GET", "/v2/models/back").json
            equal((metadata["inputs"][0]["name"], metadata["outputs"][0]["name"]), ("x", "y"))
    return f"the file of GET state_dict serves and answers the same; both media types taken and offered; input and output names kept"


@entry("C7", "old BatchNorm checkpoints")
def old_checkpoints():
    with server() as one:
        for affine in (True, False):
            layer = {"type": "BatchNorm1d", "num_features": 2, "affine": affine}
            for nested in (False, True):
                prefix = "1." if nested else ""
                description = {"type": "Sequential", "modules": [{"type": "ReLU"}, layer]} if nested else layer
                values = {"running_mean": [1, 2], "running_var": [1, 1], **({"weight": [1, 1], "bias": [0, 0]} if affine else {})}
                document = {prefix + key: {"data": value, "shape": [2]} for key, value in values.items()}
                name = f"b{affine}{nested}"
                one.make(name, description)
                one.ask("PUT", f"/v1/modules/{name}/state_dict", document).must(200)
                octets = tensor_file(None, {prefix + key: ("F32", [2], floats(*value)) for key, value in values.items()})
                one.ask("PUT", f"/v1/modules/{name}/state_dict", octets, {"Content-Type": "application/safetensors"}).must(200)
                state = one.ask("GET", f"/v1/modules/{name}/state_dict", None, {"Accept": "application/json"}).json
                equal(json.dumps(state).count("num_batches_tracked") > 0, True)
                del document[prefix + "running_var"]
                refused = one.ask("PUT", f"/v1/modules/{name}/state_dict", document).must(422, None, "Missing key(s)", "running_var")
                expect("num_batches_tracked" not in refused.json["detail"], refused.text)
                with folder() as place:
                    tensor_file(place / "old.safetensors", {prefix + key: ("F32", [2], floats(*value)) for key, value in values.items()},
                                {"callpath": json.dumps(description)})
                    with server("--models", place) as two:
                        equal(names(two), ["old"])
    return "JSON, safetensors and folder, nested or not, affine or not: loaded; other keys are missed, the text leaves the counter out"


@entry("C8", "ties: what the server does")
def ties():
    tied = {"type": "Sequential", "modules": [{"type": "Linear", "in_features": 2, "out_features": 2, "bias": False}, {"type": "Tanh"},
                                              {"type": "Linear", "in_features": 2, "out_features": 2, "bias": False}],
            "tied": {"2.weight": "0.weight"}, "seed": 1}
    with server() as one:
        one.make("t", tied)
        holds(one.ask("GET", "/v1/modules/t").text, '"tied"')
        one.ask("PUT", "/v1/modules/t/parameters/2.weight", {"data": [[1, 2], [3, 4]]}).must(200)
        for path in ("0.weight", "2.weight"):
            equal(one.ask("GET", f"/v1/modules/t/parameters/{path}").must(200).json["data"], [[1, 2], [3, 4]], path)
        state = one.ask("GET", "/v1/modules/t/state_dict", None, {"Accept": "application/json"}).text
        holds(state, "0.weight", "2.weight")
        gradients = one.ask("POST", "/v1/modules/t/backward", {"input": [[0.1, 0.2]], "grad_output": [[1, 1]]})
        gradients.must(200)
        keys = [key for key in ("0.weight", "2.weight") if f'"{key}"' in gradients.text]
        equal(keys, ["0.weight"], "gradients")
        tied["tied"] = {"2.weight": "1.weight"}
        one.ask("PUT", "/v1/modules/u", tied).must(422, "invalid_argument")
        tied["tied"], tied["modules"][2]["out_features"] = {"2.weight": "0.weight"}, 3
        one.ask("PUT", "/v1/modules/u", tied).must(422, "invalid_argument")
        del tied["tied"]
        tied["modules"][2]["out_features"] = 2
        with folder() as place:
            tensor_file(place / "saved.safetensors", {"0.weight": ("F32", [2, 2], floats(1, 2, 3, 4))},
                        {"format": "pt", "2.weight": "0.weight", "callpath": json.dumps(tied)})
            with server("--models", place) as two:
                equal(two.ask("GET", "/v1/modules/saved/parameters/2.weight").must(200).json["data"], [[1, 2], [3, 4]], "a file of save_model")
        octets = tensor_file(None, {"0.weight": ("F32", [2, 2], floats(5, 6, 7, 8))}, {"2.weight": "0.weight"})
        one.make("v", tied)
        one.ask("PUT", "/v1/modules/v/state_dict", octets, {"Content-Type": "application/safetensors"}).must(200)
    return "one parameter: a PUT of either sets both, gradients under 0.weight, refused where shapes differ; save_model's files load"


EXPORTED_TIES = """
import json, sys, torch, torch.nn as nn
sys.path.insert(0, sys.argv[1])
from callpath import export
torch.manual_seed(0)
layer = nn.Linear(2, 2)
twice = nn.Sequential(layer, nn.Tanh(), layer)
shared = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
shared[2].weight = shared[0].weight
out = {}
for name, model in (("twice", twice), ("shared", shared)):
    export(model, f"{sys.argv[2]}/{name}.safetensors")
    x = torch.tensor([[0.5, -1.0]])
    y = model(x)
    y.sum().backward()
    out[name] = {"output": y.tolist(), "gradients": {key: value.grad.tolist() for key, value in model.named_parameters()}}
print(json.dumps(out))
"""


@entry("C8", "ties: what export writes")
def exported_ties():
    python = torch_python()
    with folder() as place:
        done = command(python, "-c", EXPORTED_TIES, REPOSITORY / "Python/src", place, timeout=300).must_pass()
        recorded = json.loads(done.out.strip().splitlines()[-1])
        with server("--models", place) as one:
            for name, torch in recorded.items():
                answer = one.ask("POST", f"/v1/modules/{name}/backward", {"input": [[0.5, -1.0]], "grad_output": [[1, 1]]}).must(200).json
                found = answer["gradients"]
                equal(sorted(found), sorted(torch["gradients"]), name)
                for key, must in torch["gradients"].items():
                    came = found[key]["data"] if isinstance(found[key], dict) else found[key]
                    flat = lambda value: [one for part in value for one in flat(part)] if isinstance(value, list) else [value]
                    expect(max(abs(a - b) for a, b in zip(flat(came), flat(must))) < 1e-5, f"{name} {key}: {came}, PyTorch {must}")
    return "a layer that stands twice and a shared weight: PyTorch's names and gradients"


@entry("C9", "-0 as an offset or size")
def minus_zero():
    with server() as one:
        one.make("m", {"type": "Linear", "in_features": 1, "out_features": 1, "bias": False})
        for text in ('{"weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [-0, 4]}}', '{"weight": {"dtype": "F32", "shape": [-0, 1], "data_offsets": [0, 4]}}',
                     '{"x": {"dtype": "F32", "shape": [-0], "data_offsets": [0, 0]}}', '{"x": {"dtype": "F32", "shape": [0], "data_offsets": [0, -0]}}',
                     '{"weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [-0.0, 4]}}', '{"weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4e0]}}'):
            octets = len(text).to_bytes(8, "little") + text.encode() + b"\0" * 4
            one.ask("PUT", "/v1/modules/m/state_dict?strict=false", octets, {"Content-Type": "application/safetensors"}).must(400, "malformed_safetensors")
    return "6 spellings in offsets and sizes: 400 malformed_safetensors"


@entry("C10", "reasons of files that cannot be read")
def unreadable():
    with folder() as place:
        (place / "file").write_text("x")
        (place / "folder").mkdir()
        (place / "locked").write_text("x")
        os.chmod(place / "locked", 0)
        options = ("--keys", "--models", "--tls-certificate", "--tls-key-password-file", "--tls-client-ca", "--tls-key", "--config")
        count = 0
        more = {"--tls-key": ["--tls-certificate", place / "c"], "--tls-client-ca": ["--tls-certificate", place / "c", "--tls-client-auth", "required"],
                "--tls-key-password-file": ["--tls-certificate", place / "c"]}
        certificate(place, "pair")
        (place / "c").write_text((place / "pair.crt").read_text() + (place / "pair.key").read_text())
        for option in options:
            cases = [("nosuch", "No such file or directory"), ("file/x", "Not a directory")]
            cases.append(("file", "Not a directory") if option == "--models" else ("folder", "Is a directory"))
            for name, reason in cases:
                run("serve", "--port", "0", *more.get(option, []), option, place / name, timeout=10).must_fail(reason, option.lstrip("-"))
                count += 1
        if os.getuid() == 0:
            # Root reads everything; somebody else does not.
            if command("setpriv", "--reuid", "65534", "--clear-groups", "true").status == 0:
                os.chmod(place, 0o755)
                binary = place / "callpath"
                shutil.copy(os.environ["CALLPATH_BINARY"], binary)
                os.chmod(binary, 0o755)
                for option in ("--keys", "--tls-certificate"):
                    command("setpriv", "--reuid", "65534", "--clear-groups", binary, "serve", "--port", "0", option, place / "locked",
                            timeout=10).must_fail("Permission denied")
                    count += 1
        else:
            run("serve", "--port", "0", "--keys", place / "locked", timeout=10).must_fail("Permission denied")
    return f"{count} files of {len(options)} options: the system's reason"
