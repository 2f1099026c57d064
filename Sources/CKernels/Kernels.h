// What the bodies share: the vectors they are written in, and the tables that Dispatch.c chooses from.
#pragma once

#include "CKernels.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
// Vectors wider than a set's registers are split by the compiler. Passing them would depend on the set, which the
// warning is about; but every function here that takes or returns one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

// A sum and a product are fused where the code says so, nowhere else.
#pragma STDC FP_CONTRACT OFF

typedef float Floats __attribute__((ext_vector_type(16)));
typedef double Doubles __attribute__((ext_vector_type(8)));
typedef uint32_t Words __attribute__((ext_vector_type(16)));
typedef float Eight __attribute__((ext_vector_type(8)));
typedef int32_t EightInts __attribute__((ext_vector_type(8)));
typedef uint16_t Halves __attribute__((ext_vector_type(16)));

#if defined(__x86_64__)
extern const callpath_kernels callpath_kernels_avx512, callpath_kernels_avx2, callpath_kernels_baseline;
#elif defined(__aarch64__)
extern const callpath_kernels callpath_kernels_neon;
#else
#error "CKernels has bodies for x86-64 and arm64 only"
#endif
