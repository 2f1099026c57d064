// The least that can be called an HTTP server: one thread, one epoll, blocking in it; whole requests only, one constant
// answer. What a request costs above this is what a server adds.
//     clang -O2 responder.c -o responder && ./responder PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { max_connections = 4096, max_request = 16 << 10 };

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 57\r\n\r\n"
    "{\"output\":[30.0,40.0,50.0],\"shape\":[3],\"dtype\":\"float32\"}";

static struct connection {
    size_t filled;
    char bytes[max_request];
} connections[max_connections];

/// The length of the first request in `bytes`, or 0 if it is not whole yet.
static size_t whole_request(const char *bytes, size_t count) {
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = end + 4 - bytes, body = 0;
    const char *length = memmem(bytes, head, "ontent-", 7);
    for (; length; length = memmem(length + 7, end - length - 7, "ontent-", 7))
        if (!strncasecmp(length + 7, "Length:", 7)) body = strtoul(length + 14, NULL, 10);
    return head + body <= count ? head + body : 0;
}

/// Reads what has come and answers every whole request in one write; returns 0 when the connection has ended.
static int serve(int socket, struct connection *c) {
    ssize_t count = read(socket, c->bytes + c->filled, max_request - c->filled);
    if (count <= 0) return 0;
    c->filled += count;
    char answers[64 * sizeof answer];
    size_t ready = 0, eaten = 0;
    for (size_t next; ready + sizeof answer < sizeof answers
             && (next = whole_request(c->bytes + eaten, c->filled - eaten)); eaten += next) {
        memcpy(answers + ready, answer, sizeof answer - 1);
        ready += sizeof answer - 1;
    }
    memmove(c->bytes, c->bytes + eaten, c->filled -= eaten);
    return (ready == 0 || write(socket, answers, ready) == (ssize_t)ready) && c->filled < max_request;
}

int main(int count, char **arguments) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons(count > 1 ? atoi(arguments[1]) : 8080);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0), loop = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return perror("listen"), 1;
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &(struct epoll_event){EPOLLIN, {.fd = listener}});
    for (struct epoll_event events[256];;) {
        int ready = epoll_wait(loop, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int socket = events[i].data.fd;
            if (socket == listener) {
                int accepted = accept(listener, NULL, NULL);
                if (accepted < 0 || accepted >= max_connections) { close(accepted); continue; }
                setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                connections[accepted].filled = 0;
                epoll_ctl(loop, EPOLL_CTL_ADD, accepted, &(struct epoll_event){EPOLLIN, {.fd = accepted}});
            } else if (!serve(socket, &connections[socket])) {
                close(socket);
            }
        }
    }
}
