#include "CKernels.h"
#include "Kernels.h"

const callpath_kernels *callpath_kernels_at(size_t index) {
    const callpath_kernels *available[3];
    size_t count = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    // The last two also mean that the system saves the wide registers.
    int fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    if (fused && __builtin_cpu_supports("avx512f")) available[count++] = &callpath_kernels_avx512;
    if (fused) available[count++] = &callpath_kernels_avx2;
    available[count++] = &callpath_kernels_baseline;
#else
    available[count++] = &callpath_kernels_neon;
#endif
    return index < count ? available[index] : NULL;
}
