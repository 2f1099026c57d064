# The cases of generate.py, by layer.

# Convolutions.
for axes in (1, 2, 3):
    conv, sizes = f"Conv{axes}d", [6, 7, 5][:axes]
    case(conv, {"in_channels": 2, "out_channels": 3, "kernel_size": 3}, [2, 2, *sizes])
    case(conv, {"in_channels": 2, "out_channels": 3, "kernel_size": 2, "bias": False}, [2, *sizes])
    case(conv, {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "groups": 2, "stride": 2, "padding": 2,
                "dilation": 2}, [2, 4, *sizes])
    case(conv, {"in_channels": 3, "out_channels": 3, "kernel_size": 3, "groups": 3, "padding": 1}, [1, 3, *sizes])
    case(conv, {"in_channels": 1, "out_channels": 2, "kernel_size": 4, "padding": "same"}, [1, 1, *sizes])
    case(conv, {"in_channels": 1, "out_channels": 2, "kernel_size": 2, "padding": "valid"}, [1, 1, *sizes])
    for mode in ("reflect", "replicate", "circular"):
        case(conv, {"in_channels": 1, "out_channels": 2, "kernel_size": 3, "padding": 1, "padding_mode": mode},
             [1, 1, *sizes])
    case(conv, {"in_channels": 2, "out_channels": 3, "kernel_size": 3}, [2, 2, *sizes], dtype="float64")
    case(conv, {"in_channels": 2, "out_channels": 3, "kernel_size": 3}, [0, 2, *sizes])
    case(conv, {"in_channels": 2, "out_channels": 3, "kernel_size": 3}, [2, 3, *sizes])
    case(conv, {"in_channels": 2, "out_channels": 3, "kernel_size": 3}, [2] * (axes + 4))
    case(conv, {"in_channels": 2, "out_channels": 3, "kernel_size": 3}, [2, 2] + [2] * axes)
    case(conv, {"in_channels": 2, "out_channels": 3, "kernel_size": 3}, [2, 2] + [0] * axes)
    transposed = f"ConvTranspose{axes}d"
    case(transposed, {"in_channels": 2, "out_channels": 3, "kernel_size": 3}, [2, 2, *sizes])
    case(transposed, {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "groups": 2, "stride": 2, "padding": 1,
                      "output_padding": 1, "dilation": 2, "bias": False}, [2, 4, *sizes])
    case(transposed, {"in_channels": 2, "out_channels": 2, "kernel_size": 2}, [2, *sizes])
    case(transposed, {"in_channels": 2, "out_channels": 2, "kernel_size": 2}, [0, 2, *sizes])
    case(transposed, {"in_channels": 2, "out_channels": 2, "kernel_size": 2}, [1, 3, *sizes])
    case(transposed, {"in_channels": 2, "out_channels": 2, "kernel_size": 2, "padding": 9}, [1, 2, *sizes])
    case(transposed, {"in_channels": 2, "out_channels": 2, "kernel_size": 2, "output_padding": 1}, [1, 2, *sizes])
    case(transposed, {"in_channels": 2, "out_channels": 2, "kernel_size": 2, "padding_mode": "reflect"})
case("Conv2d", {"in_channels": 2, "out_channels": 3, "kernel_size": [3, 2], "stride": [2, 1], "padding": [0, 1],
                "dilation": [1, 2]}, [2, 2, 9, 8])
case("Conv2d", {"in_channels": 20, "out_channels": 18, "kernel_size": 5, "padding": 2}, [2, 20, 9, 21])
case("Conv2d", {"in_channels": 3, "out_channels": 17, "kernel_size": 1}, [2, 3, 9, 8])
case("Conv2d", {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "dilation": 1000000, "padding": 1000000},
     [1, 1, 5, 5])
for wrong in ({"groups": 0}, {"groups": 2}, {"padding": "full"}, {"padding": "same", "stride": 2}, {"kernel_size": -1},
              {"out_channels": 4, "groups": 3}, {"in_channels": -3}, {"out_channels": -3}):
    case("Conv2d", {"in_channels": 3, "out_channels": 4, "kernel_size": 3} | wrong)
for wrong in ({"kernel_size": 0}, {"stride": 0}, {"stride": -1}, {"padding": -1}, {"dilation": 0}, {"dilation": -1},
              {"padding": 1, "dilation": 2, "kernel_size": 5}, {"out_channels": 0}, {"in_channels": 0}):
    case("Conv2d", {"in_channels": 3, "out_channels": 4, "kernel_size": 3} | wrong, [1, 3, 2, 2])
case("Conv2d", {"in_channels": 0, "out_channels": 4, "kernel_size": 2})
case("Conv2d", {"in_channels": 3, "out_channels": 4, "kernel_size": 2}, {"shape": [1, 3, 4, 4], "dtype": "float64"})
case("Conv2d", {"in_channels": 3, "out_channels": 4, "kernel_size": 2, "bias": False},
     {"shape": [1, 3, 4, 4], "dtype": "float64"})
case("Conv2d", {"in_channels": 3, "out_channels": 4, "kernel_size": 2}, {"shape": [1, 3, 4, 4], "dtype": "int64"})

# Pools.
for axes in (1, 2, 3):
    sizes = [6, 7, 5][:axes]
    for kind in ("Max", "Avg"):
        pool = f"{kind}Pool{axes}d"
        case(pool, {"kernel_size": 2}, [2, 2, *sizes])
        case(pool, {"kernel_size": 3, "stride": 2, "padding": 1}, [2, *sizes])
        case(pool, {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, [2, 2, *sizes])
        case(pool, {"kernel_size": 2, "stride": 3, "ceil_mode": True}, [2, 2, *sizes])
        case(pool, {"kernel_size": 2}, [0, 2, *sizes])
        for wrong in ({"kernel_size": 9}, {"padding": 2}, {"stride": 0}):
            case(pool, {"kernel_size": 2} | wrong, [1, 2, *sizes])
        case(pool, {"kernel_size": 2}, [2, 2, *sizes], dtype=None)
    case(f"MaxPool{axes}d", {"kernel_size": 2, "dilation": 2, "padding": 1}, [2, 2, *sizes])
    case(f"AvgPool{axes}d", {"kernel_size": 3, "padding": 1, "count_include_pad": False}, [2, 2, *sizes])
    for kind in ("Avg", "Max"):
        pool = f"Adaptive{kind}Pool{axes}d"
        for size in (1, 2, 3, 8, [None, 2, 3][:axes] if axes > 1 else [2]):
            case(pool, {"output_size": size}, [2, 2, *sizes])
        case(pool, {"output_size": 2}, [2, *sizes])
        case(pool, {"output_size": 0}, [2, 2, *sizes], backward=False)
        case(pool, {"output_size": -2}, [2, 2, *sizes])
        case(pool, {"output_size": 2}, [4] if axes < 2 else [4, 4, 4, 4, 4, 4])
case("AvgPool2d", {"kernel_size": [2, 3], "divisor_override": 3}, [2, 2, 6, 7])
case("AvgPool2d", {"kernel_size": 2, "divisor_override": 0}, [2, 2, 6, 7])
case("MaxPool2d", {"kernel_size": [2, 3], "stride": [1, 2]}, [2, 2, 6, 7])
case("MaxPool2d", {"kernel_size": 2}, {"shape": [1, 2, 4, 4], "dtype": "int64"})
case("MaxPool2d", {"kernel_size": 2, "padding": -1}, [2, 2, 6, 7])
case("MaxPool2d", {"kernel_size": 2, "dilation": 0}, [2, 2, 6, 7])
case("MaxPool2d", {"kernel_size": 2}, [2, 0, 6, 7])
case("AdaptiveAvgPool2d", {"output_size": 2}, {"shape": [1, 2, 4, 4], "dtype": "int64"})

# Units.
for kind, choices in {
    "CELU": ({}, {"alpha": 2}, {"alpha": -0.5, "inplace": True}, {"alpha": 0}), "SELU": ({}, {"inplace": True}),
    "Mish": ({},), "Hardsigmoid": ({},), "Hardswish": ({},), "LogSigmoid": ({},), "Softsign": ({},), "Tanhshrink": ({},),
    "Hardshrink": ({}, {"lambd": 1}), "Softshrink": ({}, {"lambd": 1.5}, {"lambd": -1}),
    "Threshold": ({"threshold": 0.5, "value": 2}, {"threshold": -1, "value": 0.25, "inplace": True}),
    "RReLU": ({}, {"lower": 0.5, "upper": 0.2}, {"lower": 0, "upper": 1, "inplace": True}),
    "GLU": ({}, {"dim": 0}, {"dim": 1}, {"dim": 3}), "Softmin": ({"dim": 1}, {"dim": -1}, {}),
    "PReLU": ({}, {"num_parameters": 6, "init": 0.5}, {"num_parameters": 3}, {"num_parameters": -1}),
}.items():
    for arguments in choices:
        case(kind, arguments, [4, 6], backward=not arguments.get("inplace"))
    case(kind, choices[0], [3, 2, 4], dtype="float64" if kind == "PReLU" else None)
    case(kind, choices[0], {"shape": [2, 4], "dtype": "int64", "below": 5})
    case(kind, choices[0], {"shape": [2, 4], "dtype": "float64"})
    case(kind, choices[0], [])
case("RReLU", {}, [5, 6], training=True)
case("RReLU", {"lower": 0.5, "upper": 0.75}, {"shape": [5, 3], "dtype": "float64"}, training=True)
case("PReLU", {"num_parameters": 2}, [3, 2, 2, 2])
case("GLU", {}, [2, 3])
for shape in ([2, 3, 4], [2, 3, 2, 2], [4], [2, 3]):
    case("Softmax2d", {}, shape)

# Norms.
for axes in (1, 2, 3):
    sizes = [3, 4, 2][:axes]
    for norm in (f"BatchNorm{axes}d", f"InstanceNorm{axes}d"):
        for arguments in ({}, {"affine": True, "track_running_stats": True}, {"affine": False},
                          {"affine": True, "bias": False, "eps": 0.1, "momentum": 0.5, "track_running_stats": True}):
            for training in (False, True):
                case(norm, {"num_features": 2} | arguments, [3, 2, *sizes], training=training)
        case(norm, {"num_features": 2}, [2, *sizes], training=True)
        case(norm, {"num_features": 2}, [2, 2] + [1] * axes, training=True)
        case(norm, {"num_features": 2}, [1, 2] + [1] * axes, training=True)
        case(norm, {"num_features": 2, "affine": True}, [2, 3, *sizes])
        case(norm, {"num_features": 2}, [2])
        case(norm, {"num_features": 2}, {"shape": [2, 2, *sizes], "dtype": "int64"})
        case(norm, {"num_features": 2, "momentum": None, "track_running_stats": True}, [3, 2, *sizes], training=True)
case("BatchNorm2d", {"num_features": 2}, [3, 2, 2, 2], dtype="float64", training=True)
for arguments in ({"num_groups": 2, "num_channels": 4}, {"num_groups": 1, "num_channels": 4, "affine": False},
                  {"num_groups": 4, "num_channels": 4, "bias": False, "eps": 0.1}, {"num_groups": 3, "num_channels": 4},
                  {"num_groups": 0, "num_channels": 4}, {"num_groups": -2, "num_channels": 4},
                  {"num_groups": 2, "num_channels": -4}):
    case("GroupNorm", arguments, [2, 4, 3])
for shape in ([2, 4], [2, 4, 3, 2], [4], [2, 3, 3], [1, 2, 3]):
    case("GroupNorm", {"num_groups": 2, "num_channels": 4}, shape)
case("GroupNorm", {"num_groups": 4, "num_channels": 4}, [1, 4])
case("GroupNorm", {"num_groups": 2, "num_channels": 4, "affine": False}, [2, 3, 3])
case("GroupNorm", {"num_groups": 2, "num_channels": 4}, {"shape": [2, 4, 3], "dtype": "int64"})
for shape in ([2, 5, 3], [2, 5, 2, 2], [1, 2, 2, 2, 2], [2, 3], [2]):
    case("LocalResponseNorm", {"size": 2}, shape)
case("LocalResponseNorm", {"size": 3, "alpha": 0.5, "beta": 0.5, "k": 2}, [2, 5, 3])
case("LocalResponseNorm", {"size": 9, "alpha": 0.5}, [2, 5, 3])
case("LocalResponseNorm", {"size": 0}, [2, 5, 3])
case("CrossMapLRN2d", {"size": 3, "alpha": 0.5}, [2, 3, 2, 2], backward=False)
case("CrossMapLRN2d", {"size": 5, "alpha": 0.5, "k": 2}, [1, 7, 2, 2], backward=False)
case("CrossMapLRN2d", {"size": 2}, [2, 3, 2])

# Dropouts.
for kind, shape in (("Dropout1d", [3, 2, 4]), ("Dropout1d", [5, 4]), ("Dropout1d", [5]), ("Dropout2d", [3, 2, 2, 2]),
                    ("Dropout2d", [3, 2]), ("Dropout3d", [2, 3, 2, 2, 2]), ("Dropout3d", [3, 2, 2, 2]),
                    ("AlphaDropout", [4, 5]), ("FeatureAlphaDropout", [4, 3, 2]), ("FeatureAlphaDropout", [4])):
    for p in (0.5, 0.25, 0, 1):
        case(kind, {"p": p}, shape, training=True)
    case(kind, {}, shape)
    case(kind, {"p": 1.5})

# Padding.
for axes in (1, 2, 3):
    sizes = [4, 5, 3][:axes]
    sides = [1, 2, 0, 1, 2, 1][:2 * axes]
    for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular"):
        pad, more = f"{kind}Pad{axes}d", {"value": 1.5} if kind == "Constant" else {}
        case(pad, {"padding": 1} | more, [2, 2, *sizes])
        case(pad, {"padding": sides} | more, [2, *sizes])
        case(pad, {"padding": -1} | more, [1, 1, *sizes])
        case(pad, {"padding": 1} | more, [0, 2, *sizes])
        case(pad, {"padding": 9} | more, [1, 2, *sizes])
        case(pad, {"padding": 1} | more, [4])
        case(pad, {"padding": 1} | more, [1, 1, 1, *sizes])
        case(pad, {"padding": 1} | more, {"shape": [1, 2, *sizes], "dtype": "int64"})

# Shuffles, folds and scaling.
for kind, arguments, shapes in (
    ("PixelShuffle", {"upscale_factor": 2}, ([2, 8, 2, 3], [4, 2, 3], [3, 2, 2], [2, 2])),
    ("PixelShuffle", {"upscale_factor": 0}, ([2, 8, 2, 3],)),
    ("PixelUnshuffle", {"downscale_factor": 2}, ([2, 2, 4, 6], [1, 4, 2], [1, 3, 2], [1, 2, 3], [2, 2])),
    ("PixelUnshuffle", {"downscale_factor": -1}, ([2, 8, 2, 3],)),
    ("ChannelShuffle", {"groups": 2}, ([2, 4, 3], [1, 6, 2, 2], [1, 3, 2], [2, 4])),
    ("ChannelShuffle", {"groups": 0}, ([2, 4, 3],)),
    ("Unflatten", {"dim": 1, "unflattened_size": [2, 3]}, ([2, 6], [2, 6, 2], [2, 5], [6])),
    ("Unflatten", {"dim": -1, "unflattened_size": [2, -1]}, ([2, 6], [2, 5])),
    ("Unfold", {"kernel_size": 2}, ([2, 3, 3, 4], [3, 3, 4], [1, 2, 1, 1])),
    ("Unfold", {"kernel_size": [2, 3], "dilation": 2, "padding": [1, 2], "stride": 2}, ([2, 3, 5, 6],)),
    ("Unfold", {"kernel_size": 0}, ([2, 3, 3, 4],)), ("Unfold", {"kernel_size": 2, "stride": 0}, ([2, 3, 3, 4],)),
    ("Unfold", {"kernel_size": 2, "dilation": 0}, ([2, 3, 3, 4],)),
    ("Unfold", {"kernel_size": 2, "padding": -1}, ([2, 3, 3, 4],)),
    ("Fold", {"output_size": [3, 4], "kernel_size": 2}, ([2, 8, 6], [8, 6], [1, 7, 6], [1, 8, 5], [1, 1, 8, 6])),
    ("Fold", {"output_size": [5, 6], "kernel_size": [2, 3], "dilation": 2, "padding": [1, 2], "stride": 2}, ([1, 12, 9],)),
    ("Fold", {"output_size": 3, "kernel_size": 4}, ([1, 16, 4],)),
):
    for shape in shapes:
        case(kind, arguments, shape)
for mode, axes in (("nearest", (1, 2, 3)), ("nearest-exact", (1, 2, 3)), ("linear", (1,)), ("bilinear", (2,)),
                   ("bicubic", (2,)), ("trilinear", (3,)), ("area", (1, 2, 3))):
    for count in axes:
        sizes = [3, 4, 2][:count]
        for target in ({"size": 5}, {"size": [2, 7, 3][:count]}, {"scale_factor": 2}, {"scale_factor": 1.7},
                       {"scale_factor": [0.6, 1.5, 2.0][:count]},
                       {"scale_factor": 1.7, "recompute_scale_factor": True}):
            case("Upsample", target | {"mode": mode}, [2, 2, *sizes])
        if "linear" in mode or "cubic" in mode:
            case("Upsample", {"size": 5, "mode": mode, "align_corners": True}, [2, 2, *sizes])
            case("Upsample", {"size": 1, "mode": mode, "align_corners": True}, [2, 2, *sizes])
        else:
            case("Upsample", {"size": 5, "mode": mode, "align_corners": False}, [2, 2, *sizes])
case("Upsample", {"size": 5, "mode": "bilinear"}, [1, 2, 3, 3], dtype=None, training=True)
case("Upsample", {"scale_factor": 1.3, "mode": "bilinear"}, {"shape": [1, 2, 3, 3], "dtype": "float64"})
for arguments, shape in (({}, [1, 2, 3]), ({"size": 4, "scale_factor": 2}, [1, 2, 3]), ({"size": 4}, [2, 3]),
                         ({"size": 0}, [1, 2, 3, 3]), ({"size": [4, 5]}, [1, 2, 3]), ({"size": 4}, [1, 0, 3]),
                         ({"scale_factor": [2.0, 3.0]}, [1, 2, 3]), ({"size": 4, "mode": "bilinear"}, [1, 2, 3]),
                         ({"size": 4, "mode": "x"}, [1, 2, 3]), ({"size": 4}, [1, 2, 0])):
    case("Upsample", arguments, shape)
case("UpsamplingNearest2d", {"scale_factor": 2}, [1, 2, 3, 4])
case("UpsamplingBilinear2d", {"size": [5, 6]}, [1, 2, 3, 4])

# Recurrent networks.
for kind in ("RNN", "LSTM", "GRU"):
    sizes = {"input_size": 3, "hidden_size": 4}
    states = (lambda *shapes: tuple(shapes)) if kind == "LSTM" else (lambda first, second: first)
    case(kind, sizes, [5, 2, 3])
    case(kind, sizes, [5, 3])
    case(kind, sizes | {"bias": False, "batch_first": True}, [2, 5, 3])
    case(kind, sizes | {"num_layers": 2, "bidirectional": True}, [4, 2, 3])
    case(kind, sizes | {"num_layers": 2, "bidirectional": True, "batch_first": True, "dropout": 0.5}, [2, 4, 3])
    case(kind, sizes, [5, 2, 3], states([1, 2, 4], [1, 2, 4]))
    case(kind, sizes | {"num_layers": 2}, [5, 3], states([2, 4], [2, 4]))
    case(kind, sizes, [1, 2, 3], dtype="float64")
    for shape in ([0, 2, 3], [2, 2, 4], [3], [3, 3, 3, 3], {"shape": [2, 2, 3], "dtype": "float64"}):
        case(kind, sizes, shape)
    case(kind, sizes, [5, 2, 3], states([1, 3, 4], [1, 2, 4]))
    case(kind, sizes, [5, 2, 3], states([2, 4], [2, 4]))
    case(kind, sizes, [5, 3], states([1, 1, 4], [1, 1, 4]))
    for wrong in ({"hidden_size": 0}, {"input_size": -3}, {"num_layers": 0}, {"dropout": 1.5, "num_layers": 2}):
        case(kind, sizes | wrong)
    cell = f"{kind}Cell"
    case(cell, sizes, [2, 3])
    case(cell, sizes | {"bias": False}, [3])
    case(cell, sizes, [2, 3], states([2, 4], [2, 4]))
    case(cell, sizes, [3], states([4], [4]))
    for shape in ([2, 4], [2, 2, 3], {"shape": [2, 3], "dtype": "float64"}):
        case(cell, sizes, shape)
    case(cell, sizes, [2, 3], states([3, 4], [2, 4]))
    case(cell, sizes, [2, 3], states([2, 5], [2, 4]))
case("RNN", {"input_size": 3, "hidden_size": 4, "nonlinearity": "relu"}, [5, 2, 3])
case("RNN", {"input_size": 3, "hidden_size": 4, "nonlinearity": "x"})
case("RNNCell", {"input_size": 3, "hidden_size": 4, "nonlinearity": "relu"}, [2, 3])
case("RNNCell", {"input_size": 3, "hidden_size": 4, "nonlinearity": "x"}, [2, 3])
case("LSTM", {"input_size": 3, "hidden_size": 4, "proj_size": 2, "num_layers": 2, "bidirectional": True}, [5, 2, 3])
case("LSTM", {"input_size": 3, "hidden_size": 4, "proj_size": 4})
case("LSTM", {"input_size": 3, "hidden_size": 4, "proj_size": -1})
case("LSTM", {"input_size": 3, "hidden_size": 4, "num_layers": 2, "dropout": 0.5}, [5, 2, 3], training=True)

# Pairs and power means.
for arguments in ({}, {"dim": -1, "eps": 0.1}, {"dim": 0}, {"dim": 2}):
    case("CosineSimilarity", arguments, [3, 4], [3, 4])
case("CosineSimilarity", {}, [3, 4], [2, 4])
case("CosineSimilarity", {}, [3, 1, 4], [1, 2, 4])
for arguments in ({}, {"p": 1}, {"p": 3.0, "eps": 0.1}, {"keepdim": True}):
    case("PairwiseDistance", arguments, [3, 4], [3, 4])
case("PairwiseDistance", {}, [3, 4], [4])
case("PairwiseDistance", {}, [3, 4], [3, 5])
for axes in (1, 2, 3):
    sizes = [4, 5, 4][:axes]
    for arguments in ({"norm_type": 2, "kernel_size": 2}, {"norm_type": 1, "kernel_size": 3, "stride": 1},
                      {"norm_type": 3, "kernel_size": 2, "ceil_mode": True}):
        case(f"LPPool{axes}d", arguments, [2, 2, *sizes], backward=arguments["norm_type"] != 3)
    case(f"LPPool{axes}d", {"norm_type": 2, "kernel_size": 9}, [2, 2, *sizes])

# Attention and the layers of transformers.
for arguments in ({}, {"bias": False}, {"batch_first": True}, {"add_bias_kv": True}, {"add_zero_attn": True},
                  {"add_bias_kv": True, "add_zero_attn": True, "bias": False}):
    case("MultiheadAttention", {"embed_dim": 4, "num_heads": 2} | arguments, [3, 2, 4], [5, 2, 4] if "batch_first" not in arguments else [3, 5, 4], [5, 2, 4] if "batch_first" not in arguments else [3, 5, 4])
case("MultiheadAttention", {"embed_dim": 4, "num_heads": 2, "kdim": 3, "vdim": 5}, [3, 2, 4], [5, 2, 3], [5, 2, 5])
case("MultiheadAttention", {"embed_dim": 4, "num_heads": 1}, [3, 4], [5, 4], [5, 4])
case("MultiheadAttention", {"embed_dim": 4, "num_heads": 4}, [3, 2, 4], [3, 2, 4], [3, 2, 4], dtype="float64")
case("MultiheadAttention", {"embed_dim": 4, "num_heads": 2}, [3, 2, 3], [3, 2, 3], [3, 2, 3])
case("MultiheadAttention", {"embed_dim": 4, "num_heads": 2}, [3, 2, 4], [6, 2, 4], [5, 2, 4])
case("MultiheadAttention", {"embed_dim": 4, "num_heads": 3})
case("MultiheadAttention", {"embed_dim": 0, "num_heads": 1})
SMALL = {"d_model": 4, "nhead": 2, "dim_feedforward": 6}
for arguments in ({}, {"norm_first": True, "activation": "gelu"}, {"batch_first": True, "bias": False},
                  {"layer_norm_eps": 0.1, "dropout": 0.25}):
    case("TransformerEncoderLayer", SMALL | arguments, [3, 2, 4])
    case("TransformerDecoderLayer", SMALL | arguments, [3, 2, 4], [3, 2, 4])
case("TransformerEncoderLayer", SMALL, [3, 4])
case("TransformerEncoderLayer", SMALL, [3, 2, 4], [3, 3])
case("TransformerDecoderLayer", SMALL, [3, 2, 4], [5, 2, 4])
case("TransformerEncoderLayer", SMALL | {"activation": "tanh"})
case("TransformerEncoderLayer", SMALL | {"nhead": 3})

# What random networks found.
case("ConvTranspose2d", {"in_channels": 1, "out_channels": 2, "kernel_size": 1}, {"shape": [1, 1, 2, 2], "dtype": "float64"})
case("MaxPool1d", {"kernel_size": 3, "dilation": 2}, {"shape": [1, 2, 2], "dtype": "int32"})
case("AdaptiveAvgPool2d", {"output_size": [1, 1]}, {"shape": [1, 2, 4, 4], "dtype": "int32"})
case("Upsample", {"mode": "nearest-exact", "size": 8}, {"shape": [1, 2, 2, 2, 2], "dtype": "int32"})
case("CircularPad2d", {"padding": [2, 3, 3, -1]}, [1, 2, 4, 5])
case("CircularPad1d", {"padding": [-1, 2]}, [1, 2, 5])
case("CircularPad1d", {"padding": [3, -2]}, [1, 2, 5])

# Tables and bags.
table = {"num_embeddings": 6, "embedding_dim": 3}
def index(*shape): return {"shape": list(shape), "dtype": "int64", "below": 6}
case("Embedding", table | {"max_norm": 1.0}, index(2, 3))
case("Embedding", table | {"max_norm": 0.5, "norm_type": 1.0, "scale_grad_by_freq": True, "padding_idx": 1}, index(2, 7))
case("Embedding", table | {"sparse": True})
for mode in ("sum", "mean", "max"):
    for more in ({}, {"padding_idx": 2}, {"padding_idx": -1, "max_norm": 1.0}):
        case("EmbeddingBag", table | {"mode": mode} | more, index(4, 5))
    case("EmbeddingBag", table | {"mode": mode}, index(7), {"shape": [1], "dtype": "int64", "below": 1})
    case("EmbeddingBag", table | {"mode": mode}, index(0), {"shape": [2], "dtype": "int64", "below": 1})
    case("EmbeddingBag", table | {"mode": mode}, {"shape": [2, 2], "dtype": "int64", "below": 9})
    case("EmbeddingBag", table | {"mode": mode}, index(0, 2))
    case("EmbeddingBag", table | {"mode": mode}, index(2, 0))
case("EmbeddingBag", table | {"mode": "sum", "scale_grad_by_freq": True}, index(4, 5))
case("EmbeddingBag", table | {"scale_grad_by_freq": True, "norm_type": 3.0, "include_last_offset": True}, index(4, 5))
case("EmbeddingBag", table | {"mode": "max", "scale_grad_by_freq": True}, index(4, 5))
case("EmbeddingBag", table | {"mode": "max", "sparse": True}, index(4, 5))
case("EmbeddingBag", table | {"mode": "last"}, index(4, 5))
case("EmbeddingBag", table, index(4, 5), index(2))
case("EmbeddingBag", table, index(4), index(2, 2))
case("EmbeddingBag", table, index(4), {"shape": [2], "dtype": "int64", "below": 3})
case("EmbeddingBag", table, index(1, 2, 3))
case("EmbeddingBag", table, [4, 5])
case("EmbeddingBag", table)
case("EmbeddingBag", table | {"padding_idx": 6})
case("EmbeddingBag", table | {"padding_idx": -7})
case("EmbeddingBag", table, index(4, 5), dtype="float64")

# Pools of drawn windows, and what undoes pools.
for axes in (2, 3):
    sizes, pool = [7, 8, 6][:axes], f"FractionalMaxPool{axes}d"
    for training in (False, True):
        case(pool, {"kernel_size": 2, "output_size": 3}, [2, 3, *sizes], training=training)
    case(pool, {"kernel_size": [3, 2, 2][:axes], "output_ratio": 0.5, "return_indices": True}, [2, *sizes],
         backward=False)
    case(pool, {"kernel_size": 2, "output_ratio": [0.6, 0.5, 0.4][:axes]}, {"shape": [1, 2, *sizes], "dtype": "float64"})
    case(pool, {"kernel_size": 2, "output_size": 1}, [1, 2, *sizes])
    case(pool, {"kernel_size": 2, "output_size": 0}, [1, 2, *sizes])
    for wrong in ({}, {"output_size": 2, "output_ratio": 0.5}, {"output_ratio": 1.5}):
        case(pool, {"kernel_size": 2} | wrong)
    for wrong in ({"kernel_size": 6}, {"output_size": -1}):
        case(pool, {"kernel_size": 2, "output_size": 3} | wrong, [1, 2, *sizes])
    for shape in ([1, 0, *sizes], [0, 2, *sizes], [1, 1, 1, *sizes], sizes):
        case(pool, {"kernel_size": 2, "output_size": 3}, shape)
for axes in (1, 2, 3):
    sizes, unpool = [3, 4, 2][:axes], f"MaxUnpool{axes}d"
    def places(*shape): return {"shape": list(shape), "dtype": "int64", "below": 6}
    case(unpool, {"kernel_size": 2}, [2, 2, *sizes], places(2, 2, *sizes))
    case(unpool, {"kernel_size": 3, "stride": 2, "padding": 1}, [2, *sizes], places(2, *sizes))
    case(unpool, {"kernel_size": 2}, {"shape": [2, 2, *sizes], "dtype": "float64"}, places(2, 2, *sizes))
    case(unpool, {"kernel_size": 2}, [0, 2, *sizes], places(0, 2, *sizes))
    case(unpool, {"kernel_size": 2}, [2, 2, *sizes], places(2, 2, *sizes[:-1], 1))
    case(unpool, {"kernel_size": 2}, [2, 2, *sizes], [2, 2, *sizes])
    case(unpool, {"kernel_size": 2}, [1, 1, *sizes[:-1], 0], places(1, 1, *sizes[:-1], 0))
    case(unpool, {"kernel_size": 2}, [2] * axes, places(*[2] * axes))
    case(unpool, {"kernel_size": 1, "padding": 3}, [2, 2, *sizes], places(2, 2, *sizes))
    case(unpool, {"kernel_size": 1, "stride": 1}, [1, 1] + [1] * axes, {"shape": [1, 1] + [1] * axes, "dtype": "int64", "below": 1})
    case(unpool, {"kernel_size": 2}, {"shape": [1, 1, *sizes], "dtype": "int64", "below": 5}, places(1, 1, *sizes))
    for kind in ("MaxPool", "AdaptiveMaxPool"):
        given = {"output_size": 2} if kind[0] == "A" else {"kernel_size": 2}
        case(f"{kind}{axes}d", given | {"return_indices": True}, [2, 2] + [5] * axes, backward=False)

# Whole transformers.
small = {"d_model": 4, "nhead": 2, "num_encoder_layers": 2, "num_decoder_layers": 1, "dim_feedforward": 3}
case("Transformer", small, [3, 2, 4], [2, 2, 4])
case("Transformer", small | {"batch_first": True, "norm_first": True, "activation": "gelu"}, [2, 3, 4], [2, 2, 4])
case("Transformer", small | {"bias": False}, [3, 4], [2, 4])
case("Transformer", small | {"dropout": 0.25}, [3, 2, 4], [2, 2, 4], training=True)
case("Transformer", small, [3, 2, 4], [2, 1, 4])
case("Transformer", small, [3, 2, 5], [2, 2, 5])
case("Transformer", small | {"activation": "tanh"})

# BatchNorm and others whose forward stands in a class of its own.
for kind, given in (("BatchNorm2d", {"num_features": 2}), ("InstanceNorm1d", {"num_features": 2}), ("ReLU6", {}),
                    ("ReflectionPad1d", {"padding": 1}), ("ZeroPad2d", {"padding": 1}), ("CircularPad1d", {"padding": 1}),
                    ("UpsamplingNearest2d", {"scale_factor": 2}), ("Linear", {"in_features": 2, "out_features": 2})):
    case(kind, given, [2, 2], [2, 2])
case("Conv2d", {"in_channels": 0, "out_channels": 4, "kernel_size": 1})
