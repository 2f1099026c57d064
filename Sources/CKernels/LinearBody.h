// The body of `linear`, included once per instruction set and storage. The includer defines
//   KERNEL(name)  `name` with the suffix of this set and storage
//   Real, Stored  the type computed in, the type that packed weights are read as
//   WIDTH         the outputs in a panel (64 bytes of Real)
//   PER_STORED    the inputs in one Stored: 2 for paired bfloat16, else 1
//   WEIGHT(at, parity)      the panel's line at `at`, widened to Real
//   MULTIPLY_ADD(a, b, c)   a * b + c, fused if the set can
//   BLOCK_ROWS, PANELS(rows)  the rows of a full block, and the panels that a block of `rows` takes at once: as many
//                 accumulators as registers allow, since each is a chain that waits for itself
// Constant arguments of always-inline functions play the part of template parameters: every loop over them unrolls.

typedef Real KERNEL(line) __attribute__((ext_vector_type(WIDTH)));
#define Line KERNEL(line)

/// Where a block works: its rows of `x`, its first panel's chunk, and what to do with the sums.
struct KERNEL(block) {
    const Real *x;        // first row of the block, at the chunk's first input
    const Stored *weight; // first panel of the block, at the chunk's first input
    const Real *bias;     // of the block's first output; NULL without one and before the last chunk
    Real *out;
    size_t row_stride, out_stride;
    size_t panel_stride; // between panels, in Stored
    size_t line_stride;  // between the lines of a panel, in Stored: WIDTH, less in the last panel
    size_t lanes;        // the outputs to write per panel
    size_t count;        // the inputs of the chunk
    int first_chunk, last_chunk;
    size_t fetches;      // the panels of which to fetch a line with each input: none, one or those of the block
    size_t fetch_ahead;  // from the line in use to the one to fetch, in Stored
};

INLINE Line KERNEL(load)(const Real *from, size_t lanes) {
    Line line = 0;
    if (lanes == WIDTH) __builtin_memcpy(&line, from, sizeof line);
    else __builtin_memcpy(&line, from, lanes * sizeof(Real));
    return line;
}

INLINE void KERNEL(store)(Line line, Real *to, size_t lanes) {
    if (lanes == WIDTH) __builtin_memcpy(to, &line, sizeof line);
    else __builtin_memcpy(to, &line, lanes * sizeof(Real));
}

/// Adds one input to every sum of the block.
INLINE void KERNEL(step)(
    int rows, int panels, __attribute__((unused)) int parity, const struct KERNEL(block) *b, const Stored *weight,
    const Real *x, Line sums[BLOCK_ROWS][MAX_PANELS]
) {
    Line weights[MAX_PANELS];
    UNROLL for (int p = 0; p < panels; p++) weights[p] = WEIGHT(weight + p * b->panel_stride, parity);
    UNROLL for (int r = 0; r < rows; r++) {
        Line value = (Line)(x[r * b->row_stride]);
        UNROLL for (int p = 0; p < panels; p++) sums[r][p] = MULTIPLY_ADD(weights[p], value, sums[r][p]);
    }
}

/// Calls for the lines of the next two inputs that are to be here soon; an address beyond the weight does no harm.
INLINE void KERNEL(fetch)(int fetches, const struct KERNEL(block) *b, const Stored *weight) {
    UNROLL for (int p = 0; p < fetches; p++) UNROLL for (int line = 0; line < 2 / PER_STORED; line++)
        __builtin_prefetch(weight + b->fetch_ahead + p * b->panel_stride + line * WIDTH);
}

/// Computes one chunk of `rows` rows by `panels` panels, and adds it to what earlier chunks left in `out`.
INLINE void KERNEL(compute)(int rows, int panels, int fetches, const struct KERNEL(block) *b) {
    Line sums[BLOCK_ROWS][MAX_PANELS];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int p = 0; p < panels; p++) sums[r][p] = (Line)(Real)0;

    const Stored *weight = b->weight;
    const Real *x = b->x, *end = x + (b->count & ~(size_t)1);
    for (; x < end; x += 2) {
        KERNEL(fetch)(fetches, b, weight);
        KERNEL(step)(rows, panels, 0, b, weight, x, sums);
        if (PER_STORED == 1) weight += b->line_stride;
        else __asm__("" : "+r"(weight)); // a pair is read twice: keeping it would take the registers of sums
        KERNEL(step)(rows, panels, 1, b, weight, x + 1, sums);
        weight += b->line_stride;
    }
    if (b->count & 1) KERNEL(step)(rows, panels, 0, b, weight, x, sums);

    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int p = 0; p < panels; p++) {
        Real *out = b->out + r * b->out_stride + p * WIDTH;
        Line sum = sums[r][p];
        if (!b->first_chunk) sum = KERNEL(load)(out, b->lanes) + sum;
        if (b->bias) sum = sum + KERNEL(load)(b->bias + p * WIDTH, b->lanes);
        KERNEL(store)(sum, out, b->lanes);
    }
}

/// Computes `panels` panels and fetches as the block says.
INLINE void KERNEL(compute_panels)(int rows, int panels, const struct KERNEL(block) *b) {
    if (b->fetches == 0) KERNEL(compute)(rows, panels, 0, b);
    else if (b->fetches == 1 || panels == 1) KERNEL(compute)(rows, panels, 1, b);
    else KERNEL(compute)(rows, panels, panels, b);
}

/// Computes as many panels as a block of `rows` takes, or a smaller power of two.
INLINE void KERNEL(compute_rows)(int rows, size_t panels, const struct KERNEL(block) *b) {
    if (panels == PANELS(rows)) KERNEL(compute_panels)(rows, PANELS(rows), b);
    else if (PANELS(rows) > 2 && panels == 2) KERNEL(compute_panels)(rows, 2, b);
    else KERNEL(compute)(rows, 1, 0, b);
}

static void KERNEL(dispatch)(size_t rows, size_t panels, const struct KERNEL(block) *b) {
    switch (rows) {
#define CASE(n)                                                                                                       \
    case n: KERNEL(compute_rows)(n, panels, b); break;
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

/// A block at the chunk that starts with input `k`.
INLINE struct KERNEL(block) KERNEL(at_chunk)(const callpath_product *product, size_t k) {
    size_t left = product->inputs - k;
    return (struct KERNEL(block)){
        .count = left < CHUNK ? left : CHUNK,
        .first_chunk = k == 0,
        .last_chunk = left <= CHUNK,
        .row_stride = product->inputs,
        .out_stride = product->out_stride,
        .panel_stride = (product->inputs + PER_STORED - 1) / PER_STORED * WIDTH,
    };
}

/// Computes one chunk of `rows` rows by the panels from `panel` up to `end`.
static void KERNEL(chunk)(
    const callpath_product *product, size_t rows, size_t panel, size_t end, size_t k, struct KERNEL(block) b,
    const Stored *packed, const Real *bias
) {
    size_t panels = PANELS(rows);
    while (panel < end) {
        size_t remaining = product->outputs - panel * WIDTH;
        while (panels > 1 && (end - panel < panels || remaining < panels * WIDTH)) panels /= 2;
        b.lanes = b.line_stride = remaining < WIDTH ? remaining : WIDTH;
        struct KERNEL(block) at = b;
        at.weight = packed + panel * b.panel_stride + k / PER_STORED * b.line_stride;
        at.bias = bias && b.last_chunk ? bias + panel * WIDTH : NULL;
        at.out = b.out + panel * WIDTH;
        KERNEL(dispatch)(rows, panels, &at);
        panel += panels;
    }
}

/// The rows of the next block when `left` remain: blocks as even as can be, never a lone row after full ones.
INLINE size_t KERNEL(block_rows)(size_t left) {
    size_t blocks = (left + BLOCK_ROWS - 1) / BLOCK_ROWS;
    return (left + blocks - 1) / blocks;
}

/// Whether a packed weight comes from beyond the second cache, so that it is worth calling for it early.
INLINE int KERNEL(is_far)(const callpath_product *product) {
    return product->inputs * product->outputs / PER_STORED * sizeof(Stored) > SECOND_CACHE;
}

/// Computes a batch of one block: the weights stream by once, panel after panel, all chunks of each.
static void KERNEL(linear_block)(
    const callpath_product *product, const Real *x, const Stored *packed, const Real *bias, Real *out
) {
    size_t step = PANELS(product->rows), fetches = KERNEL(is_far)(product) ? step : 0;
    size_t turns = (product->end_panel - product->first_panel + step - 1) / step;
    for (size_t turn = 0; turn < turns; turn++) {
        size_t panel = product->first_panel + (product->from_end ? turns - 1 - turn : turn) * step;
        size_t end = product->end_panel - panel < step ? product->end_panel : panel + step, k = 0;
        do {
            struct KERNEL(block) b = KERNEL(at_chunk)(product, k);
            b.x = x + k;
            b.out = out;
            b.fetches = fetches;
            b.fetch_ahead = (step < 4 ? 64 : 32) * WIDTH; // what memory needs to answer in time
            KERNEL(chunk)(product, product->rows, panel, end, k, b, packed, bias);
            k += b.count;
        } while (k < product->inputs);
    }
}

/// Computes a larger batch: all rows pass over the chunk of some panels while it is in the first cache. Meanwhile that
/// of the next panels comes from memory, each of the first blocks of rows calling for one of them.
static void KERNEL(linear_batch)(
    const callpath_product *product, const Real *x, const Stored *packed, const Real *bias, Real *out
) {
    size_t step = PANELS(BLOCK_ROWS), k = 0;
    do {
        struct KERNEL(block) b = KERNEL(at_chunk)(product, k);
        for (size_t panel = product->first_panel; panel < product->end_panel; panel += step) {
            size_t end = product->end_panel - panel < step ? product->end_panel : panel + step;
            size_t fetched = KERNEL(is_far)(product) ? end : product->end_panel;
            for (size_t row = 0, rows; row < product->rows; row += rows) {
                rows = KERNEL(block_rows)(product->rows - row);
                b.x = x + row * product->inputs + k;
                b.out = out + row * product->out_stride;
                b.fetches = fetched < product->end_panel && fetched < end + step;
                b.fetch_ahead = (fetched++ - panel) * b.panel_stride;
                KERNEL(chunk)(product, rows, panel, end, k, b, packed, bias);
            }
        }
        k += b.count;
    } while (k < product->inputs);
}

static void KERNEL(linear)(
    callpath_product product, const Real *x, const void *packed, const Real *bias, Real *out
) {
    if (product.rows == 0) return;
    if (product.rows <= BLOCK_ROWS) KERNEL(linear_block)(&product, x, packed, bias, out);
    else KERNEL(linear_batch)(&product, x, packed, bias, out);
}

#undef Line
