#pragma once
// A variable of the running thread, which Swift cannot declare. A task-local value could stand in for it, but reading one
// costs as much as a tenth of a small layer.

#include <stdint.h>

extern _Thread_local uint8_t cthread_gradient_mode_of_this_thread;

// How the running thread records gradients: the raw value of an `Autograd.Mode`. A thread starts with 0.
static inline uint8_t cthread_gradient_mode(void) { return cthread_gradient_mode_of_this_thread; }

static inline void cthread_set_gradient_mode(uint8_t mode) { cthread_gradient_mode_of_this_thread = mode; }
