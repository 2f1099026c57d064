#include "CKernels.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { vector_bytes = 64, huge_page = 2 << 20 };

static size_t element_bytes(callpath_storage storage) {
    switch (storage) {
    case CALLPATH_F64: return 8;
    case CALLPATH_F32: return 4;
    case CALLPATH_BF16:
    case CALLPATH_F16: return 2;
    }
}

size_t callpath_panel_width(callpath_storage storage) {
    return storage == CALLPATH_F64 ? 8 : 16;
}

size_t callpath_packed_bytes(callpath_storage storage, size_t outputs, size_t inputs) {
    if (storage == CALLPATH_BF16 && __builtin_add_overflow(inputs, inputs & 1, &inputs)) return 0;
    size_t bytes;
    if (__builtin_mul_overflow(outputs, inputs, &bytes)) return 0;
    if (__builtin_mul_overflow(bytes, element_bytes(storage), &bytes)) return 0;
    return __builtin_add_overflow(bytes, vector_bytes, &bytes) ? 0 : bytes;
}

void *callpath_allocate(size_t bytes) {
    size_t alignment = bytes >= 2 * huge_page ? huge_page : vector_bytes;
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, bytes) != 0) return NULL;
#if defined(__linux__)
    if (alignment == huge_page) madvise(memory, bytes, MADV_HUGEPAGE); // advice: without it all works, only slower
#endif
    return memory;
}

void callpath_release(void *memory) {
    free(memory);
}

// One pass per element type. Inputs go outside, outputs inside, so that the packed side is written in order; the
// other side is then read along `width` rows at once, which caches bear well.
#define DEFINE_PACK(name, Element)                                                                                    \
    static void name(callpath_weight weight, Element *packed, size_t width) {                                         \
        const Element *elements = weight.elements;                                                                    \
        for (size_t first = 0; first < weight.outputs; first += width) {                                              \
            size_t wide = weight.outputs - first < width ? weight.outputs - first : width;                            \
            const Element *panel = elements + first * weight.output_stride;                                           \
            for (size_t k = 0; k < weight.inputs; k++)                                                                \
                for (size_t o = 0; o < wide; o++)                                                                     \
                    *packed++ = panel[o * weight.output_stride + k * weight.input_stride];                            \
        }                                                                                                             \
    }

DEFINE_PACK(pack_2, uint16_t)
DEFINE_PACK(pack_4, uint32_t)
DEFINE_PACK(pack_8, uint64_t)

static void pack_pairs(callpath_weight weight, uint32_t *packed, size_t width) {
    const uint16_t *elements = weight.elements;
    for (size_t first = 0; first < weight.outputs; first += width) {
        size_t wide = weight.outputs - first < width ? weight.outputs - first : width;
        const uint16_t *panel = elements + first * weight.output_stride;
        for (size_t k = 0; k < weight.inputs; k += 2)
            for (size_t o = 0; o < wide; o++) {
                const uint16_t *pair = panel + o * weight.output_stride + k * weight.input_stride;
                uint32_t odd = k + 1 < weight.inputs ? pair[weight.input_stride] : 0;
                *packed++ = pair[0] | odd << 16;
            }
    }
}

void callpath_pack_panels(callpath_storage storage, callpath_weight weight, void *packed) {
    size_t width = callpath_panel_width(storage);
    switch (storage) {
    case CALLPATH_F64: pack_8(weight, packed, width); break;
    case CALLPATH_F32: pack_4(weight, packed, width); break;
    case CALLPATH_F16: pack_2(weight, packed, width); break;
    case CALLPATH_BF16: pack_pairs(weight, packed, width); break;
    }
}

void callpath_end_panels(callpath_storage storage, size_t outputs, size_t inputs, void *packed) {
    size_t bytes = callpath_packed_bytes(storage, outputs, inputs);
    memset((char *)packed + bytes - vector_bytes, 0, vector_bytes);
}

void callpath_pack(callpath_storage storage, callpath_weight weight, void *packed) {
    callpath_pack_panels(storage, weight, packed);
    callpath_end_panels(storage, weight.outputs, weight.inputs, packed);
}
