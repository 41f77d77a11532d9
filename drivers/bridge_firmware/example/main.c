/*
 * A port of glassd_link, bare: a UART, a camera that gives JPEG, a display of text, two buttons. To be read from top to bottom.
 *
 * What begins with board_ is yours: at the end of this file each has an empty body, so that all of it compiles and links on any machine.
 */
#include "glassd_link.h"

/* --- The board's own: see the end of this file. --- */

static void board_start(void);
static uint32_t board_micros(void);        /* free-running, wraps */
static uint32_t board_random(void);        /* another number at each start */
static size_t board_uart_room(void);       /* bytes that the transmitter takes now, a hardware FIFO's worth at most */
static void board_uart_write(uint8_t byte);
static bool board_uart_is_silent(void);    /* the last bit of the last byte is out */
static void board_uart_rate(uint32_t baud);
static bool board_button_is_down(int button);
static void board_draw_text(int row, const char *text); /* into the display's memory */
static void board_draw_status(const struct gl_screen *screen);
static void board_start_drawing(void);     /* send that memory to the display */
static bool board_drawing_is_done(void);
static void board_camera_power(bool on);
static void board_camera_start(uint16_t width, uint16_t height, uint8_t quality); /* 0: as you like */
static bool board_camera_is_done(uint32_t *exposed);
static const uint8_t *board_camera_jpeg(uint32_t *size); /* NULL: it failed */

/* --- What the bridge says of itself. --- */

static const struct gl_size sizes[] = {{1600, 1200}, {800, 600}};
static const char *const buttons[] = {"main", "back"};
static const uint32_t rates[] = {230400, 921600};
static const struct gl_device device = {
    .name = "example bridge", .firmware = "0.1",
    .columns = 30, .rows = 10, .screen_ms = 50,
    .features = GL_STILLS | GL_STREAM, .exposure_ms = 60, .sizes = sizes, .size_count = 2,
    .buttons = buttons, .button_count = 2,
    .rates = rates, .rate_count = 2,
};

enum { BUTTONS = 2, BOUNCE_US = 20000 };

struct bridge {
    struct gl_link link;
    const uint8_t *jpeg; /* of the picture that the link has */
    bool exposing, drawing;
    bool down[BUTTONS];
    uint32_t changed[BUTTONS];
};

static struct bridge bridge;

/* --- Bytes that came: an interrupt puts them into a ring, the loop takes them out. GL_ROOM + 128 bytes are what a host may send at once. --- */

enum { RING = 1024 }; /* a power of two */
typedef char ring_holds_what_a_host_may_send[RING >= GL_ROOM + 128 ? 1 : -1];

static uint8_t ring[RING];
static volatile uint16_t ring_in, ring_out, ring_lost; /* each written by one side only */

void board_uart_received(uint8_t byte); /* your interrupt calls it */

void board_uart_received(uint8_t byte)
{
    if ((uint16_t)(ring_in - ring_out) == RING) {
        ring_lost++;
        return;
    }
    ring[ring_in % RING] = byte;
    ring_in++;
}

static void take_bytes(uint32_t now)
{
    static uint16_t told;
    uint16_t lost = ring_lost, end = ring_in;

    while (ring_out != end) {
        uint16_t from = ring_out % RING, n = (uint16_t)(end - ring_out);

        if (n > RING - from)
            n = (uint16_t)(RING - from); /* to the end of the ring first */
        gl_receive(&bridge.link, ring + from, n, now);
        ring_out = (uint16_t)(ring_out + n);
    }
    gl_overrun(&bridge.link, (uint16_t)(lost - told));
    told = lost;
}

/* --- Bytes that go: as many as the UART has room for, so that a button overtakes a picture. --- */

static void give_bytes(void)
{
    uint8_t bytes[64];
    size_t room, n;

    while ((room = board_uart_room()) > 0) {
        n = gl_transmit(&bridge.link, bytes, room < sizeof bytes ? room : sizeof bytes, board_micros());
        if (n == 0)
            break;
        for (size_t i = 0; i < n; i++)
            board_uart_write(bytes[i]);
    }
    if (board_uart_is_silent())
        gl_sent(&bridge.link, board_micros());
}

static void rate(void *user, uint32_t baud)
{
    (void)user;
    board_uart_rate(baud);
}

/* --- Buttons: a change counts at once, and then none for as long as a contact bounces. An interrupt may stamp them better. --- */

static void look_at_buttons(uint32_t now)
{
    for (int button = 0; button < BUTTONS; button++) {
        bool down = board_button_is_down(button);

        if (down == bridge.down[button] || now - bridge.changed[button] < BOUNCE_US)
            continue;
        bridge.down[button] = down;
        bridge.changed[button] = now;
        gl_edge(&bridge.link, (uint8_t)button, down, now);
    }
}

/* --- The display: rows are drawn at once, and travel to the glass while the loop goes on. --- */

static bool show(void *user, const struct gl_screen *screen)
{
    (void)user;
    for (int row = 0; row < device.rows; row++)
        if (screen->changed >> row & 1)
            board_draw_text(row, screen->rows[row]);
    board_draw_status(screen); /* page, pages, mark, and whether the camera looks */
    board_start_drawing();
    bridge.drawing = true;
    return false; /* gl_shown() will tell */
}

static void look_at_display(void)
{
    if (bridge.drawing && board_drawing_is_done()) {
        bridge.drawing = false;
        gl_shown(&bridge.link);
    }
}

/* --- The camera: one picture at a time, held until the host has it. --- */

static void camera(void *user, const struct gl_request *request)
{
    (void)user;
    board_camera_power(request->mode != GL_OFF);
}

static void capture(void *user, const struct gl_request *request)
{
    (void)user;
    board_camera_start(request->width, request->height, request->quality);
    bridge.exposing = true;
}

static void look_at_camera(void)
{
    struct gl_picture picture = {.frame = &bridge};

    if (!bridge.exposing || !board_camera_is_done(&picture.time))
        return;
    bridge.exposing = false;
    bridge.jpeg = board_camera_jpeg(&picture.size);
    if (bridge.jpeg)
        gl_picture(&bridge.link, &picture); /* width and height 0: what the JPEG says */
    else
        gl_failed(&bridge.link, GL_CAMERA_FAILED);
}

static bool read_jpeg(void *user, void *frame, uint32_t offset, uint8_t *bytes, size_t n)
{
    (void)user;
    (void)frame;
    while (n-- > 0)
        *bytes++ = bridge.jpeg[offset++];
    return true;
}

static void release(void *user, void *frame)
{
    (void)user;
    (void)frame;
    bridge.jpeg = NULL; /* the memory may hold the next one */
}

/* --- All of it. --- */

static const struct gl_port port = {
    .show = show, .camera = camera, .capture = capture, .read = read_jpeg, .release = release, .rate = rate,
};

static bool on = true; /* for a compiler that is told of loops without an end */

int main(void)
{
    board_start();
    board_uart_rate(GL_BASE_RATE);
    gl_init(&bridge.link, &device, &port, NULL, board_random(), board_micros());
    while (on) {
        uint32_t now = board_micros();

        take_bytes(now);
        look_at_buttons(now);
        look_at_display();
        look_at_camera();
        gl_poll(&bridge.link, now);
        give_bytes();
    }
    return 0;
}

/* --- Yours. As it stands, the board ends the loop as soon as it begins. --- */

static void board_start(void) { on = false; }
static uint32_t board_micros(void) { return 0; }
static uint32_t board_random(void) { return 0; }
static size_t board_uart_room(void) { return 0; }
static void board_uart_write(uint8_t byte) { (void)byte; }
static bool board_uart_is_silent(void) { return true; }
static void board_uart_rate(uint32_t baud) { (void)baud; }
static bool board_button_is_down(int button) { return button < 0; }
static void board_draw_text(int row, const char *text) { (void)row, (void)text; }
static void board_draw_status(const struct gl_screen *screen) { (void)screen; }
static void board_start_drawing(void) {}
static bool board_drawing_is_done(void) { return true; }
static void board_camera_power(bool powered) { (void)powered; }
static void board_camera_start(uint16_t width, uint16_t height, uint8_t quality) { (void)width, (void)height, (void)quality; }
static bool board_camera_is_done(uint32_t *exposed) { return *exposed == 0; }
static const uint8_t *board_camera_jpeg(uint32_t *size) { return *size == 0 ? NULL : ring; }
