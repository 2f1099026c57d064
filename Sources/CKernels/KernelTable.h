// All functions of one instruction set, and their table. The includer defines
//   SET                     the suffix of its names and the name of its table, callpath_kernels_<SET>
//   widen_half(at)          sixteen float16 at `at` as floats
// and what LinearBody.h asks of an instruction set.

enum { CHUNK = 256, MAX_PANELS = 4, SECOND_CACHE = 1 << 20 };

#define PASTE(name, storage, set) name##_##storage##_##set
#define EXPAND(name, storage, set) PASTE(name, storage, set)

INLINE Floats load_floats(const float *at) {
    Floats line;
    __builtin_memcpy(&line, at, sizeof line);
    return line;
}

INLINE Doubles load_doubles(const double *at) {
    Doubles line;
    __builtin_memcpy(&line, at, sizeof line);
    return line;
}

/// A bfloat16 is the upper half of a float: the even input of a pair is shifted up, the odd one is already there.
INLINE Floats widen_pair(const uint32_t *at, int parity) {
    Words words;
    __builtin_memcpy(&words, at, sizeof words);
    words = parity ? words & 0xFFFF0000 : words << 16;
    return __builtin_bit_cast(Floats, words);
}

#define Real float
#define WIDTH 16
#define PER_STORED 1
#define Stored float
#define WEIGHT(at, parity) load_floats(at)
#define KERNEL(name) EXPAND(name, f32, SET)
#include "LinearBody.h"
#undef KERNEL
#undef WEIGHT
#undef Stored

#define Stored uint16_t
#define WEIGHT(at, parity) widen_half(at)
#define KERNEL(name) EXPAND(name, f16, SET)
#include "LinearBody.h"
#undef KERNEL
#undef WEIGHT
#undef Stored
#undef PER_STORED

#define PER_STORED 2
#define Stored uint32_t
#define WEIGHT(at, parity) widen_pair(at, parity)
#define KERNEL(name) EXPAND(name, bf16, SET)
#include "LinearBody.h"
#undef KERNEL
#undef WEIGHT
#undef Stored
#undef PER_STORED
#undef WIDTH
#undef Real

#define Real double
#define WIDTH 8
#define PER_STORED 1
#define Stored double
#define WEIGHT(at, parity) load_doubles(at)
#define KERNEL(name) EXPAND(name, f64, SET)
#include "LinearBody.h"
#include "RandomBody.h"
#include "ElementBody.h"
#include "WindowBody.h"

#define TABLE_NAME(set) callpath_kernels_##set
#define TABLE(set) TABLE_NAME(set)
#define STRING(text) #text
#define NAME(set) STRING(set)
const callpath_kernels TABLE(SET) = {
    .name = NAME(SET),
    .linear_f32 = EXPAND(linear, f32, SET),
    .linear_f64 = EXPAND(linear, f64, SET),
    .linear_bf16 = EXPAND(linear, bf16, SET),
    .linear_f16 = EXPAND(linear, f16, SET),
    .exp_f32 = ELEMENT(exp),
    .sigmoid_f32 = ELEMENT(sigmoid),
    .tanh_f32 = ELEMENT(tanh),
    .gelu_f32 = ELEMENT(gelu),
    .silu_f32 = ELEMENT(silu),
    .relu_f32 = ELEMENT(relu),
    .finish_f32 = ELEMENT(finish),
    .softmax_f32 = ELEMENT(softmax),
    .standardize_f32 = ELEMENT(standardize),
    .lstm_f32 = ELEMENT(lstm),
    .windows_f32 = WINDOWS(sums),
    .fill_f32 = WINDOWS(fill),
    .lines_f32 = WINDOWS(lines),
    .largest_f32 = WINDOWS(largest),
    .uniform_f32 = RANDOM(uniform_f32),
    .uniform_f64 = RANDOM(uniform_f64),
    .normal_f32 = RANDOM(normal_f32),
};
