"""What calls that pass the limit of work may take: graphs of one function or layer, as often as the limit lets them. `script/limits --costs`.

With a limit of 10^10, a hundredth of the default, each may take 1.2 seconds of processors: two minutes of a call with the default one.
Functions and layers are those of docs/layers.md; names check those alone.
"""
import argparse
import array
import http.client
import json
import pathlib
import random
import subprocess
import sys

LIMIT = 10**10
MOST_SECONDS = 1.2
SIDE = 256


def node(name):
    return {"node": name}


X, I, B, V, IM, Q, IM3, IM1, P, W = (node(n) for n in ("x", "i", "b", "v", "im", "q", "im3", "im1", "p", "w"))


def call(name, target, *args, **kw):
    return {"op": "call_function", "name": name, "target": target, "args": list(args), "kwargs": kw}


MADE = [
    call("p", "abs", X), call("t10", "mul", node("p"), 9), call("i", "long", node("t10")), call("b", "gt", X, 0), call("v", "select", X, 0, 0),
    call("im", "reshape", X, 1, 16, 64, 64), call("q", "reshape", X, 4, 4, 64, 64), call("im3", "reshape", X, 1, 4, 16, 32, 32),
    call("im1", "reshape", X, 1, 16, 4096), call("w", "softmax", X, -1),
]
UNARY = """abs acos argmax argmin asin atan bfloat16 bool ceil celu clone contiguous cos cosh detach double elu erf exp expm1 floor frac gelu half hardshrink hardsigmoid
hardswish hardtanh int isfinite isinf isnan leaky_relu log log10 log1p log2 log_softmax logical_not logsigmoid long max mean min mish neg norm normalize ones_like
prod rand_like randn_like reciprocal relu relu6 round rsqrt selu sigmoid sign silu sin sinh softmin softplus softshrink softsign sort sqrt square std sum tan tanh
tanhshrink trunc unique var zeros_like argsort any all nonzero count_nonzero empty_like glu rrelu t tril triu""".split()
BINARY = """add atan2 div eq floor_divide fmod ge gt le lt logical_and logical_or logical_xor maximum minimum mul ne pow remainder sub matmul mm
cosine_similarity pairwise_distance""".split()
ROWS = {
    "clamp": (X, -1, 1), "cumsum": (X, 1), "cumsum 0": (X, 0), "cumprod": (X, 1), "softmax": (X, -1), "softmax 0": (X, 0), "softmax long":
    (node("v"), 0), "logsumexp": (X, [1]),
    "amax": (X, 1), "amin": (X, 0), "sum 1": (X, 1), "sum 0": (X, 0), "mean 0": (X, 0), "var 0": (X, 0), "std 1": (X, 1), "norm 3": (X, 3),
    "norm inf": (X, "Infinity"), "norm 0": (X, 0),
    "norm 1.5": (X, 1.5), "prod 1": (X, 1), "max 1": (X, 1), "pow 3": (X, 3), "pow half": (P, 0.5), "pow 2.5": (P, 2.5), "pow of numbers": (1.5, X),
    "addcdiv": (X, X, X), "addcmul": (X, X, X), "lerp": (X, X, 0.5), "where": (B, X, X), "masked_fill": (X, B, 0), "masked_select": (X, B),
    "bitwise_and": (I, I), "bitwise_or": (I, I), "bitwise_xor": (I, I), "bitwise_not": (I,), "div floor": (X, X), "add int": (I, I), "mul int":
    (I, I),
    "floor_divide int": (I, 3), "remainder int": (I, 3), "pow int": (I, 3), "matmul int": (I, I), "matmul double": (node("xd"), node("xd")),
    "matmul half": (node("xh"), node("xh")),
    "matmul vec": (X, V), "dot": (V, V), "outer": (V, V), "bmm": (node("qs"), node("qs")), "bmm int": (node("qi"), node("qi")), "bmm small":
    (node("sm"), node("sm")), "einsum": ("ij,jk->ik", X, X), "einsum sum": ("ij,ij->", X, X), "addmm": (X, X, X),
    "linear": (X, X), "bilinear": (node("s8"), node("s8"), node("w3")), "gather": (X, 1, I), "gather 0": (X, 0, I), "scatter": (X, 1, I, X),
    "scatter_add": (X, 1, I, X), "scatter_add 0": (X, 0, I, X),
    "take_along_dim": (X, I, 1), "index_select": (X, 0, node("i1")), "index_select 1": (X, 1, node("i1")), "getitem": (X, node("i1")),
    "getitem bool": (X, B), "getitem slice": (X, {"slice": [None, None, 2]}),
    "select": (X, 1, 0), "narrow": (X, 1, 0, 128), "flip": (X, 1), "flip 0": (X, 0), "roll": (X, 1, 1), "repeat": (X, 2, 1), "repeat_interleave":
    (X, 2, 1), "repeat_interleave of tensors": (node("flat"), node("ones"), 0), "expand": (V, 256, 256), "cat": ([X, X], 0), "cat 1": ([X, X], 1),
    "stack": ([X, X], 0), "split": (X, 2), "chunk": (X, 8), "unbind": (X,), "unbind 1": (X, 1), "permute": (X, 1, 0), "transpose": (X, 0, 1),
    "movedim": (IM, 1, 3), "permute 4": (IM, 0, 2, 3, 1),
    "diagonal": (X,), "pad": (X, [1, 1]), "pad reflect": (IM1, [3, 3], "reflect"), "pad circular": (IM, [3, 3, 3, 3], "circular"), "unfold": (IM,
    3), "fold": (node("fo"), [18, 18], [3, 3]), "one_hot": (node("i1"), 100), "topk": (X, 10), "topk 0": (X, 10, 0), "sort 0": (X, 0),
    "sort flat": (node("flat"),), "argsort flat": (node("flat"),), "unique flat": (node("flat"),), "unique dim": (X, True, False, False, 0),
    "topk flat": (node("flat"), 10), "bucketize": (X, node("vs")), "searchsorted": (node("vs"), X),
    "to double": (X, {"dtype": "float64"}), "bernoulli": (W,), "multinomial": (W, 2), "randn": (SIDE, SIDE), "rand": (SIDE, SIDE), "randint": (0,
    5, [SIDE, SIDE]), "randperm": (SIDE * SIDE,), "normal": (0.0, 1.0, [SIDE, SIDE]),
    "arange": (SIDE * SIDE,), "linspace": (0, 1, SIDE * SIDE), "eye": (SIDE,), "full": ([SIDE, SIDE], 1.5), "zeros": (SIDE, SIDE), "dropout": (X,
    0.5, True), "alpha_dropout": (X, 0.5, True), "feature_alpha_dropout": (IM, 0.5, True), "dropout2d": (IM, 0.5, True),
    "layer_norm": (X, [SIDE]), "layer_norm wide": (node("flat"), [SIDE * SIDE]), "rms_norm": (X, [SIDE]), "batch_norm": (IM, node("m16"),
    node("m16")), "batch_norm training": (IM, node("m16"), node("m16"), None, None, True),
    "group_norm": (IM, 4), "instance_norm": (IM,), "local_response_norm": (IM, 3), "local_response_norm wide": (IM, 16), "embedding": (I, X),
    "embedding_bag": (node("i2"), X), "embedding_bag max": (node("i2"), X, None, None, 2.0, False, "max"),
    "conv1d": (IM1, node("k1")), "conv2d": (IM, node("k2")), "conv3d": (IM3, node("k3")), "conv2d double": (node("imd"), node("k2d")),
    "conv_transpose1d": (IM1, node("k1")), "conv_transpose2d": (IM, node("k2")), "conv_transpose3d": (IM3, node("k3")), "conv2d depthwise": (IM,
    node("kd"), None, 1, 1, 1, 16),
    "conv2d dilated": (IM, node("k2"), None, 1, 0, 3), "max_pool1d": (IM1, 3), "max_pool2d": (IM, 3, 1), "max_pool3d": (IM3, 3, 1),
    "max_pool2d indices": (IM, 3, 1, 0, 1, False, True), "avg_pool1d": (IM1, 3, 1), "avg_pool2d": (IM, 3, 1), "avg_pool3d": (IM3, 3, 1),
    "lp_pool1d": (IM1, 2.0, 3, 1), "lp_pool2d": (IM, 3.0, 3, 1), "lp_pool3d": (IM3, 2.0, 3, 1),
    "adaptive_avg_pool1d": (IM1, 7), "adaptive_avg_pool2d": (IM, 7), "adaptive_avg_pool3d": (IM3, 7), "adaptive_max_pool1d": (IM1, 7),
    "adaptive_max_pool2d": (IM, 7), "adaptive_max_pool3d": (IM3, 7), "adaptive_avg_pool2d 1": (IM, 1), "adaptive_max_pool2d 1": (IM, 1),
    "interpolate": (IM, None, 2.0), "interpolate bilinear": (IM, None, 2.0, "bilinear"), "interpolate bicubic": (IM, None, 2.0, "bicubic"),
    "interpolate area": (IM, 32, None, "area"), "pixel_shuffle": (IM, 4), "pixel_unshuffle": (IM, 4), "channel_shuffle": (IM, 4),
    "scaled_dot_product_attention": (Q, Q, Q), "scaled_dot_product_attention double": (node("qd"), node("qd"), node("qd")), "prelu": (X,
    node("v1")), "threshold": (X, 0, 1), "gelu tanh": (X,), "type_as": (X, I), "unflatten": (X, 1, [2, 128]),
    "exp half": (node("xh"),), "add half": (node("xh"), node("xh")), "exp double": (node("xd"),), "tanh double": (node("xd"),), "sum half":
    (node("xh"), 1), "cumsum int": (I, 1), "sum int": (I, 1), "softmax double": (node("xd"), -1), "layer_norm double": (node("xd"), [SIDE]),
    "gelu double": (node("xd"),),
    "add column": (X, node("col")), "mul row": (X, V), "add transposed": (node("xt"), X), "relu transposed": (node("xt"),),
}
MADE += [
    call("vp", "abs", V), call("i1", "select", I, 0, 0), call("i2", "reshape", I, 4096, 16), call("xd", "double", X), call("xh", "half", X),
    call("xt", "transpose", X, 0, 1), call("col", "narrow", X, 1, 0, 1),
    call("flat", "reshape", X, -1), call("vs0", "sort", V), call("vs", "getitem", node("vs0"), 0), call("v1", "narrow", V, 0, 0, 1), call("m16",
    "narrow", node("vp"), 0, 0, 16),
    call("qs", "reshape", X, 16, 64, 64), call("qi0", "reshape", I, 16, 64, 64), call("sm", "reshape", X, 4096, 4, 4), call("s8", "reshape", X,
    -1, 8), call("w3f", "narrow", V, 0, 0, 256), call("w3", "reshape", node("w3f"), 4, 8, 8),
    call("k1f", "narrow", node("flat"), 0, 0, 768), call("k1", "reshape", node("k1f"), 16, 16, 3), call("k2f", "narrow", node("flat"), 0, 0,
    2304), call("k2", "reshape", node("k2f"), 16, 16, 3, 3), call("k2d", "double", node("k2")), call("imd", "double", IM), call("qd", "double",
    Q),
    call("kdf", "narrow", node("flat"), 0, 0, 144), call("kd", "reshape", node("kdf"), 16, 1, 3, 3), call("k3f", "narrow", node("flat"), 0, 0,
    432), call("k3", "reshape", node("k3f"), 4, 4, 3, 3, 3), call("fof", "narrow", node("flat"), 0, 0, 27 * 256), call("fo", "reshape",
    node("fof"), 1, 27, 256),
]
MADE += [call("qi", "contiguous", node("qi0"))]
LAYERS = {
    "GELU": ({}, X), "Softplus": ({}, X), "CELU": ({}, X), "Mish": ({}, X), "LogSigmoid": ({}, X), "LayerNorm": ({"normalized_shape": SIDE}, X),
    "RMSNorm": ({"normalized_shape": SIDE}, X), "BatchNorm2d": ({"num_features": 16}, IM), "GroupNorm": ({"num_groups": 4, "num_channels": 16},
    IM),
    "InstanceNorm2d": ({"num_features": 16}, IM), "LocalResponseNorm": ({"size": 3}, IM), "CrossMapLRN2d": ({"size": 3}, IM), "Linear":
    ({"in_features": SIDE, "out_features": 8}, X), "Bilinear": ({"in1_features": 8, "in2_features": 8, "out_features": 4}, (node("s8"),
    node("s8"))),
    "LSTM": ({"input_size": 16, "hidden_size": 16, "batch_first": True}, node("seq")), "GRU": ({"input_size": 16, "hidden_size": 16,
    "batch_first": True}, node("seq")), "RNN": ({"input_size": 16, "hidden_size": 16, "batch_first": True}, node("seq")), "LSTMCell":
    ({"input_size": 16, "hidden_size": 16}, node("rows16")),
    "MultiheadAttention": ({"embed_dim": 64, "num_heads": 4, "batch_first": True}, (node("qs"), node("qs"), node("qs"))),
    "TransformerEncoderLayer": ({"d_model": 64, "nhead": 4, "dim_feedforward": 64, "batch_first": True}, node("qs")),
    "Embedding": ({"num_embeddings": 64, "embedding_dim": 4}, I), "Embedding empty": ({"num_embeddings": 64, "embedding_dim": 0}, I),
    "EmbeddingBag max_norm": ({"num_embeddings": 64, "embedding_dim": 4, "max_norm": 1.0}, node("i2")), "EmbeddingBag scaled":
    ({"num_embeddings": 64, "embedding_dim": 1, "scale_grad_by_freq": True}, node("i2")), "EmbeddingBag of nothing":
    ({"num_embeddings": 64, "embedding_dim": 1}, (node("none"), node("starts"))), "Fold":
    ({"output_size": 18, "kernel_size": 3}, node("fo")), "MaxUnpool2d": ({"kernel_size": 2}, (node("mp0"), node("mp1"))),
    "Embedding max_norm": ({"num_embeddings": 64, "embedding_dim": 4, "max_norm":
    1.0}, I), "EmbeddingBag": ({"num_embeddings": 64, "embedding_dim": 4}, node("i2")), "Softmax2d": ({}, IM), "LPPool2d": ({"norm_type": 3,
    "kernel_size": 3, "stride": 1}, IM),
    "FractionalMaxPool2d": ({"kernel_size": 3, "output_size": 32}, IM), "MaxPool2d": ({"kernel_size": 3, "stride": 1}, IM), "AvgPool2d":
    ({"kernel_size": 3, "stride": 1}, IM), "AdaptiveAvgPool2d": ({"output_size": 7}, IM), "Upsample": ({"scale_factor": 2, "mode": "bicubic"},
    IM), "Unfold": ({"kernel_size": 3}, IM),
    "CosineSimilarity": ({}, (X, X)), "PairwiseDistance": ({"p": 3}, (X, X)), "PReLU": ({}, X), "GLU": ({}, X), "Dropout": ({}, X), "Conv2d":
    ({"in_channels": 16, "out_channels": 16, "kernel_size": 3}, IM), "ConvTranspose2d": ({"in_channels": 16, "out_channels": 16, "kernel_size":
    3}, IM), "ReflectionPad2d": ({"padding": 1}, IM),
    "Conv2d small": ({"in_channels": 16, "out_channels": 1, "kernel_size": 1}, IM), "PixelShuffle": ({"upscale_factor": 4}, IM), "ChannelShuffle":
    ({"groups": 4}, IM), "Tanhshrink": ({}, X), "MaxPool2d indices": ({"kernel_size": 3, "stride": 1, "return_indices": True}, IM),
}
MADE += [
    call("iflat", "reshape", I, -1), call("ones", "ones_like", node("iflat")), call("none", "narrow", node("iflat"), 0, 0, 0), call("starts", "mul", node("iflat"), 0), call("mp",
    "max_pool2d", IM, 2, 2, 0, 1, False, True), call("mp0", "getitem", node("mp"), 0), call("mp1", "getitem", node("mp"), 1),
]
MADE += [call("seq", "reshape", X, 64, 64, 16), call("rows16", "reshape", X, 4096, 16)]


def rows():
    for name in UNARY:
        yield name, name, (X,), {}
    for name in BINARY:
        yield name, name, (X, X), {}
    for name, args in ROWS.items():
        yield name, name.split()[0], args, ({"rounding_mode": "floor"} if name == "div floor" else {"approximate": "tanh"} if name == "gelu tanh" else {})


class Asker:
    """A server with a limit of its own, and the processor time that it takes."""

    def __init__(self, binary):
        self.process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--log-level", "error", "--max-call-work", str(LIMIT)], stdout=subprocess.PIPE, text=True)
        port = int(self.process.stdout.readline().rsplit(":", 1)[1].split()[0].rstrip("/"))
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        rng = random.Random(0)
        self.input = array.array("f", [rng.gauss(0, 1) for _ in range(SIDE * SIDE)]).tobytes()

    def send(self, method, path, body=None, **headers):
        if isinstance(body, dict):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")

    def seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def call(self, nodes, modules):
        """The status of a call, the processor time it took, and its text."""
        graph = [{"op": "placeholder", "name": "x"}, *MADE, *nodes, call("end", "select", X, 0, 0), {"op": "output", "args": [node("end")]}]
        self.send("DELETE", "/v1/modules/net")
        status, text = self.send("POST", "/v1/modules", {"name": "net", "type": "GraphModule", "modules": modules, "graph": graph})
        if status != 201:
            return status, 0, text
        before = self.seconds()
        status, text = self.send("POST", "/v1/modules/net/call", self.input, **{
            "Content-Type": "application/octet-stream", "Tensor-Shape": f"{SIDE},{SIDE}", "Tensor-Dtype": "float32"})
        return status, self.seconds() - before, text


def check(asker, name, make, modules):
    """Doubles the nodes until the limit is passed, and holds the most that passed to their time."""
    count, last = 1, 0
    while count <= 8192:
        status, seconds, text = asker.call([make(f"r{index}") for index in range(count)], modules)
        if status != 200 or seconds > MOST_SECONDS:
            break
        count, last = 2 * count, seconds
    good = last <= MOST_SECONDS and (count > 8192 or status == 422 and "--max-call-work" in text or "multiply-adds" in text)
    elements = max(count // 2, 1) * SIDE * SIDE
    print(f"{'' if good else 'NOT '}{name}: {count // 2} passed in {last:.2f} s, {last / elements * 1e9:.2f} ns an element of the input; "
          f"the next {status}, {seconds:.2f} s" + ("" if good else f"\n  {text[:200]}"), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, help="the callpath that serves")
    parser.add_argument("names", nargs="*", help="rows to check; all without any")
    given = parser.parse_args()
    jobs = [(name, lambda made, target=target, args=args, kw=kw: call(made, target, *args, **kw), {}) for name, target, args, kw in rows()]
    for name, (arguments, args) in LAYERS.items():
        args = list(args if isinstance(args, tuple) else (args,))
        make = lambda made, args=args: {"op": "call_module", "name": made, "target": "m", "args": args}
        jobs.append((name, make, {"m": {"type": name.split()[0], **arguments}}))
    asker, wrong = Asker(given.binary), 0
    for name, make, modules in jobs:
        if not given.names or name in given.names:
            wrong += not check(asker, name, make, modules)
    print(f"{wrong} take longer than they say")
    asker.process.kill()
    sys.exit(min(wrong, 99))


if __name__ == "__main__":
    main()
