// The least that can answer: one thread, one blocking epoll, one constant. It parses nothing but the end of a head and
// a Content-Length, and is what the event loop is measured against. Build: cc -O2 responder.c -o responder
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] =
    "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\nContent-Type: application/json\r\n"
    "Content-Length: 31\r\n\r\n{\"answer\": [30.0, 40.0, 50.0]}\n";

// Answers every whole request in `bytes`; requests are assumed not to be cut.
static void serve(int client, const char *bytes, size_t count) {
    const char *end = bytes + count;
    while (bytes < end) {
        const char *blank = memmem(bytes, (size_t)(end - bytes), "\r\n\r\n", 4);
        if (!blank) return;
        const char *length = memmem(bytes, (size_t)(blank - bytes), "Content-Length: ", 16);
        bytes = blank + 4 + (length ? atoi(length + 16) : 0);
        if (send(client, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) return;
    }
}

int main(int count, char **arguments) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, epoll = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(count > 1 ? atoi(arguments[1]) : 8081),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return perror("bind"), 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    static char buffer[65536];
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int number = events[i].data.fd;
            if (number == listener) {
                event.data.fd = accept(listener, NULL, NULL);
                event.events = EPOLLIN;
                epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            ssize_t bytes = recv(number, buffer, sizeof buffer, 0);
            if (bytes <= 0) close(number);
            else serve(number, buffer, (size_t)bytes);
        }
    }
}
