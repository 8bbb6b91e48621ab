"""Building a scheme folder of CSV tables into compact package data, and loading it as a frozen scheme."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.errors import DrgpayError, Kind
from drgpay.places import MARK, check_target, inside, new_folder, require_name
from drgpay.scheme import errata, integrity, rules, switches, traits
from drgpay.scheme.codes import DATA, load_codes
from drgpay.scheme.model import Adrg, Drg, Mdc, Scheme
from drgpay.scheme.source import TABLES, Row, Source, read_source

SCHEMES = DATA / "schemes"
KIND = "scheme"
_GRAY_DICTIONARY = "icd9cm3-nhsa-2.0"


@dataclass(frozen=True)
class BuildReport:
    """What a build wrote: the scheme, its folder, rows per table, bytes in all, and the digest of its content."""

    id: str
    folder: Path
    rows: Mapping[str, int]
    bytes: int
    digest: str


@dataclass(frozen=True)
class CatalogueEntry:
    """One scheme that can be loaded. ``base`` is the scheme it was derived from ("" = none)."""

    id: str
    title: str
    base: str
    icd_edition: str
    document_date: str
    counts: Mapping[str, int]
    digest: str
    basis: str = "printed"


def build(source: Path, dest: Path = SCHEMES, base: str = "") -> BuildReport:
    """Check the scheme folder ``source`` and write it as package data to ``<dest>/<id>/``.

    The folder is written under a temporary name and renamed, so a failed build leaves the old one in place; a folder
    of that name that is no built scheme, or holds anything else, is left alone (USAGE).
    ``base`` names the scheme this one was derived from. Raises :class:`DrgpayError` (SCHEME) naming every problem.
    """
    read, problems = read_source(source)
    integrity.raise_if_any([*problems, *traits.claims_official(read.identity)], source)
    return install(read, dest, base, source)


def install(read: Source, dest: Path, base: str, origin: object) -> BuildReport:
    """Check the tables and write them as package data to ``<dest>/<id>/``; ``origin`` is named when they are wrong.

    Otherwise as :func:`build`.
    """
    wrong = list(traits.wrong(read.identity))
    if not wrong:
        read = traits.settled(read, load_codes(_GRAY_DICTIONARY).gray)
    integrity.raise_if_any([*wrong, *integrity.check(read)], origin)
    scheme_id = require_name(str(read.identity["id"]), Kind.SCHEME, file=origin)
    folder = inside(dest, scheme_id)
    if dest != SCHEMES:
        check_target(folder, [Path(origin)] if isinstance(origin, str | Path) else [], file=False)
    with new_folder(folder, replace=True, kind=KIND) as draft:
        for name, rows in read.tables.items():
            if rows:
                columns = {c: [row[c] for row in rows] for c in TABLES[name].columns}
                pq.write_table(
                    pa.table({c: pa.array(values, pa.string()) for c, values in columns.items()}),
                    draft / f"{name}.parquet",
                    compression="zstd",
                    compression_level=19,
                    store_schema=False,
                )
        identity = {**read.identity, "base": base or read.identity.get("base", "")}
        digest = _assemble(draft, identity, frozenset()).digest
        (draft / "scheme.toml").write_text(_toml({**identity, "digest": digest}), encoding="utf-8")
    _load.cache_clear()
    size = sum(path.stat().st_size for path in folder.iterdir() if path.name != MARK)
    return BuildReport(scheme_id, folder, {n: len(r) for n, r in read.tables.items()}, size, digest)


def _toml(identity: Mapping[str, Any]) -> str:
    """TOML of strings, lists of strings and tables of integers, in a fixed order."""
    plain = {k: v for k, v in identity.items() if not isinstance(v, dict)}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}" for key, value in plain.items()]
    for key, value in identity.items():
        if isinstance(value, dict):
            lines += ["", f"[{key}]", *(f"{k} = {json.dumps(v, default=str)}" for k, v in value.items())]
    return "\n".join(lines) + "\n"


def load(scheme_id: str, switches: frozenset[str] = frozenset(), *, folder: Path | None = None) -> Scheme:
    """The scheme with its switches applied; loaded once per process for the same arguments.

    ``folder`` may hold further built schemes; they come before the shipped ones. Raises :class:`DrgpayError`
    (SCHEME) for an unknown scheme or switch.
    """
    return _load(scheme_id, frozenset(switches), folder)


@lru_cache(maxsize=32)
def _load(scheme_id: str, chosen: frozenset[str], folder: Path | None) -> Scheme:
    place = _find(scheme_id, folder)
    try:
        return replace(_assemble(place, _identity(place), chosen), folder=folder)
    except (OSError, KeyError, ValueError) as error:  # Arrow's errors are among them
        raise _damaged(place) from error


def corrected(scheme: Scheme) -> Scheme | None:
    """The scheme with its errata applied besides its switches; None when it has none, or has them applied."""
    if not scheme.errata or errata.SWITCH in scheme.switches:
        return None
    return load(scheme.id, scheme.switches | {errata.SWITCH}, folder=scheme.folder)


def _find(scheme_id: str, folder: Path | None) -> Path:
    entries = _folders(folder)
    if scheme_id not in entries:
        raise DrgpayError(
            Kind.SCHEME,
            zh=f"没有分组方案 «{scheme_id}»",
            en=f"there is no scheme «{scheme_id}»",
            fix_zh=f"可用的方案：{'、'.join(entries)}；自有方案先用 drgpay scheme build 生成",
            fix_en=f"schemes there are: {', '.join(entries)}; build your own with drgpay scheme build",
            field="scheme",
            value=scheme_id,
        )
    return entries[scheme_id]


_kept_at: list[Callable[[], Path]] = []


def keep_at(place: Callable[[], Path]) -> None:
    """Find the schemes built at a place like those shipped, in this process: for an office, whose schemes are found
    wherever one is asked for. The last place that was named counts."""
    _kept_at[:] = [place]


def _folders(folder: Path | None) -> dict[str, Path]:
    result: dict[str, Path] = {}
    for root in (SCHEMES, *(place() for place in _kept_at), folder):
        if root is not None:
            result |= {p.parent.name: p.parent for p in sorted(root.glob("[!.]*/scheme.toml"))}
    return result


def _identity(place: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads((place / "scheme.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(place) from error
    if not all(isinstance(told.get(name), str) for name in ("id", "title", "icd_edition", "digest")):
        raise _damaged(place)
    return told


def _damaged(place: Path) -> DrgpayError:
    return DrgpayError(
        Kind.SCHEME,
        zh=f"分组方案 «{place.name}» 已损坏",
        en=f"the scheme «{place.name}» is damaged",
        fix_zh="用 drgpay scheme build 重新生成，或删去该文件夹",
        fix_en="build it again with drgpay scheme build, or remove its folder",
        file=place.name,
    )


def catalogue(folder: Path | None = None) -> list[CatalogueEntry]:
    """The schemes that can be loaded, by id: those shipped and those of ``folder``."""
    result = []
    for _, place in sorted(_folders(folder).items()):
        told = _identity(place)
        result.append(
            CatalogueEntry(
                told["id"],
                told["title"],
                told.get("base", ""),
                told["icd_edition"],
                told.get("document_date", ""),
                told.get("counts", {}),
                told["digest"],
                _basis(place, told),
            )
        )
    return result


def switches_of(scheme_id: str, *, folder: Path | None = None) -> dict[str, str]:
    """The switches the scheme knows -> their effect, in words."""
    place = _find(scheme_id, folder)
    kinds = _columns(place, "adrg")[TABLES["adrg"].columns.index("kind")]
    invalid, errata_there = ((place / f"{name}.parquet").exists() for name in ("invalid", "errata"))
    return switches.available(_rows(place, "alternative"), invalid, kinds, errata_there)


def switch_words(scheme_id: str, *, folder: Path | None = None) -> dict[str, tuple[str, str]]:
    """The switches the scheme knows -> their effect in words (Chinese, English); what a scheme of one's own words
    itself stands for both."""
    known = switches_of(scheme_id, folder=folder)
    return {name: (switches.CHINESE.get(name, effect), effect) for name, effect in known.items()}


def source_of(scheme_id: str, *, folder: Path | None = None) -> Source:
    """The tables a scheme was built from and its identity: what an overlay changes, row by row."""
    place = _find(scheme_id, folder)
    return Source(_identity(place), {name: _rows(place, name) for name in TABLES})


def _columns(place: Path, name: str) -> list[list[str]]:
    path = place / f"{name}.parquet"
    if not path.exists():
        return [[] for _ in TABLES[name].columns]
    table = pq.ParquetFile(path).read(use_threads=False)
    # one text for the same code, in all lists of all schemes: a process keeps several
    return [[intern(text) for text in table.column(c).to_pylist()] for c in TABLES[name].columns]


def _rows(place: Path, name: str) -> list[Row]:
    columns = _columns(place, name)
    return [dict(zip(TABLES[name].columns, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _assemble(place: Path, identity: Mapping[str, Any], chosen: frozenset[str]) -> Scheme:
    alternative = _rows(place, "alternative")
    invalid = _rows(place, "invalid")
    adrg_rows = _rows(place, "adrg")
    kinds = [r["kind"] for r in adrg_rows]
    corrections = errata.read(_rows(place, "errata"))
    known = switches.available(alternative, bool(invalid), kinds, bool(corrections))
    texts = switches.chosen(chosen, known, alternative)
    mended = (
        {table: _rows(place, table) for table in {e.table for e in corrections}} if errata.SWITCH in chosen else {}
    )
    mended = errata.correct(mended, corrections if mended else ())

    def columns(name: str) -> list[list[str]]:
        if name not in mended:
            return _columns(place, name)
        return [[row[c] for row in mended[name]] for c in TABLES[name].columns]

    adrg_rows = mended.get("adrg", adrg_rows)
    dx: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for mdc, code, site in zip(*columns("mdc_dx"), strict=True):
        dx[mdc][code] = (*dx[mdc].get(code, ()), *((site,) if site else ()))
    lists: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for table in ("adrg_code", "mdc_code"):
        for owner, name, code in zip(*columns(table), strict=True):
            lists[owner][name].append(code)
    mdcs = tuple(
        Mdc(
            r["mdc"],
            r["name"],
            int(r["order"]),
            text := texts.get(("mdc", r["mdc"]), r["condition"]),
            rules.parse(text, "condition"),
            r["condition"] == "true",
            dx[r["mdc"]],
            {name: frozenset(codes) for name, codes in lists[r["mdc"]].items()},
        )
        for r in sorted(mended.get("mdc") or _rows(place, "mdc"), key=lambda r: int(r["order"]))
    )
    rank = {m.code: m.order for m in mdcs}
    adrgs = tuple(
        Adrg(
            r["adrg"],
            r["mdc"],
            r["name"],
            int(r["order"]),
            r["kind"],
            text := texts.get(("adrg", r["adrg"]), r["rule"]),
            rules.reread_lists(rules.parse(text, "rule"), lists[r["adrg"]].keys()),
            {name: frozenset(codes) for name, codes in lists[r["adrg"]].items()},
        )
        for r in sorted(adrg_rows, key=lambda r: (rank[r["mdc"]], int(r["order"])))
    )
    drgs = tuple(
        Drg(r["drg"], r["adrg"], r["name"], r["split"], rules.parse(r["split"], "split"))
        for r in sorted(_rows(place, "drg"), key=lambda r: r["drg"])
    )
    mdcs, adrgs, drgs = switches.apply(chosen, mdcs, adrgs, drgs)
    exclusions, excluded = _columns(place, "exclusion")
    put = {key: rule for (table, key), rule in texts.items() if table == "exclusion"}
    return Scheme(
        id=identity["id"],
        title=identity["title"],
        icd_edition=identity["icd_edition"],
        mdcs=mdcs,
        adrgs=adrgs,
        drgs=drgs,
        mcc=dict(zip(*columns("mcc"), strict=True)),
        cc=dict(zip(*columns("cc"), strict=True)),
        exclusion=dict(zip(excluded, exclusions, strict=True)) | put,
        operation=frozenset(_columns(place, "operation")[0]),
        invalid_dx=frozenset(r["code"] for r in invalid if r["kind"] == "dx"),
        invalid_op=frozenset(r["code"] for r in invalid if r["kind"] == "op"),
        gray_op=load_codes(_GRAY_DICTIONARY).gray if invalid and _bars_gray(identity) else frozenset(),
        switches=chosen,
        anomalies=_anomalies(identity),
        errata=corrections,
        basis=_basis(place, identity),
        list_status=traits.statuses(_rows(place, "list_status")),
    )


def _basis(place: Path, identity: Mapping[str, Any]) -> str:
    """Where the tables come from; what was built before schemes said it: shipped ones are texts as published, one
    with the name of a workbook is an import."""
    if "basis" in identity:
        return str(identity["basis"])
    if place.parent == SCHEMES:
        return "printed"
    return "official" if "workbook" in identity else "local"


def _bars_gray(identity: Mapping[str, Any]) -> bool:
    return bool(identity.get("gray_operations", "barred") == "barred")


def _anomalies(identity: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the document prints and how it was read (Chinese, English); a language that is missing is the other."""
    en = identity.get("anomalies") or identity.get("anomalies_zh") or []
    zh = identity.get("anomalies_zh") or []
    return tuple((zh[i] if i < len(zh) else text, text) for i, text in enumerate(en))
