#include "bridge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STEP NS_PER_MS          /* between two wake-ups while a packet is on the line */
#define PIECE 16                /* bytes that the device is handed at most at once */
#define FAR_BEHIND NS_PER_S     /* what is made up for */
#define UNPACED_AHEAD 4096      /* bytes for a host that takes them when it likes */
#define RATES_DIFFER 0.02       /* of one another: a UART reads a byte right as long as its last bit is met */

/* ---- what the host has not taken */

static bool is_paced(const struct bridge *bridge) { return bridge->to_host.rate != 0; }

/* Where the host has flow control of its own (a socket) or the line no rate, the device waits for it. Elsewhere bytes are lost. */
static bool waits_for_host(const struct bridge *bridge)
{
    return bridge->port.kind != PORT_PTY || !is_paced(bridge);
}

static void put_out(struct bridge *bridge, const uint8_t *bytes, size_t n)
{
    size_t i;

    if (!bridge->port.is_open) {
        bridge->unseen += n;
        return;
    }
    for (i = 0; i < n && bridge->out_held < OUT_HOLDS; i++)
        bridge->out[(bridge->out_first + bridge->out_held++) % OUT_HOLDS] = bytes[i];
    bridge->lost += n - i;
}

static void hand_over(struct bridge *bridge)
{
    while (bridge->out_held > 0) {
        size_t to_end = OUT_HOLDS - bridge->out_first, n = bridge->out_held < to_end ? bridge->out_held : to_end;
        size_t written = port_write(&bridge->port, bridge->out + bridge->out_first, n);

        bridge->out_first = (bridge->out_first + written) % OUT_HOLDS;
        bridge->out_held -= written;
        if (written < n)
            return;
    }
}

/* ---- the line */

static uint32_t agreed(const struct bridge *bridge, uint32_t of_this_end)
{
    return bridge->options->rate == RATE_OF_LINK ? of_this_end : bridge->options->rate;
}

static void set_rates(struct bridge *bridge)
{
    uint32_t of_host = bridge->host_rate ? bridge->host_rate : bridge->device.rate;

    line_set_rate(&bridge->to_host, agreed(bridge, bridge->device.rate), bridge->now);
    line_set_rate(&bridge->from_host, agreed(bridge, of_host), bridge->now);
}

static size_t through(struct bridge *bridge, struct faults *faults, const struct line *from, uint32_t reader, uint8_t *bytes, size_t n)
{
    uint8_t sent[PIECE];
    uint32_t writer = from->rate;
    bool nonsense = bridge->options->rate == RATE_OF_LINK && bridge->host_rate != 0
        && (reader > writer ? reader - writer : writer - reader) > RATES_DIFFER * writer;

    memcpy(sent, bytes, n);
    return faults_apply(faults, sent, n, nonsense, nonsense ? (double)reader / writer : 1.0, bytes);
}

/* Bytes that are out by now reach the host. */
static void carry_to_host(struct bridge *bridge)
{
    size_t left = line_out_by(&bridge->to_host, bridge->now);
    uint8_t bytes[2 * PIECE];

    while (left > 0) {
        size_t n = left < PIECE ? left : PIECE;

        line_take(&bridge->to_host, bytes, n);
        put_out(bridge, bytes, through(bridge, &bridge->to_faults, &bridge->to_host, bridge->host_rate, bytes, n));
        left -= n;
    }
}

/* Bytes that are out by now reach the device. */
static void carry_to_device(struct bridge *bridge)
{
    size_t left = line_out_by(&bridge->from_host, bridge->now);
    uint8_t bytes[2 * PIECE];

    while (left > 0) {
        size_t n = left < PIECE ? left : PIECE, came;

        line_take(&bridge->from_host, bytes, n);
        came = through(bridge, &bridge->from_faults, &bridge->from_host, bridge->device.rate, bytes, n);
        if (!bridge->device.hangs) {
            bridge->device.now = bridge->now;
            gl_receive(&bridge->device.link, bytes, came, device_time(&bridge->device, bridge->now));
        }
        left -= n;
    }
}

/* The device's loop: what is due, and bytes for its UART as it has room. */
static void live(struct bridge *bridge)
{
    struct device *device = &bridge->device;
    uint8_t bytes[1024];
    size_t n = 1;

    device_run(device, bridge->now);
    if (device->hangs)
        return;
    if (bridge->to_host.held == 0)
        gl_sent(&device->link, device_time(device, bridge->now));
    set_rates(bridge);
    while (n > 0 && bridge->to_host.held <= bridge->options->fifo / 2
           && (!waits_for_host(bridge) || bridge->out_held < UNPACED_AHEAD)) {
        ns_t goes = line_out_at(&bridge->to_host, bridge->to_host.held);

        n = gl_transmit(&device->link, bytes, bridge->options->fifo - bridge->to_host.held,
                        device_time(device, goes > bridge->now ? goes : bridge->now));
        line_put(&bridge->to_host, bytes, n, bridge->now);
    }
}

/* The next instant at which something happens on the line or in the device. */
static ns_t next_event(const struct bridge *bridge)
{
    ns_t next = device_due(&bridge->device);
    size_t half = bridge->options->fifo / 2, held = bridge->to_host.held;

    if (held > 0)
        next = earlier(next, line_out_at(&bridge->to_host, held > half ? held - half : held));
    held = bridge->from_host.held;
    if (held > 0) {
        size_t zero = line_to_zero(&bridge->from_host, PIECE);

        next = earlier(next, line_out_at(&bridge->from_host, zero ? zero : held < PIECE ? held : PIECE));
    }
    return next > bridge->now ? next : bridge->now;
}

/* Whether bytes move on though no time passes: a line without a rate. */
static bool is_in_flow(const struct bridge *bridge)
{
    return !is_paced(bridge) && bridge->out_held < UNPACED_AHEAD && line_out_by(&bridge->to_host, bridge->now) > 0;
}

/* A machine that slept has lost that time, and its line with it. */
static void pass_over(struct bridge *bridge, ns_t now)
{
    report_begin("late", now);
    report_real("seconds", (double)(now - bridge->now) / (double)NS_PER_S);
    report_end();
    bridge->now = now;
    line_stall(&bridge->to_host, now, 0);
    line_stall(&bridge->from_host, now, 0);
}

void bridge_run(struct bridge *bridge, ns_t now)
{
    if (now - bridge->now > FAR_BEHIND)
        pass_over(bridge, now);
    do {
        bridge->now = earlier(now, next_event(bridge));
        carry_to_host(bridge);
        if (bridge->out_held >= UNPACED_AHEAD)
            hand_over(bridge);
        carry_to_device(bridge);
        live(bridge);
    } while (bridge->now < now || is_in_flow(bridge));
    hand_over(bridge);
}

/* ---- the host */

static void note_host(struct bridge *bridge, ns_t now)
{
    uint32_t rate = bridge->options->rate == RATE_OF_LINK ? port_rate(&bridge->port) : 0;

    if (rate != bridge->host_rate && rate != 0 && bridge->port.is_open) {
        bridge->host_rate = rate;
        set_rates(bridge);
        report_begin("host_rate", now);
        report_number("baud", rate);
        report_end();
    }
    if (bridge->port.is_open == bridge->was_open)
        return;
    bridge->was_open = bridge->port.is_open;
    bridge->out_first = bridge->out_held = 0;
    line_clear(&bridge->from_host);
    report_begin(bridge->was_open ? "opened" : "closed", now);
    report_end();
}

void bridge_listen(struct bridge *bridge, ns_t now)
{
    uint8_t bytes[LINE_HOLDS];
    size_t n;

    note_host(bridge, now); /* one that was lost while it was written to, before the next comes */
    port_look(&bridge->port, now);
    n = port_read(&bridge->port, bytes, line_room(&bridge->from_host));
    note_host(bridge, now); /* after the reading: a host sets its rate, and writes */
    line_put(&bridge->from_host, bytes, n, now);
}

struct pollfd bridge_wait(const struct bridge *bridge)
{
    return port_wait(&bridge->port, line_room(&bridge->from_host) > 0, bridge->out_held > 0);
}

/* When what is on a line is worth a look: at a packet's end, or soon. */
static ns_t worth_a_look(const struct line *line, ns_t now)
{
    size_t zero = line_to_zero(line, line->held);

    if (line->held == 0)
        return NEVER;
    return zero ? line_out_at(line, zero) : now + STEP;
}

ns_t bridge_due(const struct bridge *bridge)
{
    ns_t due = earlier(device_due(&bridge->device), port_due(&bridge->port));

    if (is_paced(bridge) || bridge->out_held < UNPACED_AHEAD) /* else the host has to take some first */
        due = earlier(due, worth_a_look(&bridge->to_host, bridge->now));
    return earlier(due, worth_a_look(&bridge->from_host, bridge->now));
}

/* ---- its life */

bool bridge_plug(struct bridge *bridge, ns_t now, char *why, size_t room)
{
    const char *what = "";

    if (port_plug(&bridge->port, now, &what))
        return true;
    snprintf(why, room, "%s: %s: %s", bridge->port.where, what, strerror(errno));
    return false;
}

void bridge_unplug(struct bridge *bridge, ns_t now)
{
    port_unplug(&bridge->port);
    note_host(bridge, now);
}

bool bridge_make(struct bridge *bridge, const struct options *options, uint64_t seed, char *why, size_t room)
{
    ns_t now = clock_now();

    memset(bridge, 0, sizeof *bridge);
    bridge->options = options;
    bridge->now = now;
    bridge->chance.state = chance_at(seed, 0);
    faults_begin(&bridge->to_faults, chance_at(seed, 1));
    faults_begin(&bridge->from_faults, chance_at(seed, 2));
    port_begin(&bridge->port, options->kind, options->where);
    if (!bridge_plug(bridge, now, why, room) || !device_make(&bridge->device, options, chance_at(seed, 3), now, why, room)) {
        port_unplug(&bridge->port);
        return false;
    }
    set_rates(bridge);
    return true;
}

void bridge_end(struct bridge *bridge)
{
    port_unplug(&bridge->port);
    device_end(&bridge->device);
}

void bridge_reset(struct bridge *bridge, ns_t now)
{
    line_clear(&bridge->to_host);
    device_boot(&bridge->device, now);
    set_rates(bridge);
}

void bridge_noise(struct bridge *bridge, enum way way, size_t bytes, ns_t now)
{
    for (; bytes > 0; bytes--) {
        uint8_t byte = (uint8_t)chance_next(&bridge->chance);

        if (way & TO_HOST)
            put_out(bridge, &byte, 1);
        if ((way & FROM_HOST) && !bridge->device.hangs)
            gl_receive(&bridge->device.link, &byte, 1, device_time(&bridge->device, now));
    }
}
