#define _GNU_SOURCE
#include "CLinux.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int clinux_accept(int listener, void *address, unsigned int *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void clinux_return_blocks_of(int size) {
    mallopt(M_MMAP_THRESHOLD, size);
    mallopt(M_TRIM_THRESHOLD, size);
}

char **clinux_variables(void) {
    return environ;
}

int clinux_processor_count(void) {
    cpu_set_t processors;
    return sched_getaffinity(0, sizeof processors, &processors) ? 0 : CPU_COUNT(&processors);
}

int clinux_open_unnamed(const char *folder, unsigned int mode) {
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
}

int clinux_memory_file(void) {
    return memfd_create("callpath", MFD_CLOEXEC);
}

int clinux_event(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void clinux_start_writing(int file) {
    sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void clinux_use_huge_pages(const void *start, size_t size) {
    const uintptr_t page = 1 << 21;
    uintptr_t first = ((uintptr_t)start + page - 1) & ~(page - 1), end = ((uintptr_t)start + size) & ~(page - 1);
    if (size >= 2 * page && first < end) madvise((void *)first, end - first, MADV_HUGEPAGE);
}

const char *clinux_file_of(const void *address) {
    Dl_info found, own;
    if (!dladdr(address, &found) || !dladdr((const void *)clinux_file_of, &own)) return "an unknown file";
    return found.dli_fbase == own.dli_fbase ? 0 : found.dli_fname;
}
