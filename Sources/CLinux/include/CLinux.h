#pragma once
// What the server needs of Linux and the Glibc module leaves out.
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

// accept4, sched_getaffinity, O_TMPFILE, sync_file_range and dladdr are declared only under _GNU_SOURCE, which a module map cannot set for the Glibc headers:
// CLinux.c does.

// The accepted descriptor is non-blocking and closed on exec. The address is a sockaddr, which belongs to Glibc.
int clinux_accept(int listener, void *address, unsigned int *length);

// Gives freed blocks of at least this size back to the kernel at once, and so much of free memory at the heap's end.
// Left alone, glibc raises its own bound to 32 MiB once a block of that size is freed, and then keeps up to 64 MiB in
// each of its arenas (mallopt(3)).
void clinux_return_blocks_of(int size);

// The variables that this process was started with, NAME=VALUE, and null behind the last.
char **clinux_variables(void);

// The processors that this process may run on, or 0 if the kernel does not say.
int clinux_processor_count(void);

// A new file in a folder that has no name until it is linked.
int clinux_open_unnamed(const char *folder, unsigned int mode);

// A new file that lies in memory.
int clinux_memory_file(void);

// A descriptor that can be read once 8 bytes were written to it, and until they are read.
int clinux_event(void);

// Has the kernel begin to write a file's new pages to the disk, and does not wait for it.
void clinux_start_writing(int file);

// Has the kernel back a large block that is about to be filled with pages of 2 MiB where it can: a fault for each 4 KiB costs
// more than the copy that causes it. Smaller blocks are left alone. Advice: without it all works, only slower.
void clinux_use_huge_pages(const void *start, size_t size);

// The shared library that holds what lies at an address; null if that is this program itself.
const char *clinux_file_of(const void *address);
