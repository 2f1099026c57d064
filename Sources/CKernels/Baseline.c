// Any x86-64: four lanes, sixteen registers; multiplication and addition round each for itself.
#if defined(__x86_64__)
#include "Kernels.h"

/// Moves exponent and mantissa to a float's places and lifts the exponent by a product, which also gets subnormals
/// right; infinity and NaN, whose exponent is all ones, get all ones again by hand.
INLINE Floats widen_half(const uint16_t *at) {
    Halves halves;
    __builtin_memcpy(&halves, at, sizeof halves);
    Words words = __builtin_convertvector(halves, Words);
    Words magnitude = (words & 0x7FFF) << 13, sign = (words & 0x8000) << 16;
    Floats lifted = __builtin_bit_cast(Floats, magnitude) * 0x1p112f;
    Words special = (Words)(magnitude >= 0x0F800000) & 0x7F800000;
    return __builtin_bit_cast(Floats, __builtin_bit_cast(Words, lifted) | special | sign);
}

#define SET baseline
#define BLOCK_ROWS 3
#define PANELS(rows) ((rows) == 1 ? 2 : 1)
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#include "KernelTable.h"
#endif
