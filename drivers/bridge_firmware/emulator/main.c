/* bridge-emulator: glassd's bridge without the hardware. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "bridge.h"
#include "options.h"
#include "orders.h"
#include "report.h"

static volatile sig_atomic_t is_told_to_end;

static void on_signal(int number)
{
    (void)number;
    is_told_to_end = 1;
}

/* Let SIGINT and SIGTERM in only while it waits: `waiting` is the mask for that. */
static void take_signals(sigset_t *waiting)
{
    struct sigaction end = {.sa_handler = on_signal};
    sigset_t held;

    sigemptyset(&end.sa_mask);
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigprocmask(SIG_BLOCK, &held, waiting);
    sigdelset(waiting, SIGINT);
    sigdelset(waiting, SIGTERM);
}

/* Wait until something can be read or written, or this is due. Whether there is something on stdin. */
static bool await(const struct bridge *bridge, ns_t due, bool hears_orders, const sigset_t *waiting)
{
    struct pollfd port = bridge_wait(bridge);
    ns_t wait = due - clock_now();
    struct timespec limit;
    fd_set readable, writable;
    int most = port.fd > STDIN_FILENO ? port.fd : STDIN_FILENO;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    if (hears_orders)
        FD_SET(STDIN_FILENO, &readable);
    if (port.fd >= 0 && (port.events & POLLIN))
        FD_SET(port.fd, &readable);
    if (port.fd >= 0 && (port.events & POLLOUT))
        FD_SET(port.fd, &writable);
    if (wait < 0)
        wait = 0;
    limit.tv_sec = (time_t)(wait / NS_PER_S);
    limit.tv_nsec = (long)(wait % NS_PER_S);
    return pselect(most + 1, &readable, &writable, NULL, due == NEVER ? NULL : &limit, waiting) > 0 && hears_orders
        && FD_ISSET(STDIN_FILENO, &readable);
}

static void run(struct bridge *bridge, struct script *script, const sigset_t *waiting)
{
    static struct order_lines lines;
    bool goes_on = true, has_ended = false;

    while (goes_on && !is_told_to_end) {
        bool is_ordered = await(bridge, earlier(bridge_due(bridge), script_due(script)), !has_ended, waiting);
        ns_t now = clock_now();

        bridge_run(bridge, now); /* what was before what comes now */
        bridge_listen(bridge, now);
        goes_on = script_run(script, bridge, now) && (!is_ordered || order_lines_read(&lines, STDIN_FILENO, bridge, now, &has_ended));
        bridge_run(bridge, now);
    }
}

static uint64_t some_seed(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec * 31u + (uint64_t)getpid()) % UINT32_MAX;
}

static void tell_start(const struct bridge *bridge, uint64_t seed)
{
    report_begin("started", bridge->now);
    report_text("path", bridge->port.kind == PORT_TCP ? bridge->port.place : bridge->port.where);
    report_number("seed", (int64_t)seed);
    report_number("boot", bridge->device.boot);
    report_end();
}

int main(int count, char **words)
{
    static struct bridge bridge;
    struct options options;
    struct script script = {0};
    sigset_t waiting;
    char why[400];

    setlocale(LC_CTYPE, ""); /* how wide a character is */
    options_read(&options, count, words);
    if (!options.has_seed)
        options.seed = some_seed();
    take_signals(&waiting);
#if defined(__linux__)
    prctl(PR_SET_TIMERSLACK, 1UL); /* else each wait is 50 us late */
#endif
    if (options.draws)
        report_draws(&bridge.device.screen);
    if (!bridge_make(&bridge, &options, options.seed, why, sizeof why)) {
        fprintf(stderr, "bridge-emulator: %s\n", why);
        return 1;
    }
    if (options.script && !script_read(&script, options.script, bridge.now, why, sizeof why)) {
        fprintf(stderr, "bridge-emulator: %s\n", why);
        bridge_end(&bridge);
        return 1;
    }
    tell_start(&bridge, options.seed);
    run(&bridge, &script, &waiting);
    report_begin("ended", clock_now());
    report_end();
    bridge_end(&bridge);
    script_end(&script);
    return 0;
}
