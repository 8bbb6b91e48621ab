"""The ledgers of runs, each verified once: what was read is remembered by the digest of its bytes."""

from __future__ import annotations

from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.runs.manifest import LEDGER, file_digest

_KEPT = 32
_ADVANCE = ":advance"
_known: dict[str, Ledger] = {}


def ledger_of(run: Path) -> Ledger:
    """The ledger of a run, its hash chain verified; to be read, not to be posted to. Raises BROKEN for one that was
    changed or is not there."""
    path = run / LEDGER
    try:
        digest = file_digest(path)
    except OSError as error:
        raise DrgpayError(
            Kind.BROKEN, zh="账本读不出", en="the ledger cannot be read", file=f"{run.name}/{LEDGER}",
            fix_zh="用 drgpay verify 复核", fix_en="check it with drgpay verify",
        ) from error  # fmt: skip
    found = _known.get(digest)
    if found is None:
        found = Ledger.read(path)
        while len(_known) >= _KEPT:
            _known.pop(next(iter(_known), ""), None)
        _known[digest] = found
    return found


def advances_in(ledger: Ledger) -> dict[tuple[str, str], int]:
    """What is advanced and not netted yet, in fen, by insurance scheme and institution; nobody with nothing."""
    accounts = ((*name.partition(":"), balance) for name, balance in ledger.balances().items())
    return {
        (scheme, rest.removesuffix(_ADVANCE)): balance
        for scheme, _, rest, balance in accounts
        if rest.endswith(_ADVANCE) and balance
    }


def advances_of(run: Path) -> dict[tuple[str, str], int]:
    """The same at the end of a run: the whole of its book. Raises BROKEN for a ledger that was changed."""
    return advances_in(ledger_of(run))
