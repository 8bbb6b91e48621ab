"""What is shown of a policy's draft: what it changes, what it meets, what a what-if says, and the paper of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drgpay.report.papers import Column, Line, Paper, Signature, Table
from drgpay_web import flow, store
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.policy import drafting
from drgpay_web.ui import w


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """Practice, days, what-if, version."""
    data = case.data
    named = {one.id: one for one in store.all_practices(case.area)}
    of = named.get(data.get("version") or drafting.base_of(case).id)
    found = [("policy.practice", of.en if lang == "en" else of.zh, f"/policy/practice/{of.id}")] if of else []
    found += [("policy.issued_on", data["issued"], ""), ("policy.in_force_on", data["in_force"], "")]
    if data["by_discharge"]:
        found.append(("policy.by_discharge", w("ui.yes", lang), ""))
    if job := data.get("whatif"):
        found.append(("policy.whatif", w("policy.see_result", lang), f"/policy/what-if/{job}"))
    return found


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list of policies shows."""
    return [("policy.in_force_on", case.data["in_force"])]


def panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """What it changes and meets; in a draft, where values are set."""
    lang, data = actor.person.language, case.data
    return {
        "changes": drafting.changes(case, lang),
        "met": data.get("met", {}).get(lang, []),
        "may_set": case.state == "draft" and actor.may(Act.POLICY_DRAFT, case.unit),
        "sealed_since": _sealed(case),
        "schemes": (drafting.base_of(case).scheme, data["scheme"]) if data["scheme"] else (),
        "moves_of": drafting.scheme_moves(case),
        "houses": _houses(case),
        "unbuilt": data.get("unbuilt", {}).get(lang) if case.state == "draft" else "",
    }


def _houses(case: flow.Case) -> list[tuple[str, str, str]]:
    """Institutions with how many of their stays a scheme that was brought moves, of how many."""
    known = dict(Unit.objects.filter(area=case.area, kind=Unit.INSTITUTION).values_list("code", "name"))
    rows = drafting.scheme_moves(case).get("institutions", [])
    return [(known.get(one["institution_id"], one["institution_id"]), f"{one['changed']:,}", f"{one['n']:,}")
            for one in rows]  # fmt: skip


def _sealed(case: flow.Case) -> str:
    """The month in which it would come into force, where that is sealed: those before and in it stay as they are."""
    year, month = (int(part) for part in case.data["in_force"].split("-")[:2])
    return f"{year}-{month:02d}" if store.sealed_months(case.area)(year, month) else ""


def paper(case: flow.Case, lang: str) -> Paper:
    """The notice as it was or is to be issued: what it sets, from when, by which clause."""
    heads = [Column(w(f"policy.{key}", lang), share=share) for key, share in
             (("parameter", 2), ("before", 1), ("after", 1), ("clause", 1))]  # fmt: skip
    rows = tuple(
        Line((one["title"], one["before"], one["after"], one["clause"] or one["source"]))
        for one in drafting.changes(case, lang)
    )
    days = tuple((w(f"policy.{name}_on", lang), case.data[name]) for name in ("issued", "in_force"))
    sets = Table(w("policy.sets_word", lang), tuple(heads), rows)
    return Paper(
        lang, case.unit.name, case.data["document"], "", days, (sets,),
        (Signature(case.unit.name, (case.data["issued"],)),), case.number,
    )  # fmt: skip
