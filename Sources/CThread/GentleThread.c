#define _GNU_SOURCE // for gettid
#include "CThread.h"

#include <pthread.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

// A third of what others get: work goes on where nobody leaves a processor idle.
enum { niceness = 5, stack_size = 512 << 10 };

struct work {
    void (*run)(void *);
    void *context;
};

static void *begin(void *argument) {
    struct work work = *(struct work *)argument;
    free(argument);
#if defined(__linux__)
    // On Linux it is the thread's alone, and nobody without privileges gets it back: hence a thread of its own.
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), niceness);
#endif
    work.run(work.context);
    return NULL;
}

bool cthread_run_gently(void (*run)(void *context), void *context) {
    struct work *work = malloc(sizeof *work);
    if (!work) return false;
    *work = (struct work){run, context};
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_size);
    int failure = pthread_create(&thread, &attributes, begin, work);
    pthread_attr_destroy(&attributes);
    if (failure) free(work);
    return !failure;
}
