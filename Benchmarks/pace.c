// Asks at a fixed rate, whatever the answers do: the time of a request counts from when it was due, not from when a connection
// was free for it, so that a server that stalls is not spared the requests of that time.
//     clang -O2 pace.c -o pace && ./pace PORT CONNECTIONS REQUESTS_A_SECOND SECONDS REQUEST_FILE
// Prints {"requests": ..., "errors": ..., "per_second": ..., "p50": ..., "p99": ..., "p999": ...}, times in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { max_connections = 1024, max_answer = 64 << 10, max_request = 64 << 10 };

static struct connection {
    int socket;
    long long due;
    size_t filled;
    char bytes[max_answer];
} connections[max_connections];
static struct connection *idle[max_connections];
static int idle_count;
static long long errors;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/// Whether an answer is whole: its head, and as many bytes as that says.
static int is_whole(struct connection *c) {
    const char *end = memmem(c->bytes, c->filled, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = end + 4 - c->bytes, body = 0;
    const char *length = memmem(c->bytes, head, "ontent-", 7);
    for (; length; length = memmem(length + 7, end - length - 7, "ontent-", 7))
        if (!strncasecmp(length + 7, "Length:", 7)) body = strtoul(length + 14, NULL, 10);
    return head + body <= c->filled;
}

static int compare(const void *one, const void *other) {
    unsigned a = *(const unsigned *)one, b = *(const unsigned *)other;
    return (a > b) - (a < b);
}

int main(int count, char **arguments) {
    if (count != 6) return fprintf(stderr, "expected 5 arguments, got %d\n", count - 1), 64;
    int wanted = atoi(arguments[2]), on = 1, loop = epoll_create1(0);
    double rate = atof(arguments[3]), seconds = atof(arguments[4]);
    static char request[max_request];
    FILE *file = fopen(arguments[5], "rb");
    if (!file || wanted < 1 || wanted > max_connections || rate <= 0) return perror("pace"), 64;
    size_t length = fread(request, 1, max_request, file);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons(atoi(arguments[1]));
    for (int i = 0; i < wanted; i++) {
        struct connection *c = &connections[i];
        c->socket = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->socket, (struct sockaddr *)&address, sizeof address)) return perror("connect"), 1;
        setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(loop, EPOLL_CTL_ADD, c->socket, &(struct epoll_event){EPOLLIN, {.ptr = c}});
        idle[idle_count++] = c;
    }
    long long total = rate * seconds, sent = 0, done = 0, begin = now();
    unsigned *times = malloc(total * sizeof *times);
    while (done + errors < total) {
        long long due = begin + (long long)(sent * 1e9 / rate), time = now();
        for (; sent < total && idle_count && due <= time; due = begin + (long long)(++sent * 1e9 / rate)) {
            struct connection *c = idle[--idle_count];
            c->due = due, c->filled = 0;
            if (write(c->socket, request, length) != (ssize_t)length) return perror("write"), 1;
        }
        long long rest = sent < total && idle_count ? due - now() : 1000000000LL;
        struct timespec pause = {rest > 0 ? rest / 1000000000LL : 0, rest > 0 ? rest % 1000000000LL : 0};
        struct epoll_event events[64];
        int ready = epoll_pwait2(loop, events, 64, &pause, NULL);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            ssize_t got = read(c->socket, c->bytes + c->filled, max_answer - c->filled);
            if (got <= 0) return perror("read"), 1;
            c->filled += got;
            if (!is_whole(c)) continue;
            if (memcmp(c->bytes, "HTTP/1.1 200", 12)) errors++;
            else times[done++] = (now() - c->due) / 1000;
            idle[idle_count++] = c;
        }
    }
    double elapsed = (now() - begin) / 1e9;
    qsort(times, done, sizeof *times, compare);
    printf("{\"requests\": %lld, \"errors\": %lld, \"per_second\": %.0f, \"p50\": %u, \"p99\": %u, \"p999\": %u}\n", done, errors,
           done / elapsed, done ? times[done / 2] : 0, done ? times[done * 99 / 100] : 0, done ? times[done * 999 / 1000] : 0);
}
