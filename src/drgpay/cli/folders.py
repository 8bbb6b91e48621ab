"""What commands are told: folders and practices, the same words for all of them; where own schemes are kept, and that
nothing is written into a run. Only the command line looks at the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import START

__all__ = [
    "START",
    "PolicyName",
    "RegionFolder",
    "RunFolder",
    "Schemes",
    "keep_out",
    "schemes_folder",
]

RunFolder = Annotated[Path, typer.Argument(help="运行结果文件夹 folder of a run")]
RegionFolder = Annotated[Path, typer.Option("--region", help="统筹区文件夹 folder of the region")]
PolicyName = Annotated[str, typer.Option("--policy", help="做法编号或 YAML 文件 practice, by id or YAML file")]
Schemes = Annotated[
    Path | None,
    typer.Option("--schemes", help="自有方案文件夹 folder of your own schemes; default: your data folder"),
]


def schemes_folder(said: Path | None) -> Path:
    """The folder said, or the one of the platform: ``$XDG_DATA_HOME/drgpay/schemes``, else below the home folder."""
    if said is not None:
        return said
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "share") / "drgpay" / "schemes"


def keep_out(output: Path, run: Path) -> None:
    """Fail with USAGE when a file would be written into a run's folder."""
    if output.resolve().is_relative_to(run.resolve()):
        raise DrgpayError(
            Kind.USAGE,
            zh="不能写进运行结果文件夹,否则摘要不再相符",
            en="nothing may be written into the run's folder: its digests would no longer hold",
            value=output.name,
            fix_zh="换一个位置",
            fix_en="choose another place",
        )
