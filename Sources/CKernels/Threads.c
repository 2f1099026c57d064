#define _GNU_SOURCE // for sched_getaffinity
#include "CThreads.h"

#include <sched.h>

int callpath_allowed_processors(void) {
#if defined(__linux__)
    cpu_set_t set; // up to 1,024 processors
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
#else
    return 0;
#endif
}
