"""Cell keys: the same set of records is always told with the same small noise, any other set with another.

The method of statistical offices for overlapping tables of the same people: Thompson, Broadfoot and Elazar 2013 (ABS
TableBuilder); Giessing 2016 and Giessing and Tent 2019 (maximum-entropy tables, Eurostat's census of 2021). A record
has a random key, a set of records the sum of their keys, and a table turns the hash of that sum into a noise. Nothing
is learnt from how often a set is told, and next to nothing from two sets that differ by one record.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import numpy.typing as npt

# its parts are loaded when they are first used, by whoever publishes
import scipy

from nytta.registry.protection import Noise

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Sums = npt.NDArray[np.uint64]

_STEEPEST = 60.0
"""Largest slope of a noise's log-probability: beyond it, a probability is no longer told from 0."""


def cell_keys(numerators: Sums, denominators: Sums, family: str, secret: bytes) -> Floats:
    """Cell keys, from 0 to below 1, of sets of records; one element per cell.

    `numerators` and `denominators` are the sums (modulo 2⁶⁴) of the keys of the records that count in either. Both go
    in: were it the numerator's alone, who joins without counting would leave the noise as it was, and so show that.
    `family` is shared by indicators that must tell the same of the same set; `secret` is that of the root unit, of at
    most 64 bytes.
    """
    hashing = hashlib.blake2b(family.encode("utf-8"), key=secret, digest_size=8)
    pairs = np.stack([numerators, denominators], axis=1).astype("<u8")
    digests = bytearray()
    for pair in pairs:
        hashed = hashing.copy()
        hashed.update(pair.tobytes())
        digests += hashed.digest()
    # 53 bits, which a float holds exactly, so that no key is rounded up to 1
    return (np.frombuffer(bytes(digests), dtype="<u8") >> np.uint64(11)) / 2.0**53


def perturbed(numerators: Ints, denominators: Ints, keys: Floats, noise: Noise) -> Ints:
    """Numerators of shares as they may be told: from 0 to their denominators, one element per cell.

    The noise changes the smaller of numerator and remainder, so that few who count and few who do not are protected
    alike. A set without any on one side is told as it is; it is not told apart from those with up to `noise.most`.
    """
    remainders = denominators - numerators
    is_turned = remainders < numerators
    smaller = np.where(is_turned, remainders, numerators)
    larger = denominators - smaller
    noisy = smaller + _drawn(smaller, larger, keys, noise)
    return np.where(is_turned, denominators - noisy, noisy)


def perturbed_counts(counts: Ints, keys: Floats, noise: Noise) -> Ints:
    """Counts without an upper end (numerators of rates) as they may be told: never below 0, one element per cell."""
    room_above = np.full_like(counts, noise.most)
    return counts + _drawn(counts, room_above, keys, noise)


def _drawn(below: Ints, above: Ints, keys: Floats, noise: Noise) -> Ints:
    """The noise of each cell, which lies from -`below` to `above`."""
    rooms = np.stack([np.minimum(below, noise.most), np.minimum(above, noise.most)], axis=1)
    drawn = np.zeros(len(keys), dtype=np.int64)
    # cells with equal room share a row of the table, which is worked out once
    for room_below, room_above in np.unique(rooms, axis=0).tolist():
        cells = (rooms == (room_below, room_above)).all(axis=1)
        upper_ends = np.cumsum(probabilities(room_below, room_above, noise.variance))
        place = np.searchsorted(upper_ends, keys[cells], side="right")
        # the last cumulated probability may fall short of 1 by a rounding error, and a key lie beyond it
        place = np.minimum(place, room_below + room_above)
        drawn[cells] = place - room_below
    return drawn


@cache
def probabilities(below: int, above: int, variance: float) -> Floats:
    """A row of the perturbation table: the probabilities of the noises -`below` … `above`.

    Of all rows with mean 0 and this variance the one of greatest entropy, so that it tells least: log-probabilities are
    quadratic in the noise. Where the ends leave room for no such variance, the one that comes nearest: all at the ends.
    """
    noises = np.arange(-below, above + 1, dtype=np.float64)
    widest = float(below * above)
    # without room on one side, only the noise 0 has mean 0
    if below == 0 or above == 0:
        return np.asarray(noises == 0, dtype=np.float64)
    if variance >= widest:
        chances = np.zeros(len(noises))
        chances[0] = above / (below + above)
        chances[-1] = below / (below + above)
        return chances

    def excess(curvature: float) -> float:
        return float(np.sum(noises**2 * _centred(noises, curvature))) - variance

    curvature = float(scipy.optimize.brentq(excess, -_STEEPEST, _STEEPEST, xtol=1e-14))
    row = _centred(noises, curvature)
    # the row is cached and shared: nobody may change it
    row.flags.writeable = False
    return row


def _centred(noises: Floats, curvature: float) -> Floats:
    """The row with mean 0 whose log-probabilities have this curvature."""

    bends = curvature * noises**2

    def chances(slope: float) -> Floats:
        log_weights = slope * noises + bends
        # relative to the largest, which no exponential overflows
        weights = np.exp(log_weights - log_weights.max())
        return np.asarray(weights / weights.sum(), dtype=np.float64)

    def mean(slope: float) -> float:
        return float(noises @ chances(slope))

    # the slope has to outweigh the curvature at the furthest noise, on either side
    reach = _STEEPEST + 2 * abs(curvature) * float(np.max(np.abs(noises)))
    return chances(float(scipy.optimize.brentq(mean, -reach, reach, xtol=1e-14)))
