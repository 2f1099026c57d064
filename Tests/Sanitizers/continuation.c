// Has the thread sanitizer see that what resumes a continuation comes before what awaits it.
//
// Swift's runtime says so where a task is suspended: the job that goes on acquires what the resumer released. A task that
// is resumed before it awaits goes on at once and acquires nothing, so that each object handed over looks like a race.
// script/sanitize preloads this: a resumer on another thread lets the task arrive at its await first, for a while.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/// Where the functions lie that resume a continuation: what the runtime releases elsewhere is no task, and there is much of it.
static struct {
    uintptr_t begin, end;
} resumers[3];

static bool is_resumer(void *return_address) {
    uintptr_t address = (uintptr_t)return_address;
    for (size_t i = 0; i < sizeof resumers / sizeof *resumers; i++) {
        if (resumers[i].begin <= address && address < resumers[i].end) return true;
    }
    return false;
}

static void release(void *task) {
    if (is_resumer(__builtin_return_address(0)) && current_task() != task) {
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
    static const char *const names[] = {
        "swift_continuation_resume", "swift_continuation_throwingResume", "swift_continuation_throwingResumeWithError"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Dl_info place;
        const ElfW(Sym) * symbol;
        void *function = dlsym(RTLD_DEFAULT, names[i]);
        if (!function || !dladdr1(function, &place, (void **)&symbol, RTLD_DL_SYMENT) || !symbol) continue;
        resumers[i].begin = (uintptr_t)function;
        resumers[i].end = (uintptr_t)function + symbol->st_size;
    }
    released = *known;
    *known = release;
}
