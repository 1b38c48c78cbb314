"""Loops for numba, written as well as its authors could: one small generator a replicate, replicates on all threads.

Numbers come from xorshift64* (Vigna 2016), two 32-bit halves a step; indices by multiplying and shifting, without
rejection (a bias below 1e-5 at these sizes, which favours the loops). Compiled once, before anything is timed.
"""

# ruff: noqa: ANN001, ANN201  # numba infers
import numba
import numpy as np
from numba import njit, prange

MULTIPLIER = np.uint64(0x2545F4914F6CDD1D)


@njit(inline="always")
def seeded(seed, replicate):
    """A state that differs for each replicate (SplitMix64)."""
    state = np.uint64(seed) + np.uint64(replicate + 1) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state ^ (state >> np.uint64(31))) | np.uint64(1)


@njit(inline="always")
def stepped(state):
    state ^= state >> np.uint64(12)
    state ^= state << np.uint64(25)
    return state ^ (state >> np.uint64(27))


@njit(inline="always")
def halves(state, n):
    """Two indices below n."""
    bits = state * MULTIPLIER
    high = ((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)
    low = ((bits & np.uint64(0xFFFFFFFF)) * np.uint64(n)) >> np.uint64(32)
    return high, low


@njit(parallel=True, fastmath=True)
def means(x, resamples, seed):
    n = len(x)
    found = np.empty(resamples)
    for b in prange(resamples):
        state, first, second = seeded(seed, b), 0.0, 0.0
        for _ in range(n // 2):
            state = stepped(state)
            i, j = halves(state, n)
            first += x[i]
            second += x[j]
        if n % 2:
            state = stepped(state)
            first += x[halves(state, n)[0]]
        found[b] = (first + second) / n
    return found


@njit(parallel=True)
def medians(x, resamples, seed):
    """Of sorted data: counts of each, then a walk to the middle."""
    n = len(x)
    found = np.empty(resamples)
    for b in prange(resamples):
        state, counts = seeded(seed, b), np.zeros(n, np.int32)
        for _ in range((n + 1) // 2):
            state = stepped(state)
            i, j = halves(state, n)
            counts[i] += 1
            counts[j] += 1
        seen, place = 0, -1
        while 2 * seen < n:
            place += 1
            seen += counts[place]
        after = place
        if 2 * seen == n:
            after += 1
            while counts[after] == 0:
                after += 1
        found[b] = (x[place] + x[after]) / 2
    return found


@njit(parallel=True, fastmath=True)
def correlations(x, y, resamples, seed):
    n = len(x)
    found = np.empty(resamples)
    for b in prange(resamples):
        state = seeded(seed, b)
        sx = sy = sxx = syy = sxy = 0.0
        for k in range((n + 1) // 2):
            state = stepped(state)
            i, j = halves(state, n)
            u, v = x[i], y[i]
            sx, sy, sxx, syy, sxy = sx + u, sy + v, sxx + u * u, syy + v * v, sxy + u * v
            if 2 * k + 1 < n:
                u, v = x[j], y[j]
                sx, sy, sxx, syy, sxy = sx + u, sy + v, sxx + u * u, syy + v * v, sxy + u * v
        found[b] = (n * sxy - sx * sy) / np.sqrt((n * sxx - sx * sx) * (n * syy - sy * sy))
    return found


@njit(parallel=True, fastmath=True)
def relabelled(pooled, n, resamples, seed):
    """Sums of n of the pooled values: the first steps of a shuffle; each thread shuffles on."""
    chunks = numba.get_num_threads() * 4
    found = np.empty(resamples)
    for chunk in prange(chunks):
        values, state = pooled.copy(), seeded(seed, chunk)
        for b in range(chunk * resamples // chunks, (chunk + 1) * resamples // chunks):
            total = 0.0
            for i in range(n):
                state = stepped(state)
                j = i + halves(state, len(values) - i)[0]
                values[i], values[j] = values[j], values[i]
                total += values[i]
            found[b] = total
    return found


@njit(parallel=True, fastmath=True)
def repaired(x, y, resamples, seed):
    """Products of x with shuffled y."""
    chunks = numba.get_num_threads() * 4
    n = len(x)
    found = np.empty(resamples)
    for chunk in prange(chunks):
        values, state = y.copy(), seeded(seed, chunk)
        for b in range(chunk * resamples // chunks, (chunk + 1) * resamples // chunks):
            total = 0.0
            for i in range(n):
                state = stepped(state)
                j = i + halves(state, n - i)[0]
                values[i], values[j] = values[j], values[i]
                total += x[i] * values[i]
            found[b] = total
    return found


@njit(parallel=True, fastmath=True)
def flipped(x, resamples, seed):
    """Sums with random signs, a bit a value."""
    n = len(x)
    found = np.empty(resamples)
    for b in prange(resamples):
        state, total = seeded(seed, b), 0.0
        for start in range(0, n, 64):
            state = stepped(state)
            bits = state * MULTIPLIER
            for i in range(start, min(start + 64, n)):
                total += x[i] if bits & np.uint64(1) else -x[i]
                bits >>= np.uint64(1)
        found[b] = total
    return found


@njit(parallel=True, fastmath=True)
def block_means(sums, n, length, resamples, seed):
    """Means of circular blocks, from the sums of the block that starts at each place."""
    blocks = n // length
    found = np.empty(resamples)
    for b in prange(resamples):
        state, total = seeded(seed, b), 0.0
        for _ in range(blocks):
            state = stepped(state)
            total += sums[halves(state, n)[0]]
        found[b] = total / (blocks * length)
    return found
