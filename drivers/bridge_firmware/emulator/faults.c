#include "faults.h"

#include <math.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint64_t chance_at(uint64_t seed, uint64_t place)
{
    return mixed(seed + (place + 1) * GOLDEN);
}

uint64_t chance_next(struct chance *chance)
{
    chance->state += GOLDEN;
    return mixed(chance->state);
}

/* A number from 0 (never it) to 1. */
static double share(struct chance *chance)
{
    return ((double)(chance_next(chance) >> 11) + 1.0) / 9007199254740992.0;
}

/* How often it does not happen before it does is distributed geometrically: one number for each time that it does. */
static void draw(struct rarity *rarity, struct chance *chance)
{
    double times;

    if (rarity->probability <= 0.0) {
        rarity->until_next = UINT64_MAX;
    } else if (rarity->probability >= 1.0) {
        rarity->until_next = 0;
    } else {
        times = floor(log(share(chance)) / log1p(-rarity->probability));
        rarity->until_next = times < 1e18 ? (uint64_t)times : UINT64_MAX;
    }
}

static void set(struct faults *faults, struct rarity *rarity, double probability)
{
    rarity->probability = probability;
    draw(rarity, &faults->chance);
}

static bool happens(struct rarity *rarity, struct chance *chance)
{
    if (rarity->until_next > 0) {
        rarity->until_next -= rarity->until_next != UINT64_MAX;
        return false;
    }
    draw(rarity, chance);
    return true;
}

void faults_begin(struct faults *faults, uint64_t seed)
{
    faults->chance.state = seed;
    faults->burst = 0;
    faults->hurt = 0;
    set(faults, &faults->bent, 0.0);
    set(faults, &faults->lost, 0.0);
    set(faults, &faults->twice, 0.0);
}

void faults_bend(struct faults *faults, double probability) { set(faults, &faults->bent, probability); }
void faults_lose(struct faults *faults, double probability) { set(faults, &faults->lost, probability); }
void faults_double(struct faults *faults, double probability) { set(faults, &faults->twice, probability); }

static uint8_t bent(struct faults *faults, uint8_t byte)
{
    unsigned bit;

    if (faults->bent.until_next >= 8) {
        faults->bent.until_next -= faults->bent.until_next == UINT64_MAX ? 0 : 8;
        return byte;
    }
    for (bit = 0; bit < 8; bit++)
        if (happens(&faults->bent, &faults->chance))
            byte ^= (uint8_t)(1u << bit);
    return byte;
}

size_t faults_apply(struct faults *faults, const uint8_t *in, size_t n, bool nonsense, double kept, uint8_t *out)
{
    size_t at, made = 0;

    for (at = 0; at < n; at++) {
        uint8_t byte = in[at];

        if (nonsense && kept < 1.0 && share(&faults->chance) > kept) {
            faults->hurt++;
            continue;
        }
        if (nonsense || faults->burst > 0) {
            byte = (uint8_t)chance_next(&faults->chance);
            faults->burst -= faults->burst > 0;
        }
        byte = bent(faults, byte);
        if (happens(&faults->lost, &faults->chance)) {
            faults->hurt++;
            continue;
        }
        out[made++] = byte;
        if (happens(&faults->twice, &faults->chance)) {
            out[made++] = byte;
            faults->hurt++;
        }
        faults->hurt += byte != in[at];
    }
    return made;
}
