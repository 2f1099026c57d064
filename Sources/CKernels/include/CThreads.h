/// What threads that share a product need and Swift's libraries do not offer on every system.
#pragma once

#include <stdbool.h>

/// Starts a thread that runs `body(argument)` and is never joined; 0 if it could be started.
int callpath_start_thread(void (*_Nonnull body)(void *_Nonnull argument), void *_Nonnull argument);

/// The processors that this process may run on; 0 if the system does not say.
int callpath_allowed_processors(void);

/// The processor that this thread runs on now; -1 if the system does not say.
int callpath_current_processor(void);

/// The system's number of this thread; 0 if it has none.
int callpath_current_thread(void);

/// Lets a thread of this process run on every processor that the process may run on but `processor`, if there is another.
void callpath_keep_off(int thread, int processor);

/// Whether this thread computes its products without others; at first it does not. Each thread has its own answer.
bool callpath_is_alone(void);
void callpath_set_alone(bool alone);

/// Tells the processor that this thread only waits for another one to write.
static inline void callpath_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); // `yield` does nothing on processors without hyper-threads
#endif
}
