// Functions of one number, included once per instruction set: sixteen numbers at once, each by itself, so that a number
// has the same bits wherever it stands. Polynomials and bounds are those of Cephes' expf and of N. Juffa's erff; each is
// within two units in the last place.

#define ELEMENT(name) EXPAND(name, f32, SET)
typedef int32_t ELEMENT(ints) __attribute__((ext_vector_type(16)));
#define Ints ELEMENT(ints)

INLINE Floats ELEMENT(select)(Ints mask, Floats yes, Floats no) {
    return __builtin_bit_cast(
        Floats, (__builtin_bit_cast(Ints, yes) & mask) | (__builtin_bit_cast(Ints, no) & ~mask));
}

INLINE Floats ELEMENT(copy_sign)(Floats magnitude, Floats sign) {
    Words bits = __builtin_bit_cast(Words, magnitude) & 0x7FFFFFFF;
    return __builtin_bit_cast(Floats, bits | (__builtin_bit_cast(Words, sign) & 0x80000000));
}

/// e^x: x = n log 2 + r, a polynomial in r, and 2^n in two factors, so that neither end is cut off.
INLINE Floats ELEMENT(exponential)(Floats x) {
    // NaN is neither above nor below, and comes through.
    Floats y = ELEMENT(select)(x > 89.0f, (Floats)89.0f, x);
    y = ELEMENT(select)(y < -104.0f, (Floats)-104.0f, y);
    Floats n = __builtin_elementwise_roundeven(y * 1.44269504088896341f);
    Floats r = MULTIPLY_ADD(n, (Floats)-0.693359375f, y);
    r = MULTIPLY_ADD(n, (Floats)2.12194440e-4f, r);
    Floats p = MULTIPLY_ADD((Floats)1.9875691500e-4f, r, (Floats)1.3981999507e-3f);
    p = MULTIPLY_ADD(p, r, (Floats)8.3334519073e-3f);
    p = MULTIPLY_ADD(p, r, (Floats)4.1665795894e-2f);
    p = MULTIPLY_ADD(p, r, (Floats)1.6666665459e-1f);
    p = MULTIPLY_ADD(p, r, (Floats)5.0000001201e-1f);
    p = MULTIPLY_ADD(p, r * r, r) + 1.0f;
    // What NaN becomes as a whole number does not matter.
    Ints known = y == y;
    Ints whole = __builtin_convertvector(ELEMENT(select)(known, n, (Floats)0.0f), Ints);
    Ints half = whole >> 1;
    p *= __builtin_bit_cast(Floats, (half + 127) << 23);
    return p * __builtin_bit_cast(Floats, (whole - half + 127) << 23);
}

INLINE Floats ELEMENT(logistic)(Floats x) { return 1.0f / (1.0f + ELEMENT(exponential)(-x)); }

INLINE Floats ELEMENT(tangent)(Floats x) {
    Floats magnitude = __builtin_elementwise_abs(x), square = x * x;
    Floats p = MULTIPLY_ADD((Floats)-5.70498872745e-3f, square, (Floats)2.06390887954e-2f);
    p = MULTIPLY_ADD(p, square, (Floats)-5.37397155531e-2f);
    p = MULTIPLY_ADD(p, square, (Floats)1.33314422036e-1f);
    p = MULTIPLY_ADD(p, square, (Floats)-3.33332819422e-1f);
    Floats near = MULTIPLY_ADD(p * square, magnitude, magnitude);
    Floats far = 1.0f - 2.0f / (ELEMENT(exponential)(2.0f * magnitude) + 1.0f);
    return ELEMENT(copy_sign)(ELEMENT(select)(magnitude < 0.625f, near, far), x);
}

INLINE Floats ELEMENT(error)(Floats x) {
    Floats t = __builtin_elementwise_abs(x), square = x * x;
    Floats r = MULTIPLY_ADD((Floats)-1.72853470e-5f, t, (Floats)3.83197126e-4f);
    Floats u = MULTIPLY_ADD((Floats)-3.88396438e-3f, t, (Floats)2.42546219e-2f);
    r = MULTIPLY_ADD(r, square, u);
    r = MULTIPLY_ADD(r, t, (Floats)-1.06777877e-1f);
    r = MULTIPLY_ADD(r, t, (Floats)-6.34846687e-1f);
    r = MULTIPLY_ADD(r, t, (Floats)-1.28717512e-1f);
    r = MULTIPLY_ADD(r, t, -t);
    // Beyond four it is one in all digits, and the polynomial is no longer what it stands for.
    r = ELEMENT(select)(t > 4.0f, (Floats)-20.0f, r);
    Floats far = ELEMENT(copy_sign)(1.0f - ELEMENT(exponential)(r), x);
    Floats p = MULTIPLY_ADD((Floats)-5.96761703e-4f, square, (Floats)4.99119423e-3f);
    p = MULTIPLY_ADD(p, square, (Floats)-2.67681349e-2f);
    p = MULTIPLY_ADD(p, square, (Floats)1.12819925e-1f);
    p = MULTIPLY_ADD(p, square, (Floats)-3.76125336e-1f);
    p = MULTIPLY_ADD(p, square, (Floats)1.28379166e-1f);
    return ELEMENT(select)(t > 0.927734375f, far, MULTIPLY_ADD(p, x, x));
}

INLINE Floats ELEMENT(normal_part)(Floats x) {
    return x * ((1.0f + ELEMENT(error)(x * 0.70710678118654752f)) / 2.0f);
}

INLINE Floats ELEMENT(swish)(Floats x) { return x / (1.0f + ELEMENT(exponential)(-x)); }

INLINE Floats ELEMENT(rectified)(Floats x) {
    // NaN is not below zero, and stays.
    return ELEMENT(select)(x < 0.0f, (Floats)0.0f, x);
}

#define MAP(name, function)                                                                    \
    static void ELEMENT(name)(const float *x, size_t count, float *out) {                      \
        size_t whole = count & ~(size_t)15;                                                    \
        for (size_t i = 0; i < whole; i += 16) {                                               \
            Floats line = ELEMENT(function)(load_floats(x + i));                               \
            __builtin_memcpy(out + i, &line, sizeof line);                                     \
        }                                                                                      \
        if (whole == count) return;                                                            \
        Floats line = 0;                                                                       \
        __builtin_memcpy(&line, x + whole, (count - whole) * sizeof(float));                   \
        line = ELEMENT(function)(line);                                                        \
        __builtin_memcpy(out + whole, &line, (count - whole) * sizeof(float));                 \
    }

MAP(exp, exponential)
MAP(sigmoid, logistic)
MAP(tanh, tangent)
MAP(gelu, normal_part)
MAP(silu, swish)
MAP(relu, rectified)

/// The line at `at` of a row with `left` numbers left, and `fill` behind its end.
INLINE Floats ELEMENT(row_line)(const float *at, size_t left, float fill) {
    if (left >= 16) return load_floats(at);
    float numbers[16];
    for (size_t i = 0; i < 16; i++) numbers[i] = i < left ? at[i] : fill;
    return load_floats(numbers);
}

/// e^(x - max) over their sum; the sums run in sixteen lanes, which are added in order.
static void ELEMENT(softmax)(const float *x, size_t count, float *out) {
    Floats lanes = (Floats)-__builtin_inff();
    for (size_t i = 0; i < count; i += 16) {
        Floats line = ELEMENT(row_line)(x + i, count - i, -__builtin_inff());
        // A NaN must win, so that the whole row becomes NaN.
        lanes = ELEMENT(select)(line <= lanes, lanes, line);
    }
    float largest = lanes[0];
    for (int i = 1; i < 16; i++) if (!(lanes[i] <= largest)) largest = lanes[i];
    Floats sums = 0;
    for (size_t i = 0; i < count; i += 16) {
        size_t left = count - i < 16 ? count - i : 16;
        Floats line = ELEMENT(row_line)(x + i, left, -__builtin_inff());
        line = ELEMENT(exponential)(line - largest);
        __builtin_memcpy(out + i, &line, left * sizeof(float));
        float behind[16];
        __builtin_memcpy(behind, &line, sizeof behind);
        for (size_t lane = left; lane < 16; lane++) behind[lane] = 0;
        sums += load_floats(behind);
    }
    float sum = 0;
    for (int i = 0; i < 16; i++) sum += sums[i];
    for (size_t i = 0; i < count; i++) out[i] /= sum;
}

/// (x - mean) / √(variance + epsilon) · weight + bias of a row, the moments summed in eight lanes of doubles.
static void ELEMENT(standardize)(
    const float *x, size_t count, double epsilon, const float *weight, const float *bias, float *out) {
    Doubles sums = 0, squares = 0;
    size_t whole = count & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        Eight line;
        __builtin_memcpy(&line, x + i, sizeof line);
        sums += __builtin_convertvector(line, Doubles);
    }
    double sum = 0;
    for (int i = 0; i < 8; i++) sum += sums[i];
    for (size_t i = whole; i < count; i++) sum += x[i];
    double mean = sum / (double)count, square = 0;
    for (size_t i = 0; i < whole; i += 8) {
        Eight line;
        __builtin_memcpy(&line, x + i, sizeof line);
        Doubles distance = __builtin_convertvector(line, Doubles) - mean;
        squares += distance * distance;
    }
    for (int i = 0; i < 8; i++) square += squares[i];
    for (size_t i = whole; i < count; i++) square += (x[i] - mean) * (x[i] - mean);
    float center = (float)mean, factor = (float)(1 / __builtin_sqrt(square / (double)count + epsilon));
    for (size_t i = 0; i < count; i++) {
        float number = (x[i] - center) * factor;
        if (weight) number *= weight[i];
        if (bias) number += bias[i];
        out[i] = number;
    }
}

/// One row of a plane, each number a chain of multiply-adds over a window of one channel: in the order of the window, from
/// zero, the bias last; windows one after another, `taps` of `lines` lines, of which those outside are NULL.
static void ELEMENT(depthwise)(
    const float *const *lines, size_t line_count, const float *weight, size_t taps, size_t dilation, float bias,
    size_t count, float *out) {
    for (size_t i = 0; i < count; i += 16) {
        size_t left = count - i < 16 ? count - i : 16;
        Floats sums = 0;
        for (size_t line = 0; line < line_count; line++) {
            for (size_t tap = 0; tap < taps; tap++) {
                Floats numbers = lines[line] ? load_floats(lines[line] + i + tap * dilation) : (Floats)0.0f;
                sums = MULTIPLY_ADD((Floats)weight[line * taps + tap], numbers, sums);
            }
        }
        sums += bias;
        __builtin_memcpy(out + i, &sums, left * sizeof(float));
    }
}
