#include "device.h"

#include <stdio.h>
#include <string.h>

#define LEAST_WAIT (100 * NS_PER_US) /* between two polls of the core, though it says that it is in a hurry */

uint32_t device_time(const struct device *device, ns_t now)
{
    return drifting_read(&device->clock, now);
}

/* ---- what the core calls */

/* Show a screen, which a slow display takes its time for. */
static void shown(struct device *device)
{
    device->shown_at = NEVER;
    report_screen(&device->screen, device_time(device, device->now), device->now);
}

static bool on_show(void *user, const struct gl_screen *screen)
{
    struct device *device = user;
    unsigned row;

    for (row = 0; row < device->screen.rows; row++)
        snprintf(device->screen.text[row], ROW_BYTES, "%s", screen->rows[row]);
    device->screen.page = screen->page;
    device->screen.pages = screen->pages;
    device->screen.mark = screen->mark;
    device->screen.looks = screen->looking;
    device->screen.warns = screen->warning;
    if (device->options->show_ms > 0) {
        device->shown_at = device->now + device->options->show_ms * NS_PER_MS;
        return false;
    }
    shown(device);
    return true;
}

static void on_camera(void *user, const struct gl_request *request)
{
    static const char *const MODES[] = {"off", "still", "stream"};
    struct device *device = user;

    report_begin("camera", device->now);
    report_text("mode", request->mode < 3 ? MODES[request->mode] : "unknown");
    report_number("request", request->number);
    report_number("width", request->width);
    report_number("height", request->height);
    report_number("quality", request->quality);
    report_number("interval", request->interval_ms);
    report_end();
}

static void on_capture(void *user, const struct gl_request *request)
{
    struct device *device = user;

    device->request = *request;
    device->picture_at = device->now + device->options->exposure_ms * NS_PER_MS;
}

static bool on_read(void *user, void *frame, uint32_t offset, uint8_t *bytes, size_t n)
{
    (void)user;
    picture_read(frame, offset, bytes, n);
    return true;
}

static void on_release(void *user, void *frame)
{
    struct device *device = user;

    report_begin("released", device->now);
    report_number("bytes", ((struct picture *)frame)->bytes);
    report_end();
    picture_forget(frame);
}

static void on_rate(void *user, uint32_t baud)
{
    struct device *device = user;

    if (device->rate == baud)
        return;
    device->rate = baud;
    report_begin("rate", device->now);
    report_number("baud", baud);
    report_end();
}

static void on_session(void *user, bool begun)
{
    struct device *device = user;

    report_begin(begun ? "session" : "over", device->now);
    report_end();
}

/* ---- the camera */

static void refuse(struct device *device, uint8_t reason, const char *why)
{
    report_begin("no_picture", device->now);
    report_number("request", device->request.number);
    report_text("why", why);
    report_end();
    gl_failed(&device->link, reason);
}

static struct picture *free_place(struct device *device)
{
    unsigned i;

    for (i = 0; i < HELD_MOST; i++)
        if (device->held[i].bytes == 0)
            return &device->held[i];
    return NULL;
}

static void expose(struct device *device)
{
    struct size wanted = {device->request.width, device->request.height};
    ns_t middle = device->picture_at - (device->options->exposure_ms - device->options->delay_ms) * NS_PER_MS;
    struct picture *picture;
    struct gl_picture given;

    device->picture_at = NEVER;
    picture = free_place(device);
    if (!picture) {
        refuse(device, GL_NO_MEMORY, "it holds two pictures already");
        return;
    }
    if (device->camera_fails || !pictures_take(&device->pictures, wanted, picture)) {
        refuse(device, GL_CAMERA_FAILED, device->camera_fails ? "the camera fails, as it was told to" : "the file cannot be read");
        return;
    }
    memset(&given, 0, sizeof given);
    given.size = picture->bytes;
    given.width = picture->size.width;
    given.height = picture->size.height;
    given.time = device_time(device, middle);
    given.frame = picture;
    report_begin("picture", device->now);
    report_number("request", device->request.number);
    report_text("file", picture->name);
    report_number("bytes", picture->bytes);
    report_number("width", picture->size.width);
    report_number("height", picture->size.height);
    report_number("device", given.time);
    report_real("exposed", (double)middle / (double)NS_PER_S);
    report_end();
    gl_picture(&device->link, &given);
}

/* ---- buttons */

int device_button(const struct device *device, const char *name)
{
    unsigned i;

    for (i = 0; i < device->facts.button_count; i++)
        if (strcmp(device->options->buttons[i], name) == 0)
            return (int)i;
    return -1;
}

void device_edge(struct device *device, unsigned button, bool down, ns_t now)
{
    bool is_queued;

    device->now = now;
    device->down[button] = down;
    if (!down)
        device->up_at[button] = NEVER;
    is_queued = !device->hangs && gl_edge(&device->link, (uint8_t)button, down, device_time(device, now));
    report_begin("edge", now);
    report_text("button", device->options->buttons[button]);
    report_flag("down", down);
    report_number("device", device_time(device, now));
    report_flag("queued", is_queued);
    report_end();
}

/* ---- its life */

static void know_itself(struct device *device)
{
    const struct options *options = device->options;
    struct gl_device *facts = &device->facts;
    struct size seen[SIZES_MOST];
    const struct size *sizes = options->size_count ? options->sizes : seen;
    size_t count = options->size_count ? options->size_count : pictures_sizes(&device->pictures, seen, SIZES_MOST), i;

    for (i = 0; i < count; i++) {
        device->sizes[i].width = sizes[i].width;
        device->sizes[i].height = sizes[i].height;
    }
    facts->name = options->name;
    facts->firmware = options->firmware;
    facts->columns = (uint8_t)options->columns;
    facts->rows = (uint8_t)options->rows;
    facts->screen_ms = (uint16_t)options->screen_ms;
    facts->features = (uint8_t)options->features;
    facts->exposure_ms = (uint16_t)options->delay_ms;
    facts->sizes = device->sizes;
    facts->size_count = (uint8_t)count;
    facts->buttons = options->buttons;
    facts->button_count = (uint8_t)options->button_count;
    facts->rates = options->rates;
    facts->rate_count = (uint8_t)options->rate_count;
    facts->chunk_max = (uint16_t)options->chunk;
    facts->room = (uint16_t)options->room;
    facts->window = (uint8_t)options->window;
    facts->lowest = (uint8_t)options->lowest;
    facts->highest = (uint8_t)options->highest;
    device->screen.columns = options->columns;
    device->screen.rows = options->rows;
}

bool device_make(struct device *device, const struct options *options, uint64_t seed, ns_t now, char *why, size_t room)
{
    static const struct gl_port CALLS = {
        .show = on_show,
        .camera = on_camera,
        .capture = on_capture,
        .read = on_read,
        .release = on_release,
        .rate = on_rate,
        .session = on_session,
    };

    memset(device, 0, sizeof *device);
    device->options = options;
    device->port = CALLS;
    device->chance.state = seed;
    device->pictures.seed = chance_next(&device->chance);
    if (!pictures_see(&device->pictures, options->pictures, why, room))
        return false;
    know_itself(device);
    device_boot(device, now);
    return true;
}

static void forget_pictures(struct device *device)
{
    unsigned i;

    for (i = 0; i < HELD_MOST; i++)
        picture_forget(&device->held[i]);
}

void device_end(struct device *device)
{
    forget_pictures(device);
    pictures_end(&device->pictures);
}

void device_boot(struct device *device, ns_t now)
{
    unsigned i;

    device->now = now;
    forget_pictures(device);
    device->clock.since = now;
    device->clock.reading = (double)(uint32_t)chance_next(&device->chance); /* so that a clock that wraps is no rarity */
    device->boot = (uint32_t)chance_next(&device->chance);
    device->rate = GL_BASE_RATE;
    device->hangs = false;
    device->picture_at = device->shown_at = NEVER;
    for (i = 0; i < BUTTONS_MOST; i++) {
        device->down[i] = false;
        device->up_at[i] = NEVER;
    }
    for (i = 0; i < device->screen.rows; i++)
        device->screen.text[i][0] = '\0';
    device->screen.page = device->screen.pages = device->screen.mark = 0;
    device->screen.looks = device->screen.warns = false;
    gl_init(&device->link, &device->facts, &device->port, device, device->boot, device_time(device, now));
    report_begin("boot", now);
    report_number("boot", device->boot);
    report_end();
}

void device_run(struct device *device, ns_t now)
{
    unsigned i;

    device->now = now;
    for (i = 0; i < device->facts.button_count; i++)
        if (device->up_at[i] <= now)
            device_edge(device, i, false, now);
    if (device->hangs)
        return;
    if (device->shown_at <= now) {
        shown(device);
        gl_shown(&device->link);
    }
    if (device->picture_at <= now)
        expose(device);
    gl_poll(&device->link, device_time(device, now));
}

ns_t device_due(const struct device *device)
{
    ns_t due = NEVER;
    unsigned i;

    for (i = 0; i < device->facts.button_count; i++)
        due = earlier(due, device->up_at[i]);
    if (!device->hangs) {
        ns_t poll = device->now + gl_due(&device->link, device_time(device, device->now)) * NS_PER_US;

        due = earlier(due, earlier(device->shown_at, device->picture_at));
        due = earlier(due, poll > device->now + LEAST_WAIT ? poll : device->now + LEAST_WAIT);
    }
    return due;
}
