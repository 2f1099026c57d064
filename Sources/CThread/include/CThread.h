#pragma once
// Variables of the running thread, which Swift cannot declare. Task-local values could stand in for them, but reading one
// costs as much as a tenth of a small layer.

#include <stdint.h>

extern _Thread_local uint8_t cthread_gradient_mode_of_this_thread;

// How the running thread records gradients: the raw value of an `Autograd.Mode`. A thread starts with 0.
static inline uint8_t cthread_gradient_mode(void) { return cthread_gradient_mode_of_this_thread; }

static inline void cthread_set_gradient_mode(uint8_t mode) { cthread_gradient_mode_of_this_thread = mode; }

extern _Thread_local int64_t cthread_byte_limit_of_this_thread;

// The most bytes of one new tensor on the running thread. A thread starts with 0, which stands for the default.
static inline int64_t cthread_byte_limit(void) { return cthread_byte_limit_of_this_thread; }

static inline void cthread_set_byte_limit(int64_t limit) { cthread_byte_limit_of_this_thread = limit; }

extern _Thread_local const void *cthread_call_context_of_this_thread;

// What the call that runs on this thread refers to as its context; whoever runs the call keeps it alive. A thread starts
// with none.
static inline const void *cthread_call_context(void) { return cthread_call_context_of_this_thread; }

static inline void cthread_set_call_context(const void *context) { cthread_call_context_of_this_thread = context; }
