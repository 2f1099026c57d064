"""Graphs that make much of little, or are no end of work, against a built callpath: `script/limits`.

Each is refused with a 4xx within a second, its memory flat, the registry unchanged; a line a row says what was seen, and the exit
status is how many were not. The second is one of processor time, so that other work on the machine says nothing.
"""
import argparse
import http.client
import json
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).parent.parent / "Differential"))
from server import Server  # noqa: E402

# Bytes that a call may take on its way to its refusal, beyond what it was allowed: a tensor that is made before the one too many.
MOST_MIB = 64
HUGE = 1 << 40


def node(name):
    return {"node": name}


X = node("x")


def call(name, target, *arguments, **named):
    return {"op": "call_function", "name": name, "target": target, "args": list(arguments), "kwargs": named}


def zeros(name, *shape, **named):
    return call(name, "zeros", list(shape), **named)


def graph(*nodes, output=None, modules=None):
    """A graph of `x`; its output is the last node's value unless another is given."""
    return {"name": "net", "type": "GraphModule", "modules": modules or {}, "graph": [
        {"op": "placeholder", "name": "x"}, *nodes,
        {"op": "output", "args": [node(nodes[-1]["name"]) if output is None else output]}]}


def chain(count, target, first, *arguments):
    """`count` nodes, each of which calls `target` on the one before."""
    names = [first] + [f"c{index}" for index in range(count)]
    return [call(after, target, node(before), *arguments) for before, after in zip(names, names[1:])]


def layer(kind, shape, **arguments):
    """A layer of images of zeros."""
    return graph(zeros("i", *shape), {"op": "call_module", "name": "y", "target": "m", "args": [node("i")]},
                 modules={"m": {"type": kind, **arguments}})


def nested(depth, calls):
    """Graphs in graphs, each of which calls the one inside so many times."""
    inner = {"type": "Identity"}
    for _ in range(depth):
        names = ["x"] + [f"c{index}" for index in range(calls)]
        nodes = [{"op": "call_module", "name": after, "target": "m", "args": [node(before)]}
                 for before, after in zip(names, names[1:])]
        inner = {key: value for key, value in graph(*nodes, modules={"m": inner}).items() if key != "name"}
    return {"name": "net", **inner}


def created():
    """Descriptions that are refused."""
    deep = X
    for _ in range(100):
        deep = [deep]
    attribute = {"op": "get_attr", "name": "y", "target": "gone"}
    yield "cyclic", graph(call("a", "relu", node("b")), call("b", "relu", node("a")))
    yield "itself", graph(call("a", "relu", node("a")))
    yield "unknown function", graph(call("a", "nonsense", X))
    yield "unknown node", graph(call("a", "relu", node("gone")))
    yield "unknown module", graph({"op": "call_module", "name": "y", "target": "gone", "args": [X]})
    yield "unknown attribute", graph(attribute)
    yield "output of a number", graph(call("a", "relu", X), output=3)
    yield "output of a text", graph(call("a", "relu", X), output="k")
    yield "no output", {"name": "net", "type": "GraphModule", "graph": [{"op": "placeholder", "name": "x"}]}
    yield "too many nodes", graph(*chain(16_384, "relu", "x"))
    yield "300,000 nodes", graph(*chain(300_000, "relu", "x"))
    yield "an argument too deep", graph(call("a", "cat", deep))
    yield "a tree too deep", nested(200, 1)
    yield "2^30 calls", nested(30, 2)
    yield "a parameter too large", {
        **graph({"op": "get_attr", "name": "p", "target": "p"}), "parameters": {"p": {"shape": [HUGE], "init": "zeros"}}}


def called():
    """Graphs whose calls are refused."""
    yield "expand", graph(call("y", "expand", X, 1 << 36, 2))
    yield "expand, contiguous", graph(call("e", "expand", X, 1 << 33, 2), call("y", "contiguous", node("e")))
    yield "repeat", graph(call("y", "repeat", X, 1 << 34, 1))
    yield "repeat beyond numbers", graph(call("y", "repeat", X, 1 << 62, 1 << 62))
    yield "outer", graph(call("r", "arange", 131_072), call("y", "outer", node("r"), node("r")))
    for name in ("arange", "zeros", "ones", "rand", "randn", "randperm"):
        yield name, graph(call("y", name, HUGE))
    yield "eye", graph(call("y", "eye", 1 << 20))
    yield "arange in tiny steps", graph(call("y", "arange", 0, 1, 1e-18))
    yield "linspace", graph(call("y", "linspace", 0, 1, HUGE))
    yield "full", graph(call("y", "full", [1 << 20, 1 << 20], 1.5))
    yield "repeat_interleave", graph(call("y", "repeat_interleave", X, HUGE))
    yield "repeats of a tensor", graph(call("t", "full", [2], HUGE), call("y", "repeat_interleave", X, node("t"), 1))
    yield "pad", graph(call("y", "pad", X, [HUGE, 0]))
    whole = {"dtype": "int64"}
    yield "one_hot", graph(zeros("i", 2, dtype=whole), call("y", "one_hot", node("i"), HUGE))
    yield "one_hot of a large number", graph(call("i", "full", [2], HUGE), call("y", "one_hot", node("i")))
    yield "randint", graph(call("y", "randint", 0, 5, [HUGE]))
    yield "multinomial", graph(call("y", "multinomial", X, HUGE, True))
    image = call("v", "view", X, 1, 1, 2)
    yield "interpolate", graph(image, call("y", "interpolate", node("v"), HUGE))
    yield "interpolate by a factor", graph(image, call("y", "interpolate", node("v"), None, 1e12))
    yield "a column and a row", graph(
        call("r", "arange", 131_072), call("c", "unsqueeze", node("r"), 1), call("y", "add", node("c"), node("r")))
    yield "einsum", graph(call("r", "arange", 65_536), call("y", "einsum", "a,b,c->abc", node("r"), node("r"), node("r")))
    yield "doubling", graph(*[call(f"c{i}", "cat", [node(f"c{i - 1}") if i else X] * 2) for i in range(60)])
    yield "sizes multiplied", graph(call("s", "size", X, 0), *chain(5, "mul", "s", 1 << 20), call("y", "zeros", node("c4")))
    yield "a line of 2^27 places", graph(image, call("y", "interpolate", node("v"), 1 << 27))
    yield "an output that is no tensor", graph(call("s", "size", X), call("y", "getitem", node("s"), "k"))
    yield from worked()


def worked():
    """Graphs whose calls are more work than the limit of 10^12."""
    square = zeros("r", 4096, 4096)
    products = lambda count: [call(f"m{i}", "matmul", node(f"m{i - 1}" if i else "r"), node("r")) for i in range(count)]
    yield "400 products", graph(square, *products(400))
    yield "products a little beyond", graph(square, *products(18))
    yield "bmm", graph(zeros("r", 64, 2048, 2048), call("y", "bmm", node("r"), node("r")), call("z", "bmm", node("y"), node("r")))
    for axes, image, kernel in ((1, 1 << 24, 1 << 20), (2, 8192, 4096), (3, 256, 128)):
        numbers, weights = zeros("i", 1, 1, *[image] * axes), zeros("w", 1, 1, *[kernel] * axes)
        yield f"conv{axes}d", graph(numbers, weights, call("y", f"conv{axes}d", node("i"), node("w")))
        yield f"conv_transpose{axes}d", graph(numbers, weights, call("y", f"conv_transpose{axes}d", node("i"), node("w")))
        for name in ("max_pool", "avg_pool"):
            yield f"{name}{axes}d", graph(numbers, call("y", f"{name}{axes}d", node("i"), kernel, 1))
    yield "lp_pool1d", graph(zeros("i", 1, 1, 1 << 25), call("y", "lp_pool1d", node("i"), 2.0, 1 << 22, 1))
    yield "unfold", graph(zeros("i", 1, 1, 8192, 8192), call("y", "unfold", node("i"), 4096))
    for name in ("exp", "argsort"):
        yield f"{name} of {name}, 16,000 times", graph(zeros("i", 1 << 26), *chain(16_000, name, "i"))
    yield "cumsum of cumsum, 16,000 times", graph(zeros("i", 1 << 26), *chain(16_000, "cumsum", "i", 0))
    yield "60 orders", graph(zeros("i", 1 << 26), *chain(60, "argsort", "i"))
    query = node("q")
    yield "a norm over 8,192 channels", graph(
        zeros("i", 1, 8192, 4, 4), *chain(100, "local_response_norm", "i", 8192))
    yield "matrices of four numbers", graph(zeros("i", 1 << 22, 2, 2), *[
        call(f"c{index}", "bmm", node("i"), node("i")) for index in range(40)])
    yield "sines of 2^26 numbers, 100 times", graph(zeros("i", 1 << 26), *chain(100, "sin", "i"))
    yield "products of integers", graph(zeros("i", 4096, 4096, dtype={"dtype": "int64"}), *[
        call(f"c{index}", "matmul", node("i"), node("i")) for index in range(2)])
    yield "attention", graph(zeros("q", 1, 1, 1 << 18, 64), call("y", "scaled_dot_product_attention", query, query, query))
    yield "LSTM", layer("LSTM", [1 << 18, 1, 1], input_size=1, hidden_size=2048)
    for kind in ("MaxPool2d", "AvgPool2d"):
        yield kind, layer(kind, [1, 1, 8192, 8192], kernel_size=4096, stride=1)
    yield "LPPool2d", layer("LPPool2d", [1, 1, 8192, 8192], norm_type=2, kernel_size=4096, stride=1)
    yield "FractionalMaxPool2d", layer("FractionalMaxPool2d", [1, 1, 2050, 2050], kernel_size=1024, output_size=1024)


class Watch:
    """A server under a watch: time of processors, memory, and what it knows."""

    def __init__(self, binary):
        self.binary = binary
        self.start()

    def start(self):
        self.server = Server(self.binary)
        self.process = f"/proc/{self.server.process.pid}"

    def seconds(self):
        fields = pathlib.Path(self.process, "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def peak(self):
        status = pathlib.Path(self.process, "status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def ask(self, path, body):
        """The status, seconds by the wall, seconds of processors, MiB more at the peak, and the text."""
        pathlib.Path(self.process, "clear_refs").write_text("5")
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        before, begin, worked = self.peak(), time.perf_counter(), self.seconds()
        try:
            connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            status, text = answer.status, answer.read().decode()
        except TimeoutError:
            status, text = 0, "no answer in a minute"
        return status, time.perf_counter() - begin, self.seconds() - worked, self.peak() - before, text

    def knows(self):
        return [self.server.send("GET", path).text for path in ("/v1/modules", "/v1/modules/net")]


def check(watch, name, path, body):
    before = watch.knows()
    status, wall, worked, memory, text = watch.ask(path, body)
    if status == 0:
        watch.server.process.kill()
        watch.start()
    unchanged = status == 0 or watch.knows() == before
    good = 400 <= status < 500 and worked < 1 and memory < MOST_MIB and unchanged
    print(f"{'' if good else 'NOT '}{name}: {status}, {wall:.2f} s, {worked:.2f} s of processors, {memory:+.0f} MiB"
          + ("" if unchanged else ", the registry has changed") + ("" if good else f"\n  {text[:300]}"), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, help="the callpath that serves")
    parser.add_argument("names", nargs="*", help="rows to check; all without any")
    given = parser.parse_args()
    watch, wrong, count = Watch(given.binary), 0, 0
    for rows, path in ((created(), "/v1/modules"), (called(), "/v1/modules/net/call")):
        for name, description in rows:
            if given.names and name not in given.names:
                continue
            count += 1
            watch.server.send("DELETE", "/v1/modules/net")
            if path.endswith("call"):
                answer = watch.server.send("POST", "/v1/modules", description)
                if answer.status != 201:
                    print(f"NOT {name}: not made: {answer.text[:300]}", flush=True)
                    wrong += 1
                    continue
                description = {"input": [[1.0, 2.0]]}
            wrong += not check(watch, name, path, description)
    print(f"{count} rows, {wrong} not refused within a second")
    watch.server.process.kill()
    sys.exit(min(wrong, 99))


if __name__ == "__main__":
    main()
