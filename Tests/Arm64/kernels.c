// Holds the fastest table of this machine to what CKernels.h says an output is, bit for bit, and prints a digest of the
// random numbers, which must be the same on every machine. `script/arm64` runs it here and under qemu's arm64.
#include "CKernels.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_rows = 40, chunk = 256 };

static uint64_t noise_state = 1;

/// The next number of splitmix64 (Steele, Lea and Flood 2014).
static uint64_t noise(void) {
    uint64_t z = noise_state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/// A number from -1 to 1 with a mantissa so short that every storage holds it.
static double element(void) {
    return ((double)(noise() >> 56) - 127.5) / 128;
}

static void store(callpath_storage storage, void *elements, size_t index, double value) {
    float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    switch (storage) {
    case CALLPATH_F32: ((float *)elements)[index] = single; break;
    case CALLPATH_F64: ((double *)elements)[index] = value; break;
    case CALLPATH_BF16: ((uint16_t *)elements)[index] = (uint16_t)(bits >> 16); break;
    case CALLPATH_F16: ((_Float16 *)elements)[index] = (_Float16)value; break;
    }
}

/// Chunks of 256, each one chain of fused multiply-adds from zero; the chunks in order; the bias last.
static double promised(callpath_storage storage, const double *x, const double *weight, size_t inputs, double bias) {
    double sum = 0;
    for (size_t start = 0; start < inputs || start == 0; start += chunk) {
        size_t end = start + chunk < inputs ? start + chunk : inputs;
        double part = 0;
        for (size_t i = start; i < end; i++) {
            part = storage == CALLPATH_F64 ? fma(x[i], weight[i], part)
                                           : fmaf((float)x[i], (float)weight[i], (float)part);
        }
        sum = start == 0 ? part : storage == CALLPATH_F64 ? sum + part : (float)sum + (float)part;
    }
    return storage == CALLPATH_F64 ? sum + bias : (float)sum + (float)bias;
}

/// A layer in doubles and as the kernels take it, and what it owes for every row.
struct layer {
    callpath_storage storage;
    size_t outputs, inputs;
    double *x, *weight, *bias, *expected;
    float *x_single, *bias_single;
    void *packed;
};

static void *allocated(size_t bytes) {
    void *memory = malloc(bytes + 64);
    if (memory == NULL) exit(2);
    return memory;
}

static struct layer make_layer(callpath_storage storage, size_t outputs, size_t inputs) {
    struct layer layer = {.storage = storage, .outputs = outputs, .inputs = inputs};
    size_t xs = most_rows * inputs, weights = outputs * inputs;
    layer.x = allocated(xs * sizeof(double));
    layer.weight = allocated(weights * sizeof(double));
    layer.bias = allocated(outputs * sizeof(double));
    layer.expected = allocated(most_rows * outputs * sizeof(double));
    layer.x_single = allocated(xs * sizeof(float));
    layer.bias_single = allocated(outputs * sizeof(float));
    layer.packed = callpath_allocate(callpath_packed_bytes(storage, outputs, inputs));
    void *elements = allocated(weights * sizeof(double));
    for (size_t i = 0; i < xs; i++) layer.x_single[i] = (float)(layer.x[i] = element());
    for (size_t i = 0; i < outputs; i++) layer.bias_single[i] = (float)(layer.bias[i] = element());
    for (size_t i = 0; i < weights; i++) store(storage, elements, i, layer.weight[i] = element());
    callpath_pack(storage, (callpath_weight){elements, outputs, inputs, inputs, 1}, layer.packed);
    for (size_t row = 0; row < most_rows; row++) {
        for (size_t output = 0; output < outputs; output++) {
            layer.expected[row * outputs + output] = promised(
                storage, layer.x + row * inputs, layer.weight + output * inputs, inputs, layer.bias[output]);
        }
    }
    free(elements);
    return layer;
}

static void free_layer(struct layer *layer) {
    void *parts[] = {layer->x, layer->weight, layer->bias, layer->expected, layer->x_single, layer->bias_single};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
    callpath_release(layer->packed);
}

static void run(const callpath_kernels *kernels, const struct layer *layer, callpath_product product, void *out) {
    switch (layer->storage) {
    case CALLPATH_F32: kernels->linear_f32(product, layer->x_single, layer->packed, layer->bias_single, out); break;
    case CALLPATH_F64: kernels->linear_f64(product, layer->x, layer->packed, layer->bias, out); break;
    case CALLPATH_BF16: kernels->linear_bf16(product, layer->x_single, layer->packed, layer->bias_single, out); break;
    case CALLPATH_F16: kernels->linear_f16(product, layer->x_single, layer->packed, layer->bias_single, out); break;
    }
}

/// Computes `rows` rows in `shares` parts and returns how many outputs have other bits than promised.
static size_t differing(const callpath_kernels *kernels, const struct layer *layer, size_t rows, size_t shares) {
    size_t width = callpath_panel_width(layer->storage), panels = (layer->outputs + width - 1) / width, wrong = 0;
    void *out = allocated(rows * layer->outputs * sizeof(double));
    for (size_t share = 0; share < shares; share++) {
        callpath_product product = {rows, layer->inputs, layer->outputs, layer->outputs,
                                    panels * share / shares, panels * (share + 1) / shares, share & 1};
        run(kernels, layer, product, out);
    }
    for (size_t i = 0; i < rows * layer->outputs; i++) {
        double got = layer->storage == CALLPATH_F64 ? ((double *)out)[i] : ((float *)out)[i];
        wrong += memcmp(&got, &layer->expected[i], sizeof got) != 0;
    }
    free(out);
    return wrong;
}

static size_t checks, failures;

static void check(const callpath_kernels *kernels, callpath_storage storage, size_t outputs, size_t inputs) {
    struct layer layer = make_layer(storage, outputs, inputs);
    for (size_t rows = 1; rows <= most_rows; rows += rows < 13 ? 1 : 9) {
        size_t wrong = differing(kernels, &layer, rows, 1 + rows % 3);
        checks += rows * outputs;
        failures += wrong;
        if (wrong > 0) printf("storage %d, %zu x %zu, %zu rows: %zu differ\n", storage, outputs, inputs, rows, wrong);
    }
    free_layer(&layer);
}

/// FNV-1a over the numbers that the seeds' promise is about.
static uint64_t random_digest(const callpath_kernels *kernels) {
    enum { count = 4096 };
    static uint32_t draws[2 * count];
    static float singles[count];
    static double doubles[count];
    uint64_t digest = 0xCBF29CE484222325u;
    for (size_t i = 0; i < 2 * count; i++) draws[i] = (uint32_t)(noise() >> 32);
    for (callpath_torch torch = CALLPATH_TORCH_2; torch <= CALLPATH_TORCH_1; torch++) {
        kernels->uniform_f64(draws, count, -0.3, 0.8, torch, doubles);
        for (size_t i = 0; i < sizeof doubles; i++) digest = (digest ^ ((uint8_t *)doubles)[i]) * 0x100000001B3u;
        kernels->uniform_f32(draws, count, 0, 1, torch, singles);
        kernels->normal_f32(singles, count, 0.3f, 1.7f, torch);
        for (size_t i = 0; i < sizeof singles; i++) digest = (digest ^ ((uint8_t *)singles)[i]) * 0x100000001B3u;
    }
    return digest;
}

/// Sums over windows of a line: each is the chain that an output of a layer is.
static void check_windows(const callpath_kernels *kernels, size_t rows, size_t inputs, size_t count) {
    size_t lines = (count + 15) / 16;
    float *image = allocated((inputs + count + 64) * sizeof(float)), *weight = allocated(rows * inputs * sizeof(float));
    float *bias = allocated(rows * sizeof(float)), *out = allocated(rows * lines * 16 * sizeof(float));
    double *x = allocated(inputs * sizeof(double)), *factors = allocated(inputs * sizeof(double));
    size_t *taps = allocated(inputs * sizeof(size_t)), *starts = allocated(lines * sizeof(size_t));
    for (size_t i = 0; i < inputs + count + 64; i++) image[i] = (float)element();
    for (size_t i = 0; i < rows * inputs; i++) weight[i] = (float)element();
    for (size_t i = 0; i < rows; i++) bias[i] = (float)element();
    for (size_t i = 0; i < inputs; i++) taps[i] = inputs - 1 - i;
    for (size_t i = 0; i < lines; i++) starts[i] = 16 * i;
    callpath_windows windows = {rows, inputs, lines, lines * 16, taps, starts, starts};
    kernels->windows_f32(windows, image, weight, bias, out);
    size_t wrong = 0;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < inputs; i++) factors[i] = weight[row * inputs + i];
        for (size_t window = 0; window < count; window++) {
            for (size_t i = 0; i < inputs; i++) x[i] = image[window + taps[i]];
            float expected = (float)promised(CALLPATH_F32, x, factors, inputs, bias[row]);
            wrong += memcmp(&expected, &out[row * lines * 16 + window], sizeof expected) != 0;
        }
    }
    checks += rows * count;
    failures += wrong;
    if (wrong > 0) printf("windows of %zu, %zu rows, %zu side by side: %zu differ\n", inputs, rows, count, wrong);
    void *parts[] = {image, weight, bias, out, x, factors, taps, starts};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
}

/// FNV-1a over functions of numbers, which are the same wherever multiply-adds are fused.
static uint64_t function_digest(const callpath_kernels *kernels) {
    enum { count = 4099 };
    static float x[count], y[count], z[count];
    callpath_map_float *maps[] = {kernels->exp_f32,  kernels->sigmoid_f32, kernels->tanh_f32,    kernels->gelu_f32,
                                  kernels->silu_f32, kernels->relu_f32,    kernels->softmax_f32};
    uint64_t digest = 0xCBF29CE484222325u;
    for (size_t i = 0; i < count; i++) x[i] = (float)(element() * (double)(i % 100));
    for (size_t map = 0; map < sizeof maps / sizeof *maps; map++) {
        maps[map](x, count, y);
        for (size_t i = 0; i < sizeof y; i++) digest = (digest ^ ((uint8_t *)y)[i]) * 0x100000001B3u;
    }
    kernels->lstm_f32(x, x + 1000, 250, x + 2000, y, z);
    for (size_t i = 0; i < 250 * sizeof *z; i++) digest = (digest ^ ((uint8_t *)z)[i]) * 0x100000001B3u;
    return digest;
}

int main(void) {
    const size_t outputs[] = {1, 7, 8, 16, 17, 31, 65, 113, 144, 209}, inputs[] = {1, 2, 3, 31, 255, 256, 257, 513};
    const callpath_kernels *kernels = callpath_kernels_at(0);
    fprintf(stderr, "%s: ", kernels->name);
    for (callpath_storage storage = CALLPATH_F32; storage <= CALLPATH_F16; storage++) {
        for (size_t o = 0; o < sizeof outputs / sizeof *outputs; o++) {
            for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
                check(kernels, storage, outputs[o], inputs[i]);
            }
        }
    }
    for (size_t rows = 1; rows <= 17; rows++)
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) check_windows(kernels, rows, inputs[i], 7 + 9 * rows);
    noise_state = 7;
    fprintf(stderr, "%zu outputs, %zu differ\n", checks, failures);
    printf("random numbers %016" PRIx64 "\n", random_digest(kernels));
    printf("functions %016" PRIx64 "\n", function_digest(kernels));
    return failures > 0;
}
