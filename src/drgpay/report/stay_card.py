"""The explanation of one stay as a card (病例解释单): one HTML file, A4 on paper, both languages, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Protocol

from drgpay import __version__
from drgpay.places import write_text
from drgpay.policy import parameter_words
from drgpay.report.labels import check_language
from drgpay.sources import cited
from drgpay.steps.grouping import BY_THE_RECORD, PARTS, VALUES, Layer, Named, Said, Standing, Story
from drgpay.steps.points import Line
from drgpay.words import value_words

_WORDS = {
    "heading": Said("病例分组解释单", "Why this stay is in its group"),
    "stay": Said("病例", "Stay"),
    "dx": Said("诊断", "Diagnoses"),
    "proc": Said("手术操作", "Procedures"),
    "code": Said("编码", "code"),
    "name": Said("名称", "name"),
    "counts": Said("按并发症规则", "as a complication"),
    "principal": Said("主要诊断", "principal diagnosis"),
    "principal_procedure": Said("主要手术操作", "principal procedure"),
    "unknown": Said("编码表中没有", "not in the dictionary"),
    "no_procedure": Said("没有手术操作", "no procedures"),
    "no_diagnosis": Said("没有诊断", "no diagnoses"),
    "path": Said("三层路径", "The path, in three layers"),
    "condition": Said("规则的条件", "condition of the rule"),
    "fact": Said("本例的事实", "fact of this stay"),
    "holds": Said("符合", "holds"),
    "fails": Said("不符合", "does not"),
    "rule": Said("规则", "rule"),
    "tried": Said("之前还试过", "Tried before, and why it failed"),
    "retried": Said("改用后面的手术操作单独重试", "tried again with later procedures alone"),
    "alternatives": Said("换一个主要诊断会怎样", "With another principal diagnosis"),
    "as_principal": Said("以它为主要诊断", "with this one as principal"),
    "group": Said("病组", "group"),
    "severity": Said("并发症", "complications"),
    "parameters": Said("参数与来源", "Parameters and sources"),
    "scheme": Said("分组方案", "grouping scheme"),
    "switches": Said("开关", "switches"),
    "reason": Said("原因", "why"),
    "erratum": Said("方案勘误", "erratum of the scheme"),
    "basis": Said("方案来源", "where the scheme comes from"),
    "unmeasured": Said("未核对的编码表", "a list that was not compared"),
}
_CLASSES = {
    "normal": Said("正常倍率", "normal"),
    "low": Said("低倍率", "low"),
    "high": Said("高倍率", "high"),
    "unstable": Said("非稳定病组", "unstable group"),
    "ungrouped": VALUES["ungrouped"],
    "qy": VALUES["qy"],
}
"""classes of a stay, among the values of a run's explanation"""


class Section(Protocol):
    """A part of a run's explanation: title in both languages and its lines."""

    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...
    @property
    def lines(self) -> tuple[Line, ...]: ...


def write_stay_card(
    story: Story,
    target: Path,
    lang: str = "zh",
    *,
    stay: str = "",
    sections: Sequence[Section] = (),
    sources: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write the card of a stay to ``target`` (.html); the same story gives the same bytes.

    ``stay`` is its id, ``sections`` and ``sources`` those of a run's explanation, shown after the grouping. ``lang``
    is the language the card opens with. Raises USAGE for another language.
    """
    check_language(lang)
    parts = [
        _result(story),
        _remarks(story),
        _facts(story),
        _codes(story),
        f"<h2>{_word('path')}</h2>",
        *(_layer(number, layer) for number, layer in enumerate(story.layers, start=1)),
        _retried(story),
        _alternatives(story),
        *(_section(section) for section in sections),
        _sources(sources or {}),
    ]
    switches = f" · {_word('switches')} {escape(', '.join(story.switches))}" if story.switches else ""
    page = Template((files(__package__) / "stay_card.html").read_text(encoding="utf-8")).substitute(
        lang=lang,
        title=escape(f"{stay} {story.drg}".strip()),
        heading=_word("heading") + (f" · {_word('stay')} {escape(stay)}" if stay else ""),
        body="\n".join(part for part in parts if part),
        footer=f"{_word('scheme')} {escape(f'{story.scheme} {story.scheme_title}')}{switches} · drgpay {__version__}",
    )
    write_text(target, page)


def _both(said: Said | Line | Section) -> str:
    if said.zh == said.en:
        return escape(said.zh)
    return f'<span class="zh">{escape(said.zh)}</span><span class="en">{escape(said.en)}</span>'


def _word(key: str) -> str:
    return _both(_WORDS[key])


def _table(head: Iterable[str], rows: Iterable[str]) -> str:
    titles = "".join(f"<th>{title}</th>" for title in head)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(*cells: tuple[str, str]) -> str:
    """Cells as (class, content)."""
    inside = "".join(f'<td class="{kind}">{text}</td>' for kind, text in cells)
    return f"<tr>{inside}</tr>"


def _name(code: Named | Standing) -> str:
    return escape(code.name) or f'<span class="soft">{_word("unknown")}</span>'


def _result(story: Story) -> str:
    path = " → ".join(f"{PARTS[x.part].en} {escape(x.code)} {escape(x.name)}" for x in story.layers[:2] if x.code)
    state = f"{_both(VALUES[story.status])} · {_word('severity')}: {_both(VALUES[story.severity])}"
    return (
        f'<div class="result"><span class="group">{escape(story.drg)}</span>'
        f'<span class="name">{escape(story.drg_name)}</span>'
        f'<span class="more">{path + " · " if path else ""}{state}</span></div>'
    )


def _remarks(story: Story) -> str:
    """Why there is no group, and what a correction of the scheme would change."""
    told = [("reason", story.reason), ("erratum", story.erratum), ("basis", story.basis)]
    told += [("unmeasured", said) for said in story.unmeasured]
    return "".join(f"<p><strong>{_word(key)}</strong>: {_both(said)}</p>" for key, said in told if said)


def _facts(story: Story) -> str:
    facts = (f'<span><span class="label">{_both(name)}</span>{_both(value)}</span>' for name, value in story.record())
    return f'<div class="facts">{"".join(facts)}</div>' if story.facts else ""


def _codes(story: Story) -> str:
    head = (_word("code"), _word("name"), _word("counts"))
    rows = []
    others = iter(story.diagnoses)
    for place, code in enumerate(story.dx):
        if place == 0 and len(story.diagnoses) < len(story.dx):
            rows.append(_row(("code", escape(code.code)), ("text", _name(code)), ("soft", _word("principal"))))
            continue
        other = next(others)
        counts = "yes" if other.standing in ("cc", "mcc") else "no" if other.standing == "excluded" else "soft"
        rows.append(_row(("code", escape(other.code)), ("text", _name(other)), (counts, _both(other.said))))
    dx = f"<h2>{_word('dx')}</h2>" + (_table(head, rows) if rows else f"<p>{_word('no_diagnosis')}</p>")
    rows = []
    for place, procedure in enumerate(story.proc):
        role = _word("principal_procedure") if place == 0 else ""
        rows.append(_row(("code", escape(procedure.code)), ("text", _name(procedure)), ("soft", role)))
    head = (_word("code"), _word("name"), "")
    return dx + f"<h2>{_word('proc')}</h2>" + (_table(head, rows) if rows else f"<p>{_word('no_procedure')}</p>")


def _layer(number: int, layer: Layer) -> str:
    title = f'<span class="step">{number}</span>{_both(PARTS[layer.part])}'
    found = f" {escape(layer.code)} {escape(layer.name)}" if layer.code else ""
    marks = {True: ("mark yes", "✓ " + _word("holds")), False: ("mark soft", "– " + _word("fails"))}
    rows = (
        _row(("text", _both(check.condition)), ("text", _both(check.fact)), marks[check.holds])
        for check in layer.checks
    )
    # one condition says the same as the rule
    rule = f"<p>{_word('rule')}: {_both(layer.rule)}</p>" if len(layer.checks) != 1 else ""
    table = _table((_word("condition"), _word("fact"), ""), rows) if layer.checks else ""
    tried = "".join(
        f'<p><span class="no">{_both(x.why)}</span>: <span class="those">{_listed(x.those)}</span></p>'
        for x in layer.tried
    )
    if tried:
        tried = f'<div class="tried"><strong>{_word("tried")}</strong>{tried}</div>'
    return f'<div class="layer"><h3>{title}{found}</h3>{rule}{table}{tried}</div>'


def _listed(those: Iterable[Named]) -> str:
    return "、".join(f'<span class="code">{escape(x.code)}</span> {escape(x.name)}' for x in those)


def _retried(story: Story) -> str:
    return f"<p>{_word('retried')}: {_listed(story.retried)}</p>" if story.retried else ""


def _alternatives(story: Story) -> str:
    if not story.alternatives:
        return ""
    rows = (
        _row(
            ("text", f'<span class="code">{escape(x.principal)}</span> {escape(x.principal_name)}'),
            ("text", f'<span class="code">{escape(x.drg)}</span> {escape(x.drg_name)}'),
            ("text", _both(VALUES[x.severity])),
        )
        for x in story.alternatives
    )
    head = (_word("as_principal"), _word("group"), _word("severity"))
    note = f'<p class="note">{_both(BY_THE_RECORD)}</p>'
    return f"<h2>{_word('alternatives')}</h2>{note}{_table(head, rows)}"


def _section(section: Section) -> str:
    rows = (
        _row(
            ("text", _both(line)),
            ("value", _both(_CLASSES.get(line.value, Said(line.value, line.value)))),
            ("parameter", _both(Said(*parameter_words(line.parameter)))),
        )
        for line in section.lines
    )
    return f"<h2>{_both(section)}</h2><table><tbody>{''.join(rows)}</tbody></table>"


def _cited(said: Mapping[str, str]) -> str:
    """Source and clause of a value, or the notice it stands in."""
    source, clause = said["source"] or said["notice"], said.get("clause", "")
    return _both(Said(cited(source, clause, "zh"), cited(source, clause, "en")))


def _sources(sources: Mapping[str, Mapping[str, str]]) -> str:
    if not sources:
        return ""
    rows = (
        _row(
            ("text", _both(Said(*parameter_words(name)))),
            ("setting", _both(Said(value_words(said["value"], "zh"), value_words(said["value"], "en")))),
            ("soft", _cited(said)),
        )
        for name, said in sources.items()
    )
    return f"<h2>{_word('parameters')}</h2><table><tbody>{''.join(rows)}</tbody></table>"
