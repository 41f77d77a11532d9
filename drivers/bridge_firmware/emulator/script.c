/* Where orders come from: lines on a descriptor, and a file of them with their times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orders.h"

#define SCRIPT_LONGEST_S 1e8

/* ---- lines */

bool order_lines_read(struct order_lines *lines, int descriptor, struct bridge *bridge, ns_t now, bool *ended)
{
    ssize_t n = read(descriptor, lines->text + lines->held, sizeof lines->text - 1 - lines->held);
    char *line = lines->text, *end;
    bool goes_on = true;

    if (n <= 0) {
        *ended = n == 0 || (errno != EAGAIN && errno != EINTR);
        return true;
    }
    lines->held += (size_t)n;
    lines->text[lines->held] = '\0';
    while (goes_on && (end = memchr(line, '\n', lines->held - (size_t)(line - lines->text)))) {
        *end = '\0';
        if (!lines->too_long)
            goes_on = order(bridge, line, now);
        lines->too_long = false;
        line = end + 1;
    }
    lines->held -= (size_t)(line - lines->text);
    memmove(lines->text, line, lines->held);
    if (lines->held == sizeof lines->text - 1) { /* what is so long is no command */
        lines->held = 0;
        lines->too_long = true;
    }
    return goes_on;
}

/* ---- a script */

static bool add(struct script *script, ns_t at, const char *line)
{
    struct scripted *more = script->count < SCRIPT_MOST ? realloc(script->lines, (script->count + 1) * sizeof *more) : NULL;

    if (!more)
        return false;
    script->lines = more;
    more[script->count].at = at;
    more[script->count].line = strdup(line);
    return more[script->count++].line != NULL;
}

bool script_read(struct script *script, const char *path, ns_t start, char *why, size_t room)
{
    char text[ORDER_LONGEST], *end;
    bool done = true;
    unsigned number = 0;
    double latest = 0.0;
    FILE *file = fopen(path, "r");

    if (!file) {
        snprintf(why, room, "%.200s: %s", path, strerror(errno));
        return false;
    }
    while (done && fgets(text, sizeof text, file)) {
        double seconds;

        number++;
        text[strcspn(text, "\n")] = '\0';
        if (text[strspn(text, " \t\r")] == '\0' || text[strspn(text, " \t")] == '#')
            continue;
        seconds = strtod(text, &end);
        done = end != text && seconds >= latest && seconds <= SCRIPT_LONGEST_S;
        if (!done) {
            snprintf(why, room, "%.200s:%u: a line begins with seconds from the start, no less than the line before", path, number);
        } else if (!add(script, start + (ns_t)(seconds * (double)NS_PER_S), end + strspn(end, " \t"))) {
            snprintf(why, room, "%.200s:%u: a script has at most %d lines", path, number, SCRIPT_MOST);
            done = false;
        }
        latest = seconds;
    }
    fclose(file);
    return done;
}

void script_end(struct script *script)
{
    while (script->count > 0)
        free(script->lines[--script->count].line);
    free(script->lines);
    script->lines = NULL;
}

ns_t script_due(const struct script *script)
{
    return script->next < script->count ? script->lines[script->next].at : NEVER;
}

bool script_run(struct script *script, struct bridge *bridge, ns_t now)
{
    while (script_due(script) <= now)
        if (!order(bridge, script->lines[script->next++].line, now))
            return false;
    return true;
}
