// Functions of one number, included once per instruction set: sixteen numbers at once, each by itself, so that a number
// has the same bits wherever it stands. Polynomials and bounds are those of Cephes' expf and of N. Juffa's erff; each is
// within two units in the last place.

#define ELEMENT(name) EXPAND(name, f32, SET)
typedef int32_t ELEMENT(ints) __attribute__((ext_vector_type(16)));
#define Ints ELEMENT(ints)

INLINE Floats ELEMENT(select)(Ints mask, Floats yes, Floats no) { return mask ? yes : no; }

INLINE Floats ELEMENT(copy_sign)(Floats magnitude, Floats sign) {
    Words bits = __builtin_bit_cast(Words, magnitude) & 0x7FFFFFFF;
    return __builtin_bit_cast(Floats, bits | (__builtin_bit_cast(Words, sign) & 0x80000000));
}

#ifndef SCALE
#define SCALE(x, n) ELEMENT(scaled)(x, n)
/// x times 2 to the power of the whole number n, in two factors, so that neither end is cut off.
INLINE Floats ELEMENT(scaled)(Floats x, Floats n) {
    // What NaN becomes as a whole number does not matter.
    Ints whole = __builtin_convertvector(ELEMENT(select)(n == n, n, (Floats)0.0f), Ints);
    Ints half = whole >> 1;
    x *= __builtin_bit_cast(Floats, (half + 127) << 23);
    return x * __builtin_bit_cast(Floats, (whole - half + 127) << 23);
}
#endif

/// e^x: x = n log 2 + r, a polynomial in r, and 2^n.
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
    return SCALE(p, n);
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

/// A ratio of polynomials between -4 and 4, beyond which it is one in all digits.
INLINE Floats ELEMENT(error)(Floats x) {
    x = ELEMENT(select)(x > 4.0f, (Floats)4.0f, x);
    x = ELEMENT(select)(x < -4.0f, (Floats)-4.0f, x);
    Floats square = x * x;
    Floats p = MULTIPLY_ADD((Floats)-2.72614225801306e-10f, square, (Floats)2.77068142495902e-8f);
    p = MULTIPLY_ADD(p, square, (Floats)-2.10102402082508e-6f);
    p = MULTIPLY_ADD(p, square, (Floats)-5.69250639462346e-5f);
    p = MULTIPLY_ADD(p, square, (Floats)-7.34990630326855e-4f);
    p = MULTIPLY_ADD(p, square, (Floats)-2.95459980854025e-3f);
    p = MULTIPLY_ADD(p, square, (Floats)-1.60960333262415e-2f);
    Floats q = MULTIPLY_ADD((Floats)-1.45660718464996e-5f, square, (Floats)-2.13374055278905e-4f);
    q = MULTIPLY_ADD(q, square, (Floats)-1.68282697438203e-3f);
    q = MULTIPLY_ADD(q, square, (Floats)-7.37332916720468e-3f);
    q = MULTIPLY_ADD(q, square, (Floats)-1.42647390514189e-2f);
    return x * p / q;
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

INLINE Floats ELEMENT(finished)(Floats x, const callpath_finish *finish) {
#pragma clang fp contract(off)
    Floats y = (x - finish->center) * finish->inverse * finish->factor + finish->addend;
    return finish->is_rectified ? ELEMENT(rectified)(y) : y;
}

static void ELEMENT(finish)(const float *x, size_t count, const callpath_finish *finish, float *out) {
    size_t whole = count & ~(size_t)15;
    for (size_t i = 0; i < whole; i += 16) {
        Floats line = ELEMENT(finished)(load_floats(x + i), finish);
        __builtin_memcpy(out + i, &line, sizeof line);
    }
    if (whole == count) return;
    Floats line = 0;
    __builtin_memcpy(&line, x + whole, (count - whole) * sizeof(float));
    line = ELEMENT(finished)(line, finish);
    __builtin_memcpy(out + whole, &line, (count - whole) * sizeof(float));
}

/// The line at `at` of a row with `left` numbers left, and `fill` behind its end.
INLINE Floats ELEMENT(row_line)(const float *at, size_t left, float fill) {
    if (left >= 16) return load_floats(at);
    float numbers[16];
    for (size_t i = 0; i < 16; i++) numbers[i] = i < left ? at[i] : fill;
    return load_floats(numbers);
}

// Lanes meet in halves: what is next to what does not depend on the set.
#define HALVES(op)                                                                                                    \
    Eight eight = __builtin_shufflevector(lanes, lanes, 0, 1, 2, 3, 4, 5, 6, 7);                                      \
    Eight other = __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15);                                \
    eight = op(eight, other);                                                                                         \
    other = __builtin_shufflevector(eight, eight, 4, 5, 6, 7, 4, 5, 6, 7);                                            \
    eight = op(eight, other);                                                                                         \
    other = __builtin_shufflevector(eight, eight, 2, 3, 2, 3, 2, 3, 2, 3);                                            \
    eight = op(eight, other);                                                                                         \
    float first = eight[0], second = eight[1];                                                                        \
    return op(first, second);
#define LARGER_OF(a, b) ((a) > (b) ? (a) : (b))
#define SUM_OF(a, b) ((a) + (b))

INLINE Floats ELEMENT(larger)(Floats a, Floats b) { return LARGER_OF(a, b); }
INLINE float ELEMENT(largest_lane)(Floats lanes) { HALVES(LARGER_OF) }
INLINE float ELEMENT(sum_of_lanes)(Floats lanes) { HALVES(SUM_OF) }

/// e^(x - max) times one over their sum, which runs in sixteen lanes. A NaN makes the sum NaN, and so the whole row.
static void ELEMENT(softmax)(const float *x, size_t count, float *out) {
    size_t whole = count & ~(size_t)15, left = count - whole, i = 0;
    Floats lanes[4];
    UNROLL for (int k = 0; k < 4; k++) lanes[k] = (Floats)-__builtin_inff();
    for (; i + 64 <= whole; i += 64)
        UNROLL for (int k = 0; k < 4; k++) lanes[k] = ELEMENT(larger)(lanes[k], load_floats(x + i + 16 * k));
    for (; i < whole; i += 16) lanes[0] = ELEMENT(larger)(lanes[0], load_floats(x + i));
    if (left) lanes[1] = ELEMENT(larger)(lanes[1], ELEMENT(row_line)(x + whole, left, -__builtin_inff()));
    lanes[0] = ELEMENT(larger)(lanes[0], lanes[1]);
    lanes[2] = ELEMENT(larger)(lanes[2], lanes[3]);
    float largest = ELEMENT(largest_lane)(ELEMENT(larger)(lanes[0], lanes[2]));
    Floats sums = 0;
    for (i = 0; i < whole; i += 16) {
        Floats line = ELEMENT(exponential)(load_floats(x + i) - largest);
        __builtin_memcpy(out + i, &line, sizeof line);
        sums += line;
    }
    if (left) {
        Floats line = ELEMENT(exponential)(ELEMENT(row_line)(x + whole, left, -__builtin_inff()) - largest);
        __builtin_memcpy(out + whole, &line, left * sizeof(float));
        sums += ELEMENT(row_line)(out + whole, left, 0.0f);
    }
    float inverse = 1 / ELEMENT(sum_of_lanes)(sums);
    for (i = 0; i < whole; i += 16) {
        Floats line = load_floats(out + i) * inverse;
        __builtin_memcpy(out + i, &line, sizeof line);
    }
    for (; i < count; i++) out[i] *= inverse;
}

/// (x - center - rest) · factor · weight + bias, each where it is there.
INLINE void ELEMENT(scale_row)(
    const float *x, size_t count, float center, float rest, float factor, const float *weight, const float *bias,
    float *out) {
    for (size_t i = 0; i < count; i++) {
        float number = (x[i] - center - rest) * factor;
        if (weight) number *= weight[i];
        if (bias) number += bias[i];
        out[i] = number;
    }
}

/// (x - mean) / √(variance + epsilon) · weight + bias of a row, the moments summed in eight lanes of doubles. What rounding
/// takes from the mean is subtracted as well: it would stand in each number of the row.
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
    float center = (float)mean, rest = (float)(mean - center);
    float factor = (float)(1 / __builtin_sqrt(square / (double)count + epsilon));
    // A loop for each case: one for all would read what is not there under a mask, which takes some forty times as long.
    if (weight && bias) ELEMENT(scale_row)(x, count, center, rest, factor, weight, bias, out);
    else if (weight) ELEMENT(scale_row)(x, count, center, rest, factor, weight, NULL, out);
    else if (bias) ELEMENT(scale_row)(x, count, center, rest, factor, NULL, bias, out);
    else ELEMENT(scale_row)(x, count, center, rest, factor, NULL, NULL, out);
}

/// One row of a step of an LSTM: the gates' sums come in two parts, each four times `size` long: what enters, what stays,
/// the candidate, what comes out.
static void ELEMENT(lstm)(
    const float *x, const float *h, size_t size, const float *cell, float *next_cell, float *state) {
    for (size_t i = 0; i < size; i += 16) {
        size_t left = size - i < 16 ? size - i : 16;
        Floats gates[4];
        UNROLL for (int gate = 0; gate < 4; gate++)
            gates[gate] = ELEMENT(row_line)(x + gate * size + i, left, 0.0f) +
                          ELEMENT(row_line)(h + gate * size + i, left, 0.0f);
        Floats kept = ELEMENT(logistic)(gates[1]) * ELEMENT(row_line)(cell + i, left, 0.0f);
        Floats line = kept + ELEMENT(logistic)(gates[0]) * ELEMENT(tangent)(gates[2]);
        __builtin_memcpy(next_cell + i, &line, left * sizeof(float));
        line = ELEMENT(tangent)(line) * ELEMENT(logistic)(gates[3]);
        __builtin_memcpy(state + i, &line, left * sizeof(float));
    }
}
