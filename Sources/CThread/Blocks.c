#include "CThread.h"

#include <pthread.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { most_blocks = 16, page = 4096, huge_page = 2 << 20 };
// Smaller blocks cost nothing to take again from malloc.
static const size_t least_size = 64 << 10;
// What a thread keeps between calls, and while one runs.
static const size_t kept_between_calls = 2 << 20, kept_in_a_call = 64 << 20;

static _Thread_local struct blocks {
    // How many calls run on this thread, one inside the other.
    int calls;
    // Whether the thread's end will free what is kept.
    bool is_known;
    int count;
    size_t total;
    // Oldest first.
    struct {
        void *memory;
        size_t size;
    } kept[most_blocks];
} blocks_of_this_thread;

static pthread_key_t key;
static bool has_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void remove_at(struct blocks *blocks, int index) {
    blocks->total -= blocks->kept[index].size;
    blocks->count--;
    for (int i = index; i < blocks->count; i++) blocks->kept[i] = blocks->kept[i + 1];
}

// Frees the oldest blocks until no more than `size` bytes are kept.
static void keep_at_most(struct blocks *blocks, size_t size) {
    while (blocks->total > size) {
        void *memory = blocks->kept[0].memory;
        remove_at(blocks, 0);
        free(memory);
    }
}

static void free_all(void *blocks) { keep_at_most(blocks, 0); }

static void make_key(void) { has_key = pthread_key_create(&key, free_all) == 0; }

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
    struct blocks *blocks = &blocks_of_this_thread;
    size = rounded(size);
    int best = -1;
    for (int i = 0; i < blocks->count; i++) {
        size_t found = blocks->kept[i].size;
        if (found >= size && found - size <= size / 2 && (best < 0 || found < blocks->kept[best].size)) best = i;
    }
    if (best < 0) return new_block(size);
    void *memory = blocks->kept[best].memory;
    remove_at(blocks, best);
    return memory;
}

void cthread_give_block(void *memory, size_t size) {
    struct blocks *blocks = &blocks_of_this_thread;
    size_t limit = blocks->calls > 0 ? kept_in_a_call : kept_between_calls;
    if (size < least_size || (size = rounded(size)) > limit || !memory) return free(memory);
    if (!blocks->is_known) {
        pthread_once(&once, make_key);
        if (!has_key || pthread_setspecific(key, blocks) != 0) return free(memory);
        blocks->is_known = true;
    }
    if (blocks->count == most_blocks) keep_at_most(blocks, blocks->total - 1);
    keep_at_most(blocks, limit - size);
    blocks->kept[blocks->count].memory = memory;
    blocks->kept[blocks->count++].size = size;
    blocks->total += size;
}

void cthread_begin_call(void) { blocks_of_this_thread.calls++; }

void cthread_end_call(void) {
    if (--blocks_of_this_thread.calls == 0) keep_at_most(&blocks_of_this_thread, kept_between_calls);
}
