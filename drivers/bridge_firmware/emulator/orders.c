#include "orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MOST 3
#define PRESS_MS 60 /* a finger's short one */

/* One order being carried out. */
struct doing {
    struct bridge *bridge;
    ns_t now;
    const char *words[WORDS_MOST]; /* behind the first; "" where there are no more */
    char why[256];                 /* what is wrong with it */
    bool ends;
};

static bool refuse(struct doing *doing, const char *what, const char *word)
{
    snprintf(doing->why, sizeof doing->why, "%s%s%.180s", what, *word ? ": " : "", word);
    return false;
}

static bool number(struct doing *doing, const char *word, double least, double most, double *value)
{
    char *end;

    *value = strtod(word, &end);
    if (end != word && *end == '\0' && *value >= least && *value <= most)
        return true;
    snprintf(doing->why, sizeof doing->why, "a number from %g to %g is needed, not `%.100s`", least, most, word);
    return false;
}

static bool which_way(struct doing *doing, const char *word, enum way *way)
{
    *way = strcmp(word, "to") == 0   ? TO_HOST
        : strcmp(word, "from") == 0  ? FROM_HOST
                                     : BOTH_WAYS;
    return *way != BOTH_WAYS || *word == '\0' || strcmp(word, "both") == 0
        || refuse(doing, "the way is `to` the host, `from` the host, or `both`", word);
}

/* ---- presses */

static bool which_button(struct doing *doing, unsigned *button)
{
    int found = device_button(&doing->bridge->device, doing->words[0]);

    *button = (unsigned)found;
    return found >= 0 || refuse(doing, "the bridge has no such button", doing->words[0]);
}

static bool do_press(struct doing *doing)
{
    struct device *device = &doing->bridge->device;
    double ms = PRESS_MS;
    unsigned button;

    if (!which_button(doing, &button) || (*doing->words[1] && !number(doing, doing->words[1], 0, 600000, &ms)))
        return false;
    if (device->down[button])
        return refuse(doing, "it is down already", doing->words[0]);
    device_edge(device, button, true, doing->now);
    device->up_at[button] = doing->now + (ns_t)(ms * (double)NS_PER_MS);
    return true;
}

static bool do_down(struct doing *doing)
{
    unsigned button;

    if (!which_button(doing, &button))
        return false;
    device_edge(&doing->bridge->device, button, true, doing->now);
    return true;
}

static bool do_up(struct doing *doing)
{
    unsigned button;

    if (!which_button(doing, &button))
        return false;
    device_edge(&doing->bridge->device, button, false, doing->now);
    return true;
}

/* ---- the line */

static bool set_faults(struct doing *doing, void (*set)(struct faults *faults, double probability))
{
    double probability;
    enum way way;

    if (!number(doing, doing->words[0], 0, 1, &probability) || !which_way(doing, doing->words[1], &way))
        return false;
    if (way & TO_HOST)
        set(&doing->bridge->to_faults, probability);
    if (way & FROM_HOST)
        set(&doing->bridge->from_faults, probability);
    return true;
}

static bool do_errors(struct doing *doing) { return set_faults(doing, faults_bend); }
static bool do_lose(struct doing *doing) { return set_faults(doing, faults_lose); }
static bool do_double(struct doing *doing) { return set_faults(doing, faults_double); }

static bool do_burst(struct doing *doing)
{
    double bytes;
    enum way way;

    if (!number(doing, doing->words[0], 1, 1e6, &bytes) || !which_way(doing, doing->words[1], &way))
        return false;
    if (way & TO_HOST)
        doing->bridge->to_faults.burst = (uint32_t)bytes;
    if (way & FROM_HOST)
        doing->bridge->from_faults.burst = (uint32_t)bytes;
    return true;
}

static bool do_stall(struct doing *doing)
{
    double ms;
    enum way way;

    if (!number(doing, doing->words[0], 0, 600000, &ms) || !which_way(doing, doing->words[1], &way))
        return false;
    if (way & TO_HOST)
        line_stall(&doing->bridge->to_host, doing->now, (ns_t)(ms * (double)NS_PER_MS));
    if (way & FROM_HOST)
        line_stall(&doing->bridge->from_host, doing->now, (ns_t)(ms * (double)NS_PER_MS));
    return true;
}

static bool do_noise(struct doing *doing)
{
    double bytes;
    enum way way;

    if (!number(doing, doing->words[0], 1, 1e6, &bytes) || !which_way(doing, doing->words[1], &way))
        return false;
    bridge_noise(doing->bridge, way, (size_t)bytes, doing->now);
    return true;
}

static bool do_unplug(struct doing *doing)
{
    bridge_unplug(doing->bridge, doing->now);
    return true;
}

static bool do_replug(struct doing *doing)
{
    return doing->bridge->port.is_plugged ? refuse(doing, "it is plugged in", "")
                                          : bridge_plug(doing->bridge, doing->now, doing->why, sizeof doing->why);
}

/* ---- the device */

static bool do_reset(struct doing *doing)
{
    bridge_reset(doing->bridge, doing->now);
    return true;
}

static bool do_die(struct doing *doing)
{
    doing->bridge->device.hangs = true;
    return true;
}

static bool do_revive(struct doing *doing)
{
    doing->bridge->device.hangs = false;
    return true;
}

static bool do_drift(struct doing *doing)
{
    double ppm;

    if (!number(doing, doing->words[0], -100000, 100000, &ppm))
        return false;
    drifting_set(&doing->bridge->device.clock, doing->now, ppm);
    return true;
}

static bool do_picture(struct doing *doing)
{
    return pictures_see(&doing->bridge->device.pictures, doing->words[0], doing->why, sizeof doing->why);
}

static bool do_camera(struct doing *doing)
{
    bool fails = strcmp(doing->words[0], "fails") == 0;

    if (!fails && strcmp(doing->words[0], "works") != 0)
        return refuse(doing, "the camera `fails` or `works`", doing->words[0]);
    doing->bridge->device.camera_fails = fails;
    return true;
}

/* ---- the program */

static bool do_stats(struct doing *doing)
{
    const struct bridge *bridge = doing->bridge;

    report_begin("stats", doing->now);
    report_number("to_host", (int64_t)bridge->to_host.carried);
    report_number("from_host", (int64_t)bridge->from_host.carried);
    report_number("to_host_hurt", (int64_t)bridge->to_faults.hurt);
    report_number("from_host_hurt", (int64_t)bridge->from_faults.hurt);
    report_number("lost", (int64_t)bridge->lost);
    report_number("unseen", (int64_t)bridge->unseen);
    report_number("bad", bridge->device.link.bad);
    report_number("overrun", bridge->device.link.overrun);
    report_number("device", device_time(&bridge->device, doing->now));
    report_flag("session", gl_in_session(&bridge->device.link));
    report_end();
    return true;
}

static bool do_quit(struct doing *doing)
{
    doing->ends = true;
    return true;
}

static bool do_help(struct doing *doing);

static const struct {
    const char *word, *takes;
    unsigned least, most; /* words behind it */
    bool (*carry_out)(struct doing *doing);
    const char *help;
} ORDERS[] = {
    {"press", "NAME [MS]", 1, 2, do_press, "press a button, and let it go after MS (60)"},
    {"down", "NAME", 1, 1, do_down, "press it, and hold it"},
    {"up", "NAME", 1, 1, do_up, "let it go"},
    {"errors", "P [both|to|from]", 1, 2, do_errors, "bend a bit with this probability (1e-5), on the way to the host or from it; 0 ends it"},
    {"lose", "P [both|to|from]", 1, 2, do_lose, "lose a byte with this probability"},
    {"double", "P [both|to|from]", 1, 2, do_double, "double a byte with this probability"},
    {"burst", "BYTES [both|to|from]", 1, 2, do_burst, "make nonsense of the next bytes"},
    {"stall", "MS [both|to|from]", 1, 2, do_stall, "let nothing move on the line for so long"},
    {"noise", "BYTES [both|to|from]", 1, 2, do_noise, "put nonsense between, as another program at the port does"},
    {"unplug", "", 0, 0, do_unplug, "pull the plug: the port is gone; the bridge itself goes on"},
    {"replug", "", 0, 0, do_replug, "put it in again, at the same place"},
    {"reset", "", 0, 0, do_reset, "start the bridge anew, whatever it does"},
    {"die", "", 0, 0, do_die, "let the bridge hang, without a word"},
    {"revive", "", 0, 0, do_revive, "let it go on where it hung"},
    {"drift", "PPM", 1, 1, do_drift, "let its clock run off, parts in a million"},
    {"picture", "WHERE", 1, 1, do_picture, "what the camera sees from now on: a JPEG, a folder, a number of bytes"},
    {"camera", "fails|works", 1, 1, do_camera, "let the camera fail"},
    {"stats", "", 0, 0, do_stats, "tell what the line has carried"},
    {"help", "", 0, 0, do_help, "this"},
    {"quit", "", 0, 0, do_quit, "end"},
};

#define ORDER_COUNT (sizeof ORDERS / sizeof *ORDERS)

static bool do_help(struct doing *doing)
{
    size_t i;

    (void)doing;
    for (i = 0; i < ORDER_COUNT; i++)
        fprintf(stderr, "  %-8s%-22s%s\n", ORDERS[i].word, ORDERS[i].takes, ORDERS[i].help);
    return true;
}

static bool carry_out(struct doing *doing, const char *word, unsigned count)
{
    size_t i;

    for (i = 0; i < ORDER_COUNT; i++) {
        if (strcmp(ORDERS[i].word, word) != 0)
            continue;
        if (count >= ORDERS[i].least && count <= ORDERS[i].most)
            return ORDERS[i].carry_out(doing);
        snprintf(doing->why, sizeof doing->why, "it is: %s %s", word, ORDERS[i].takes);
        return false;
    }
    return refuse(doing, "there is no such command; `help` lists them", word);
}

bool order(struct bridge *bridge, char *line, ns_t now)
{
    static const char SPACE[] = " \t\r";
    struct doing doing = {.bridge = bridge, .now = now, .words = {"", "", ""}};
    char whole[ORDER_LONGEST], *rest, *word, *next;
    unsigned count = 0;
    bool done;

    snprintf(whole, sizeof whole, "%s", line);
    word = strtok_r(line, SPACE, &rest);
    if (!word || word[0] == '#')
        return true;
    while (count < WORDS_MOST && (next = strtok_r(NULL, SPACE, &rest)))
        doing.words[count++] = next;
    done = carry_out(&doing, word, count);
    report_begin(done ? "did" : "refused", now);
    report_text("command", whole);
    if (!done)
        report_text("why", doing.why);
    report_end();
    return !doing.ends;
}
