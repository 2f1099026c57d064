#define _GNU_SOURCE // for sched_getaffinity
#include "CThreads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

int callpath_allowed_processors(void) {
#if defined(__linux__)
    cpu_set_t set; // up to 1,024 processors
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
#else
    return 0;
#endif
}

int callpath_current_processor(void) {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

int callpath_current_thread(void) {
#if defined(__linux__)
    return (int)syscall(SYS_gettid);
#else
    return 0;
#endif
}

void callpath_keep_off(int thread, int processor) {
#if defined(__linux__)
    cpu_set_t others;
    if (sched_getaffinity(getpid(), sizeof others, &others) != 0) return;
    CPU_CLR(processor, &others);
    if (CPU_COUNT(&others) > 0) sched_setaffinity(thread, sizeof others, &others);
#else
    (void)thread, (void)processor;
#endif
}

static _Thread_local bool is_alone;

bool callpath_is_alone(void) {
    return is_alone;
}

void callpath_set_alone(bool alone) {
    is_alone = alone;
}

struct start {
    void (*body)(void *);
    void *argument;
};

static void *run(void *memory) {
    struct start start = *(struct start *)memory;
    free(memory);
    start.body(start.argument);
    return NULL;
}

int callpath_start_thread(void (*body)(void *), void *argument) {
    struct start *start = malloc(sizeof *start);
    if (!start) return -1;
    *start = (struct start){body, argument};
    // Signals are for the threads of the program, not for those of its arithmetic.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int failure = pthread_create(&thread, NULL, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure) free(start);
    else pthread_detach(thread);
    return failure;
}
