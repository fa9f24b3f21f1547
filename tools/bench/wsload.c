/* wsload: the load client of the benchmark. One message shape, many ways of sending it.
 *
 * It is never the bottleneck: frames are masked once, before the clock starts, and
 * replies are compared byte for byte during the warm-up and counted by length after it.
 *
 *   wsload -p PORT [-m raw|ws|http] [-M ping|pipe|fan] [-n messages] [-W warm-up messages]
 *          [-s size] [-c connections] [-i idle] [-w window] [-k T|B] [-u path] [-b]
 *          [-V] [-P server_pid] [-t limit_s]
 *
 *   ping : one message in flight; message k goes to connection k % connections
 *   pipe : window messages in flight on each connection (replies by length)
 *   fan  : connection 0 sends, every connection must get the message
 *   http : GET path; kept alive where the server keeps it, a new connection where it closes
 *   idle : further connections that are opened and then never send
 *   -V   : each GET has another query, so that no two heads are alike
 *   -b   : the opening handshake (or the GET) carries a desktop browser's headers
 *
 * Output: one JSON object on one line; times are nanoseconds per message (for fan: per
 * message and recipient). cpu_ns is the server's time on a core, from /proc/PID/schedstat.
 *
 * Build: cc -O2 -o wsload wsload.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RAW, WS, HTTP };

#define MASK "\x37\xfa\x21\x3d"
#define BUFFER (1 << 20)
#define GOODBYE_NS 3e9
#define DIAL_TRIES 6000 /* 10 ms apart: a server under valgrind takes seconds to listen */

static int port, wire = WS, size = 16, conns = 1, idle, window = 1, pid, limit = 120, browser, varied;
static long n = 1000, warm = 10;
static char kind = 'T', *buf;
static const char *path = "/echo", *mode = "ping";

/* the frame the client sends, and the reply that must come back */
static char *req, *rep;
static size_t req_len, rep_len;

/* Exit codes: 1 usage, 2 system call, 3 server closed, 4 bad opening, 5 wrong bytes, 6 too slow */
static void fail(int code, const char *what) {
    fprintf(stderr, "wsload: %s\n", what);
    exit(code);
}

static void die(const char *call) {
    fprintf(stderr, "wsload: %s: %s\n", call, strerror(errno));
    exit(errno == EAGAIN ? 6 : 2);
}

static void too_slow(int sig) {
    (void)sig;
    static const char text[] = "wsload: time limit reached\n";
    if (write(2, text, sizeof text - 1)) {}
    _exit(6);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static double server_cpu(void) {
    if (!pid) return 0;
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/schedstat", pid);
    FILE *f = fopen(name, "r");
    if (!f) return 0;
    double v = 0;
    if (fscanf(f, "%lf", &v) != 1) v = 0;
    fclose(f);
    return v;
}

static void put(int fd, const char *p, size_t len) {
    while (len) {
        ssize_t r = send(fd, p, len, MSG_NOSIGNAL);
        if (r < 0) {
            if (errno == EINTR) continue;
            die("send");
        }
        p += r;
        len -= r;
    }
}

static size_t some(int fd, char *p, size_t len) {
    for (;;) {
        ssize_t r = recv(fd, p, len, 0);
        if (r >= 0) return r;
        if (errno != EINTR) die("recv");
    }
}

static void get(int fd, char *p, size_t len) {
    while (len) {
        size_t r = some(fd, p, len);
        if (!r) fail(3, "server closed the connection");
        p += r;
        len -= r;
    }
}

static int dial(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0;; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0) die("socket");
        if (connect(fd, (void *)&a, sizeof a) == 0) {
            int one = 1;
            struct timeval tv = {limit, 0};
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
            return fd;
        }
        close(fd);
        if (i > DIAL_TRIES) die("connect");
        usleep(10000);
    }
}

static const char *browser_headers(void) {
    return !browser ? "" :
        "Cache-Control: no-cache\r\nPragma: no-cache\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/126.0.0.0 Safari/537.36\r\n"
        "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n";
}

static int upgraded(void) {
    int fd = dial();
    if (wire != WS) return fd;
    char q[2048], r[4096], own[256] = "";
    if (browser) /* the page came from this server: the Origin has its port */
        snprintf(own, sizeof own, "Origin: http://127.0.0.1:%d\r\n"
                 "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", port);
    int l = snprintf(q, sizeof q,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\n%sUpgrade: websocket\r\n%s"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        path, port, browser_headers(), own);
    put(fd, q, l);
    /* byte by byte: what follows the head belongs to the frames */
    size_t k = 0;
    while (k < sizeof r - 1) {
        get(fd, r + k++, 1);
        if (k > 4 && !memcmp(r + k - 4, "\r\n\r\n", 4)) break;
    }
    r[k] = 0;
    if (strncmp(r, "HTTP/1.1 101", 12) || !strstr(r, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) {
        fprintf(stderr, "wsload: no upgrade, the server said: %.200s\n", r);
        exit(4);
    }
    return fd;
}

static size_t header(char *p, int mask) {
    size_t k = 0;
    p[k++] = (char)(0x80 | (kind == 'T' ? 1 : 2));
    if (size < 126) p[k++] = (char)(mask | size);
    else if (size < 65536) {
        p[k++] = (char)(mask | 126);
        p[k++] = (char)(size >> 8);
        p[k++] = (char)size;
    } else {
        p[k++] = (char)(mask | 127);
        for (int i = 7; i >= 0; i--) p[k++] = i < 4 ? (char)((unsigned)size >> (8 * i)) : 0;
    }
    return k;
}

static void make_message(void) {
    req = malloc(size + 16);
    rep = malloc(size + 16);
    if (wire == WS) {
        req_len = header(req, 0x80);
        rep_len = header(rep, 0);
        memcpy(req + req_len, MASK, 4);
        req_len += 4;
    }
    for (int i = 0; i < size; i++) {
        char c = 'a' + i % 26;
        rep[rep_len++] = c;
        req[req_len++] = wire == WS ? (char)(c ^ MASK[i & 3]) : c;
    }
}

/* A PING stands in buf[0:have], where a reply is expected: answer it, and read on. A run that takes long meets some. */
static void pong(int fd, size_t have) {
    size_t payload = buf[1] & 127, ping = 2 + payload;
    char answer[140] = {(char)0x8a, (char)(0x80 | payload)}; /* masked with zeros */
    if (have < ping) get(fd, buf + have, ping - have);
    memcpy(answer + 6, buf + 2, payload);
    put(fd, answer, 6 + payload);
    size_t rest = have > ping ? have - ping : 0;
    memmove(buf, buf + ping, rest);
    get(fd, buf + rest, have - rest);
}

static void expect(int fd, int check) {
    size_t left = rep_len, at = 0;
    while (left) {
        size_t part = left < BUFFER ? left : BUFFER;
        get(fd, buf, part);
        while (!at && wire == WS && buf[0] == (char)0x89) pong(fd, part);
        if (check && memcmp(buf, rep + at, part)) fail(5, "a reply has the wrong bytes");
        at += part;
        left -= part;
    }
}

/* One GET. Returns the connection to use next: the same, or a new one if the server closed it. */
static int http_get(int fd) {
    static int count;
    char q[2048], query[16] = "";
    if (varied) snprintf(query, sizeof query, "?n=%06d", count++ % 1000000);
    put(fd, q, snprintf(q, sizeof q, "GET %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: keep-alive\r\n%s\r\n",
                        path, query, port, browser_headers()));
    size_t k = 0;
    char *end = NULL;
    while (!end) {
        size_t r = some(fd, buf + k, BUFFER - 1 - k);
        if (!r) fail(3, "server closed before the end of the response head");
        k += r;
        buf[k] = 0;
        end = strstr(buf, "\r\n\r\n");
    }
    if (strncmp(buf, "HTTP/1.", 7) || strncmp(buf + 9, "200", 3)) {
        fprintf(stderr, "wsload: the server said: %.80s\n", buf);
        exit(4);
    }
    size_t body = k - (end + 4 - buf);
    char *cl = strcasestr(buf, "\r\ncontent-length:"), *co = strcasestr(buf, "\r\nconnection: close");
    if (cl > end) cl = NULL;
    int keeps = cl && buf[7] != '0' && !(co && co < end);
    size_t want = cl ? strtoul(cl + 17, NULL, 10) : 0;
    while (cl && body < want) {
        size_t r = some(fd, buf, BUFFER);
        if (!r) fail(3, "server closed inside a body");
        body += r;
    }
    if (keeps) return fd;
    while (!cl && recv(fd, buf, BUFFER, 0) > 0) {} /* the body ends where the server closes, or resets */
    close(fd);
    return dial();
}

/* `per` messages on each connection, a window of them in flight. */
static void flow(struct pollfd *pf, const char *burst, long per) {
    long *sent = calloc(conns, sizeof *sent), *got = calloc(conns, sizeof *got);
    long ql = req_len, pl = rep_len;
    int left = per ? conns : 0;
    while (left) {
        for (int i = 0; i < conns; i++) {
            long can = got[i] / pl + window;
            if (can > per) can = per;
            pf[i].events = (got[i] < per * pl ? POLLIN : 0) | (sent[i] < can * ql ? POLLOUT : 0);
        }
        if (poll(pf, conns, 1000 * limit) <= 0) die("poll");
        for (int i = 0; i < conns; i++) {
            if (pf[i].revents & (POLLIN | POLLHUP | POLLERR)) {
                ssize_t r = recv(pf[i].fd, buf, BUFFER, 0);
                if (r < 0 && errno != EAGAIN) die("recv");
                if (r == 0) fail(3, "server closed the connection");
                if (r > 0) got[i] += r;
                if (r > 0 && got[i] >= per * pl) left--;
            }
            if (!(pf[i].revents & POLLOUT)) continue;
            long can = got[i] / pl + window;
            if (can > per) can = per;
            long todo = can * ql - sent[i], off = sent[i] % ql, max = (long)window * ql - off;
            if (todo > max) todo = max;
            if (todo <= 0) continue;
            ssize_t r = send(pf[i].fd, burst + off, todo, MSG_NOSIGNAL);
            if (r > 0) sent[i] += r;
            else if (errno != EAGAIN) die("send");
        }
    }
    free(sent);
    free(got);
}

static void run_pipe(int *fd, double *w0, double *c0) {
    struct pollfd *pf = calloc(conns, sizeof *pf);
    char *burst = malloc((size_t)window * req_len); /* a window of frames back to back */
    for (int i = 0; i < window; i++) memcpy(burst + (size_t)i * req_len, req, req_len);
    for (int i = 0; i < conns; i++) {
        fcntl(fd[i], F_SETFL, O_NONBLOCK);
        pf[i].fd = fd[i];
    }
    flow(pf, burst, (warm + conns - 1) / conns); /* what a server loads at the first message is not a message's price */
    *w0 = now();
    *c0 = server_cpu();
    flow(pf, burst, n / conns);
    n = n / conns * conns;
}

/* Close the way a browser does, and let the server finish: its last steps are then the same each time. */
static void say_goodbye(const int *fd, int count) {
    static const char bye[] = "\x88\x82\0\0\0\0\x03\xe8"; /* CLOSE 1000, masked with zeros */
    double until = now() + GOODBYE_NS;
    for (int i = 0; i < count; i++) {
        fcntl(fd[i], F_SETFL, 0);
        if (wire == WS) send(fd[i], bye, 8, MSG_NOSIGNAL);
        shutdown(fd[i], SHUT_WR);
    }
    for (int i = 0; i < count; i++) {
        struct pollfd p = {.fd = fd[i], .events = POLLIN};
        double left = until - now();
        while (left > 0 && poll(&p, 1, (int)(left / 1e6)) > 0 && recv(fd[i], buf, BUFFER, 0) > 0) left = until - now();
        close(fd[i]);
    }
}

static void options(int argc, char **argv) {
    int o;
    while ((o = getopt(argc, argv, "p:m:M:n:W:s:c:i:w:k:u:P:t:bV")) != -1) switch (o) {
        case 'p': port = atoi(optarg); break;
        case 'm': wire = optarg[0] == 'w' ? WS : optarg[0] == 'h' ? HTTP : RAW; break;
        case 'M': mode = optarg; break;
        case 'n': n = atol(optarg); break;
        case 'W': warm = atol(optarg); break;
        case 's': size = atoi(optarg); break;
        case 'c': conns = atoi(optarg); break;
        case 'i': idle = atoi(optarg); break;
        case 'w': window = atoi(optarg); break;
        case 'k': kind = optarg[0]; break;
        case 'u': path = optarg; break;
        case 'P': pid = atoi(optarg); break;
        case 't': limit = atoi(optarg); break;
        case 'b': browser = 1; break;
        case 'V': varied = 1; break;
        default: exit(1);
    }
    if (port <= 0 || conns < 1 || n < 1 || size < 1 || window < 1) fail(1, "-p, -n, -s, -c and -w must be positive");
}

int main(int argc, char **argv) {
    options(argc, argv);
    struct rlimit rl;
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);
    signal(SIGALRM, too_slow);
    alarm(limit);
    make_message();
    buf = malloc(BUFFER);

    int *fd = malloc(sizeof *fd * (conns + idle));
    for (int i = 0; i < conns + idle; i++) fd[i] = upgraded();
    int fan = !strcmp(mode, "fan");
    if (wire == RAW && conns + idle > 1) usleep(200000 + 10000 * (conns + idle)); /* no handshake says: I have it */

    double w0 = 0, c0 = 0;
    if (!strcmp(mode, "pipe")) run_pipe(fd, &w0, &c0);
    else for (long k = -warm; k < n; k++) {
        if (k == 0) { w0 = now(); c0 = server_cpu(); }
        int i = (k + warm) % conns;
        if (wire == HTTP) fd[i] = http_get(fd[i]);
        else if (fan) {
            put(fd[0], req, req_len);
            for (int j = 0; j < conns; j++) expect(fd[j], k < 0);
        } else {
            put(fd[i], req, req_len);
            expect(fd[i], k < 0);
        }
    }
    double w1 = now(), c1 = server_cpu(), each = (double)n * (fan ? conns : 1);
    printf("{\"mode\": \"%s\", \"size\": %d, \"conns\": %d, \"idle\": %d, \"window\": %d, \"n\": %ld, "
           "\"wall_ns\": %.0f, \"cpu_ns\": %.0f}\n",
           wire == HTTP ? "http" : mode, size, conns, idle, window, n, (w1 - w0) / each, (c1 - c0) / each);
    say_goodbye(fd, conns + idle);
    return 0;
}
