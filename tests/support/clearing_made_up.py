"""Results of clearing without folders: what a walk over periods and statements needs of them."""

from __future__ import annotations

from typing import Any

import pytest

SCHEMES = ("employee", "resident")


class MadeUp:
    """Results that are made up, and which of them are sealed on disk."""

    def __init__(self, top: Any, houses: tuple[Any, ...], by: Any) -> None:
        self.top, self.houses, self.by = top, houses, by
        self.sealed: set[int] = set()

    def candidate(self, by: Any, year: bool, digests: list[int]) -> Any:
        """A result of somebody, whose statements have these digests."""
        from drgpay_web import clock, jobs, store

        said = [
            {"institution_id": house.code, "insurance_scheme": scheme, "digest": str(digests[2 * h + s])}
            for h, house in enumerate(self.houses) for s, scheme in enumerate(SCHEMES)
        ]  # fmt: skip
        period = "2024" if year else "2024-01"
        pin = store.pin(self.by, self.top.area, "demo", "")
        job = jobs.Job.objects.create(
            kind="clearing.run", lane="heavy", area=self.top.area, unit=self.top, key="x", payload={"after": ""},
            state="done", result={"statements": said, "verify": []}, ordered_by=by.person, ordered_unit=self.top,
            ordered_role=str(by.role), ordered_at=clock.now(),
        )  # fmt: skip
        return store.Result.objects.create(
            area=self.top.area, kind="run", name=f"{period}-{job.pk}", digest="0", period=period, state="candidate",
            pin=pin, job=job, made_at=clock.now(),
        )  # fmt: skip

    def take_place(self, patch: pytest.MonkeyPatch) -> None:
        """Stand where the folders of results are asked."""
        from drgpay.tables import INSTITUTIONS
        from drgpay_web import store
        from drgpay_web.clearing import period_moves, results, statement_moves

        rows = [{"institution_id": h.code, "name": h.name, "level": "三级"} for h in self.houses]
        store.put_rows(self.by, area=self.top.area, table=INSTITUTIONS, rows=rows, origin="form")
        patch.setattr(results, "follows_last", lambda result: not self.sealed)
        patch.setattr(statement_moves, "stays_not_of", lambda *_: [])
        seal = type("Seal", (), {"hash": "f", "link": "m01", "on": "2024-04-08", "by": "x"})()
        patch.setattr(period_moves, "seal_on_disk", lambda result: seal if result.pk in self.sealed else None)
        patch.setattr(store, "folder", lambda result: result, raising=False)
        patch.setattr(period_moves, "figures", _figures)
        patch.setattr("drgpay.runs.passed_by", lambda folder: [])


def _figures(result: Any, period: str) -> dict[tuple[str, str], dict[str, Any]]:
    said = result.job.result["statements"]
    return {(s["institution_id"], s["insurance_scheme"]): {"due": s["digest"], "n": 1} for s in said}
