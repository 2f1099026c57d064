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
