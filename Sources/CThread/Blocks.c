#define _GNU_SOURCE // for the coarse clock
#include "CThread.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { most_blocks = 64, page = 4096, huge_page = 2 << 20 };
// Smaller blocks cost nothing to take again from malloc.
static const size_t least_size = 64 << 10;
static const size_t most_bytes = 64 << 20;

struct block {
    void *memory;
    size_t size;
    // When it was let go, in milliseconds.
    int64_t since;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
// Oldest first.
static struct block kept[most_blocks];
static int count;
static size_t total;

static int64_t now(void) {
    struct timespec time;
#if defined(CLOCK_MONOTONIC_COARSE)
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
#else
    clock_gettime(CLOCK_MONOTONIC, &time);
#endif
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct block removed(int index) {
    struct block block = kept[index];
    total -= block.size;
    count--;
    for (int i = index; i < count; i++) kept[i] = kept[i + 1];
    return block;
}

static size_t rounded(size_t size) { return size > SIZE_MAX - page ? size : (size + page - 1) / page * page; }

// Large blocks get large pages where the kernel has them, as NumPy's do: a fault for each small one costs more than filling it.
static void *new_block(size_t size) {
#if defined(__linux__)
    if (size >= 2 * huge_page) {
        void *memory = NULL;
        if (posix_memalign(&memory, huge_page, size) != 0) return NULL;
        madvise(memory, size, MADV_HUGEPAGE); // advice: without it all works, only slower
        return memory;
    }
#endif
    return malloc(size);
}

void *cthread_take_zeros(size_t size) { return calloc(size < least_size ? size : rounded(size), 1); }

void *cthread_take_block(size_t size) {
    if (size < least_size) return malloc(size);
    size = rounded(size);
    pthread_mutex_lock(&mutex);
    // Of those that are no more than twice as large the smallest, and of these the youngest, which a cache may know.
    int best = -1;
    for (int i = 0; i < count; i++) {
        int fits = kept[i].size >= size && kept[i].size - size <= size;
        if (fits && (best < 0 || kept[i].size <= kept[best].size)) best = i;
    }
    void *memory = best < 0 ? NULL : removed(best).memory;
    pthread_mutex_unlock(&mutex);
    return memory ? memory : new_block(size);
}

bool cthread_give_block(void *memory, size_t size) {
    if (size < least_size || !memory || (size = rounded(size)) > most_bytes / 2) {
        free(memory);
        return false;
    }
    void *old[most_blocks];
    int old_count = 0;
    pthread_mutex_lock(&mutex);
    while (count > 0 && (count == most_blocks || total > most_bytes - size)) old[old_count++] = removed(0).memory;
    kept[count++] = (struct block){memory, size, now()};
    total += size;
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < old_count; i++) free(old[i]);
    return true;
}

bool cthread_free_blocks(int64_t milliseconds) {
    void *old[most_blocks];
    int old_count = 0;
    pthread_mutex_lock(&mutex);
    int64_t end = now() - milliseconds;
    while (count > 0 && kept[0].since <= end) old[old_count++] = removed(0).memory;
    bool remain = count > 0;
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < old_count; i++) free(old[i]);
    return remain;
}
