#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_EVERY (10 * NS_PER_MS) /* at a pty that nobody has open, and at a place to connect to */

void port_begin(struct port *port, enum port_kind kind, const char *where)
{
    memset(port, 0, sizeof *port);
    port->kind = kind;
    port->where = where;
    port->listener = port->end = -1;
}

static bool let_go(int *descriptor)
{
    bool was = *descriptor >= 0;

    if (was)
        close(*descriptor);
    *descriptor = -1;
    return was;
}

static bool never_blocks(int descriptor)
{
    return fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

/* ---- a pty */

/*
 * Take away what nobody has read, and have the terminal pass bytes as they are: a new one would echo them. Opened and closed once, it
 * also tells from then on whether a host has it open.
 */
static bool make_bare(const struct port *port)
{
    struct termios settings;
    int host = open(port->place, O_RDWR | O_NOCTTY | O_NONBLOCK);
    bool done = host >= 0 && tcgetattr(host, &settings) == 0;

    if (done) {
        settings.c_iflag = settings.c_oflag = settings.c_lflag = 0;
        settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD | CLOCAL;
        done = tcsetattr(host, TCSANOW, &settings) == 0 && tcflush(host, TCIOFLUSH) == 0;
    }
    if (host >= 0)
        close(host);
    return done;
}

/* Have the path lead to the pty, in one step: whoever looks there finds the old one, the new one or none. */
static bool lead_there(const struct port *port)
{
    char beside[sizeof((struct sockaddr_un *)0)->sun_path + 64];
    int length = snprintf(beside, sizeof beside, "%s.%ld", port->where, (long)getpid());

    if (length < 0 || (size_t)length >= sizeof beside) {
        errno = ENAMETOOLONG;
        return false;
    }
    unlink(beside);
    if (symlink(port->place, beside) < 0)
        return false;
    if (rename(beside, port->where) == 0)
        return true;
    unlink(beside);
    return false;
}

/* Whether nothing is lost if the path leads to this pty: there is nothing, or a link to a pty that an emulator has left. */
static bool is_free_for_link(const struct port *port)
{
    char target[sizeof port->place];
    ssize_t length = readlink(port->where, target, sizeof target - 1);
    size_t folder = (size_t)(strrchr(port->place, '/') - port->place) + 1; /* of this system's ptys */

    if (length < 0)
        return errno == ENOENT;
    errno = EEXIST;
    return (size_t)length > folder && memcmp(target, port->place, folder) == 0;
}

static bool plug_pty(struct port *port, const char **what)
{
    const char *name;

    *what = "a pty could not be made";
    port->end = posix_openpt(O_RDWR | O_NOCTTY);
    if (port->end < 0 || grantpt(port->end) < 0 || unlockpt(port->end) < 0 || !never_blocks(port->end))
        return false;
    name = ptsname(port->end);
    if (!name || strlen(name) >= sizeof port->place)
        return false;
    memcpy(port->place, name, strlen(name) + 1);
    if (!make_bare(port))
        return false;
    *what = "there is something else at the path";
    if (!is_free_for_link(port))
        return false;
    *what = "the path could not be made to lead to the pty";
    return lead_there(port);
}

static bool look_at_pty(struct port *port)
{
    struct pollfd look = {.fd = port->end, .events = 0};
    bool was = port->is_open;

    port->is_open = poll(&look, 1, 0) >= 0 && !(look.revents & POLLHUP);
    if (was && !port->is_open)
        make_bare(port);
    return was != port->is_open;
}

/* ---- sockets */

static bool unix_address(const char *path, struct sockaddr_un *address)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    return true;
}

/* Whether nobody listens there: what an emulator that was killed has left may be taken away. */
static bool is_free_for_socket(const struct sockaddr_un *address)
{
    struct stat there;
    int asking;
    bool is_answered;

    if (lstat(address->sun_path, &there) < 0)
        return errno == ENOENT;
    asking = S_ISSOCK(there.st_mode) ? socket(AF_UNIX, SOCK_STREAM, 0) : -1;
    is_answered = asking < 0 || connect(asking, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED;
    let_go(&asking);
    errno = EEXIST;
    return !is_answered;
}

static bool plug_unix(struct port *port, const char **what)
{
    struct sockaddr_un address;

    *what = "the path cannot be listened on";
    if (!unix_address(port->where, &address))
        return false;
    *what = "there is something else at the path";
    if (!is_free_for_socket(&address))
        return false;
    *what = "the path cannot be listened on";
    unlink(port->where);
    snprintf(port->place, sizeof port->place, "%s", port->where);
    port->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return port->listener >= 0 && never_blocks(port->listener)
        && bind(port->listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(port->listener, 4) == 0;
}

static void say_place(struct port *port)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[64], service[16];

    if (getsockname(port->listener, (struct sockaddr *)&address, &length) == 0
        && getnameinfo((struct sockaddr *)&address, length, host, sizeof host, service, sizeof service,
                       NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(port->place, sizeof port->place, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, service);
}

static bool plug_tcp(struct port *port, const char **what)
{
    struct addrinfo hints, *found = NULL;
    /* Replugged, it is where it was. */
    const char *where = port->place[0] ? port->place : port->where, *colon = strrchr(where, ':');
    char host[128] = "127.0.0.1";
    int yes = 1, one = 1;
    bool done;

    *what = "the address cannot be listened on";
    if (colon) {
        bool in_brackets = where[0] == '[';
        snprintf(host, sizeof host, "%.*s", (int)(colon - where) - 2 * in_brackets, where + in_brackets);
    }
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    if (getaddrinfo(host, colon ? colon + 1 : where, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    port->listener = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    done = port->listener >= 0 && never_blocks(port->listener)
        && setsockopt(port->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof one) == 0
        && bind(port->listener, found->ai_addr, found->ai_addrlen) == 0 && listen(port->listener, 4) == 0;
    freeaddrinfo(found);
    if (done)
        say_place(port);
    return done;
}

static void look_at_listener(struct port *port)
{
    int one = 1, host = accept(port->listener, NULL, NULL);

    if (host < 0)
        return;
    if (port->end >= 0) { /* one at a time: the line is taken */
        close(host);
        return;
    }
    never_blocks(host);
    if (port->kind == PORT_TCP)
        setsockopt(host, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    port->end = host;
    port->is_open = true;
}

static void call(struct port *port, ns_t now)
{
    struct sockaddr_un address;
    int host = unix_address(port->where, &address) ? socket(AF_UNIX, SOCK_STREAM, 0) : -1;

    port->look_at = now + LOOK_EVERY;
    if (host >= 0 && never_blocks(host) && connect(host, (struct sockaddr *)&address, sizeof address) == 0) {
        port->end = host;
        port->is_open = true;
    } else {
        let_go(&host);
    }
}

/* A connection ends here; a pty stays, and port_look sees that nobody has it open. */
static void lose_host(struct port *port)
{
    if (port->kind != PORT_PTY) {
        port->is_open = false;
        let_go(&port->end);
    }
}

/* ---- any of them */

bool port_plug(struct port *port, ns_t now, const char **what)
{
    bool done = port->kind == PORT_PTY ? plug_pty(port, what)
        : port->kind == PORT_TCP       ? plug_tcp(port, what)
        : port->kind == PORT_UNIX      ? plug_unix(port, what)
                                       : true;
    int why = errno;

    port->look_at = now;
    port->is_plugged = done;
    if (!done) {
        let_go(&port->end);
        let_go(&port->listener);
    } else if (port->kind == PORT_CONNECT) {
        snprintf(port->place, sizeof port->place, "%s", port->where);
        call(port, now);
    }
    errno = why;
    return done;
}

/* Whether the path still leads to this pty: another emulator may have taken it. */
static bool is_ours(const struct port *port)
{
    char target[sizeof port->place];
    ssize_t length = readlink(port->where, target, sizeof target - 1);

    return length >= 0 && (size_t)length == strlen(port->place) && memcmp(target, port->place, (size_t)length) == 0;
}

void port_unplug(struct port *port)
{
    if (!port->is_plugged)
        return;
    if ((port->kind == PORT_PTY && is_ours(port)) || port->kind == PORT_UNIX)
        unlink(port->where);
    let_go(&port->end);
    let_go(&port->listener);
    port->is_plugged = port->is_open = false;
}

struct pollfd port_wait(const struct port *port, bool can_read, bool wants_write)
{
    struct pollfd wait = {.fd = port->is_open ? port->end : port->listener, .events = POLLIN};

    if (port->is_open)
        wait.events = (short)((can_read ? POLLIN : 0) | (wants_write ? POLLOUT : 0));
    return wait;
}

bool port_look(struct port *port, ns_t now)
{
    bool was = port->is_open;

    if (!port->is_plugged)
        return false;
    if (port->kind == PORT_PTY) {
        port->look_at = now + LOOK_EVERY;
        return look_at_pty(port);
    }
    if (port->kind == PORT_CONNECT) {
        if (!was && now >= port->look_at)
            call(port, now);
    } else {
        look_at_listener(port);
    }
    return was != port->is_open;
}

ns_t port_due(const struct port *port)
{
    bool waits = port->is_plugged && !port->is_open && (port->kind == PORT_PTY || port->kind == PORT_CONNECT);

    return waits ? port->look_at : NEVER;
}

uint32_t port_rate(const struct port *port)
{
    return port->kind == PORT_PTY && port->end >= 0 ? speed_of(port->end) : 0;
}

size_t port_read(struct port *port, uint8_t *into, size_t room)
{
    ssize_t n;

    if (!port->is_open || room == 0)
        return 0;
    n = read(port->end, into, room);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) /* a pty nobody has open says EIO */
        lose_host(port);
    return n > 0 ? (size_t)n : 0;
}

size_t port_write(struct port *port, const uint8_t *bytes, size_t n)
{
    ssize_t written;

    if (!port->is_open || n == 0)
        return 0;
    written = write(port->end, bytes, n);
    if (written < 0 && errno != EAGAIN && errno != EINTR)
        lose_host(port);
    return written > 0 ? (size_t)written : 0;
}
