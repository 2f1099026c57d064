#pragma once
// What the server needs of Linux and the Glibc module leaves out.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

// accept4 is declared only under _GNU_SOURCE, which a module map cannot set for the Glibc headers:
// CLinux.c defines it. The accepted descriptor is non-blocking and closed on exec.
int clinux_accept(int listener, struct sockaddr *address, socklen_t *length);
