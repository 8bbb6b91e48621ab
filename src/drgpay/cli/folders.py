"""What commands are told: folders and practices, the same words for all of them; where own schemes are kept. Only the
command line looks at the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from drgpay.policy import START

__all__ = ["START", "PolicyName", "RegionFolder", "RunFolder", "Schemes", "schemes_folder"]

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
