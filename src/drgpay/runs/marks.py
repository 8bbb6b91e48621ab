"""What coefficients look at besides costs: last year's grades and indicator values, and operated stays."""

from __future__ import annotations

from datetime import date

import polars as pl

from drgpay.engine import Dataset, Engine
from drgpay.policy import Policy
from drgpay.runs.region import Registers
from drgpay.runs.succession import succession_of
from drgpay.steps import points
from drgpay.tables import GRADE_REGISTER, INDICATOR_VALUES, OPERATION_LEVELS


def known_of(
    engine: Engine, grouped: Dataset, policy: Policy, registers: Registers, year: int, day: date
) -> points.Marks:
    """Marks of the institutions of a day for the coefficients of a settlement year."""
    there, before = succession_of(registers), pl.col("year") == year - 1
    grades = dict(registers[GRADE_REGISTER].filter(before).select("institution_id", "grade").rows())
    values = registers[INDICATOR_VALUES].filter(before).select("institution_id", "indicator", "value").rows()
    indicators = {(h, name): value for h, name, value in values}
    operated = there.added(points.operated(engine, grouped, policy, registers[OPERATION_LEVELS]), day)
    return points.Marks(there.inherited(grades, day), there.inherited(indicators, day), operated)
