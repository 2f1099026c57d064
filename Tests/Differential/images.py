"""Random networks over sequences, images and volumes, as Callpath's descriptions."""

PADS = ["ZeroPad", "ConstantPad", "ReflectionPad", "ReplicationPad", "CircularPad"]


class Size(int):
    """The size of the last axis of an input, with its whole shape behind the batch."""

    def __new__(cls, shape):
        made = super().__new__(cls, shape[-1])
        made.shape = list(shape)
        return made


def maybe(rng, **arguments):
    """Returns each argument or leaves it to its default."""
    return {name: value for name, value in arguments.items() if rng.random() < 0.4}


class Images:
    """Draws layers that mostly fit one another; `channels` is what the last one gave."""

    def __init__(self, rng):
        self.rng = rng
        self.axes = rng.choice([1, 2, 2, 2, 3])
        self.channels = rng.choice([1, 2, 4])

    def draw(self):
        """Returns a description and the size of what it takes."""
        shape = [self.channels] + [self.rng.randint(4, 7) for _ in range(self.axes)]
        children = [self.layer() for _ in range(self.rng.randint(1, 3))]
        if len(children) == 1:
            return children[0], Size(shape)
        return {"type": "Sequential", "modules": children}, Size(shape)

    def layer(self):
        return self.rng.choice([self.convolution, self.convolution, self.transposed, self.pool, self.adaptive, self.norm,
                                self.pad, self.unit, self.unit, self.scale, self.dropout, self.shape])()

    def sizes(self, low, high):
        """Returns one size for all axes, or one for each."""
        return self.rng.choice([self.rng.randint(low, high), [self.rng.randint(low, high) for _ in range(self.axes)]])

    def convolution(self):
        gives, groups = self.rng.choice([2, 4, 6]), 2 if self.channels % 2 == 0 and self.rng.random() < 0.3 else 1
        described = {"type": f"Conv{self.axes}d", "in_channels": self.channels, "out_channels": gives, "groups": groups,
                     "kernel_size": self.sizes(1, 3), **maybe(
                         self.rng, stride=self.sizes(1, 2), padding=self.sizes(0, 2), dilation=self.sizes(1, 2),
                         bias=self.rng.random() < 0.5,
                         padding_mode=self.rng.choice(["zeros", "reflect", "replicate", "circular"]))}
        if self.rng.random() < 0.15:
            described |= {"padding": self.rng.choice(["same", "valid"]), "stride": 1}
        self.channels = gives
        return described

    def transposed(self):
        gives = self.rng.choice([1, 2, 4])
        described = {"type": f"ConvTranspose{self.axes}d", "in_channels": self.channels, "out_channels": gives,
                     "kernel_size": self.sizes(1, 3), **maybe(
                         self.rng, stride=self.sizes(1, 2), padding=self.rng.randint(0, 1), dilation=self.sizes(1, 2),
                         bias=self.rng.random() < 0.5)}
        self.channels = gives
        return described

    def pool(self):
        kind = self.rng.choice(["Max", "Avg"])
        kernel = self.rng.randint(1, 3)
        more = {"Max": lambda: maybe(self.rng, dilation=self.rng.randint(1, 2)),
                "Avg": lambda: maybe(self.rng, count_include_pad=self.rng.random() < 0.5)}[kind]()
        return {"type": f"{kind}Pool{self.axes}d", "kernel_size": kernel, **more, **maybe(
            self.rng, stride=self.sizes(1, 3), padding=self.rng.randint(0, kernel // 2),
            ceil_mode=self.rng.random() < 0.5)}

    def adaptive(self):
        kind = self.rng.choice(["Max", "Avg"])
        sizes = [self.rng.choice([1, 2, 5] + [None] * (self.axes > 1)) for _ in range(self.axes)]
        return {"type": f"Adaptive{kind}Pool{self.axes}d", "output_size": self.rng.choice([self.rng.randint(1, 6), sizes])}

    def norm(self):
        features = {"num_features": self.channels}
        kind = self.rng.choice(["BatchNorm", "InstanceNorm", "GroupNorm", "LocalResponseNorm"])
        if kind == "GroupNorm":
            return {"type": kind, "num_groups": self.rng.choice([1, self.channels]), "num_channels": self.channels,
                    **maybe(self.rng, eps=0.01, affine=self.rng.random() < 0.5, bias=self.rng.random() < 0.5)}
        if kind == "LocalResponseNorm":
            return {"type": kind, "size": self.rng.randint(1, 4), **maybe(self.rng, alpha=0.5, beta=0.5, k=2.0)}
        return {"type": f"{kind}{self.axes}d", **features, **maybe(
            self.rng, eps=0.01, momentum=0.5, affine=self.rng.random() < 0.5, bias=self.rng.random() < 0.5,
            track_running_stats=self.rng.random() < 0.5)}

    def pad(self):
        kind = self.rng.choice(PADS)
        sides = self.rng.choice([self.rng.randint(0, 3), [self.rng.randint(-1, 3) for _ in range(2 * self.axes)]])
        return {"type": f"{kind}{self.axes}d", "padding": sides,
                **({"value": self.rng.choice([0.5, -2.0])} if kind == "ConstantPad" else {})}

    def unit(self):
        kind, arguments = self.rng.choice([
            ("CELU", {"alpha": 0.5}), ("SELU", {}), ("Mish", {}), ("Hardsigmoid", {}), ("Hardswish", {}),
            ("LogSigmoid", {}), ("Softsign", {}), ("Tanhshrink", {}), ("Hardshrink", {"lambd": 0.25}),
            ("Softshrink", {"lambd": 0.25}), ("Threshold", {"threshold": 0.1, "value": 2.0}), ("RReLU", {}),
            ("PReLU", {}), ("PReLU", {"num_parameters": self.channels}), ("Softmin", {"dim": 1}), ("ReLU", {}),
            ("Softmax2d", {})])
        return {"type": kind, **arguments}

    def scale(self):
        modes = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[self.axes] + ["nearest", "nearest-exact", "area"]
        mode = self.rng.choice(modes)
        target = self.rng.choice([{"size": self.rng.randint(1, 8)}, {"scale_factor": self.rng.choice([0.5, 1.7, 2.0])}])
        corners = {"align_corners": self.rng.random() < 0.5} if "linear" in mode or mode == "bicubic" else {}
        return {"type": "Upsample", "mode": mode, **target, **(corners if self.rng.random() < 0.5 else {})}

    def dropout(self):
        return {"type": self.rng.choice([f"Dropout{self.axes}d", "AlphaDropout", "FeatureAlphaDropout"]),
                **maybe(self.rng, p=0.25)}

    def shape(self):
        kind, arguments = self.rng.choice([
            ("ChannelShuffle", {"groups": self.rng.choice([1, 2])}), ("PixelShuffle", {"upscale_factor": 2}),
            ("PixelUnshuffle", {"downscale_factor": 2}), ("Unfold", {"kernel_size": 2}),
            ("Unflatten", {"dim": 1, "unflattened_size": [1, -1]}), ("Flatten", {})])
        return {"type": kind, **arguments}
