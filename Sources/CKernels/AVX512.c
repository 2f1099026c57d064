// x86-64 with AVX-512: sixteen lanes, thirty-two registers, fused multiply-add.
#if defined(__x86_64__)
#include "Kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma,f16c"))), apply_to = function)

INLINE Floats widen_half(const uint16_t *at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i_u *)at));
}

#define SET avx512
#define BLOCK_ROWS 8
#define PANELS(rows) ((rows) <= 6 ? 4 : 2)
#define SCALE(x, n) _mm512_scalef_ps(x, n) // rounds once as well
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#include "KernelTable.h"
#pragma clang attribute pop
#endif
