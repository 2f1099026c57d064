// arm64: four lanes, thirty-two registers, fused multiply-add.
#if defined(__aarch64__)
#include "Kernels.h"

INLINE Floats widen_half(const uint16_t *at) {
    typedef __fp16 Narrow __attribute__((ext_vector_type(16)));
    Narrow halves;
    __builtin_memcpy(&halves, at, sizeof halves);
    return __builtin_convertvector(halves, Floats);
}

#define SET neon
#define BLOCK_ROWS 6
#define PANELS(rows) ((rows) == 1 ? 4 : (rows) <= 3 ? 2 : 1)
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#include "KernelTable.h"
#endif
