"""The same arithmetic on columns: exact int64 products and quotients, and largest-remainder splits of many groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_LIMIT = 2**63 - 1


def mul_div(a: npt.ArrayLike, b: npt.ArrayLike, d: npt.ArrayLike) -> tuple[Ints, Ints]:
    """Floor and remainder of ``a·b / d``, elementwise and exact although ``a·b`` may pass 64 bits.

    Shapes broadcast; all values are int64, ``a, b ≥ 0``, ``d > 0``; quotients must fit int64, else OverflowError.
    ``b`` is fed digit by digit as in long division, with digits as large as ``d`` and ``a`` leave room for.
    """
    a, b, d = np.broadcast_arrays(*(np.asarray(x, dtype=np.int64) for x in (a, b, d)))
    if a.size == 0:
        return np.zeros(a.shape, np.int64), np.zeros(a.shape, np.int64)
    if int(a.min()) < 0 or int(b.min()) < 0 or int(d.min()) <= 0:
        raise ValueError("mul_div: needs a, b >= 0 and d > 0")
    a_max, b_max, d_max = int(a.max()), int(b.max()), int(d.max())
    if a_max * b_max <= _LIMIT:
        product = a * b
        quotient = product // d
        return quotient, product - quotient * d
    room = _LIMIT // max(d_max + a_max, 1)
    bits = room.bit_length() - 1
    if bits < 1:
        raise OverflowError("mul_div: divisor too large for exact 64-bit division")
    digits = -(-b_max.bit_length() // bits)
    quotient, remainder = np.zeros_like(a), np.zeros_like(a)
    for i in reversed(range(digits)):
        if int(quotient.max()) >> (63 - bits):
            raise OverflowError("mul_div: the quotient does not fit 64 bits")
        partial = (remainder << bits) + a * ((b >> (i * bits)) & ((1 << bits) - 1))
        step = partial // d
        quotient = (quotient << bits) + step
        remainder = partial - step * d
    return quotient, remainder


def mul_div_half_up(a: npt.ArrayLike, b: npt.ArrayLike, d: npt.ArrayLike) -> Ints:
    """``a·b / d`` rounded half up, elementwise and exact; conditions as :func:`mul_div`."""
    quotient, remainder = mul_div(a, b, d)
    return quotient + (remainder >= np.asarray(d, dtype=np.int64) - remainder)


def sum_exact(values: Ints) -> int:
    """Sum of an int64 column as a Python integer that cannot overflow."""
    low = int((values & 0xFFFFFFFF).sum())
    return (int((values >> 32).sum()) << 32) + low


def split_groups(starts: Ints, totals: Ints, weights: Ints) -> Ints:
    """Largest-remainder split of many totals at once.

    Rows are sorted by group, and inside a group in the order that breaks ties. ``starts``: first row of every
    group, ascending from 0; ``totals``: what each group shares out, ≥ 0; ``weights``: one per row, ≥ 0.
    Returns one int64 share per row; each group's shares add up to its total. A group whose weights are all zero
    and whose total is not raises ``ValueError``. Source: design/04 §2.
    """
    n = len(weights)
    if n == 0:
        if len(totals) and int(np.abs(totals).max()):
            raise ValueError("split_groups: an amount and no row to give it to")
        return np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, n))
    if len(starts) == 0 or starts[0] != 0 or int(sizes.min()) < 1:
        raise ValueError("split_groups: starts must begin at 0 and rise")
    if (
        int(weights.max()) * int(sizes.max()) > _LIMIT
        and max(np.add.reduceat(weights.astype(object), starts)) > _LIMIT
    ):
        raise OverflowError("split_groups: a sum of weights does not fit 64 bits")
    sums = np.add.reduceat(weights, starts)
    if bool(((sums == 0) & (totals != 0)).any()):
        raise ValueError("split_groups: an amount and no weight to give it to")
    group = np.repeat(np.arange(len(starts)), sizes)
    shares, remainder = mul_div(weights, totals[group], np.maximum(sums, 1)[group])
    left = totals - np.add.reduceat(shares, starts)
    order = np.lexsort((np.arange(n), -remainder, group))
    place = np.empty(n, np.int64)
    place[order] = np.arange(n) - np.repeat(starts, sizes)
    return shares + (place < left[group])
