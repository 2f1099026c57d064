"""Draws single layers with arguments and inputs, odd ones too, and compares them over HTTP with PyTorch's."""
import collections
import copy
import inspect
import warnings

import torch
from torch import nn

from server import tensor, whole

Draw = collections.namedtuple("Draw", "arguments inputs")
AXES = (1, 2, 3)
ELEMENTWISE = {
    "ReLU": (), "ReLU6": (), "LeakyReLU": ("negative_slope",), "ELU": ("alpha",), "CELU": ("alpha",), "SELU": (), "GELU": (),
    "SiLU": (), "Mish": (), "Sigmoid": (), "Tanh": (), "Softplus": ("beta", "threshold"), "LogSigmoid": (), "Softsign": (),
    "Tanhshrink": (), "Hardshrink": ("lambd",), "Softshrink": ("lambd",), "Hardsigmoid": (), "Hardswish": (),
    "Hardtanh": (), "Identity": (), "RReLU": (), "Dropout": (), "AlphaDropout": (),
}


# PyTorch's own backward fails where there is nothing to go back through.
NO_EMPTY_BACKWARD = ("ChannelShuffle", "PixelShuffle", "PixelUnshuffle", "AdaptiveAvgPool", "AdaptiveMaxPool", "CrossMapLRN2d", "MaxUnpool")
# The words of a convolution that is refused are those of the library that PyTorch takes for the batch, the groups, the threads and the
# machine: of oneDNN's ("could not create a primitive") nobody could learn what is wrong. Each must be refused, in words of our own.
BACKENDS = ("could not create a primitive", "could not construct a memory descriptor", "dimensions are invalid", "non-positive dilation", "dilation should be greater than zero")


class Layers:
    """Draws for one random stream; a method for each family of classes."""

    def __init__(self, rng):
        self.rng = rng

    def maybe(self, **given):
        return {name: value for name, value in given.items() if self.rng.random() < 0.4}

    def size(self, low, high):
        """A size, now and then one that hardly fits."""
        return self.rng.choice([0, -1, 9]) if self.rng.random() < 0.03 else self.rng.randint(low, high)

    def sizes(self, axes, low, high):
        return self.rng.choice([self.size(low, high), [self.size(low, high) for _ in range(axes)]])

    def number(self, shape, dtype=None):
        dtype = dtype or self.rng.choice(
            [torch.float32] * 12 + [torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool])
        values = torch.randn(shape, generator=torch.Generator().manual_seed(self.rng.getrandbits(30))) * self.rng.choice([1, 1, 5])
        return (values > 0) if dtype == torch.bool else values.abs().to(dtype) if dtype == torch.uint8 else values.to(dtype)

    def image(self, channels, axes, low=3, high=7, dtype=None):
        shape = [self.rng.choice([0, 1, 2, 3])] * (self.rng.random() < 0.8) + [channels]
        shape += [self.rng.randint(low, high) for _ in range(axes)]
        if self.rng.random() < 0.06:
            shape = shape[1:] if self.rng.random() < 0.5 else [2] + shape
        return self.number(shape, dtype)

    def any_shape(self, last=None, low=0):
        shape = [self.rng.choice([0, 1, 2, 3, 4]) for _ in range(self.rng.randint(low, 3))]
        return shape + ([] if last is None else [last if self.rng.random() < 0.92 else last + 1])

    def elementwise(self, kind):
        given = {name: self.rng.choice([0.5, 1, 2, 0.1, 3.0]) for name in ELEMENTWISE[kind] if self.rng.random() < 0.5}
        # Whether it is printed, and how, is PyTorch's choice for each.
        if "inplace" in inspect.signature(getattr(nn, kind)).parameters and self.rng.random() < 0.3:
            given["inplace"] = True
        return Draw(given, [self.number(self.any_shape())])

    def along(self, kind):
        given = {"dim": self.rng.randint(-2, 2)} if kind == "GLU" or self.rng.random() < 0.9 else {}
        return Draw(given, [self.number(self.any_shape(self.rng.choice([2, 4, 5])))])

    def convolution(self, kind, axes):
        groups = self.rng.choice([1, 1, 1, 2])
        inputs, outputs = groups * self.rng.randint(1, 3), groups * self.rng.randint(1, 3)
        given = {"in_channels": inputs, "out_channels": outputs, "kernel_size": self.sizes(axes, 1, 3), "groups": groups}
        given |= self.maybe(stride=self.sizes(axes, 1, 2), padding=self.sizes(axes, 0, 2),
                            dilation=self.sizes(axes, 1, 2), bias=self.rng.random() < 0.5)
        if "Transpose" in kind:
            # One of these libraries computes floats with a dilation of 0.
            if "dilation" in given:
                sizes = given["dilation"]
                given["dilation"] = [max(1, size) for size in sizes] if isinstance(sizes, list) else max(1, sizes)
            given |= self.maybe(output_padding=self.sizes(axes, 0, 1))
        else:
            given |= self.maybe(padding_mode=self.rng.choice(["zeros", "reflect", "replicate", "circular"]))
        return Draw(given, [self.image(inputs if self.rng.random() < 0.95 else inputs + 1, axes)])

    def pool(self, kind, axes):
        given = {"kernel_size": self.sizes(axes, 1, 3)}
        if kind.startswith("LP"):
            given["norm_type"] = self.rng.choice([1, 2, 3, 1.5])
            given |= self.maybe(stride=self.sizes(axes, 1, 3), ceil_mode=self.rng.random() < 0.5)
        else:
            given |= self.maybe(stride=self.sizes(axes, 1, 3), padding=self.sizes(axes, 0, 1),
                                ceil_mode=self.rng.random() < 0.5)
        if kind.startswith("Max"):
            given |= self.maybe(dilation=self.sizes(axes, 1, 2), return_indices=self.rng.random() < 0.5)
        if kind.startswith("Avg"):
            given |= self.maybe(count_include_pad=self.rng.random() < 0.5)
            if axes > 1:
                given |= self.maybe(divisor_override=self.rng.choice([1, 2, 3]))
        return Draw(given, [self.image(self.rng.randint(1, 3), axes)])

    def adaptive(self, kind, axes):
        sizes = self.rng.choice([self.size(1, 4), [self.rng.choice([None, self.size(1, 4)]) for _ in range(axes)]])
        return Draw({"output_size": sizes}, [self.image(2, axes)])

    def padding(self, kind, axes):
        given = {"padding": self.rng.choice([self.size(-1, 2), [self.size(-1, 2) for _ in range(2 * axes)]])}
        if kind.startswith("Constant"):
            given["value"] = self.rng.choice([0, 1.5, -2])
        return Draw(given, [self.image(2, axes)])

    def norm(self, kind, axes):
        channels = self.rng.randint(1, 4)
        if kind == "GroupNorm":
            given = {"num_groups": self.rng.choice([1, channels, 2]), "num_channels": channels}
            return Draw(given | self.maybe(affine=False, eps=0.1), [self.image(channels, axes)])
        given = {"num_features": channels} | self.maybe(
            affine=self.rng.random() < 0.5, track_running_stats=self.rng.random() < 0.5, momentum=0.3, eps=0.1)
        return Draw(given, [self.image(channels if self.rng.random() < 0.95 else channels + 1, axes)])

    def response(self, kind):
        given = {"size": self.size(1, 4)} | self.maybe(alpha=0.1, beta=0.5, k=2.0)
        if kind == "CrossMapLRN2d":
            # With fewer than none PyTorch takes away channels that it never added.
            given["size"] = max(0, given["size"])
        return Draw(given, [self.image(self.rng.randint(1, 4), 2, dtype=torch.float32)])

    def drop(self, kind):
        return Draw(self.maybe(p=self.rng.choice([0.0, 0.5])), [self.image(2, self.rng.choice(AXES))])

    def shuffle(self, kind):
        if kind == "PixelShuffle":
            factor = self.size(1, 3)
            return Draw({"upscale_factor": factor}, [self.image(max(1, factor * factor), 2)])
        if kind == "PixelUnshuffle":
            return Draw({"downscale_factor": self.size(1, 3)}, [self.image(2, 2, 6, 6)])
        return Draw({"groups": self.size(1, 2)}, [self.image(4, self.rng.choice(AXES))])

    def unfold(self, kind):
        given = {"kernel_size": self.sizes(2, 1, 2)} | self.maybe(
            dilation=self.sizes(2, 1, 2), padding=self.sizes(2, 0, 1), stride=self.sizes(2, 1, 2))
        if kind == "Unfold":
            return Draw(given, [self.image(2, 2)])
        return Draw(given | {"output_size": [3, 4], "kernel_size": 2}, [self.number([2, 8, 6])])

    def scaled(self, kind):
        given = {"scale_factor": self.rng.choice([2, 1.5, 0.5])} if self.rng.random() < 0.5 else {"size": self.size(1, 6)}
        axes = 2
        if kind == "Upsample":
            mode = self.rng.choice(["nearest", "linear", "bilinear", "bicubic", "trilinear", "nearest-exact", "area"])
            given |= self.maybe(mode=mode)
            axes = {"linear": 1, "trilinear": 3}.get(given.get("mode"), 2)
        return Draw(given, [self.image(2, axes, dtype=torch.float32)])

    def shaping(self, kind):
        if kind == "Flatten":
            return Draw(self.maybe(start_dim=self.rng.randint(-2, 2), end_dim=self.rng.randint(-2, 2)),
                        [self.number(self.any_shape())])
        return Draw({"dim": self.rng.randint(-2, 2), "unflattened_size": self.rng.choice([[2, 2], [-1, 2], [4]])},
                    [self.number([self.rng.choice([2, 4]) for _ in range(3)])])

    def linear(self, kind):
        inputs, given = self.rng.randint(1, 5), self.maybe(bias=False)
        if kind == "Bilinear":
            shape = self.any_shape()
            given |= {"in1_features": inputs, "in2_features": 2, "out_features": 3}
            return Draw(given, [self.number([*shape, inputs], torch.float32), self.number([*shape, 2], torch.float32)])
        given |= {"in_features": inputs, "out_features": self.size(1, 4)}
        return Draw(given, [self.number(self.any_shape(inputs))])

    def normalized(self, kind):
        shape = [self.rng.randint(1, 4) for _ in range(self.rng.randint(1, 2))]
        return Draw({"normalized_shape": shape} | self.maybe(elementwise_affine=False, eps=0.1),
                    [self.number(self.any_shape() + shape)])

    def table(self, kind):
        given = {"num_embeddings": 6, "embedding_dim": self.rng.randint(1, 3)}
        given |= self.maybe(padding_idx=self.rng.randint(-6, 5), scale_grad_by_freq=True, norm_type=1.0,
                            max_norm=self.rng.choice([0.5, 1.0]))
        bags = kind == "EmbeddingBag"
        if bags:
            given |= self.maybe(mode=self.rng.choice(["sum", "mean", "max"]))
        shape = [self.rng.randint(0, 3), self.rng.randint(1, 4)] if bags else self.any_shape()
        top = 6 if self.rng.random() < 0.95 else 7
        return Draw(given, [torch.randint(0, top, shape, generator=torch.Generator().manual_seed(self.rng.getrandbits(30)))])

    def recurrent(self, kind):
        inputs, hidden = self.rng.randint(1, 3), self.rng.randint(1, 4)
        given = {"input_size": inputs, "hidden_size": hidden} | self.maybe(bias=False)
        if kind.endswith("Cell"):
            return Draw(given, [self.number([2] * (self.rng.random() < 0.8) + [inputs], torch.float32)])
        given |= self.maybe(num_layers=2, batch_first=True, bidirectional=True)
        if kind == "LSTM" and hidden > 1:
            given |= self.maybe(proj_size=1)
        if kind == "RNN":
            given |= self.maybe(nonlinearity="relu")
        return Draw(given, [self.number([3, 2][:self.rng.randint(1, 2)] + [inputs], torch.float32)])

    def attention(self, kind):
        heads = self.rng.choice([1, 2])
        size = heads * self.rng.randint(1, 3)
        count = {"MultiheadAttention": 3, "TransformerEncoderLayer": 1}.get(kind, 2)
        if kind == "MultiheadAttention":
            given = {"embed_dim": size, "num_heads": heads} | self.maybe(
                bias=False, add_bias_kv=True, add_zero_attn=True, batch_first=True)
        else:
            given = {"d_model": size, "nhead": heads, "dim_feedforward": 3, "dropout": 0.0} | self.maybe(
                batch_first=True, norm_first=True, activation="gelu", bias=False)
            if kind == "Transformer":
                given |= {"num_encoder_layers": self.rng.randint(1, 2), "num_decoder_layers": 1}
        shape = [3, 2][:self.rng.randint(1, 2)] + [size]
        return Draw(given, [self.number(shape, torch.float32) for _ in range(count)])

    def pair(self, kind):
        given = self.maybe(eps=0.1)
        given |= self.maybe(dim=self.rng.randint(-2, 1)) if kind[0] == "C" else self.maybe(
            p=self.rng.choice([1, 2, 3]), keepdim=True)
        shape = [2, 3, 4][:self.rng.randint(1, 3)]
        return Draw(given, [self.number(shape, torch.float32), self.number(shape, torch.float32)])

    def unpool(self, kind, axes):
        sizes = [self.rng.randint(1, 3) for _ in range(axes)]
        given = {"kernel_size": 2} | self.maybe(stride=self.sizes(axes, 1, 3), padding=self.sizes(axes, 0, 1))
        shape = [2] * (self.rng.random() < 0.7) + [1, *sizes]
        return Draw(given, [self.number(shape, torch.float32), torch.arange(torch.Size(shape).numel()).reshape(shape) % 5])

    def fractional(self, kind, axes):
        # PyTorch reads beyond its window where the kernel is not positive.
        given = {"kernel_size": self.rng.randint(1, 2)}
        given |= {"output_size": self.size(1, 3)} if self.rng.random() < 0.5 else {"output_ratio": 0.5}
        return Draw(given, [self.image(2, axes, 5, 7, torch.float32)])


def families():
    """Every class, with the method that draws it and how many axes it has."""
    found = {name: ("elementwise",) for name in ELEMENTWISE}
    found |= {name: ("along",) for name in ("Softmax", "LogSoftmax", "Softmin", "GLU")}
    for axes in AXES:
        for names, method in (
                (("Conv", "ConvTranspose"), "convolution"), (("MaxPool", "AvgPool", "LPPool"), "pool"),
                (("AdaptiveAvgPool", "AdaptiveMaxPool"), "adaptive"),
                (("ZeroPad", "ConstantPad", "ReflectionPad", "ReplicationPad", "CircularPad"), "padding"),
                (("BatchNorm", "InstanceNorm"), "norm"), (("MaxUnpool",), "unpool")):
            found |= {f"{name}{axes}d": (method, axes) for name in names}
        if axes > 1:
            found[f"FractionalMaxPool{axes}d"] = ("fractional", axes)
    found |= {"GroupNorm": ("norm", 1), "LocalResponseNorm": ("response",), "CrossMapLRN2d": ("response",)}
    for method, names in {
            "drop": ("Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"),
            "shuffle": ("PixelShuffle", "PixelUnshuffle", "ChannelShuffle"), "unfold": ("Unfold", "Fold"),
            "scaled": ("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"), "shaping": ("Flatten", "Unflatten"),
            "linear": ("Linear", "Bilinear"), "normalized": ("LayerNorm", "RMSNorm"), "table": ("Embedding", "EmbeddingBag"),
            "recurrent": ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"),
            "attention": ("MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer"),
            "pair": ("CosineSimilarity", "PairwiseDistance")}.items():
        found |= {name: (method,) for name in names}
    return found


def flat(value):
    """The tensors of an output, depth first."""
    if value is None:
        return []
    return [value] if isinstance(value, torch.Tensor) else [t for inner in value for t in flat(inner)]


class LayerCase:
    """One draw of one class: its text, its state, its answers and gradients, or its error."""
    # How many were refused in words of a library below PyTorch.
    of_backends = 0

    def __init__(self, server, kind, rng):
        self.server, self.kind, self.rng = server, kind, rng
        method, *axes = families()[kind]
        self.draw = getattr(Layers(rng), method)(kind, *axes)
        self.seed = rng.randint(0, 99)

    def __str__(self):
        shapes = [f"{list(t.shape)} {str(t.dtype).removeprefix('torch.')}" for t in self.draw.inputs]
        return f"{self.kind}({self.draw.arguments}) of {shapes}"

    def run(self, expect, expect_close):
        self.server.send("DELETE", "/v1/modules/net")
        torch.manual_seed(self.seed)
        given = {name: tuple(v) if isinstance(v, list) else v for name, v in self.draw.arguments.items()}
        answer = self.server.send(
            "POST", "/v1/modules", {"name": "net", "type": self.kind, "seed": self.seed, **self.draw.arguments})
        try:
            module = getattr(nn, self.kind)(**given).eval()
        except Exception as error:
            return expect("refused", (answer.status, answer.json.get("detail")), (422, str(error)))
        expect("created", (answer.status, answer.text if answer.status != 201 else ""), (201, ""))
        expect("repr", answer.json["repr"], repr(module))
        state = self.server.send("GET", "/v1/modules/net/state_dict").json
        expect("keys", list(state), list(module.state_dict()))
        for key, value in module.state_dict().items():
            expect(f"bits of {key}", torch.equal(tensor(state[key]), value), True)
        self.call(module, expect, expect_close)

    def body(self, **more):
        tensors = [whole(argument) for argument in self.draw.inputs]
        return {**({"input": tensors[0]} if len(tensors) == 1 else {"inputs": tensors}), **more}

    def call(self, module, expect, expect_close):
        leaves = [t.clone().requires_grad_(t.is_floating_point()) for t in self.draw.inputs]
        answer = self.server.send("POST", "/v1/modules/net/call", self.body(seed=self.seed))
        try:
            torch.manual_seed(self.seed)
            # A leaf cannot be changed in place, only what comes of one.
            outputs = flat(module(*(leaf.clone() if self.draw.arguments.get("inplace") else leaf for leaf in leaves)))
        except Exception as error:
            if "Conv" in self.kind and any(words in str(error) for words in BACKENDS):
                type(self).of_backends += 1
                return expect("call refused", answer.status, 422)
            return expect("call refused", (answer.status, answer.json.get("detail")), (422, str(error)))
        if self.kind.startswith("ConvTranspose") and outputs[0].numel() == 0 and "Output size is too small" in answer.text:
            # oneDNN gives an output without numbers where PyTorch's own kernels refuse it, as for doubles or for one image.
            type(self).of_backends += 1
            return
        expect("called", (answer.status, answer.text[:300] if answer.status != 200 else ""), (200, ""))
        found = answer.json
        found = list(found["outputs"].values()) if "outputs" in found else [found]
        key = "output" if "output" in found[0] else "data"
        expect("outputs", len(found), len(outputs))
        for mine, theirs, slack in zip(found, outputs, self.slacks(module, outputs)):
            expect_close("output", tensor(mine, key), theirs.detach(), slack=slack)
        if outputs and outputs[0].numel() == 0 and self.kind.startswith(NO_EMPTY_BACKWARD):
            return
        if len(outputs) == 1 and outputs[0].grad_fn is not None:
            self.backward(module, leaves, outputs[0], expect, expect_close)

    def slacks(self, module, outputs):
        """How many times PyTorch's own rounding goes beyond what is asked of an output: a norm of two numbers makes much of little."""
        if not self.kind.startswith("Transformer"):
            return [1] * len(outputs)
        torch.manual_seed(self.seed)
        exact = flat(copy.deepcopy(module).double()(*(t.double() for t in self.draw.inputs)))
        return [max(1.0, 10 * float((theirs - better).abs().max()) / 2e-5) if theirs.numel() else 1 for theirs, better in zip(outputs, exact)]

    def backward(self, module, leaves, output, expect, expect_close):
        upstream = torch.randn(output.shape, generator=torch.Generator().manual_seed(self.seed)).to(output.dtype)
        answer = self.server.send(
            "POST", "/v1/modules/net/backward", self.body(seed=self.seed, grad_output=whole(upstream)))
        try:
            output.backward(upstream)
        except Exception as error:
            return expect("backward refused", (answer.status, answer.json.get("detail")), (422, str(error)))
        expect("backward", (answer.status, answer.text[:300] if answer.status != 200 else ""), (200, ""))
        found = answer.json["grad_input"] if len(leaves) > 1 else [answer.json["grad_input"]]
        read = lambda document: None if document is None else tensor(document)
        for mine, leaf in zip(found, leaves, strict=True):
            expect_close("grad_input", read(mine), leaf.grad, slack=50)
        for name, parameter in module.named_parameters():
            expect_close(f"gradient of {name}", read(answer.json["gradients"][name]), parameter.grad, slack=50)


def compare(server, rng_of, draws, expect, expect_close, difference, only):
    """Compares `draws` draws of each class; returns how many differ, and prints the first few of each."""
    warnings.simplefilter("ignore")
    different = 0
    for kind in families():
        if only and kind not in only:
            continue
        failures = []
        for index in range(draws):
            case = LayerCase(server, kind, rng_of(f"{kind}{index}"))
            try:
                case.run(expect, expect_close)
            except difference as found:
                failures.append(f"{case}: {found}")
        different += len(failures)
        if failures:
            print(f"{kind}: {len(failures)} of {draws}\n  " + "\n  ".join(failures[:12]), flush=True)
    print(f"{LayerCase.of_backends} convolutions were refused in words of a library below PyTorch", flush=True)
    return different
