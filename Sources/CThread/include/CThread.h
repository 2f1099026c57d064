#pragma once
// Variables of the running thread, which Swift cannot declare. Task-local values could stand in for them, but reading one
// costs as much as a tenth of a small layer.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What belongs to the call that runs on a thread. A thread starts with zeros, which stand for PyTorch's own ways and no limits.
struct cthread_call {
    // How gradients are recorded: the raw value of an `Autograd.Mode`.
    uint8_t gradient_mode;
    // Whether the rules of PyTorch 1.0.1 hold.
    bool follows_torch_1_0_1;
    // The most bytes of one new tensor; 0 stands for the default.
    int64_t tensor_byte_limit;
    // What the call has taken so far, and may take: bytes of tensors that live at once, and work in multiply-adds or elements
    // read. A limit of 0 is none.
    int64_t live_bytes;
    int64_t live_byte_limit;
    int64_t work;
    int64_t work_limit;
    // Who sees the call's operations, and what else belongs to it; whoever runs the call keeps both alive.
    const void *_Nullable observation;
    const void *_Nullable context;
};

extern _Thread_local struct cthread_call cthread_call_of_this_thread;

static inline struct cthread_call *_Nonnull cthread_running_call(void) { return &cthread_call_of_this_thread; }

// Returns whether the call may take this many bytes more, and counts them if so.
static inline bool cthread_take_bytes(int64_t count) {
    struct cthread_call *call = cthread_running_call();
    if (call->live_byte_limit == 0) return true;
    if (count > call->live_byte_limit - call->live_bytes) return false;
    call->live_bytes += count;
    return true;
}

// Counts bytes that were let go. What came from outside of the call does not make room in it.
static inline void cthread_give_bytes(int64_t count) {
    struct cthread_call *call = cthread_running_call();
    if (call->live_byte_limit == 0) return;
    call->live_bytes = count > call->live_bytes ? 0 : call->live_bytes - count;
}

// Returns whether the call may do this much more work, and counts it if so.
static inline bool cthread_take_work(int64_t count) {
    struct cthread_call *call = cthread_running_call();
    if (call->work_limit == 0) return true;
    if (count > call->work_limit - call->work) return false;
    call->work += count;
    return true;
}

// Memory for tensors. Blocks that are let go of are kept for a while and taken again: their pages are there already, and those
// of new memory cost more than many an operation on them. All threads share them, up to 64 MiB.

// Returns memory for this many bytes, as malloc does; null if there is none.
void *_Nullable cthread_take_block(size_t size);

// The same of zeros, for which the system finds pages where somebody looks at them; null if there is none.
void *_Nullable cthread_take_zeros(size_t size);

// Lets go of memory that was taken for this many bytes; true if it is kept.
bool cthread_give_block(void *_Nonnull memory, size_t size);

// Frees the blocks that nobody took for so long; true if others remain.
bool cthread_free_blocks(int64_t milliseconds);

// Runs a function on a thread of its own that gives way to others where processors are short: false if there is no thread.
bool cthread_run_gently(void (*_Nonnull run)(void *_Nullable context), void *_Nullable context);
