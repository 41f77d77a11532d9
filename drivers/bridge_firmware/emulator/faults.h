/* What a bad line does to the bytes of one direction. All chance comes from a seed: the same bytes meet the same faults. */
#ifndef EMULATOR_FAULTS_H
#define EMULATOR_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers by chance (splitmix64). */
struct chance {
    uint64_t state;
};

uint64_t chance_next(struct chance *chance);

/* The number at a place of the sequence that belongs to a seed: what is made up can be read anywhere. */
uint64_t chance_at(uint64_t seed, uint64_t place);

/* Something that happens now and then: how many more times it does not, until it does. */
struct rarity {
    double probability;
    uint64_t until_next;
};

struct faults {
    struct chance chance;
    struct rarity bent;  /* a bit */
    struct rarity lost;  /* a byte */
    struct rarity twice; /* a byte */
    uint32_t burst;      /* bytes that are still to be nonsense */
    uint64_t hurt;       /* bytes that something was done to, since the start */
};

void faults_begin(struct faults *faults, uint64_t seed);
void faults_bend(struct faults *faults, double probability);
void faults_lose(struct faults *faults, double probability);
void faults_double(struct faults *faults, double probability);

/*
 * Give what arrives of `n` bytes, at most 2 * n: into `out`; return how many.
 *
 * `kept` is 1 on a line whose ends have one rate. Otherwise all bytes are nonsense, and `kept` says how many arrive for each that was
 * sent: an end that reads slower than the other writes sees fewer.
 */
size_t faults_apply(struct faults *faults, const uint8_t *in, size_t n, bool nonsense, double kept, uint8_t *out);

#endif
