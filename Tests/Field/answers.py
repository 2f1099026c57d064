"""D. PyTorch's answers; what PyTorch 2.13 says stands here as it was measured."""

import json

from support import LINEAR, entry, equal, expect, holds, server

INDICES = ("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got {} instead "
           "(while checking arguments for embedding)")
EMBEDDING = {"type": "Embedding", "num_embeddings": 4, "embedding_dim": 2}


@entry("D1", "fractions and booleans as ids")
def ids():
    count = 0
    with server("--default-model", "e") as one:
        one.make("e", EMBEDDING)
        one.make("net", {"type": "Sequential", "modules": [EMBEDDING, {"type": "ReLU"}]})
        for value, kind in (([2.9], "torch.FloatTensor"), ([-0.5], "torch.FloatTensor"), ([1e-300], "torch.FloatTensor"), ([[0, 1], [1.5, 2]], "torch.FloatTensor"),
                            ([True], "CPUBoolType"), ([[False]], "CPUBoolType")):
            for name in ("e", "net"):
                for verb in ("call", "trace", "backward"):
                    body = {"input": value, **({"grad_output": [1]} if verb == "backward" else {})}
                    one.ask("POST", f"/v1/modules/{name}/{verb}", body).must(422, "dtype_mismatch", INDICES.format(kind))
                    count += 1
            for body in ({"inputs": [value]}, {"instances": value}, {"inputs": [{"name": "input", "shape": [1], "datatype": "FP32", "data": value}]}):
                if value == [[0, 1], [1.5, 2]] or "name" in json.dumps(body) and isinstance(value[0], (bool, list)):
                    continue
                answer = one.ask("POST", "/invocations", body)
                expect(answer.status in (400, 422) and INDICES.format(kind) in answer.text.replace("\\/", "/"), f"/invocations {body}: {answer.status} {answer.text[:300]}")
                count += 1
        for value in ([2], [2.0], [[0, 1.0]], [-0.0]):
            one.call("e", value).must(200)
    return f"{count} calls: PyTorch's text, dtype_mismatch; 2 and 2.0 stay ids"


@entry("D2", "tanh(-0.0)")
def negative_zero():
    with server() as one:
        one.make("t", {"type": "Tanh"})
        one.make("l", {"type": "Sequential", "modules": [{"type": "Identity"}]})
        for dtype in ("float32", "float16", "bfloat16", "float64"):
            for count in (1, 7, 1000):
                body = {"input": {"data": [-0.0] * count, "shape": [count], "dtype": dtype}}
                for name, more in (("t", {}), ("l", {"hooks": [{"kind": "forward", "module": "", "action": {"type": "activation", "name": "Tanh"}}]})):
                    document = {**body, **more}
                    answer = one.ask("POST", f"/v1/modules/{name}/call", json.dumps(document).encode())
                    output = answer.must(200).json["output"]
                    expect(all(str(value) == "-0.0" for value in output), f"{name} {dtype} {count}: {output[:3]}")
        text = one.ask("POST", "/v1/modules/t/call", b'{"input": [-0.0]}', {"Accept": "text/plain"}).must(200).text
        holds(text, "-0.")
    return f"-0.0 in 4 dtypes, 3 lengths, module and hook; printed {text.strip()}"


@entry("D3", "non-finite arguments")
def infinite():
    with server() as one:
        one.make("h", {"type": "Hardtanh", "min_val": 0, "max_val": "Infinity"})
        equal(one.call("h", [-1, 5, 1e30]).must(200).json["output"], [0, 5, 1e30])
        holds(one.ask("GET", "/v1/modules/h").text, '"Infinity"')
        for name, description in (("n", {"type": "Hardtanh", "min_val": "-Infinity", "max_val": 1}), ("t", {"type": "Threshold", "threshold": 0, "value": "NaN"}),
                                  ("e", {"type": "ELU", "alpha": "Infinity"}), ("p", {"type": "LeakyReLU", "negative_slope": "-Infinity"})):
            one.make(name, description)
        one.call("h", [1], hooks=[{"kind": "forward", "module": "", "action": {"type": "clamp", "min": 0, "max": "Infinity"}}]).must(200)
        one.ask("PUT", "/v1/modules/x", {"type": "Hardtanh", "max_val": "inf"}).must(422)
        one.ask("PUT", "/v1/modules/x", {"type": "Linear", "in_features": "Infinity", "out_features": 1}).must(422)
    return "5 layers and a hook take the strings, documents show them; integers and other strings are errors"


@entry("D4", "Linear(in_features=0)")
def no_features():
    with server() as one:
        for index, more in enumerate(({}, {"seed": 1}, {"dtype": "float64"}, {"dtype": "float16"}, {"dtype": "bfloat16", "seed": 2})):
            one.make(f"m{index}", {"type": "Linear", "in_features": 0, "out_features": 2, **more})
            inner = {key: value for key, value in more.items() if key != "seed"}
            one.make(f"n{index}", {"type": "Sequential", "modules": [{"type": "Linear", "in_features": 0, "out_features": 2, **inner}],
                                   **({"seed": more["seed"]} if "seed" in more else {})})
            for path in (f"m{index}/bias", f"n{index}/parameters/0.bias"):
                text = one.ask("GET", f"/v1/modules/{path}").must(200).text
                expect("-0" not in text, f"{more}: {text}")
            body = {"input": {"data": [], "shape": [1, 0], "dtype": more.get("dtype", "float32")}}
            expect("-0" not in one.ask("POST", f"/v1/modules/m{index}/call", body).must(200).text, "its output")
    return "+0.0 in 5 forms, nested too, and in the output"


@entry("D5", "ELU with a negative alpha")
def negative_alpha():
    with server() as one:
        for alpha in (-1, -0.5, 1):
            one.make(f"e{alpha}".replace("-", "m").replace(".", "_"), {"type": "ELU", "alpha": alpha})
        for name in ("em1", "em0_5", "e1"):
            output = one.ask("POST", f"/v1/modules/{name}/call", b'{"input": [-0.0, 0.0]}').must(200).json["output"]
            equal([str(float(value)) for value in output], ["-0.0", "0.0"], name)
    return "-0.0 and 0.0 kept for alpha -1, -0.5 and 1"


@entry("D6", "Hardtanh on uint8")
def hardtanh_bytes():
    def body(values):
        return {"input": {"data": values, "shape": [len(values)], "dtype": "uint8"}}

    with server() as one:
        one.make("h", {"type": "Hardtanh", "min_val": -0.5, "max_val": 2.5})
        equal(one.ask("POST", "/v1/modules/h/call", body([0, 1, 5])).must(200).json["output"], [0, 1, 2])
        one.make("g", {"type": "Hardtanh", "min_val": -1, "max_val": 2.5})
        refused = one.ask("POST", "/v1/modules/g/call", body([0, 1, 5])).must(422)
    return f"[0, 1, 2]; from -1 down: {refused.json['detail']}"


@entry("D7", "BatchNorm1d in eval on empty tensors")
def empty_batches():
    with server() as one:
        one.make("b", {"type": "BatchNorm1d", "num_features": 3, "training": False})
        for shape in ([0, 5], [0, 3], [0, 5, 2], [4, 3, 0]):
            answer = one.ask("POST", "/v1/modules/b/call", {"input": {"data": [], "shape": shape, "dtype": "float32"}}).must(200)
            equal(answer.json["shape"], shape)
    return "[0, 5], [0, 3], [0, 5, 2], [4, 3, 0] come back"


@entry("D8", "a call without input")
def without_input():
    layers = {"Linear": LINEAR, "ReLU": {"type": "ReLU"}, "_BatchNorm": {"type": "BatchNorm1d", "num_features": 2}, "Sequential": {"type": "Sequential", "modules": [LINEAR]},
              "Embedding": EMBEDDING, "Softmax": {"type": "Softmax", "dim": 0}}
    with server() as one:
        for name, description in layers.items():
            one.make(name.strip("_"), description)
            for verb in ("call", "trace", "backward"):
                one.ask("POST", f"/v1/modules/{name.strip('_')}/{verb}", {}).must(
                    422, "invalid_call", f"{name}.forward() missing 1 required positional argument: 'input'")
        answer = one.ask("POST", "/v1/modules/Linear/call", {"inputs": [1, 2, 3, 4]})
        equal(answer.json.get("expected"), "input")
    return f"PyTorch's text for {len(layers)} types, 3 verbs; inputs: expected \"input\" ({answer.status})"


@entry("D9", "codes by default")
def codes():
    def tensor(values, shape, dtype="float32"):
        return {"input": {"data": values, "shape": shape, "dtype": dtype}}

    rows = [
        ({"type": "ReLU"}, tensor([True], [1], "bool"), "dtype_mismatch"), ({"type": "Hardtanh"}, tensor([True], [1], "bool"), "dtype_mismatch"),
        (LINEAR, tensor([1, 2, 3, 4], [4], "float64"), "dtype_mismatch"), (LINEAR, tensor([1, 2, 3, 4], [4], "int64"), "dtype_mismatch"),
        ({"type": "BatchNorm1d", "num_features": 2}, tensor([1, 2], [1, 2], "float64"), "dtype_mismatch"),
        ({"type": "LayerNorm", "normalized_shape": [2]}, tensor([1, 2], [1, 2], "float64"), "dtype_mismatch"),
        (LINEAR, {"input": [1, 2, 3]}, "shape_mismatch"), ({"type": "LayerNorm", "normalized_shape": [3]}, {"input": [1, 2]}, "shape_mismatch"),
        ({"type": "BatchNorm1d", "num_features": 3}, {"input": [[1, 2], [3, 4]]}, "shape_mismatch"),
        ({"type": "BatchNorm1d", "num_features": 2}, {"input": [[1, 2]]}, None),
        ({"type": "Conv1d", "in_channels": 2, "out_channels": 1, "kernel_size": 1}, {"input": [[[1, 2]]]}, "shape_mismatch"),
        ({"type": "Flatten", "start_dim": 2, "end_dim": 1}, {"input": [[[1]]]}, "invalid_argument"),
        ({"type": "Unflatten", "dim": 0, "unflattened_size": [2, 2]}, {"input": [1, 2, 3]}, "invalid_argument"),
        (EMBEDDING, {"input": [4]}, "index_out_of_range"), (LINEAR, {"input": ["x", 1, 2, 3]}, "invalid_tensor"), (LINEAR, {"input": [[1, 2], [3]]}, None),
    ]
    wrong, found = [], {}
    with server() as one:
        for index, (description, body, code) in enumerate(rows):
            one.make(f"m{index}", {"training": True, **description} if code is None and "num_features" in description else description)
            answer = one.ask("POST", f"/v1/modules/m{index}/call", body)
            found[answer.code] = found.get(answer.code, 0) + 1
            if code and answer.code != code:
                wrong.append(f"{description['type']} {json.dumps(body)[:70]}: {answer.status} {answer.code} {answer.json.get('detail')}, {code} must come")
        one.make("back", LINEAR)
        for grad, code in (({"grad_output": [1, 2]}, "shape_mismatch"),):
            answer = one.ask("POST", "/v1/modules/back/backward", {"input": [1, 2, 3, 4], **grad})
            if answer.code != code:
                wrong.append(f"backward {grad}: {answer.code}")
        one.make("drop", {"type": "Dropout"})
        answer = one.ask("PUT", "/v1/modules/p", {"type": "Dropout", "p": 2})
        if answer.code != "invalid_argument":
            wrong.append(f"Dropout(2): {answer.code}")
    expect(not wrong, "; ".join(wrong))
    return ", ".join(f"{count} {code}" for code, count in sorted(found.items(), key=lambda pair: str(pair[0])))


@entry("D11", "hooks at an index")
def hooks_at():
    def out(action, value=((1, 2, 3, 4), (5, 6, 7, 8))):
        return one.call("i", value, hooks=[{"kind": "forward", "module": "", "action": action}])

    with server() as one:
        one.make("i", {"type": "Identity"})
        equal(out({"type": "mask", "indices": [-1]}).must(200).json["output"], [[1, 2, 3, 0], [5, 6, 7, 0]])
        rows = [
            ({"type": "scale", "value": 10, "at": 1}, [[1, 2, 3, 4], [50, 60, 70, 80]]), ({"type": "scale", "value": 10, "at": -1}, [[1, 2, 3, 4], [50, 60, 70, 80]]),
            ({"type": "scale", "value": 10, "at": [{"ellipsis": True}, [0, 3]]}, [[10, 2, 3, 40], [50, 6, 7, 80]]),
            ({"type": "scale", "value": 10, "at": [0, {"slice": [1, 3, 1]}]}, [[1, 20, 30, 4], [5, 6, 7, 8]]),
            ({"type": "scale", "value": 10, "at": [{"ellipsis": True}, {"slice": [None, None, 2]}]}, [[10, 2, 30, 4], [50, 6, 70, 8]]),
            ({"type": "clamp", "max": 2, "at": [{"ellipsis": True}, -1]}, [[1, 2, 3, 2], [5, 6, 7, 2]]),
            ({"type": "mask", "indices": [0], "at": 0}, [[0, 2, 3, 4], [5, 6, 7, 8]]),
        ]
        for action, must in rows:
            equal(out(action).must(200).json["output"], must, json.dumps(action))
        holds(out({"type": "scale", "value": 2, "at": [0, 0, 0]}).must(422).text, "too many indices for tensor of dimension 2")
        holds(out({"type": "scale", "value": 2, "at": 5}).must(422).text, "index 5 is out of bounds for dimension 0 with size 2")
        gradient = one.ask("POST", "/v1/modules/i/backward", {
            "input": [[1, 2]], "grad_output": [[1, 1]], "hooks": [{"kind": "forward", "module": "", "action": {"type": "scale", "value": 3, "at": [0, 1]}}]}).must(200)
        holds(gradient.text.replace(" ", "").replace(".0", ""), "[[1,3]]")
    return f"{len(rows)} forms of at, PyTorch's two texts, gradients through the assignment"


@entry("D12", "project a direction out")
def project_out():
    def hook(direction):
        return [{"kind": "forward", "module": "", "action": {"type": "project_out", "direction": direction}}]

    with server() as one:
        one.make("i", {"type": "Identity"})
        equal(one.call("i", [[1, 2], [3, 4]], hooks=hook([1, 0])).must(200).json["output"], [[0, 2], [0, 4]])
        equal(one.call("i", [3, 1], hooks=hook([2, 2])).must(200).json["output"], [1, -1])
        holds(one.call("i", [1, 2], hooks=hook([0, 0])).must(422, "invalid_hook").json["detail"], "zero")
        one.call("i", [[1, 2, 3]], hooks=hook([1, 1])).must(
            422, None, "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1")
        back = one.ask("POST", "/v1/modules/i/backward", {"input": [[1, 2]], "grad_output": [[1, 1]], "hooks": hook([1, 0])}).must(200)
        holds(back.text.replace(" ", "").replace(".0", ""), "[[0,1]]")
    return "x - (x.d) d / (d.d), gradients, zeros 422 invalid_hook, PyTorch's words for another length"


@entry("D13", "lists of hooks")
def lists_of_hooks():
    with server() as one:
        one.make("m", LINEAR)
        made = []
        for path, action in (("/v1/modules/m/hooks", {"type": "statistics"}), ("/v1/modules/m/hooks", {"type": "capture"}), ("/v1/hooks", {"type": "statistics"})):
            body = {"kind": "forward", "action": action, **({"module": ""} if "modules" in path else {})}
            made.append((path, one.ask("POST", path, body).must(201).json["id"]))
        one.call("m", [1, 2, 3, 4]).must(200)
        for path, number in made:
            alone = one.ask("GET", f"{path}/{number}").must(200).json
            listed = [hook for hook in one.ask("GET", path).must(200).json["hooks"] if hook["id"] == number]
            equal(listed, [alone], path)
            expect("statistics" in alone or "capture" in alone, f"{alone}")
    return "three hooks: the same document in the list and alone, on /v1/hooks too"
