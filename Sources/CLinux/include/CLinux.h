#pragma once
// What the server needs of Linux and the Glibc module leaves out.
#include <sys/epoll.h>
#include <sys/timerfd.h>

// accept4 is declared only under _GNU_SOURCE, which a module map cannot set for the Glibc headers: CLinux.c does.
// The accepted descriptor is non-blocking and closed on exec. The address is a sockaddr, which belongs to Glibc.
int clinux_accept(int listener, void *address, unsigned int *length);
