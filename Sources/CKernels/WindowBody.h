// Sums over windows, included once per instruction set: sixteen windows side by side are one line, and a number of each
// comes from one place in memory, so that windows are read where they lie.

#define WINDOWS(name) EXPAND(name, windows, SET)
/// The lines that a block of `rows` takes at once: as many accumulators as registers allow.
#define LINES(rows) (PANELS(rows) == 2 && BLOCK_ROWS == 8 ? 3 : PANELS(rows))

/// Computes `rows` rows by `lines` lines, all chunks of their chains.
INLINE void WINDOWS(compute)(
    int rows, int lines, const callpath_windows *windows, size_t row, size_t line, const float *image,
    const float *weight, const float *bias, float *out
) {
    size_t inputs = windows->inputs, k = 0;
    const float *from[MAX_PANELS], *factors = weight + row * inputs;
    Floats totals[BLOCK_ROWS][MAX_PANELS];
    UNROLL for (int l = 0; l < lines; l++) from[l] = image + windows->starts[line + l];
    do {
        Floats sums[BLOCK_ROWS][MAX_PANELS];
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int l = 0; l < lines; l++) sums[r][l] = (Floats)0.0f;
        size_t start = k, end = inputs - k < CHUNK ? inputs : k + CHUNK;
        for (; k < end; k++) {
            Floats numbers[MAX_PANELS];
            UNROLL for (int l = 0; l < lines; l++) numbers[l] = load_floats(from[l] + windows->taps[k]);
            UNROLL for (int r = 0; r < rows; r++) {
                Floats value = (Floats)(factors[r * inputs + k]);
                UNROLL for (int l = 0; l < lines; l++) sums[r][l] = MULTIPLY_ADD(numbers[l], value, sums[r][l]);
            }
        }
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int l = 0; l < lines; l++)
            totals[r][l] = start == 0 ? sums[r][l] : totals[r][l] + sums[r][l];
    } while (k < inputs);
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int l = 0; l < lines; l++) {
        Floats total = totals[r][l];
        if (bias) total += bias[row + r];
        __builtin_memcpy(out + (row + r) * windows->out_stride + windows->places[line + l], &total, sizeof total);
    }
}

INLINE void WINDOWS(compute_rows)(
    int rows, size_t lines, const callpath_windows *windows, size_t row, size_t line, const float *image,
    const float *weight, const float *bias, float *out
) {
    if (lines == LINES(rows)) WINDOWS(compute)(rows, LINES(rows), windows, row, line, image, weight, bias, out);
    else if (LINES(rows) > 2 && lines == 2) WINDOWS(compute)(rows, 2, windows, row, line, image, weight, bias, out);
    else WINDOWS(compute)(rows, 1, windows, row, line, image, weight, bias, out);
}

static void WINDOWS(block)(
    size_t rows, size_t lines, const callpath_windows *windows, size_t row, size_t line, const float *image,
    const float *weight, const float *bias, float *out
) {
    switch (rows) {
#define CASE(n)                                                                                                       \
    case n: WINDOWS(compute_rows)(n, lines, windows, row, line, image, weight, bias, out); break;
    CASE(1)
    CASE(2)
    CASE(3)
#if BLOCK_ROWS > 3
    CASE(4)
    CASE(5)
    CASE(6)
#endif
#if BLOCK_ROWS > 6
    CASE(7)
    CASE(8)
#endif
#undef CASE
    }
}

/// All rows by all lines, the smaller side of the two innermost: it is read again for each block of the other.
static void WINDOWS(sums)(
    callpath_windows windows, const float *image, const float *weight, const float *bias, float *out
) {
    int is_wide = windows.rows * windows.inputs * sizeof(float) > SECOND_CACHE / 2;
    size_t blocks = (windows.rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    size_t rows = blocks ? (windows.rows + blocks - 1) / blocks : 1, step = LINES(rows);
    size_t outer = is_wide ? rows : step, inner = is_wide ? step : rows;
    for (size_t i = 0; i < (is_wide ? windows.rows : windows.lines); i += outer) {
        for (size_t j = 0; j < (is_wide ? windows.lines : windows.rows); j += inner) {
            size_t row = is_wide ? i : j, line = is_wide ? j : i;
            size_t height = windows.rows - row < rows ? windows.rows - row : rows;
            for (size_t end = windows.lines - line < step ? windows.lines : line + step; line < end;) {
                size_t lines = LINES(height) < end - line ? LINES(height) : end - line;
                if (lines < LINES(height)) lines = lines >= 2 ? 2 : 1;
                WINDOWS(block)(height, lines, &windows, row, line, image, weight, bias, out);
                line += lines;
            }
        }
    }
}

// MARK: Lines of numbers that lie some way apart

typedef float WINDOWS(four) __attribute__((ext_vector_type(4)));
typedef int32_t WINDOWS(four_ints) __attribute__((ext_vector_type(4)));

/// `width` numbers from `x` on, `stride` apart. Of two lines of every second number the other one is read from one number
/// before, so that none is read behind the last.
#define STRIDED(name, Line, width, ...)                                                                               \
    INLINE Line WINDOWS(name)(const float *x, size_t stride) {                                                        \
        Line line, other;                                                                                             \
        if (stride > 2) UNROLL for (size_t lane = 0; lane < width; lane++) line[lane] = x[lane * stride];             \
        else __builtin_memcpy(&line, x, sizeof line);                                                                 \
        if (stride != 2) return line;                                                                                 \
        __builtin_memcpy(&other, x + width - 1, sizeof other);                                                        \
        return __builtin_shufflevector(line, other, __VA_ARGS__);                                                     \
    }
STRIDED(strided16, Floats, 16, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31)
STRIDED(strided8, Eight, 8, 0, 2, 4, 6, 9, 11, 13, 15)
STRIDED(strided4, WINDOWS(four), 4, 0, 2, 5, 7)
#undef STRIDED

/// Calls STEP for lines of 16, 8, 4 or one that cover `count` numbers; the last of a kind goes over some twice.
#define COVER(count, STEP)                                                                                            \
    if (count >= 16) {                                                                                                \
        for (size_t i = 0;; i = i + 32 <= count ? i + 16 : count - 16) {                                              \
            STEP(Floats, Ints, strided16)                                                                             \
            if (i + 16 == count) break;                                                                               \
        }                                                                                                             \
    } else if (count >= 8) {                                                                                          \
        for (size_t i = 0;; i = count - 8) {                                                                          \
            STEP(Eight, EightInts, strided8)                                                                          \
            if (i + 8 == count) break;                                                                                \
        }                                                                                                             \
    } else if (count >= 4) {                                                                                          \
        for (size_t i = 0;; i = count - 4) {                                                                          \
            STEP(WINDOWS(four), WINDOWS(four_ints), strided4)                                                         \
            if (i + 4 == count) break;                                                                                \
        }                                                                                                             \
    }

#define COPY(Line, Mask, strided)                                                                                     \
    Line found = WINDOWS(strided)(x + i * stride, stride);                                                            \
    __builtin_memcpy(out + i, &found, sizeof found);

INLINE void WINDOWS(copy_line)(const float *x, size_t stride, size_t count, float *out) {
    COVER(count, COPY)
    else for (size_t i = 0; i < count; i++) out[i] = x[i * stride];
}

// NaN is larger than all else.
#define LARGER(Line, Mask, strided)                                                                                   \
    Line found = WINDOWS(strided)(x + i * stride, stride), known;                                                     \
    __builtin_memcpy(&known, out + i, sizeof known);                                                                  \
    Mask wins = (found > known) | (found != found);                                                                   \
    known = wins ? found : known;                                                                                     \
    __builtin_memcpy(out + i, &known, sizeof known);

INLINE void WINDOWS(larger_line)(const float *x, size_t stride, size_t count, float *out) {
    COVER(count, LARGER)
    else for (size_t i = 0; i < count; i++) {
        float number = x[i * stride];
        if (number > out[i] || number != number) out[i] = number;
    }
}

#define CLEAR(Line, Mask, strided)                                                                                    \
    Line zeros = 0;                                                                                                   \
    __builtin_memcpy(out + i, &zeros, sizeof zeros);

/// The one or two numbers beside an image are cleared by themselves: of a loop the compiler would make a call.
INLINE void WINDOWS(clear_line)(size_t count, float *out) {
    COVER(count, CLEAR)
    else {
        if (count > 0) out[0] = 0;
        if (count > 1) out[1] = 0;
        if (count > 2) out[2] = 0;
    }
}

static void WINDOWS(lines)(
    const float *x, size_t x_stride, size_t count, size_t lines, float *out, size_t out_stride) {
    for (size_t line = 0; line < lines; line++) WINDOWS(copy_line)(x + line * x_stride, 1, count, out + line * out_stride);
}

static void WINDOWS(fill)(const callpath_room *room, const float *image, ptrdiff_t slice, ptrdiff_t row, float *out) {
    size_t plane = room->height * room->width;
    for (size_t channel = 0; channel < room->channels; channel++, image += room->depth * plane) {
        for (size_t depth = 0; depth < room->slices; depth++) {
            ptrdiff_t at = slice + (ptrdiff_t)(depth * room->slice_step);
            int is_inside = at >= 0 && at < (ptrdiff_t)room->depth;
            for (size_t phase = 0; phase < room->phases; phase++) {
                const callpath_phase *from = room->phase + phase;
                for (size_t line = 0; line < room->lines; line++, out += room->pitch) {
                    ptrdiff_t high = row + (ptrdiff_t)(from->row + line * room->row_stride);
                    if (!is_inside || high < 0 || high >= (ptrdiff_t)room->height) {
                        WINDOWS(clear_line)(room->pitch, out);
                        continue;
                    }
                    const float *numbers = image + (size_t)at * plane + (size_t)high * room->width + from->column;
                    WINDOWS(copy_line)(numbers, room->column_stride, from->count, out + from->before);
                    if (room->is_filled) continue;
                    size_t end = from->before + from->count;
                    WINDOWS(clear_line)(from->before, out);
                    WINDOWS(clear_line)(room->pitch - end, out + end);
                }
            }
        }
    }
}

#define LARGEST(Line, Mask, strided)                                                                                  \
    Line known = (Line)-__builtin_inff();                                                                             \
    for (size_t line = 0; line < count; line++) {                                                                     \
        for (size_t column = 0; column < pool->columns; column++) {                                                   \
            Line found = WINDOWS(strided)(lines[line] + pool->column[column].column + i * stride, stride);            \
            Mask wins = (found > known) | (found != found);                                                           \
            known = wins ? found : known;                                                                             \
        }                                                                                                             \
    }                                                                                                                 \
    __builtin_memcpy(out + i, &known, sizeof known);

/// A line of windows that all lie inside the plane along its width.
INLINE void WINDOWS(largest_line)(
    const callpath_pool *pool, const float *const *lines, size_t count, size_t stride, float *out) {
    COVER(pool->out_width, LARGEST)
    else for (size_t i = 0; i < pool->out_width; i++) out[i] = -__builtin_inff();
    if (pool->out_width >= 4) return;
    for (size_t line = 0; line < count; line++)
        for (size_t column = 0; column < pool->columns; column++)
            WINDOWS(larger_line)(lines[line] + pool->column[column].column, stride, pool->out_width, out);
}

static void WINDOWS(largest)(const callpath_pool *pool, const float *plane, float *out) {
    const float *lines[64];
    int is_inside = pool->kernel_depth * pool->kernel_height <= 64;
    for (size_t column = 0; column < pool->columns; column++)
        is_inside &= pool->column[column].before == 0 && pool->column[column].count == pool->out_width;
    for (size_t slice = 0; slice < pool->out_depth; slice++) {
        for (size_t row = 0; row < pool->out_height; row++, out += pool->out_width) {
            size_t count = 0;
            if (!is_inside) for (size_t i = 0; i < pool->out_width; i++) out[i] = -__builtin_inff();
            for (size_t depth = 0; depth < pool->kernel_depth; depth++) {
                ptrdiff_t deep = (ptrdiff_t)(slice * pool->depth_stride + depth * pool->depth_step) - pool->depth_padding;
                if (deep < 0 || deep >= (ptrdiff_t)pool->depth) continue;
                for (size_t height = 0; height < pool->kernel_height; height++) {
                    ptrdiff_t high =
                        (ptrdiff_t)(row * pool->height_stride + height * pool->height_step) - pool->height_padding;
                    if (high < 0 || high >= (ptrdiff_t)pool->height) continue;
                    const float *line = plane + ((size_t)deep * pool->height + (size_t)high) * pool->width;
                    if (is_inside) lines[count++] = line;
                    else for (size_t column = 0; column < pool->columns; column++) {
                        const callpath_phase *at = pool->column + column;
                        WINDOWS(larger_line)(line + at->column, pool->width_stride, at->count, out + at->before);
                    }
                }
            }
            if (!is_inside) continue;
            if (pool->width_stride == 1) WINDOWS(largest_line)(pool, lines, count, 1, out);
            else if (pool->width_stride == 2) WINDOWS(largest_line)(pool, lines, count, 2, out);
            else WINDOWS(largest_line)(pool, lines, count, pool->width_stride, out);
        }
    }
}
