"""A value of a performance plan as a form has it: a cell for every key of a table, a line for every step of a scale,
a tick for every name; and back to the text a plan is written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from drgpay.notation import read_yaml
from drgpay.policy import Parameter
from drgpay.runs.perform import amended_plan
from drgpay.steps import performance

_NOT_SET = "none"


@dataclass(frozen=True)
class PlanField:
    """How a parameter of a plan is typed. ``kind``: line (one text), choice, names (several of the choices), codes
    (any codes, parted by commas), table (``cells``: key and value; ``open``: further keys may be added), bands
    (``bands``: the bound, empty for all that is left, and the value; ``below``: the bound itself belongs to the next
    step). ``value``: as it is written."""

    name: str
    kind: str
    value: str
    optional: bool
    choices: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    cells: tuple[tuple[str, str], ...] = ()
    bands: tuple[tuple[str, str], ...] = ()
    below: bool = False
    open: bool = False


def plan_field(plan: str, changes: Mapping[str, object], name: str, on: date) -> PlanField:
    """The form of a parameter of a plan with its changes, as it stands on a day. Raises POLICY for an unknown one."""
    parameter: Parameter = performance.plan_dictionary()[name]
    value = amended_plan(plan, changes, on).values()[name].value
    there = value != _NOT_SET
    shape = PlanField(name, "line", value if there else "", parameter.optional)
    said = read_yaml(value, name).root if there else None
    match parameter.type:
        case "table":
            known = dict(said) if isinstance(said, Mapping) else {}
            keys = [*known] if parameter.keys == "any" else parameter.keys
            cells = tuple((key, str(known.get(key, ""))) for key in keys)
            return replace(shape, kind="table", cells=cells, open=parameter.keys == "any")
        case "bands":
            steps = [one for one in said if isinstance(one, Mapping)] if isinstance(said, list) else []
            bands = tuple((str(one.get(parameter.edge, "")), str(one["value"])) for one in steps)
            return replace(shape, kind="bands", bands=bands, below=parameter.edge == "below")
        case "names" | "codes":
            chosen = tuple(map(str, said)) if isinstance(said, list) else ()
            return replace(shape, kind=parameter.type, choices=parameter.choices, chosen=chosen)
        case "choice" | "flag":
            choices = parameter.choices or ("true", "false")
            return replace(shape, kind="choice", choices=choices, chosen=(value,) if there else ())
    return shape


def plan_value(
    name: str, *, line: str = "", chosen: Sequence[str] = (), cells: Sequence[tuple[str, str]] = (),
    bands: Sequence[tuple[str, str]] = (),
) -> str:  # fmt: skip
    """The text of what was typed in the form of a parameter, as :func:`plan_field` shows it; empty for nothing. The
    numbers are as they were typed: a plan is read and checked afterwards."""
    parameter = performance.plan_dictionary()[name]
    match parameter.type:
        case "table":
            filled = [(key.strip(), text.strip()) for key, text in cells if key.strip() and text.strip()]
            return f"{{{', '.join(f'{key}: {_plain(text)}' for key, text in filled)}}}" if filled else ""
        case "bands":
            steps = [(bound.strip(), text.strip()) for bound, text in bands if text.strip()]
            return f"[{', '.join(_band(parameter.edge, *one) for one in steps)}]" if steps else ""
        case "names" | "codes":
            typed = chosen or line.replace("，", ",").replace("、", ",").split(",")
            return f"[{', '.join(_plain(one.strip()) for one in typed if one.strip())}]" if any(typed) else ""
    return line.strip() or next(iter(chosen), "")


def _band(edge: str, bound: str, value: str) -> str:
    return f"{{{f'{edge}: {_plain(bound)}, ' if bound else ''}value: {_plain(value)}}}"


def _plain(text: str) -> str:
    """A typed text as a scalar: signs that mean something in a list or a mapping make it a quoted one."""
    return f'"{text}"' if any(sign in text for sign in "{}[],:#&*!|>'%@`") and '"' not in text else text
