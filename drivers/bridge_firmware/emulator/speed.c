/* A terminal's rate as a number. Linux has those that have no B-constant only in its own struct, whose header excludes <termios.h>. */
#include "port.h"

#if defined(__linux__)

#include <asm/termbits.h>
#include <sys/ioctl.h>

uint32_t speed_of(int terminal)
{
    struct termios2 settings;

    return ioctl(terminal, TCGETS2, &settings) < 0 ? 0 : settings.c_ospeed;
}

#else

#include <termios.h>

uint32_t speed_of(int terminal)
{
    struct termios settings;

    return tcgetattr(terminal, &settings) < 0 ? 0 : (uint32_t)cfgetospeed(&settings); /* a number there */
}

#endif
