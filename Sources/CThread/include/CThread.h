#pragma once
// Variables of the running thread, which Swift cannot declare. Task-local values could stand in for them, but reading one
// costs as much as a tenth of a small layer.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern _Thread_local uint8_t cthread_gradient_mode_of_this_thread;

// How the running thread records gradients: the raw value of an `Autograd.Mode`. A thread starts with 0.
static inline uint8_t cthread_gradient_mode(void) { return cthread_gradient_mode_of_this_thread; }

static inline void cthread_set_gradient_mode(uint8_t mode) { cthread_gradient_mode_of_this_thread = mode; }

extern _Thread_local int64_t cthread_byte_limit_of_this_thread;

// The most bytes of one new tensor on the running thread. A thread starts with 0, which stands for the default.
static inline int64_t cthread_byte_limit(void) { return cthread_byte_limit_of_this_thread; }

static inline void cthread_set_byte_limit(int64_t limit) { cthread_byte_limit_of_this_thread = limit; }

// What the running call has taken so far, and may take: bytes of tensors that live at once, and work in multiply-adds or
// elements read. A thread starts without limits, which is 0.
struct cthread_meter {
    int64_t live_bytes;
    int64_t live_limit;
    int64_t work;
    int64_t work_limit;
};

extern _Thread_local struct cthread_meter cthread_meter_of_this_thread;

static inline struct cthread_meter cthread_meter(void) { return cthread_meter_of_this_thread; }

static inline void cthread_set_meter(struct cthread_meter meter) { cthread_meter_of_this_thread = meter; }

// Returns whether the call may take this many bytes more, and counts them if so.
static inline bool cthread_take_bytes(int64_t count) {
    struct cthread_meter *meter = &cthread_meter_of_this_thread;
    if (meter->live_limit == 0) return true;
    if (count > meter->live_limit - meter->live_bytes) return false;
    meter->live_bytes += count;
    return true;
}

// Counts bytes that were let go. What came from outside of the call does not make room in it.
static inline void cthread_give_bytes(int64_t count) {
    struct cthread_meter *meter = &cthread_meter_of_this_thread;
    if (meter->live_limit == 0) return;
    meter->live_bytes = count > meter->live_bytes ? 0 : meter->live_bytes - count;
}

// Returns whether the call may do this much more work, and counts it if so.
static inline bool cthread_take_work(int64_t count) {
    struct cthread_meter *meter = &cthread_meter_of_this_thread;
    if (meter->work_limit == 0) return true;
    if (count > meter->work_limit - meter->work) return false;
    meter->work += count;
    return true;
}

extern _Thread_local const void *cthread_call_context_of_this_thread;

// What the call that runs on this thread refers to as its context; whoever runs the call keeps it alive. A thread starts
// with none.
static inline const void *cthread_call_context(void) { return cthread_call_context_of_this_thread; }

static inline void cthread_set_call_context(const void *context) { cthread_call_context_of_this_thread = context; }

// Memory for tensors. Blocks that are let go of are kept for a while and taken again: their pages are there already, and those
// of new memory cost more than many an operation on them. All threads share them, up to 64 MiB.

// Returns memory for this many bytes, as malloc does; null if there is none.
void *cthread_take_block(size_t size);

// The same of zeros, for which the system finds pages where somebody looks at them; null if there is none.
void *cthread_take_zeros(size_t size);

// Lets go of memory that was taken for this many bytes; true if it is kept.
bool cthread_give_block(void *memory, size_t size);

// Frees the blocks that nobody took for so long; true if others remain.
bool cthread_free_blocks(int64_t milliseconds);

// Runs a function on a thread of its own that gives way to others where processors are short: false if there is no thread.
bool cthread_run_gently(void (*run)(void *context), void *context);
