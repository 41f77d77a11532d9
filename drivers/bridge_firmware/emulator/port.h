/* Where the host finds the bridge: a pty under a path, a TCP port, a unix socket. One host at a time. */
#ifndef EMULATOR_PORT_H
#define EMULATOR_PORT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

enum port_kind { PORT_PTY, PORT_TCP, PORT_UNIX, PORT_CONNECT };

struct port {
    enum port_kind kind;
    const char *where; /* path, or [HOST:]PORT */
    char place[160];   /* where it really is: the pty's own path, the TCP port that was given */
    int listener;      /* -1: none */
    int end;           /* to the host; -1: none */
    bool is_plugged;
    bool is_open;      /* a host has it open */
    ns_t look_at;      /* when to look again for a host, or to call again */
};

void port_begin(struct port *port, enum port_kind kind, const char *where);

/* Make the way to it; false where that cannot be, with errno, and with what failed in `*what`. */
bool port_plug(struct port *port, ns_t now, const char **what);

/* As if its plug were pulled: what the host has open ends, and nothing is left where it was. */
void port_unplug(struct port *port);

/* Which descriptor to wait for, and how; -1 for none. */
struct pollfd port_wait(const struct port *port, bool can_read, bool wants_write);

/* Take note of hosts that come and go; whether that changed anything. */
bool port_look(struct port *port, ns_t now);

/* When to look though nothing is heard. */
ns_t port_due(const struct port *port);

/* The rate that the host has set, baud; 0 where the port has none. */
uint32_t port_rate(const struct port *port);

/* Read what has come, write what there is room for; how many bytes. */
size_t port_read(struct port *port, uint8_t *into, size_t room);
size_t port_write(struct port *port, const uint8_t *bytes, size_t n);

/* The rate of a terminal in baud, whatever number it is; 0 where it cannot be told. */
uint32_t speed_of(int terminal);

#endif
