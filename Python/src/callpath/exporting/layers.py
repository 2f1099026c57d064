"""PyTorch's own modules as data: the arguments of their constructors, and whether they are still what those make."""
import inspect
import math

import torch
from torch import nn

from .errors import NotExportable

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
# What a description calls a type of tensor.
DTYPES = {getattr(torch, name): name for name in (
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64")}
# Constructors that take `*args`, or that read `bias` off another name.
RECURRENT = ["input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"]
SIGNATURES = {"RNN": [*RECURRENT, "nonlinearity"], "LSTM": [*RECURRENT, "proj_size"], "GRU": RECURRENT, "Identity": []}
# What every Callpath knows.
PLAIN = {"Linear", "Bilinear", "Embedding", "Identity", "Flatten", "ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "SiLU", "Sigmoid",
         "Tanh", "Softplus", "Hardtanh", "Softmax", "LogSoftmax", "LayerNorm", "RMSNorm", "BatchNorm1d", "Dropout", "Sequential",
         "ModuleList", "ModuleDict"}
# Whether a module has the tensors that a flag of its constructor asks for.
FLAGS = {"bias": "bias", "affine": "weight", "elementwise_affine": "weight", "track_running_stats": "running_mean"}
# What no description says: where a layer is made, and names that PyTorch has given up.
LEFT_OUT = {"self", "device", "dtype", "args", "kwargs", "min_value", "max_value"}
REFUSED = {"max_norm": "has a max_norm, which changes its weights in every call"}


# Modules of PyTorch's that are made of modules, which no constructor's arguments can say: their forward is followed.
COMPOSED = (nn.Transformer, nn.TransformerEncoder, nn.TransformerDecoder, nn.ParameterList, nn.ParameterDict)


def is_pytorchs(module):
    """Returns whether the class is PyTorch's own and no container: a layer that a description names."""
    kind = type(module)
    if kind in COMPOSED:
        return False
    return getattr(nn, kind.__name__, None) is kind and kind not in CONTAINERS and not issubclass(kind, nn.modules.loss._Loss)


def layer(module, path):
    """Returns the description of one of PyTorch's own layers, checked against its tensors."""
    kind = type(module).__name__
    for argument, reason in REFUSED.items():
        if getattr(module, argument, None) is not None:
            raise NotExportable(f"{path} ({kind}) {reason}")
    given = arguments(module, path)
    check(module, given, path)
    dtype = dtype_of(module, path)
    return {"type": kind, **{name: plain(value, f"{path} ({kind}): {name}") for name, value in given.items()},
            **({} if dtype is None else {"dtype": dtype})}


def arguments(module, path):
    """Returns the arguments of a layer's constructor as Python has them, without those at their defaults."""
    kind = type(module).__name__
    special = SPECIAL.get(kind)
    values = special(module) if special else generic(module, path)
    defaults = {name: parameter.default for name, parameter in inspect.signature(type(module).__init__).parameters.items()}
    return {name: value for name, value in values.items()
            if not (name in defaults and same(value, defaults[name]))}


def same(value, default):
    """Returns whether a value is a default, as text too: 2 is not 2.0 in a printout."""
    return type(value) is type(default) and value == default


def generic(module, path):
    """Returns arguments that the module keeps under their own names."""
    kind = type(module)
    names = SIGNATURES.get(kind.__name__) or [
        name for name in inspect.signature(kind.__init__).parameters if name not in LEFT_OUT and not name.startswith("_")]
    values = {}
    for name in names:
        if name in FLAGS and name not in vars(module):
            values[name] = module._parameters.get("bias", module._parameters.get("bias_ih")) is not None
        elif hasattr(module, name):
            values[name] = getattr(module, name)
        else:
            raise NotExportable(f"{path} ({kind.__name__}) does not keep its argument {name}")
    for name in ("affine", "elementwise_affine", "track_running_stats"):
        if name in values:
            values[name] = getattr(module, FLAGS[name], None) is not None
    if "bias" in values and not values.get("affine", values.get("elementwise_affine", True)):
        del values["bias"]
    return values


def attention(module):
    return {"embed_dim": module.embed_dim, "num_heads": module.num_heads, "dropout": module.dropout,
            "bias": module.in_proj_bias is not None, "add_bias_kv": module.bias_k is not None,
            "add_zero_attn": module.add_zero_attn, "kdim": None if module.kdim == module.embed_dim else module.kdim,
            "vdim": None if module.vdim == module.embed_dim else module.vdim, "batch_first": module.batch_first}


def transformer_layer(module):
    kind = type(module).__name__
    norms = [module.norm1, module.norm2, *([module.norm3] if hasattr(module, "norm3") else [])]
    if type(module.self_attn) is not nn.MultiheadAttention or any(type(norm) is not nn.LayerNorm for norm in norms):
        raise NotExportable(f"a {kind} has other modules inside than PyTorch's makes: give the class that it is")
    if len({norm.eps for norm in norms}) > 1:
        raise NotExportable(f"a {kind} has norms whose eps are not the same, which its arguments cannot say")
    activation = {nn.functional.relu: "relu", nn.functional.gelu: "gelu"}.get(module.activation)
    # PyTorch's fast path looks at a number in place of the function.
    if activation is None or getattr(module, "activation_relu_or_gelu", FAST[activation]) != FAST[activation]:
        raise NotExportable(f"a {kind} has an activation that is neither relu nor gelu")
    return {"d_model": module.self_attn.embed_dim, "nhead": module.self_attn.num_heads,
            "dim_feedforward": module.linear1.out_features, "dropout": module.dropout.p, "activation": activation,
            "layer_norm_eps": module.norm1.eps, "batch_first": module.self_attn.batch_first,
            "norm_first": module.norm_first, "bias": module.linear1.bias is not None}


FAST = {"relu": 1, "gelu": 2}


def sized(*names):
    """Arguments that a constructor keeps, beside the ones that its signature names."""
    return lambda module: {name: getattr(module, name) for name in names}


SPECIAL = {
    "PairwiseDistance": lambda module: {"p": module.norm, "eps": module.eps, "keepdim": module.keepdim},
    "MultiheadAttention": attention,
    "TransformerEncoderLayer": transformer_layer,
    "TransformerDecoderLayer": transformer_layer,
    "ReLU6": sized("inplace"),
    "UpsamplingNearest2d": sized("size", "scale_factor"),
    "UpsamplingBilinear2d": sized("size", "scale_factor"),
}


def dtype_of(module, path):
    """Returns the name of the type of a layer's own floating tensors; None for float32, or where there are none."""
    dtypes = {tensor.dtype for _, tensor in own_tensors(module) if tensor.is_floating_point() or tensor.is_complex()}
    if len(dtypes) > 1:
        raise NotExportable(f"{path} ({type(module).__name__}) has tensors of several types: {', '.join(sorted(map(str, dtypes)))}")
    for dtype in dtypes - {torch.float32}:
        if dtype not in DTYPES:
            raise NotExportable(f"{path} ({type(module).__name__}) has tensors of {dtype}, which Callpath does not compute with")
        return DTYPES[dtype]
    return None


def own_tensors(module):
    """Returns the names and tensors of a module with all inside: parameters and buffers, those that are None left out."""
    return [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]


def check(module, given, path):
    """Builds the layer anew from its arguments, on no device, and compares names and sizes of its tensors."""
    kind = type(module)
    try:
        fresh = kind(**{**given, "device": "meta"}) if "device" in inspect.signature(kind.__init__).parameters \
            or kind.__name__ in SIGNATURES and kind is not nn.Identity else kind(**given)
    except Exception as error:
        raise NotExportable(f"{path} ({kind.__name__}) cannot be made from its own arguments: {error}") from error
    expected = {name: tuple(tensor.shape) for name, tensor in own_tensors(fresh)}
    actual = {name: tuple(tensor.shape) for name, tensor in own_tensors(module)}
    for name in sorted(expected.keys() - actual.keys()):
        raise NotExportable(f"{path} ({kind.__name__}) has no {name}, which its arguments say it has")
    for name in sorted(actual.keys() - expected.keys()):
        raise NotExportable(f"{path} ({kind.__name__}) has {name}, which its arguments do not ask for")
    for name, shape in expected.items():
        if actual[name] != shape:
            raise NotExportable(f"{path} ({kind.__name__}): {name} has the shape {actual[name]}, "
                                f"and its arguments say {shape}")
    if getattr(module, "padding_mode", "zeros") != "zeros" and \
            fresh._reversed_padding_repeated_twice != module._reversed_padding_repeated_twice:
        raise NotExportable(f"{path} ({kind.__name__}) still pads as it did before its arguments were changed: make it anew")
    if fresh.state_dict().keys() != module.state_dict().keys():
        raise NotExportable(f"{path} ({kind.__name__}) has buffers that its state dictionary leaves out")


def plain(value, what):
    """Returns an argument as JSON has it: NumPy's and PyTorch's scalars as Python's, other floats as strings."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(element, what) for element in value]
    if isinstance(value, torch.Tensor) and value.numel() == 1 or type(value).__module__ == "numpy" and value.size == 1:
        item = value.item()
        # NumPy's long double is its own item.
        return plain(float(item) if type(item).__module__ == "numpy" and item.dtype.kind == "f" else item, what)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return number(value)
    raise NotExportable(f"{what} is a {type(value).__name__}, which a description cannot say")


def number(value):
    """Returns a float as JSON has it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
