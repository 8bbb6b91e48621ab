"""Which stays and visits are settled with the medical insurance e-voucher, by the habits of their institutions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.samples.plan import VOUCHERS, Plan, source

_LEAST, _MOST = 0.12, 0.45
"""shares of e-vouchers among the institutions that take them"""


def vouchers(plan: Plan, place: npt.NDArray[np.int64], *purpose: int) -> pa.BooleanArray:
    """A flag per row; ``place``: its institution by number; ``purpose``: what the rows are. Drawn from a stream of
    its own, so that nothing else changes."""
    taken = np.array([row["e_voucher"] == "true" for row in plan.places.institutions])
    habit = source(plan.seed, VOUCHERS).uniform(_LEAST, _MOST, len(taken)) * taken
    return pa.array(source(plan.seed, VOUCHERS, *purpose).random(len(place)) < habit[place])
