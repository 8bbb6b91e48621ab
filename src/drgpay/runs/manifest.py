"""What a run was made from and what it made: digests of inputs, policy, scheme and outputs (design/05, Run)."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from drgpay.engine import MANIFEST, drafted, tell
from drgpay.places import MARK
from drgpay.policy import Laws, Policy, laws, load

LEDGER = "ledger.jsonl"
PRACTICE = "practice.yaml"
"""the notices as they were read"""
POLICY = "policy.json"
"""the law in force: every value with its source"""
LAWS = "laws.json"
"""where a value changes within the year: which law held when, and what each has otherwise than ``policy.json``"""
SEGMENTS = "segments"
"""the tables that scored stays discharged before the last change, in a folder by the first day of each law"""
TABLES = "tables"
ROOT = "root"
REGISTERS = "registers"
"""the small tables people brought, as they were read"""


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def folder_digests(folder: Path) -> dict[str, str]:
    """Digests of all files below a folder but its manifest and mark, by relative name."""
    names = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]
    names = [name for name in names if name not in (MANIFEST, MARK)]
    digests = {}
    for at, name in enumerate(names):
        tell(None, "digest", at, len(names))
        digests[name] = file_digest(folder / name)
    return digests


def write_json(path: Path, content: Any) -> None:
    """JSON with sorted keys and a final newline, written under a temporary name and renamed."""
    with drafted(path) as draft:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def law_of(run: Path, manifest: dict[str, Any]) -> Policy:
    """The law a run was made with."""
    known_on = date.fromisoformat(manifest["known_on"]) if manifest["known_on"] else None
    practice = run / PRACTICE
    return _law(practice, file_digest(practice), date.fromisoformat(manifest["on"]), known_on)


@lru_cache(maxsize=16)
def _law(practice: Path, digest: str, on: date, known_on: date | None) -> Policy:
    """The law by a file of notices with this digest: read once."""
    return load(practice, on=on, known_on=known_on)


def laws_of_run(run: Path, manifest: dict[str, Any]) -> Laws:
    """All laws a run was made with."""
    known_on = date.fromisoformat(manifest["known_on"]) if manifest["known_on"] else None
    practice = run / PRACTICE
    return _laws(practice, file_digest(practice), manifest["year"], manifest["month"], known_on)


@lru_cache(maxsize=16)
def _laws(practice: Path, digest: str, year: int, month: int | None, known_on: date | None) -> Laws:
    """The laws by a file of notices with this digest: read once."""
    return laws(practice, year, month=month, known_on=known_on)


def root_of(manifest: dict[str, Any]) -> str:
    """The root hash: sha256 over everything a manifest says (inputs, counts, the head of the ledger, the digest of
    every file), keys sorted and without spaces. Whoever has noted it knows these results again."""
    body = {name: value for name, value in manifest.items() if name != ROOT}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """The manifest of whole results: what they were made from, the digest of every file, and the root hash."""
    whole = content | {"outputs": folder_digests(folder)}
    write_json(folder / MANIFEST, whole | {ROOT: root_of(whole)})
