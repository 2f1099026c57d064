/// Counts what a thread takes from the allocator.
///
/// Linking this target puts functions of its own in the place of the C library's, so that every `malloc` of the process
/// is seen, Swift's and Foundation's among them; they count and pass on to the C library's own. Elsewhere than with
/// glibc, and under sanitizers, nothing is counted.
#pragma once

#include <stdint.h>

typedef struct callpath_allocations {
    uint64_t count; // blocks taken, or grown
    uint64_t bytes; // asked for in all of them
} callpath_allocations;

/// What this thread has taken since it began.
callpath_allocations callpath_allocations_of_this_thread(void);
