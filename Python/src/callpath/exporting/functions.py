"""The functions of a graph by the names that Callpath has for them."""
import builtins
import inspect
import math
import operator

import torch
import torch.nn.functional as F

NAMES = frozenset("""
add sub mul div floor_divide remainder fmod neg pow sqrt rsqrt square reciprocal exp expm1 log log1p log2 log10 sin cos tan
asin acos atan atan2 sinh cosh tanh sigmoid erf abs sign floor ceil round trunc frac clamp minimum maximum lerp addcmul addcdiv
eq ne lt le gt ge isnan isinf isfinite logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_xor
bitwise_not where masked_fill
sum mean prod max min amax amin argmax argmin var std norm logsumexp cumsum cumprod any all count_nonzero
reshape view flatten unflatten permute transpose t squeeze unsqueeze expand expand_as repeat repeat_interleave movedim flip roll
cat stack split chunk unbind narrow select getitem index_select nonzero gather scatter scatter_add take_along_dim masked_select tril
triu diagonal pad size dim numel
matmul mm bmm baddbmm addmm mv dot outer einsum linear bilinear scaled_dot_product_attention
zeros ones full zeros_like ones_like full_like empty_like arange linspace eye one_hot rand randn rand_like randn_like randint
randperm bernoulli multinomial normal
topk sort argsort unique bucketize searchsorted
to type_as float double half bfloat16 long int bool item contiguous clone detach
getattr
relu relu6 leaky_relu prelu rrelu elu celu selu gelu silu mish softplus hardtanh hardsigmoid hardswish hardshrink softshrink
tanhshrink softsign logsigmoid threshold glu softmax log_softmax softmin layer_norm rms_norm batch_norm group_norm
instance_norm local_response_norm embedding embedding_bag dropout alpha_dropout feature_alpha_dropout dropout1d dropout2d
dropout3d conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d max_pool1d max_pool2d max_pool3d avg_pool1d
avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
adaptive_max_pool3d lp_pool1d lp_pool2d lp_pool3d interpolate pixel_shuffle pixel_unshuffle channel_shuffle normalize
cosine_similarity pairwise_distance unfold fold
""".split())

# Other names of the same function.
ALIASES = {
    "truediv": "div", "true_divide": "div", "divide": "div", "floordiv": "floor_divide", "mod": "remainder",
    "multiply": "mul", "subtract": "sub", "negative": "neg", "absolute": "abs", "concat": "cat", "concatenate": "cat",
    "swapaxes": "transpose", "swapdims": "transpose", "moveaxis": "movedim", "clip": "clamp", "greater": "gt",
    "greater_equal": "ge", "less": "lt", "less_equal": "le", "not_equal": "ne", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "arctan2": "atan2", "expit": "sigmoid", "and_": "bitwise_and", "or_": "bitwise_or",
    "xor": "bitwise_xor", "invert": "bitwise_not", "inv": "bitwise_not", "fix": "trunc", "upsample": "interpolate",
    "special_expit": "sigmoid", "special_erf": "erf", "ger": "outer",
}

# Functions that draw from PyTorch's generator: a call of them is a node, whatever its arguments are.
RANDOM = frozenset("rand randn randint randperm normal bernoulli multinomial rand_like randn_like randint_like".split())
# Functions that make tensors of sizes, which PyTorch lets nobody watch.
MAKERS = frozenset("zeros ones full empty arange linspace eye rand randn randint randperm normal".split())
# Arguments that say where a tensor lives or how it is laid out: there is one place here.
PLACES = frozenset("device pin_memory layout memory_format non_blocking requires_grad out _stacklevel antialias generator".split())


def _by_identity():
    """Returns the names of functions that do not carry their own, such as those that PyTorch dispatches on a flag."""
    names = {}
    for space in (torch, F):
        for name in NAMES:
            function = getattr(space, name, None)
            if callable(function) and not isinstance(function, type):
                names[id(function)] = name
    return names


BY_IDENTITY = _by_identity()


def name_of(target):
    """Returns the name of a function or method that a graph calls, in place or not; None if Callpath has none."""
    name = target if isinstance(target, str) else BY_IDENTITY.get(id(target)) or getattr(target, "__name__", "")
    if not isinstance(target, str) and name not in NAMES and name not in ALIASES and name.startswith("i") \
            and getattr(operator, name, None) is target:
        name = name[1:]
    if name.endswith("_") and name not in ALIASES:
        name = name.rstrip("_")
    name = ALIASES.get(name, name)
    return name if name in NAMES else None


def defaults(target):
    """Returns the defaults of a function's arguments, where PyTorch says them in Python."""
    plain = getattr(F, f"_{getattr(target, '__name__', '')}", None)
    if BY_IDENTITY.get(id(target)):
        plain = getattr(F, f"_{BY_IDENTITY[id(target)]}", None)
    for function in (plain, target):
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            continue
        found = {name: parameter.default for name, parameter in signature.parameters.items()
                 if parameter.default is not inspect.Parameter.empty}
        if found:
            return found
    return {}
