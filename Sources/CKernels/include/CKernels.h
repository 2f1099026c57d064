/// The matrix kernels: y = x Wᵀ + b over weights that are packed once and used many times.
///
/// One body is compiled per instruction set; a `callpath_kernels` table holds the entry points of one set. Nothing here
/// is global: the caller picks a table once and keeps the pointer.
///
/// What an output is, in every table and for every batch size, split of panels and number of threads:
/// the inputs are cut into chunks of 256; each chunk is one chain of multiply-adds in order, from zero; the chunks are
/// added in order; the bias comes last. So a row has the same bits whoever shares its batch. (Tables differ from each
/// other in the last bits: the baseline of x86-64 has no fused multiply-add.)
#pragma once

#include "CThreads.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How the numbers of a packed weight are stored. Halves are widened inside the kernel, so that they cost half the
/// memory traffic; inputs, bias and outputs of both are `float`.
typedef enum callpath_storage : uint32_t {
    CALLPATH_F32,
    CALLPATH_F64,
    CALLPATH_BF16,
    CALLPATH_F16,
} callpath_storage;

/// A weight as it lies in memory before packing: element (output, input) stands at
/// `output * output_stride + input * input_stride`, counted in elements. A PyTorch weight of shape (outputs, inputs) has
/// strides (inputs, 1); the right side of a product, of shape (inputs, outputs), has strides (1, outputs).
typedef struct callpath_weight {
    const void *_Nullable elements;
    size_t outputs, inputs;
    size_t output_stride, input_stride;
} callpath_weight;

/// A part of one product. `x` is rows x inputs, row-major without gaps, and the rows of `out` lie `out_stride` apart; only
/// the outputs of the panels from `first_panel` up to `end_panel` are written, so threads may share `out` if they share no
/// panel.
///
/// A product of few rows takes the panels in order, or `from_end`. Whoever turns round with each product finds first what
/// the last one left in the second cache; in one direction, a weight that does not fit it would be gone each time.
typedef struct callpath_product {
    size_t rows, inputs, outputs, out_stride;
    size_t first_panel, end_panel;
    bool from_end;
} callpath_product;

/// The number of outputs that lie side by side in a panel: 8 doubles or 16 of the others.
size_t callpath_panel_width(callpath_storage storage);

/// The bytes that a packed weight takes, or 0 if that number does not fit in a `size_t`.
size_t callpath_packed_bytes(callpath_storage storage, size_t outputs, size_t inputs);

/// Memory for a packed weight: aligned to 64 bytes, large ones to huge pages. NULL if there is none.
void *_Nullable callpath_allocate(size_t bytes);
void callpath_release(void *_Nullable memory);

/// Packs `weight`, whose elements have the type that `storage` names, into `packed` of `callpath_packed_bytes` bytes.
///
/// Panels follow each other; a panel is [inputs][width], the last one only as wide as the outputs that remain (a kernel
/// then reads beyond a line into the next and drops those lanes, hence the slack of a vector at the end).
/// bfloat16 interleaves two inputs: [inputs / 2][width][2], so that shifts and masks widen both.
void callpath_pack(callpath_storage storage, callpath_weight weight, void *_Nonnull packed);

/// The same for some of the panels, `weight` being their rows, and for the slack at the end of all: in any order.
void callpath_pack_panels(callpath_storage storage, callpath_weight weight, void *_Nonnull packed);
void callpath_end_panels(callpath_storage storage, size_t outputs, size_t inputs, void *_Nonnull packed);

typedef void callpath_linear_float(
    callpath_product product, const float *_Nonnull x, const void *_Nonnull packed, const float *_Nullable bias,
    float *_Nonnull out);
typedef void callpath_linear_double(
    callpath_product product, const double *_Nonnull x, const void *_Nonnull packed, const double *_Nullable bias,
    double *_Nonnull out);

/// Whose bits random numbers have: those of PyTorch 2, or of PyTorch 1.0.1, which rounds more often.
typedef enum callpath_torch : uint32_t {
    CALLPATH_TORCH_2,
    CALLPATH_TORCH_1,
} callpath_torch;

/// Maps `count` numbers; `out` may be `x`. A number becomes the same wherever it stands.
typedef void callpath_map_float(const float *_Nonnull x, size_t count, float *_Nonnull out);

/// Windows over an image, sixteen side by side in a line, and a weight of `rows` x `inputs` without gaps.
///
/// Number `k` of the windows of line `l` lies from `starts[l] + taps[k]` of the image on, where sixteen can be read. Row `r`
/// of what comes out begins at `r * out_stride`, and the sums of line `l` at `places[l]` behind that; lines may overlap.
typedef struct callpath_windows {
    size_t rows, inputs, lines, out_stride;
    const size_t *_Nonnull taps;
    const size_t *_Nonnull starts;
    const size_t *_Nonnull places;
} callpath_windows;

/// Numbers of a line that windows side by side meet at one place of a kernel: `count` from `column` on, a stride apart, for
/// the windows behind the first `before`. In a room, which has several rows for each of a map, `row` is the first one.
typedef struct callpath_phase {
    size_t row, column, before, count;
} callpath_phase;

/// What lines of an image are copied to with what stands around them: for each channel, each slice that the kernel meets and
/// each phase `lines` lines of `pitch` numbers.
typedef struct callpath_room {
    size_t channels, depth, height, width; // of the image
    size_t slices, slice_step;
    size_t row_stride, column_stride, lines, pitch, phases;
    const callpath_phase *_Nonnull phase;
    bool is_filled; // before, so that the columns beside the image are zeros already
} callpath_room;

/// The windows of a pool over a plane of `depth` x `height` x `width`, with what lies in the plane for each place along the
/// kernel's width.
typedef struct callpath_pool {
    size_t depth, height, width, out_depth, out_height, out_width;
    size_t kernel_depth, depth_stride, depth_step, kernel_height, height_stride, height_step, width_stride;
    ptrdiff_t depth_padding, height_padding;
    size_t columns;
    const callpath_phase *_Nonnull column;
} callpath_pool;

/// What becomes of the numbers of one channel: (x - center) * inverse * factor + addend, and nothing below zero if it is
/// rectified.
typedef struct callpath_finish {
    float center, inverse, factor, addend;
    int is_rectified;
} callpath_finish;

/// The entry points of one instruction set.
typedef struct callpath_kernels {
    const char *_Nonnull name;
    callpath_linear_float *_Nonnull linear_f32;
    callpath_linear_double *_Nonnull linear_f64;
    callpath_linear_float *_Nonnull linear_bf16;
    callpath_linear_float *_Nonnull linear_f16;

    /// e^x, 1 / (1 + e^-x), tanh x, x Φ(x), x / (1 + e^-x), max(x, 0).
    callpath_map_float *_Nonnull exp_f32;
    callpath_map_float *_Nonnull sigmoid_f32;
    callpath_map_float *_Nonnull tanh_f32;
    callpath_map_float *_Nonnull gelu_f32;
    callpath_map_float *_Nonnull silu_f32;
    callpath_map_float *_Nonnull relu_f32;
    /// `count` numbers of one channel; `out` may be `x`. The operations are not contracted.
    void (*_Nonnull finish_f32)(
        const float *_Nonnull x, size_t count, const callpath_finish *_Nonnull finish, float *_Nonnull out);
    /// The softmax of one row.
    callpath_map_float *_Nonnull softmax_f32;
    /// One row brought to mean 0 and variance 1, times `weight`, plus `bias`.
    void (*_Nonnull standardize_f32)(
        const float *_Nonnull x, size_t count, double epsilon, const float *_Nullable weight,
        const float *_Nullable bias, float *_Nonnull out);
    /// One row of a step of an LSTM of `size` numbers, given the parts of its four gates' sums that come from the input and
    /// from the state; `next_cell` may be `cell`.
    void (*_Nonnull lstm_f32)(
        const float *_Nonnull x, const float *_Nonnull h, size_t size, const float *_Nonnull cell,
        float *_Nonnull next_cell, float *_Nonnull state);
    /// The sums over windows, each the chain of multiply-adds that an output of `linear_f32` is, in the order of the taps.
    void (*_Nonnull windows_f32)(
        callpath_windows windows, const float *_Nonnull image, const float *_Nonnull weight,
        const float *_Nullable bias, float *_Nonnull out);
    /// Fills a room from an image, whose slice `slice` and row `row` meet the first place of the kernel.
    void (*_Nonnull fill_f32)(
        const callpath_room *_Nonnull room, const float *_Nonnull image, ptrdiff_t slice, ptrdiff_t row,
        float *_Nonnull out);
    /// Copies `lines` lines of `count` numbers.
    void (*_Nonnull lines_f32)(
        const float *_Nonnull x, size_t x_stride, size_t count, size_t lines, float *_Nonnull out, size_t out_stride);
    /// The largest number of each window over a plane; NaN is larger than all else.
    void (*_Nonnull largest_f32)(const callpath_pool *_Nonnull pool, const float *_Nonnull plane, float *_Nonnull out);

    /// `count` numbers in low..<high from as many random words: the low 24 bits of each.
    /// These three give the same bits in every table.
    void (*_Nonnull uniform_f32)(
        const uint32_t *_Nonnull draws, size_t count, float low, float high, callpath_torch torch,
        float *_Nonnull out);
    /// `count` numbers from twice as many words: the low 53 bits of each two, the high word first.
    void (*_Nonnull uniform_f64)(
        const uint32_t *_Nonnull draws, size_t count, double low, double high, callpath_torch torch,
        double *_Nonnull out);
    /// Turns uniform numbers in 0..<1 into normal ones, each sixteen for themselves; `count` is a multiple of 16.
    void (*_Nonnull normal_f32)(
        float *_Nonnull values, size_t count, float mean, float deviation, callpath_torch torch);
} callpath_kernels;

/// The table at `index` among those this machine can run, fastest first; NULL beyond the last.
/// There is always one. The names are `avx512`, `avx2` and `baseline` on x86-64, `neon` on arm64.
const callpath_kernels *_Nullable callpath_kernels_at(size_t index);
