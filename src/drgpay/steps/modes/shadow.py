"""The DRG price of stays that another mode pays: reported, not paid (design/06, psychiatric acute and chronic)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.engine import codes_in, integers
from drgpay.tables import SCHEMES, SHADOW_PRICES
from drgpay.units import mul_div_half_up


def shadow_prices(cases: Any, due: Any, values: Mapping[str, tuple[int, int]]) -> Any:
    """Table ``shadow_prices`` from a batch of case points and what their mode pays.

    ``values``: insurance scheme → (distributable fen, points) of the pool; a scheme without points has no price.
    """
    scheme = codes_in(cases.column("insurance_scheme"), pa.array(SCHEMES))
    pairs = np.array([values.get(s, (0, 0)) for s in SCHEMES] + [(0, 0)], np.int64)
    money, points = pairs[scheme, 0], pairs[scheme, 1]
    price = mul_div_half_up(integers(cases.column("points")), money, np.maximum(points, 1))
    own = {"shadow": pa.array(price, mask=points == 0), "due": due}
    return pa.table({n: own[n] if n in own else cases.column(n) for n in SHADOW_PRICES.names}).cast(
        SHADOW_PRICES.schema
    )
