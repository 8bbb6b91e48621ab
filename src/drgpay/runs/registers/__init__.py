"""Registers for programs (登记表): which there are, their templates, a region composed from rows and batches."""

from drgpay.runs.registers.composing import Composed, RecordChange, compose
from drgpay.runs.registers.declared import (
    declaration_digest,
    known_of,
    register_named,
    register_tables,
    with_others,
)
from drgpay.runs.registers.templates import register_template

__all__ = [
    "Composed",
    "RecordChange",
    "compose",
    "declaration_digest",
    "known_of",
    "register_named",
    "register_tables",
    "register_template",
    "with_others",
]
