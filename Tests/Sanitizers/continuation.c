// Has the thread sanitizer see that what resumes a continuation comes before what awaits it.
//
// Swift's runtime says so where a task is suspended: the job that goes on acquires what the resumer released. A task that
// is resumed before it awaits goes on at once and acquires nothing, so that each object handed over looks like a race.
// script/sanitize preloads this: a resumer on another thread lets the task arrive at its await first, for a while.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// The heads of Swift's ABI: https://github.com/swiftlang/swift, include/swift/ABI/Task.h.
typedef struct {
    void *parent;
    void *resume;
    uintptr_t flags;
    _Atomic uintptr_t status;
} continuation_context;

enum { context_word = 8, pending = 0, patience = 20000 };

static void (*released)(void *object);
static void *(*current_task)(void);

/// Whether the runtime releases a task that is to be resumed, and not one of its other objects.
static bool is_continuation(void *return_address) {
    Dl_info caller;
    if (!dladdr(return_address, &caller) || !caller.dli_sname) return false;
    return strncmp(caller.dli_sname, "swift_continuation_", strlen("swift_continuation_")) == 0;
}

static void release(void *task) {
    if (is_continuation(__builtin_return_address(0)) && current_task() != task) {
        continuation_context *context = ((void **)task)[context_word];
        // A resumer may hold a lock that the task wants before it awaits: its patience ends.
        for (int turn = 0; turn < patience && atomic_load(&context->status) == pending; turn++) sched_yield();
    }
    released(task);
}

__attribute__((constructor)) static void install(void) {
    // Set where the process has a sanitizer; absent from the processes that start the tests.
    void (**known)(void *) = dlsym(RTLD_DEFAULT, "_swift_tsan_release");
    current_task = dlsym(RTLD_DEFAULT, "swift_task_getCurrent");
    if (!known || !*known || !current_task) return;
    released = *known;
    *known = release;
}
