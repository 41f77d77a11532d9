#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassd_link.h"

static const char INTRODUCTION[] =
    "bridge-emulator: a bridge for glassd (camera, display, buttons) without the hardware.\n"
    "\n"
    "  bridge-emulator --pty /tmp/bridge --pictures photos --draw\n"
    "\n"
    "makes a serial port at /tmp/bridge and waits there for glassd, or for anything that speaks the link (docs/link.md). What happens is\n"
    "told on stdout, a line of JSON each, or drawn; commands are lines on stdin, `help` lists them. docs/bridge-emulator.md has the rest.\n";

static void fail(const char *what, const char *value)
{
    fprintf(stderr, "bridge-emulator: %s%s%s. See --help.\n", what, value ? ": " : "", value ? value : "");
    exit(2);
}

static uint32_t number(const char *text, uint32_t least, uint32_t most, const char *what)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    char range[160];

    if (text[0] < '0' || text[0] > '9' || *end || value < least || value > most) {
        snprintf(range, sizeof range, "--%s takes a number from %lu to %lu", what, (unsigned long)least, (unsigned long)most);
        fail(range, text);
    }
    return (uint32_t)value;
}

static void place(struct options *options, enum port_kind kind, const char *value)
{
    if (options->has_place)
        fail("the bridge is at one place: give one of --pty, --tcp, --unix and --connect", NULL);
    options->has_place = true;
    options->kind = kind;
    options->where = value;
}

static void set_pty(struct options *options, char *value) { place(options, PORT_PTY, value); }
static void set_tcp(struct options *options, char *value) { place(options, PORT_TCP, value); }
static void set_unix(struct options *options, char *value) { place(options, PORT_UNIX, value); }
static void set_connect(struct options *options, char *value) { place(options, PORT_CONNECT, value); }

static void set_rate(struct options *options, char *value)
{
    options->has_rate = true;
    options->rate = strcmp(value, "link") == 0 ? RATE_OF_LINK
        : strcmp(value, "none") == 0           ? RATE_NONE
                                               : number(value, 50, 100000000, "rate");
}

static void set_fifo(struct options *options, char *value) { options->fifo = number(value, 1, 1024, "fifo"); }

static void set_seed(struct options *options, char *value)
{
    options->seed = number(value, 0, UINT32_MAX, "seed");
    options->has_seed = true;
}

static void set_script(struct options *options, char *value) { options->script = value; }
static void set_name(struct options *options, char *value) { options->name = value; }
static void set_firmware(struct options *options, char *value) { options->firmware = value; }
static void set_pictures(struct options *options, char *value) { options->pictures = value; }

/* Two numbers with a letter between them: 24x6, 1-3. */
static void pair(char *value, const char *between, uint32_t *first, uint32_t *second, uint32_t least, uint32_t most, const char *what)
{
    size_t at = strcspn(value, between);
    char *rest = value[at] ? value + at + 1 : value + at;

    value[at] = '\0';
    *first = number(value, least, most, what);
    *second = number(rest, least, most, what);
}

static void set_display(struct options *options, char *value)
{
    options->columns = options->rows = 0;
    if (strcmp(value, "none") == 0)
        return;
    pair(value, "x", &options->columns, &options->rows, 1, 255, "display");
    if (options->rows > GL_ROWS)
        fail("--display has at most 32 rows", NULL);
}

static void set_screen_ms(struct options *options, char *value) { options->screen_ms = number(value, 0, 65535, "screen-ms"); }
static void set_show_ms(struct options *options, char *value) { options->show_ms = number(value, 0, 65535, "show-ms"); }

static void set_camera(struct options *options, char *value)
{
    static const struct {
        const char *word;
        uint32_t features;
    } KINDS[] = {{"none", 0}, {"stills", GL_STILLS}, {"stream", GL_STREAM}, {"both", GL_STILLS | GL_STREAM}};
    size_t i;

    for (i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (strcmp(value, KINDS[i].word) == 0) {
            options->features = KINDS[i].features;
            return;
        }
    fail("--camera takes none, stills, stream or both", value);
}

static void set_sizes(struct options *options, char *value)
{
    char *word;
    uint32_t width, height;

    options->size_count = 0;
    for (word = strtok(value, ","); word; word = strtok(NULL, ",")) {
        if (options->size_count == SIZES_MOST)
            fail("--sizes takes at most 16 sizes", NULL);
        pair(word, "x", &width, &height, 1, 65535, "sizes");
        options->sizes[options->size_count].width = (uint16_t)width;
        options->sizes[options->size_count++].height = (uint16_t)height;
    }
}

static void set_delay(struct options *options, char *value) { options->delay_ms = number(value, 0, 65535, "delay"); }
static void set_exposure(struct options *options, char *value) { options->exposure_ms = number(value, 0, 65535, "exposure"); }
static void set_chunk(struct options *options, char *value) { options->chunk = number(value, 64, GL_CHUNK_MAX, "chunk"); }
static void set_room(struct options *options, char *value) { options->room = number(value, 256, GL_ROOM, "room"); }
static void set_window(struct options *options, char *value) { options->window = number(value, 1, 32, "window"); }

static void set_buttons(struct options *options, char *value)
{
    char *word;

    options->button_count = 0;
    if (strcmp(value, "none") == 0)
        return;
    for (word = strtok(value, ","); word; word = strtok(NULL, ",")) {
        if (options->button_count == BUTTONS_MOST)
            fail("--buttons takes at most 32 names", NULL);
        options->buttons[options->button_count++] = word;
    }
}

static void set_rates(struct options *options, char *value)
{
    char *word;

    options->rate_count = 0;
    if (strcmp(value, "none") == 0)
        return;
    for (word = strtok(value, ","); word; word = strtok(NULL, ",")) {
        if (options->rate_count == RATES_MOST)
            fail("--rates takes at most 16 rates", NULL);
        options->rates[options->rate_count++] = number(word, 50, 100000000, "rates");
    }
}

static void set_versions(struct options *options, char *value)
{
    pair(value, "-", &options->lowest, &options->highest, 1, 255, "versions");
}

static const struct option {
    const char *word, *takes;
    void (*set)(struct options *options, char *value);
    const char *help;
} OPTIONS[] = {
    {NULL, "Where it is (one of them)", NULL, NULL},
    {"pty", "PATH", set_pty, "a serial port: a pty, with a link to it at PATH"},
    {"tcp", "[HOST:]PORT", set_tcp, "a TCP port, of 127.0.0.1 if no HOST is given; 0 for any that is free"},
    {"unix", "PATH", set_unix, "a unix socket that listens at PATH"},
    {"connect", "PATH", set_connect, "a unix socket that another program listens at, as QEMU does for a chardev"},
    {NULL, "The line", NULL, NULL},
    {"rate", "link|none|BAUD", set_rate,
     "link: that which both ends have set (with --pty), at first 115200 baud; where they differ, bytes are garbled. none: no rate (the "
     "default for sockets). BAUD: always that one"},
    {"rates", "BAUD,BAUD…|none", set_rates, "the rates that the bridge offers besides 115200 (921600,3000000)"},
    {"fifo", "BYTES", set_fifo, "how far the bridge's UART runs ahead of the line (32)"},
    {"seed", "NUMBER", set_seed, "where all chance comes from; without it another one each time, told at the start"},
    {NULL, "The bridge", NULL, NULL},
    {"name", "TEXT", set_name, "its name (emulated bridge)"},
    {"firmware", "TEXT", set_firmware, "its firmware's version (emulator)"},
    {"versions", "LOW-HIGH", set_versions, "the versions of the link that it says it speaks (1-1)"},
    {"room", "BYTES", set_room, "what it holds unacknowledged (4096)"},
    {"window", "MESSAGES", set_window, "how many messages of a class it holds unacknowledged (8)"},
    {"buttons", "NAME,NAME…|none", set_buttons, "its buttons (main,back,up,down)"},
    {"display", "COLUMNSxROWS|none", set_display, "its display (30x10)"},
    {"screen-ms", "MS", set_screen_ms, "the least time between two screens (200)"},
    {"show-ms", "MS", set_show_ms, "what it takes to show one (0)"},
    {NULL, "The camera", NULL, NULL},
    {"camera", "stills|stream|both|none", set_camera, "what it can do (both)"},
    {"pictures", "WHERE", set_pictures, "what it sees: a JPEG, a folder of them, or a number: made-up pictures of so many bytes (100000)"},
    {"sizes", "WIDTHxHEIGHT,…", set_sizes, "the sizes that it offers (those of the pictures)"},
    {"delay", "MS", set_delay, "from the host's word to the middle of the exposure (20)"},
    {"exposure", "MS", set_exposure, "from the host's word to the picture (40)"},
    {"chunk", "BYTES", set_chunk, "the largest chunk (1024)"},
    {NULL, "The person", NULL, NULL},
    {"script", "FILE", set_script, "commands, each with the seconds from the start before it: `1.5 press main`"},
    {"draw", NULL, NULL, "draw the display instead of writing JSON"},
    {"help", NULL, NULL, "this"},
};

#define OPTION_COUNT (sizeof OPTIONS / sizeof *OPTIONS)

static void help(void)
{
    size_t i;

    fputs(INTRODUCTION, stdout);
    for (i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &OPTIONS[i];

        if (!option->word)
            printf("\n%s\n", option->takes);
        else
            printf("  --%s%s%s\n      %s\n", option->word, option->takes ? " " : "", option->takes ? option->takes : "", option->help);
    }
    exit(0);
}

static const struct option *find(const char *word, size_t length)
{
    size_t i;

    for (i = 0; i < OPTION_COUNT; i++)
        if (OPTIONS[i].word && strlen(OPTIONS[i].word) == length && memcmp(OPTIONS[i].word, word, length) == 0)
            return &OPTIONS[i];
    return NULL;
}

static void begin(struct options *options)
{
    static const char *const BUTTONS[] = {"main", "back", "up", "down"};

    memset(options, 0, sizeof *options);
    options->name = "emulated bridge";
    options->firmware = "emulator";
    options->fifo = 32;
    options->columns = 30;
    options->rows = 10;
    options->screen_ms = 200;
    options->features = GL_STILLS | GL_STREAM;
    options->delay_ms = 20;
    options->exposure_ms = 40;
    options->chunk = 1024;
    options->room = 4096;
    options->window = 8;
    options->lowest = options->highest = 1;
    options->pictures = "100000";
    memcpy(options->buttons, BUTTONS, sizeof BUTTONS);
    options->button_count = sizeof BUTTONS / sizeof *BUTTONS;
    options->rates[0] = 921600;
    options->rates[1] = 3000000;
    options->rate_count = 2;
}

void options_read(struct options *options, int count, char **words)
{
    int i;

    begin(options);
    for (i = 1; i < count; i++) {
        char *word = words[i], *value;
        size_t length;
        const struct option *option;

        if (strncmp(word, "--", 2) != 0)
            fail("this is no option", word);
        word += 2;
        length = strcspn(word, "=");
        option = find(word, length);
        if (!option)
            fail("there is no such option", words[i]);
        if (!option->set) {
            if (strcmp(option->word, "help") == 0)
                help();
            options->draws = true;
            continue;
        }
        value = word[length] == '=' ? word + length + 1 : i + 1 < count ? words[++i] : NULL;
        if (!value)
            fail("a value is missing after", words[i]);
        option->set(options, value);
    }
    if (!options->has_place)
        fail("say where the bridge is to be: --pty PATH, --tcp PORT, --unix PATH or --connect PATH", NULL);
    if (!options->has_rate)
        options->rate = options->kind == PORT_PTY ? RATE_OF_LINK : RATE_NONE;
    if (options->exposure_ms < options->delay_ms)
        options->exposure_ms = options->delay_ms;
}
