"""The functions that PyTorch's ATen operators become: `torch.export` writes a forward in their names.

`RULES` has a line for each operator: a function with its arguments renamed, or what writes it in several functions. `docs/functions.md`
lists them.
"""
import operator

import torch

from . import functions
from .errors import NotExportable


class Rule:
    """How an operator is written: as one function, whose arguments may have other names than the operator's, or by `write`."""

    def __init__(self, function, renamed=None, dropped=(), gathers=False, write=None, also=()):
        """`gathers` says that the second argument is given as a tuple by position; `also` names other functions that `write` needs."""
        self.function, self.renamed, self.dropped, self.gathers = function, renamed or {}, dropped, gathers
        self.write, self.also = write, also


RULES = {}


def same(names, function=None, **more):
    """Declares operators that are the function of their name, or `function`."""
    for name in names.split():
        RULES[name] = Rule(function or name.split(".")[0].lstrip("_"), **more)


def written(names, *used):
    """Declares operators that the function below it writes, in the functions `used`."""
    def register(write):
        for name in names.split():
            RULES[name] = Rule(used[0], write=write, also=used[1:])
        return write
    return register


# ---- element by element
same("""abs exp expm1 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos tan asin acos atan sinh cosh tanh sigmoid erf neg sign floor ceil
round trunc frac isnan isinf isfinite logical_not bitwise_not relu relu6 selu silu mish hardswish hardsigmoid hardtanh leaky_relu celu gelu
softplus hardshrink softshrink prelu threshold glu detach clone contiguous alias""")
for _name in list(RULES):
    RULES[f"{_name}.default"] = RULES.pop(_name)
same("alias.default lift_fresh_copy.default lift_fresh.default detach_.default", "clone")
same("log_sigmoid.default", "logsigmoid")
same("sgn.default", "sign")
same("_prelu_kernel.default", "prelu")
same("add.Tensor add.Scalar sub.Tensor sub.Scalar mul.Tensor mul.Scalar div.Tensor div.Scalar div.Tensor_mode div.Scalar_mode "
     "remainder.Tensor remainder.Scalar fmod.Tensor fmod.Scalar floor_divide.default floor_divide.Scalar atan2.default "
     "eq.Tensor eq.Scalar ne.Tensor ne.Scalar lt.Tensor lt.Scalar le.Tensor le.Scalar gt.Tensor gt.Scalar ge.Tensor ge.Scalar "
     "maximum.default minimum.default logical_and.default logical_or.default logical_xor.default lerp.Scalar lerp.Tensor "
     "addcmul.default addcdiv.default masked_fill.Scalar masked_fill.Tensor clamp.default clamp.Tensor")
for _name in ("and", "or", "xor"):
    same(f"bitwise_{_name}.Tensor bitwise_{_name}.Scalar")
same("pow.Tensor_Tensor pow.Tensor_Scalar pow.Scalar", "pow", renamed={"exponent": "other"})
same("where.self where.ScalarSelf where.ScalarOther where.Scalar", "where", renamed={"self": "input"})
same("max.other", "maximum")
same("min.other", "minimum")
# ---- reductions
same("sum.default sum.dim_IntList mean.default mean.dim prod.default prod.dim_int max.default max.dim min.default min.dim amax.default amin.default "
     "argmax.default argmin.default var.default var.dim var.correction std.default std.dim std.correction logsumexp.default cumsum.default "
     "cumprod.default any.default any.dim any.dims all.default all.dim all.dims count_nonzero.default count_nonzero.dim_IntList "
     "norm.Scalar norm.ScalarOpt_dim")
same("linalg_vector_norm.default", "norm", renamed={"ord": "p"})
# ---- shapes
same("view.default reshape.default permute.default expand.default repeat.default", gathers=True)
same("_unsafe_view.default", "reshape", gathers=True)
same("flatten.using_ints unflatten.int transpose.int t.default squeeze.default squeeze.dim squeeze.dims unsqueeze.default expand_as.default "
     "movedim.intlist flip.default roll.default cat.default stack.default chunk.default unbind.int narrow.default select.int tril.default "
     "triu.default diagonal.default numel.default", dropped=("implicit",))
RULES["expand.default"].dropped = ("implicit",)
same("repeat_interleave.self_int repeat_interleave.self_Tensor", dropped=("output_size",))
same("split.Tensor", "split", renamed={"split_size": "split_size_or_sections"})
same("split_with_sizes.default", "split", renamed={"split_sizes": "split_size_or_sections"})
same("sym_size.int", "size")
same("sym_numel.default", "numel")
same("index_select.default gather.default scatter.src scatter.value scatter_add.default take_along_dim.default masked_select.default "
     "nonzero.default", dropped=("sparse_grad",))
same("pad.default")
# ---- products
same("matmul.default mm.default bmm.default addmm.default baddbmm.default mv.default dot.default outer.default linear.default bilinear.default")
same("ger.default", "outer")
same("scaled_dot_product_attention.default")
# ---- making
same("zeros.default ones.default full.default", gathers=False)
same("zeros_like.default ones_like.default full_like.default empty_like.default rand_like.default randn_like.default eye.default linspace.default "
     "one_hot.default rand.default randn.default randperm.default bernoulli.default multinomial.default")
same("eye.m", "eye")
same("empty.memory_format", "zeros")
same("randint.low randint.default", "randint")
same("arange.default arange.start arange.start_step", "arange")
same("bernoulli.p", "bernoulli")
# ---- sorting, types
same("topk.default sort.default sort.stable argsort.default argsort.stable bucketize.Tensor")
same("searchsorted.Tensor", renamed={"self": "input"})
same("_to_copy.default to.dtype to.dtype_layout", "to", dropped=("non_blocking", "copy"))
same("type_as.default item.default")
same("_local_scalar_dense.default", "item")
# ---- layers
same("softmax.int log_softmax.int")
same("_softmax.default", "softmax", dropped=("half_to_float",))
same("_log_softmax.default", "log_softmax", dropped=("half_to_float",))
same("layer_norm.default group_norm.default rms_norm.default batch_norm.default", dropped=("cudnn_enable", "cudnn_enabled"))
same("instance_norm.default", dropped=("cudnn_enabled",))
same("conv1d.default conv1d.padding conv2d.default conv2d.padding conv3d.default conv3d.padding")
for _axes in "123":
    same(f"conv_transpose{_axes}d.{'default' if _axes == '1' else 'input'}", f"conv_transpose{_axes}d")
    same(f"max_pool{_axes}d.default avg_pool{_axes}d.default adaptive_avg_pool{_axes}d.default")
same("_adaptive_avg_pool2d.default _adaptive_avg_pool3d.default")
same("pixel_shuffle.default pixel_unshuffle.default channel_shuffle.default cosine_similarity.default pairwise_distance.default")
same("im2col.default", "unfold")
same("col2im.default", "fold")


# ---- what takes more than one function, or another order

@written("rsub.Tensor rsub.Scalar", "sub")
def _(write, first, second, alpha=1):
    return write("sub", second, first, **({} if alpha == 1 else {"alpha": alpha}))


@written("clamp_min.default clamp_min.Tensor", "clamp")
def _(write, tensor, low):
    return write("clamp", tensor, min=low)


@written("clamp_max.default clamp_max.Tensor", "clamp")
def _(write, tensor, high):
    return write("clamp", tensor, max=high)


@written("elu.default", "elu", "selu", "mul")
def _(write, tensor, alpha=1.0, scale=1, input_scale=1):
    given = write("mul", tensor, input_scale) if input_scale != 1 else tensor
    result = write("elu", given, alpha=alpha / input_scale if input_scale != 1 else alpha)
    return write("mul", result, scale) if scale != 1 else result


@written("var_mean.correction var_mean.dim", "var", "mean")
def _(write, tensor, dim=None, second=None, *, correction=1, keepdim=False):
    unbiased = {"unbiased": second} if isinstance(second, bool) else {"correction": correction}
    return [write("var", tensor, dim=dim, keepdim=keepdim, **unbiased), write("mean", tensor, dim=dim, keepdim=keepdim)]


@written("slice.Tensor", "getitem")
def _(write, tensor, dim=0, start=None, end=None, step=1):
    return part(write, tensor, dim, start, end, step)


@written("slice_scatter.default", "cat", "getitem", "scatter", "expand_as")
def _(write, tensor, source, dim=0, start=None, end=None, step=1):
    if is_whole(start, end, step):
        return source
    if step != 1:
        raise NotExportable("it assigns to every other entry of an axis")
    before = [] if start in (None, 0) else [part(write, tensor, dim, None, start)]
    after = [] if end is None or is_end(end) else [part(write, tensor, dim, end, None)]
    return write("cat", [*before, source, *after], dim=dim)


@written("select_scatter.default", "cat", "unsqueeze", "getitem")
def _(write, tensor, source, dim, index):
    before = [] if index == 0 else [part(write, tensor, dim, None, index)]
    after = [] if index == -1 else [part(write, tensor, dim, write("add", index, 1) if isinstance(index, dict) else index + 1, None)]
    return write("cat", [*before, write("unsqueeze", source, dim), *after], dim=dim)


@written("copy.default", "expand_as", "type_as")
def _(write, tensor, source, non_blocking=False):
    return write("expand_as", write("type_as", source, tensor), tensor)


@written("fill.Scalar", "full_like")
def _(write, tensor, value):
    return write("full_like", tensor, value)


@written("fill.Tensor", "expand_as", "type_as")
def _(write, tensor, value):
    return write("expand_as", write("type_as", value, tensor), tensor)


@written("index.Tensor", "getitem")
def _(write, tensor, indices):
    return write("getitem", tensor, places(indices))


@written("index_put.default index_put_.default", "masked_fill", "where")
def _(write, tensor, indices, values, accumulate=False):
    mask = indices[0]
    if accumulate or len(indices) != 1 or write.value(mask).dtype != torch.bool:
        raise NotExportable("it assigns to the entries that a tensor of numbers names: write torch.where or scatter instead")
    for _ in range(write.value(tensor).dim() - write.value(mask).dim()):
        mask = write("unsqueeze", mask, -1)
    if write.value(values).dim() == 0:
        return write("where", mask, write("type_as", values, tensor), tensor)
    raise NotExportable("it assigns a tensor of values where a mask is true: write torch.where or masked_scatter instead")


@written("embedding.default", "embedding")
def _(write, weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False):
    return write("embedding", indices, weight, **({} if padding_idx == -1 else {"padding_idx": padding_idx}))


@written("dropout.default", "dropout")
def _(write, tensor, p, train):
    return write("dropout", tensor, p=p, training=True) if train else tensor


@written("convolution.default", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _(write, tensor, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    axes = write.value(weight).dim() - 2
    more = {"output_padding": output_padding} if transposed else {}
    return write(f"conv_transpose{axes}d" if transposed else f"conv{axes}d", tensor, weight, bias, stride=stride, padding=padding,
                 dilation=dilation, groups=groups, **more)


@written("max_pool2d_with_indices.default max_pool3d_with_indices.default", "max_pool2d", "max_pool3d")
def _(write, tensor, *args):
    return write(f"max_pool{write.value(tensor).dim() - 2}d", tensor, *args, return_indices=True)


@written("adaptive_max_pool1d.default adaptive_max_pool2d.default adaptive_max_pool3d.default", "adaptive_max_pool1d", "adaptive_max_pool2d",
         "adaptive_max_pool3d")
def _(write, tensor, size):
    return write(f"adaptive_max_pool{len(size)}d", tensor, size, return_indices=True)


@written("constant_pad_nd.default", "pad")
def _(write, tensor, pad, value=0):
    return write("pad", tensor, pad, value=value)


for _axes in "123":
    for _kind, _mode in (("reflection", "reflect"), ("replication", "replicate")):
        written(f"{_kind}_pad{_axes}d.default", "pad")(lambda write, tensor, pad, mode=_mode: write("pad", tensor, pad, mode=mode))


@written("einsum.default", "einsum")
def _(write, equation, tensors, path=None):
    return write("einsum", equation, *tensors)


@written("scalar_tensor.default", "full")
def _(write, value, dtype=None):
    return write("full", {"tuple": []}, value, dtype=dtype or {"dtype": "float32"})


def _new(value):
    def make(write, tensor, size, dtype=None):
        return write("full", {"tuple": size}, value, dtype=dtype or {"dtype": str(write.value(tensor).dtype).removeprefix("torch.")})
    return make


written("new_zeros.default new_empty.default", "full")(_new(0))
written("new_ones.default", "full")(_new(1))


@written("new_full.default", "full")
def _(write, tensor, size, value, dtype=None):
    return _new(value)(write, tensor, size, dtype)


@written("upsample_nearest1d.vec upsample_nearest2d.vec upsample_nearest3d.vec", "interpolate")
def _(write, tensor, size, factors):
    return write("interpolate", tensor, **({"size": size} if size is not None else {"scale_factor": factors}))


@written("upsample_linear1d.vec upsample_bilinear2d.vec upsample_bicubic2d.vec upsample_trilinear3d.vec", "interpolate")
def _(write, tensor, size, align_corners, factors, mode=None):
    mode = {3: "linear", 4: "bicubic" if "bicubic" in write.operator else "bilinear", 5: "trilinear"}[write.value(tensor).dim()]
    return write("interpolate", tensor, mode=mode, align_corners=align_corners,
                 **({"size": size} if size is not None else {"scale_factor": factors}))


def part(write, tensor, dim, start, end, step=1):
    """Returns the entries of an axis from `start` to `end`."""
    if is_whole(start, end, step):
        return tensor
    axis = dim if dim >= 0 else dim + write.value(tensor).dim()
    whole = [{"slice": [None, None, None]}] * axis
    end = None if end is None or is_end(end) else end
    return write("getitem", tensor, {"tuple": [*whole, {"slice": [None if start == 0 else start, end, None if step == 1 else step]}]})


def places(indices):
    """Returns what stands in brackets for the tensors of `indices`, where None leaves an axis whole."""
    return {"tuple": [{"slice": [None, None, None]} if index is None else index for index in indices]}


def is_end(number):
    return isinstance(number, int) and number >= 2 ** 63 - 1


def is_whole(start, end, step):
    return start in (None, 0) and (end is None or is_end(end)) and step == 1


# Checks of values and sizes that `torch.export` writes beside what is computed.
CHECKS = {"_assert_scalar", "_assert_async", "_assert_tensor_metadata", "sym_constrain_range", "sym_constrain_range_for_size"}
# Arithmetic of sizes, which Python does.
OF_SIZES = {operator.add: "add", operator.sub: "sub", operator.mul: "mul", operator.floordiv: "floor_divide", operator.mod: "remainder",
            operator.pow: "pow", operator.neg: "neg", operator.truediv: "div"}


def exported_from():
    """Returns the operators that each function is exported from."""
    found = {}
    for name, rule in RULES.items():
        for function in (rule.function, *rule.also):
            found.setdefault(function, set()).add(f"aten.{name}")
    return found


assert {rule.function for rule in RULES.values()} <= functions.NAMES
