// Random numbers from random bits, included once per instruction set. PyTorch 2's own AVX2 kernels fuse these
// multiply-adds, and a seed promises its bits, so they are fused here in every set, if need be in software.
// PyTorch 1 rounds twice.

#define FUSED(a, b, c) __builtin_elementwise_fma(a, b, c)
#define RANDOM(name) EXPAND(name, random, SET)

/// a * b + c as `torch` rounds it.
#define PRODUCT_PLUS(a, b, c, torch) ((torch) == CALLPATH_TORCH_2 ? FUSED(a, b, c) : (a) * (b) + (c))

// PyTorch 2 puts the lower bound where rounding reaches the upper one, which is not among the numbers.

static void RANDOM(uniform_f32)(
    const uint32_t *draws, size_t count, float low, float high, callpath_torch torch, float *out) {
    float range = high - low;
    for (size_t i = 0; i < count; i++) {
        float unit = (float)(int32_t)(draws[i] & 0xFFFFFF) * 0x1p-24f;
        float number = PRODUCT_PLUS(unit, range, low, torch);
        out[i] = torch == CALLPATH_TORCH_2 && number == high ? low : number;
    }
}

static void RANDOM(uniform_f64)(
    const uint32_t *draws, size_t count, double low, double high, callpath_torch torch, double *out) {
    double range = high - low;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = (uint64_t)draws[2 * i] << 32 | draws[2 * i + 1];
        double unit = (double)(int64_t)(bits & 0x1FFFFFFFFFFFFF) * 0x1p-53;
        double number = PRODUCT_PLUS(unit, range, low, torch);
        out[i] = torch == CALLPATH_TORCH_2 && number == high ? low : number;
    }
}

/// The natural logarithm as in Cephes' logf: x = m 2^e with m around 1, a polynomial in m - 1, then e log 2 in two parts.
INLINE Eight RANDOM(log)(Eight x, callpath_torch torch) {
    x = __builtin_elementwise_max(x, (Eight)1.17549435e-38f);
    EightInts bits = __builtin_bit_cast(EightInts, x);
    Eight e = __builtin_convertvector((bits >> 23) - 126, Eight);
    Eight m = __builtin_bit_cast(Eight, (bits & ~0x7F800000) | 0x3F000000);
    EightInts below = m < 0.707106781186547524f;
    Eight minus_one = m - 1.0f;
    x = below ? minus_one + m : minus_one;
    e = below ? e - 1.0f : e;

    static const float coefficients[] = {
        -1.1514610310E-1f, 1.1676998740E-1f,  -1.2420140846E-1f, 1.4249322787E-1f,
        -1.6668057665E-1f, 2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f,
    };
    Eight z = x * x, y = 7.0376836292E-2f;
    UNROLL for (int i = 0; i < 8; i++) y = PRODUCT_PLUS(y, x, (Eight)coefficients[i], torch);
    Eight small_part = e * -2.12194440e-4f;
    y = PRODUCT_PLUS(y * x, z, small_part, torch) - z * 0.5f;
    return PRODUCT_PLUS(e, (Eight)0.693359375f, x + y, torch);
}

/// Sine and cosine of x >= 0 as in Cephes' sinf and cosf: x less a multiple of pi/4, then one of two polynomials.
INLINE Eight RANDOM(sine_and_cosine)(Eight x, Eight *cosine, callpath_torch torch) {
    EightInts octant = (__builtin_convertvector(x * 1.27323954473516f, EightInts) + 1) & ~1;
    Eight q = __builtin_convertvector(octant, Eight);
    x = PRODUCT_PLUS(q, (Eight)-0.78515625f, x, torch);
    x = PRODUCT_PLUS(q, (Eight)-2.4187564849853515625e-4f, x, torch);
    x = PRODUCT_PLUS(q, (Eight)-3.77489497744594108e-8f, x, torch);
    Eight z = x * x;
    Eight c = PRODUCT_PLUS((Eight)2.443315711809948E-005f, z, (Eight)-1.388731625493765E-003f, torch);
    c = PRODUCT_PLUS(c, z, (Eight)4.166664568298827E-002f, torch);
    c = PRODUCT_PLUS(c * z, z, z * -0.5f, torch) + 1.0f;
    Eight s = PRODUCT_PLUS((Eight)-1.9515295891E-4f, z, (Eight)8.3321608736E-3f, torch);
    s = PRODUCT_PLUS(s, z, (Eight)-1.6666654611E-1f, torch);
    s = PRODUCT_PLUS(s * z, x, x, torch);

    EightInts swap = (octant & 2) != 0;
    Eight sine = swap ? c : s, other = swap ? s : c;
    *cosine = (~(octant - 2) & 4) != 0 ? -other : other;
    return (octant & 4) != 0 ? -sine : sine;
}

/// Box and Muller's transformation, per sixteen values: eight radii from the first half, eight angles from the second.
INLINE void RANDOM(box_muller)(float *values, size_t count, float mean, float deviation, callpath_torch torch) {
    for (float *block = values; block + 16 <= values + count; block += 16) {
        Eight first, second, cosine;
        __builtin_memcpy(&first, block, sizeof first);
        __builtin_memcpy(&second, block + 8, sizeof second);
        Eight radius = __builtin_elementwise_sqrt(-2.0f * RANDOM(log)(1.0f - first, torch));
        Eight sine = RANDOM(sine_and_cosine)(6.283185307179586f * second, &cosine, torch);
        // Fused by both.
        first = FUSED(radius * cosine, (Eight)deviation, (Eight)mean);
        second = FUSED(radius * sine, (Eight)deviation, (Eight)mean);
        __builtin_memcpy(block, &first, sizeof first);
        __builtin_memcpy(block + 8, &second, sizeof second);
    }
}

static void RANDOM(normal_f32)(float *values, size_t count, float mean, float deviation, callpath_torch torch) {
    if (torch == CALLPATH_TORCH_1) return RANDOM(box_muller)(values, count, mean, deviation, CALLPATH_TORCH_1);
    RANDOM(box_muller)(values, count, mean, deviation, CALLPATH_TORCH_2);
}
