// x86-64 since 2013: eight lanes, sixteen registers, fused multiply-add.
#if defined(__x86_64__)
#include "Kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

INLINE Floats widen_half(const uint16_t *at) {
    typedef float Half __attribute__((ext_vector_type(8)));
    Half low = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i_u *)at));
    Half high = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i_u *)(at + 8)));
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

#define SET avx2
#define BLOCK_ROWS 6
#define PANELS(rows) ((rows) == 1 ? 4 : (rows) == 2 ? 2 : 1)
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#include "KernelTable.h"
#pragma clang attribute pop
#endif
