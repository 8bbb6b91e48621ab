"""What is sent and answered, with an example of each: the API's document is written from here."""

from __future__ import annotations

from typing import Any, ClassVar

from ninja import Schema
from pydantic import ConfigDict, Field

MOST_STAYS = 500
MOST_ROWS = 500
LONGEST = 2000


def like(**example: Any) -> ConfigDict:
    """The configuration of a shape with an example."""
    return ConfigDict(json_schema_extra={"example": example})


STAY = {"sex": "男", "age": 60, "dx": ["I21.900", "I50.900x018"], "proc": ["36.0700x004"]}


class Stays(Schema):
    """Stays to group or check: each with sex, age, dx, proc and what else the grouper reads."""

    model_config: ClassVar = like(stays=[STAY])
    stays: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_STAYS)


class Stay(Schema):
    """One stay."""

    model_config: ClassVar = like(stay=STAY)
    stay: dict[str, Any]


class Page(Schema):
    """Where a screen page for a stay is, once, and until when."""

    model_config: ClassVar = like(url="/stay-page/Zm9v", until="2024-04-08T09:05:00+08:00")
    url: str
    until: str


class Group(Schema):
    """A stay's group: its MDC, ADRG and DRG, the group's name, severity, and why there is none."""

    mdc: str | None
    adrg: str | None
    drg: str | None
    name: str | None
    severity: str | None
    status: str
    reason: str | None


class Grouped(Schema):
    """Groups in the order of the stays, and what is to be said of the stays."""

    scheme: str
    groups: list[Group]
    findings: list[dict[str, Any]]


class Findings(Schema):
    """What is to be said of stays: row (from 1), field, value, rule, level, zh, en."""

    findings: list[dict[str, Any]]


class SchemeIn(Schema):
    """A grouping scheme that is installed."""

    model_config: ClassVar = like(id="chs-drg-2.0", current=True)
    id: str
    current: bool


class Schemes(Schema):
    """The installed schemes; ``current`` is the one the area settles by."""

    schemes: list[SchemeIn]


class FieldIn(Schema):
    """A column of a file of stays: its name, type, words, and whether it must be there."""

    model_config: ClassVar = like(name="stay_id", type="text", zh="病例编号", en="number of the stay", required=True)
    name: str
    type: str
    zh: str
    en: str
    required: bool


class Formats(Schema):
    """What a file of stays holds, and the templates of files that are known."""

    fields: list[FieldIn]
    kinds: list[str]


class Period(Schema):
    """A period that is published or sealed, and the digest of its result."""

    model_config: ClassVar = like(period="2024-02", state="sealed", digest="5f0c…")
    period: str
    state: str
    digest: str


class Periods(Schema):
    """Periods, the latest first."""

    periods: list[Period]


class ColumnIn(Schema):
    """A column of an answer: money in whole fen, points and ratios in 1/10,000."""

    name: str
    type: str
    zh: str
    en: str


class Rows(Schema):
    """Rows of a table; ``next`` is the cursor of what follows, null at the end."""

    period: str
    digest: str
    columns: list[ColumnIn]
    rows: list[dict[str, Any]]
    total: int
    next: str | None


class Lines(Schema):
    """Rows of a list that is no result's; ``next`` is the cursor of what follows, null at the end."""

    columns: list[ColumnIn]
    rows: list[dict[str, Any]]
    total: int
    next: str | None


class RegisterIn(Schema):
    """A register, with how many rows of it are in force and within reach."""

    model_config: ClassVar = like(name="grades", zh="考核等级", en="grades", rows=12)
    name: str
    zh: str
    en: str
    rows: int


class Registers(Schema):
    """Registers in the order of the dictionary of tables."""

    registers: list[RegisterIn]


class HeadIn(Schema):
    """The head of a small table, and the type of its values."""

    title: str
    type: str


class SmallTable(Schema):
    """A small table of a board as it stands there: money in whole fen, points and ratios in 1/10,000."""

    period: str
    digest: str
    title: str
    columns: list[HeadIn]
    rows: list[list[Any]]


class StayExplained(Schema):
    """A settled stay: its row, how its points and payment came about, and the parameters with their sources."""

    period: str
    digest: str
    stay: dict[str, Any]
    sections: list[dict[str, Any]]
    sources: list[dict[str, Any]]


class CaseIn(Schema):
    """A case: what kind it is, whose, what about, where it stands (also in words), by when the next step is due, who
    has it in hand, the columns of its kind's list, and the moves one may make."""

    model_config: ClassVar = like(
        number="ST-2024-00001", kind="statement", unit="H0001", period="2024-02", state="published", version=1,
        deadline="2024-03-20", open=True, moves=["confirm", "dispute"], unit_name="第一人民医院", subject="居民医保",
        state_zh="待确认", state_en="to be confirmed", handler="", columns=[],
    )  # fmt: skip
    number: str
    kind: str
    unit: str
    period: str
    state: str
    version: int
    deadline: str | None
    open: bool
    moves: list[str]
    unit_name: str
    subject: str
    state_zh: str
    state_en: str
    handler: str
    columns: list[dict[str, str]]


class Cases(Schema):
    """Cases, the newest first; ``next`` is the cursor of what follows."""

    cases: list[CaseIn]
    next: str | None


class CaseTold(CaseIn):
    """A case with its steps, comments and files, as far as they are the reader's to see; ``fields``: what each of the
    moves takes."""

    model_config = ConfigDict()
    steps: list[dict[str, Any]]
    fields: dict[str, list[dict[str, Any]]]


class MoveIn(Schema):
    """A move on a case as it was seen (``version``): what is typed with it, and a note."""

    model_config: ClassVar = like(version=1, values={"line": "due", "stays": "S1", "reason": "漏计"}, note="")
    version: int = Field(ge=1, le=2**31 - 1)
    values: dict[str, str | int | bool | None] = Field(default_factory=dict, max_length=50)
    note: str = Field("", max_length=LONGEST)


class Comment(Schema):
    """Something said on a case."""

    model_config: ClassVar = like(text="请补充手术记录")
    text: str = Field(min_length=1, max_length=LONGEST)


class JobIn(Schema):
    """Work that goes on: its state, the share done in per cent, what came of it or went wrong."""

    model_config: ClassVar = like(id=7, kind="clearing.run", state="running", percent=40, result=None, error=None)
    id: int
    kind: str
    state: str
    percent: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None


class LookIn(Schema):
    """A look before a run: the period, a candidate or a trial, and the policy it is made by."""

    model_config: ClassVar = like(period="2024-03", kind="candidate", policy="demo")
    period: str = Field(pattern=r"^\d{4}(-\d{2})?$")
    kind: str = "candidate"
    policy: str = Field(max_length=200)


class RunIn(Schema):
    """The run of what a look has seen; a reason where its notices would stop it."""

    model_config: ClassVar = like(look=7, reason="")
    look: int = Field(ge=1, le=2**31 - 1)
    reason: str = Field("", max_length=LONGEST)


class ResultIn(Schema):
    """A result: a candidate, a trial, published or sealed."""

    model_config: ClassVar = like(id=3, period="2024-03", name="2024-03-c1", state="candidate", digest="5f0c…")
    id: int
    period: str
    name: str
    state: str
    digest: str


class Results(Schema):
    """Results, the newest first."""

    results: list[ResultIn]


class Error(Schema):
    """What went wrong: kind, what is the matter and what to do in both languages, and the place."""

    kind: str
    zh: str
    en: str
    fix_zh: str | None = None
    fix_en: str | None = None
    file: str | None = None
    row: int | None = None
    field: str | None = None
    value: str | None = None


class Failure(Schema):
    """The one envelope of every failure."""

    model_config: ClassVar = like(
        error={"kind": "data", "zh": "没有这家机构", "en": "no such institution", "fix_zh": "核对机构编号",
               "fix_en": "check its code", "file": None, "row": 3, "field": "institution_id", "value": "H9"}
    )  # fmt: skip
    error: Error


Answer = dict[str, Any]
"""an answer whose members depend on what was asked"""
FAILURES = (400, 401, 403, 404, 409, 413, 422, 429, 500, 503)


def answers(shape: Any, status: int = 200) -> dict[int, Any]:
    """What an operation answers: its own shape, or the envelope of failures."""
    return {status: shape, **dict.fromkeys(FAILURES, Failure)}
