"""The manifest of a folder of results: of which kind it is, and what it was made from."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from drgpay.errors import DrgpayError, Kind
from drgpay.places import MANIFEST

KINDS = {
    "year": ("年度清算的运行结果", "run of a whole year", "drgpay run year"),
    "oversight": ("监管结果", "result of oversight", "drgpay oversee"),
    "evaluation": ("考核评价结果", "evaluation", "drgpay evaluate"),
    "base": ("共用基期的测算结果", "shared base period", "drgpay run base"),
}
"""kinds of results that are asked for: their names and the command that makes them"""


class _Title(BaseModel):
    zh: str
    en: str


class _Region(BaseModel):
    id: str
    title: _Title


class _Manifest(BaseModel):
    """What a manifest may say, and of which type it is; what a reader misses in one, it is told by its name."""

    kind: str
    software: str = ""
    outputs: dict[str, str] = {}
    inputs: dict[str, str] = {}


class _Settled(_Manifest):
    """What the manifest of a month or of a year says besides."""

    run: str = ""
    year: int
    month: int | None
    region: _Region | None = None
    on: date | None = None
    known_on: date | None = None
    policy_digest: str = ""
    scheme: str = ""
    switches: list[str] = []
    basis: str = ""
    counts: dict[str, int] = {}


class _Said(dict[str, Any]):
    """A manifest; what is missing in it is a damage with a name (BROKEN)."""

    def __init__(self, said: dict[str, Any], path: Path) -> None:
        super().__init__(said)
        self.path = path

    def __missing__(self, field: str) -> Any:
        raise _damaged(self.path, field)


def _content(path: Path) -> dict[str, Any]:
    """A manifest that says what it must, or BROKEN with what is wrong in it."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        settled = isinstance(said, dict) and said.get("kind") in ("year", "month")
        (_Settled if settled else _Manifest).model_validate(said)
    except (OSError, ValueError, RecursionError) as error:
        wrong = error.errors()[0] if isinstance(error, ValidationError) else None
        raise _damaged(path, ".".join(map(str, wrong["loc"])) if wrong else "") from error
    return _Said(said, path)


def _damaged(path: Path, field: str) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN,
        zh="manifest.json 已损坏",
        en="manifest.json is damaged",
        file=f"{path.parent.name}/{path.name}",
        field=field or None,
        fix_zh="用同样的输入重新运行",
        fix_en="run again with the same inputs",
    )


_WHOLE = ("software", "inputs", "outputs")
_WHOLE_RUN = (*_WHOLE, *_Settled.model_fields, "practice", "scheme_digest", "conservation")


def whole_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of finished results, with everything that one has. BROKEN names what is missing."""
    content = read_manifest(folder)
    for field in _WHOLE_RUN if content["kind"] in ("year", "month") else _WHOLE:
        if field not in content:
            raise _damaged(folder / MANIFEST, field)
    return content


def read_manifest(folder: Path, kind: str = "") -> dict[str, Any]:
    """The manifest of a folder of results. DATA when there is none; BROKEN when it cannot be read; USAGE when a
    ``kind`` is asked for (of :data:`KINDS`) and the results are others."""
    path = folder / MANIFEST
    if not path.is_file():
        raise DrgpayError(
            Kind.DATA,
            zh="这里没有运行结果(缺 manifest.json)",
            en="no run here (manifest.json is missing)",
            file=folder,
            fix_zh="给出 drgpay run 的输出文件夹",
            fix_en="name the output folder of drgpay run",
        )
    content = _content(path)
    if kind and content.get("kind") != kind:
        zh, en, command = KINDS[kind]
        raise DrgpayError(
            Kind.USAGE,
            zh=f"这里不是{zh}",
            en=f"this is no {en}",
            file=folder,
            fix_zh=f"给出 {command} 的输出文件夹",
            fix_en=f"name the output folder of {command}",
        )
    return content
