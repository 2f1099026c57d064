"""Watches the attention of a small transformer through HTTP alone, and silences one of its heads.

    script/server &
    python3 Examples/watch-attention.py [http://localhost:8080]

Only the standard library is used. The network is `forward` as data: its nodes have names, and hooks go where no module is. Its
weights are made by hand, so that what each head does is known: one looks at the letter before, the other at the letter itself.
"""
import json
import sys
import urllib.request

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080"
LETTERS, LENGTH, HEADS = "abcd", 6, 2
KINDS, WIDTH = len(LETTERS), len(LETTERS) + LENGTH  # a vector says which letter, and where


def request(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(SERVER + path, data, headers, method=method)) as answer:
        return json.load(answer)


def matrix(rows, columns, ones):
    """Returns a matrix with the numbers of `ones`, by row and column, and zeros elsewhere."""
    return [[ones.get((row, column), 0.0) for column in range(columns)] for row in range(rows)]


def weights():
    place = lambda position: KINDS + position
    head = lambda index, column: index * WIDTH + column
    same = {(head(h, place(p)), place(p)): 20.0 for h in range(HEADS) for p in range(LENGTH)}
    before = {(head(0, place(p + 1)), place(p)): 1.0 for p in range(LENGTH - 1)}
    itself = {(head(1, place(p)), place(p)): 1.0 for p in range(LENGTH)}
    return {
        "letter.weight": matrix(KINDS, WIDTH, {(k, k): 1.0 for k in range(KINDS)}),
        "position": matrix(LENGTH, WIDTH, {(p, place(p)): 1.0 for p in range(LENGTH)}),
        "query.weight": matrix(HEADS * WIDTH, WIDTH, same),
        "key.weight": matrix(HEADS * WIDTH, WIDTH, {**before, **itself}),
        "value.weight": matrix(HEADS * KINDS, WIDTH, {(h * KINDS + k, k): 1.0 for h in range(HEADS) for k in range(KINDS)}),
        "out.weight": matrix(KINDS, HEADS * KINDS, {(k, h * KINDS + k): (1.0, 0.5)[h] for h in range(HEADS) for k in range(KINDS)}),
    }


def node(name):
    return {"node": name}


def step(name, target, *arguments, **named):
    return {"op": "call_function", "name": name, "target": target, "args": list(arguments), "kwargs": named}


def layer(name, argument):
    return {"op": "call_module", "name": name, "target": name, "args": [node(argument)]}


def network():
    linear = lambda inputs, outputs: {"type": "Linear", "in_features": inputs, "out_features": outputs, "bias": False}
    later = [[column > row for column in range(LENGTH)] for row in range(LENGTH)]
    return {
        "type": "GraphModule", "class": "Attention",
        "modules": {"letter": {"type": "Embedding", "num_embeddings": KINDS, "embedding_dim": WIDTH},
                    "query": linear(WIDTH, HEADS * WIDTH), "key": linear(WIDTH, HEADS * WIDTH), "value": linear(WIDTH, HEADS * KINDS),
                    "out": linear(HEADS * KINDS, KINDS)},
        "parameters": {"position": {"shape": [LENGTH, WIDTH]}},
        "buffers": {"later": {"shape": [LENGTH, LENGTH], "dtype": "bool", "persistent": False, "data": later}},
        "graph": [
            {"op": "placeholder", "name": "text"},
            layer("letter", "text"),
            {"op": "get_attr", "name": "position", "target": "position"},
            step("x", "add", node("letter"), node("position")),
            layer("query", "x"), layer("key", "x"), layer("value", "x"),
            step("query_heads", "view", node("query"), -1, LENGTH, HEADS, WIDTH),
            step("key_heads", "view", node("key"), -1, LENGTH, HEADS, WIDTH),
            step("value_heads", "view", node("value"), -1, LENGTH, HEADS, KINDS),
            step("q", "permute", node("query_heads"), 0, 2, 1, 3),
            step("k", "permute", node("key_heads"), 0, 2, 3, 1),
            step("v", "permute", node("value_heads"), 0, 2, 1, 3),
            step("scores", "matmul", node("q"), node("k")),
            {"op": "get_attr", "name": "later", "target": "later"},
            step("masked", "masked_fill", node("scores"), node("later"), -1e9),
            step("attention", "softmax", node("masked"), dim=-1),
            step("heads", "matmul", node("attention"), node("v")),
            step("apart", "permute", node("heads"), 0, 2, 1, 3),
            step("together", "reshape", node("apart"), -1, LENGTH, HEADS * KINDS),
            layer("out", "together"),
            {"op": "output", "args": [node("out")]}],
        "state_dict": weights()}


def call(text, *hooks):
    ids = [[LETTERS.index(letter) for letter in text]]
    answer = request("POST", "/v1/modules/attention/call", {"input": ids, "hooks": list(hooks)})
    said = "".join(LETTERS[max(range(KINDS), key=row.__getitem__)] for row in answer["output"][0])
    return said, answer.get("captures")


def main():
    request("PUT", "/v1/modules/attention", network())
    text = "abacad"

    print(f"1. Watch: for '{text}' the network says '{call(text)[0]}'; where its heads look, row by row")
    _, captures = call(text, {"kind": "forward", "node": "attention", "action": {"type": "capture"}})
    for index, head in enumerate(captures[0]["data"][0]):
        print(f"   head {index}")
        for letter, row in zip(text, head):
            print(f"     {letter}  " + " ".join(".#"[weight > 0.5] for weight in row))

    for index in range(HEADS):
        silence = {"kind": "forward", "node": "heads", "action": {"type": "scale", "value": 0, "at": [{"slice": [None, None]}, index]}}
        print(f"{index + 2}. Silence head {index}: the network says '{call(text, silence)[0]}'")

    print("4. Steer: the second head turned to the first letter, and the first head silent")
    turn = {"kind": "forward", "node": "attention",
            "action": {"type": "replace", "value": [[1] + [0] * (LENGTH - 1)], "at": [{"slice": [None, None]}, 1]}}
    silence = {"kind": "forward", "node": "heads", "action": {"type": "mask", "at": [{"slice": [None, None]}, 0]}}
    print(f"   the network says '{call(text, turn, silence)[0]}'")

    print("5. Differentiate: how the score of the last letter depends on where the heads look")
    ids = [[LETTERS.index(letter) for letter in text]]
    wanted = [[[float(position == LENGTH - 1 and kind == LETTERS.index("a")) for kind in range(KINDS)] for position in range(LENGTH)]]
    hook = {"kind": "full_backward", "node": "attention", "action": {"type": "capture"}}
    body = {"input": ids, "grad_output": wanted, "hooks": [hook]}
    gradient = request("POST", "/v1/modules/attention/backward", body)["captures"][0]["data"][0]
    for index, head in enumerate(gradient):
        print(f"   head {index}: " + " ".join(f"{letter}:{number:g}" for letter, number in zip(text, head[-1])))


if __name__ == "__main__":
    main()
