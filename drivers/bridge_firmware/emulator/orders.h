/* What a person or a script orders while the bridge runs: presses, faults, ends. */
#ifndef EMULATOR_ORDERS_H
#define EMULATOR_ORDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "bridge.h"
#include "clock.h"

#define ORDER_LONGEST 4096 /* bytes of a line */
#define SCRIPT_MOST 100000 /* lines of a script */

/* Carry out one line, and tell that it was, or why not. False: the program is to end. */
bool order(struct bridge *bridge, char *line, ns_t now);

/* Lines that come piece by piece. */
struct order_lines {
    char text[ORDER_LONGEST];
    size_t held;
    bool too_long;
};

/* Read what there is, and carry it out. False: the program is to end. `*ended` where nothing more will come. */
bool order_lines_read(struct order_lines *lines, int descriptor, struct bridge *bridge, ns_t now, bool *ended);

struct scripted {
    ns_t at;
    char *line;
};

struct script {
    struct scripted *lines;
    size_t count, next;
};

/* Read a script; false: why. */
bool script_read(struct script *script, const char *path, ns_t start, char *why, size_t room);
void script_end(struct script *script);
ns_t script_due(const struct script *script);

/* Carry out what is due. False: the program is to end. */
bool script_run(struct script *script, struct bridge *bridge, ns_t now);

#endif
