"""A base period that several pooling areas share, as it was published: how a run takes it, and that it fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import MANIFEST, read_manifest, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.runs.manifest import TABLES, file_digest
from drgpay.steps import points
from drgpay.tables import BASE_GROUPS, BASE_SUMS, BASE_YEARS, INSTITUTIONS

BASE = "base"
SHARED = "shared_base"
"""what a manifest says of it"""


def law_of_base(policy: Policy) -> dict[str, Any]:
    """What decides a base period, as a manifest keeps it."""
    return {name: str(policy.source(name).value) for name in points.BASE_LAW}


@dataclass(frozen=True)
class Published:
    """The base points of a city as an area's run takes them."""

    digest: str
    areas: tuple[str, ...]
    mean_cost: int
    scale: int
    groups: Sequence[Mapping[str, Any]]
    years: list[dict[str, Any]]
    sums: pl.DataFrame
    levels: Mapping[str, str]
    said: Mapping[str, Any]

    def base(self, policy: Policy) -> points.Base:
        """The base period, with the multiples of a policy."""
        its = points.kept_base(self.mean_cost, self.scale, self.groups, self.years, self.sums, policy)
        return replace(its, levels=self.levels)

    def described(self) -> dict[str, Any]:
        """As the manifest of a run names it."""
        return {"digest": self.digest, "areas": list(self.areas), "levels": dict(sorted(self.levels.items()))}


def base_of_run(run: Path, manifest: Mapping[str, Any], policy: Policy) -> points.Base:
    """The base period a run published: its groups and means, with the multiples of a policy."""
    told, tables = manifest["base"], run / TABLES
    kept = points.kept_base(
        told["mean_cost"],
        told["scale"],
        read_table(tables, BASE_GROUPS).to_dicts(),
        read_table(tables, BASE_YEARS).to_dicts(),
        read_table(tables, BASE_SUMS),
        policy,
    )
    return replace(kept, levels=manifest.get(SHARED, {}).get("levels", {}))


def read_base(folder: Path) -> Published:
    """A published base. BROKEN when one of its files is not what the manifest says."""
    said = read_manifest(folder, BASE)
    found = file_digest(folder / MANIFEST)
    tables = (BASE_GROUPS, BASE_YEARS, BASE_SUMS, INSTITUTIONS)
    names = [table_path(Path(TABLES), table).as_posix() for table in tables]
    changed = [name for name in names if not _as_noted(folder, said, name)]
    if changed:
        raise DrgpayError(
            Kind.BROKEN,
            zh="共用基期的结果已被改动",
            en="the published base is not what it was",
            file=f"{folder.name}/{changed[0]}",
            fix_zh="取回原来发布的文件夹,或重新测算并公布",
            fix_en="bring back the folder as it was published, or compute and publish it again",
        )
    its = folder / TABLES
    rows = read_table(its, INSTITUTIONS).select("institution_id", "level").rows()
    return Published(
        found,
        tuple(area["id"] for area in said["areas"]),
        int(said["base"]["mean_cost"]),
        int(said["base"]["scale"]),
        read_table(its, BASE_GROUPS).to_dicts(),
        read_table(its, BASE_YEARS).to_dicts(),
        read_table(its, BASE_SUMS),
        {str(h): str(level) for h, level in rows},
        said,
    )


def _as_noted(folder: Path, said: Mapping[str, Any], name: str) -> bool:
    try:
        return file_digest(folder / name) == str(said["outputs"].get(name))
    except OSError:
        return False


def shared_in_book(first: Mapping[str, Any], given: Published | None) -> dict[str, Any]:
    """What the first link of a book says of its base, for the links after it. POLICY when another one is given."""
    kept = first.get(SHARED)
    if given is not None and (kept is None or kept["digest"] != given.digest):
        raise _other(
            "账本年度内不能更换基期", "the base cannot change within the year of a book", "--base",
            given.digest[:16], "不加 --base:沿用首期的基期", "leave --base out: that of the first link holds",
        )  # fmt: skip
    return {} if kept is None else {SHARED: kept}


def check_fits(base: Published, made_from: Mapping[str, Any], opening: Policy) -> None:
    """A base is taken only by an area that is in it, in its year, under the same grouping and the same law of the
    base period. Raises POLICY, or DATA, naming what differs."""
    area = made_from["region"]["id"]
    if area not in base.areas:
        raise _other("本统筹区的病例不在共用基期中", "the stays of this area are not in the base", "--base", area,
                     f"基期含:{'、'.join(base.areas)}", f"it has {', '.join(base.areas)}")  # fmt: skip
    pairs: Iterable[tuple[str, Any, Any]] = [
        ("year", base.said["year"], made_from["year"]),
        *((name, base.said[name], made_from[name]) for name in ("scheme", "switches", "scheme_digest")),
        *((name, base.said["base"]["law"].get(name), value) for name, value in law_of_base(opening).items()),
    ]
    for name, published, own in pairs:
        if published != own:
            raise _other(
                "与共用基期不一致", "this is not as in the published base", name, f"{published} ≠ {own}",
                "统筹区执行上级统一标准:改为与共用基期相同,或用各自的基期(不加 --base)",
                "an area goes by the common standard: set it as in the base, or run without --base",
            )  # fmt: skip


def check_same_base(manifest: Mapping[str, Any], law: Policy, other: Policy) -> None:
    """An area alone cannot try another law of a base that it shares. Raises POLICY naming what differs."""
    old, new = law_of_base(law), law_of_base(other)
    changed = next((name for name in old if old[name] != new[name]), None)
    if changed is None and law.scheme == other.scheme:
        return
    name, before, after = (
        ("scheme", law.scheme, other.scheme) if changed is None else (changed, old[changed], new[changed])
    )
    raise _other(
        "基期由各统筹区共用,不能在一个统筹区内另算", "the base is shared with other areas and is not computed here",
        name, f"{before} → {after}", f"先用 drgpay run base 为 {'、'.join(manifest[SHARED]['areas'])} 重新测算",
        f"first compute it again for {', '.join(manifest[SHARED]['areas'])} with drgpay run base",
    )  # fmt: skip


def _other(zh: str, en: str, field: str, value: str, fix_zh: str, fix_en: str) -> DrgpayError:
    return DrgpayError(Kind.POLICY, zh=zh, en=en, field=field, value=value, fix_zh=fix_zh, fix_en=fix_en)


def find_base(run: Path, digest: str) -> Path:
    """The folder of the base a run names, among those beside the run and beside the folder it is in. BROKEN when it
    is not there."""
    for above in (run.absolute().parent, run.absolute().parent.parent):
        for place in sorted(p for p in above.iterdir() if (p / MANIFEST).is_file()):
            if file_digest(place / MANIFEST) == digest:
                return place
    raise DrgpayError(
        Kind.BROKEN,
        zh="找不到运行所用的共用基期",
        en="the base this run was made with is not there",
        value=digest[:16],
        fix_zh="把该基期的结果文件夹放在运行结果旁边",
        fix_en="put the folder of that base beside the run",
    )
