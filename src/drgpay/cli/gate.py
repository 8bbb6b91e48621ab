"""The output gate: every command passes it before it starts, so that nothing a user has is overwritten."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from drgpay.errors import DrgpayError, Kind
from drgpay.places import check_target, locked, may_replace, not_written

OUTPUTS = ("output", "findings", "html", "to")
"""options that name a place to write to; every other path is read"""
FOLDERS = frozenset(
    {"region make", "run year", "run month", "oversee look", "oversee review", "evaluate run", "evaluate survey",
     "perform", "perform template", "perform sample", "modes benefit", "scheme study"}
)  # fmt: skip
"""commands that write a folder"""
EITHER = frozenset(
    {"fund budget", "fund health", "fund prepay", "fund risk", "fund reopen", "fund overspend",
     "modes capitation", "modes out-of-area",
     "modes procurement", "modes enrolment-check", "perform check", "perform simulate", "perform in-house",
     "estimate", "code suggest", "region template", "paper month", "paper stays", "paper year"}
)  # fmt: skip
"""commands that write a workbook, or a folder when the name has no ending"""
BELOW: Mapping[str, tuple[str, ...]] = {"demo": ("region", "run"), "region land": ("stays",)}
"""commands that write certain folders below the one that is named"""
CONTAINERS = frozenset({"scheme build", "scheme import"})
"""commands that put a folder of a name of its own into the one that is named; it is looked at when it is known"""


def _replacing(
    replace: Annotated[
        bool, typer.Option("--replace", help="可覆盖已有的结果 may replace an earlier result")
    ] = False,
) -> None: ...


class Gated(TyperGroup):
    """The command line with the gate before every command that writes; those without ``--replace`` get it."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        for name, command in commands_of(self):
            if command.callback and any(map(writes, command.params)):
                _guard(name, command)


def writes(option: Any) -> bool:
    """The option names a place to write to."""
    return option.name in OUTPUTS and ("-o" in option.opts or option.name in ("findings", "html"))


def commands_of(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with the words that call it."""
    yield name, command
    for part, its in getattr(command, "commands", {}).items():
        yield from commands_of(its, f"{name} {part}".strip())


@functools.cache
def _option() -> Any:
    probe = typer.Typer(add_completion=False)
    probe.command()(_replacing)
    return next(p for p in get_command(probe).params if p.name == "replace")


def _guard(name: str, command: Any) -> None:
    own = any(p.name == "replace" for p in command.params)
    if not own and name != "demo":
        command.params.append(_option())
    inner: Callable[..., Any] = command.callback

    @functools.wraps(inner)
    def guarded(**values: Any) -> Any:
        replace = bool(values.get("replace")) if own else bool(values.pop("replace", False))
        files = check(name, values, replace)
        token = may_replace.set(replace)
        try:
            with ExitStack() as held:
                for path in files:
                    held.enter_context(locked(path))
                return inner(**values)
        except BrokenPipeError:
            raise
        except OSError as error:
            named = [values[option] for option in OUTPUTS if values.get(option)]
            raise not_written(Path(named[0] if named else "."), error) from error
        finally:
            may_replace.reset(token)

    command.callback = guarded


def check(name: str, values: Mapping[str, Any], replace: bool) -> list[Path]:
    """Fail with USAGE unless everything the command would write may be written; nothing was read or made yet. The
    files among it whose folder is there, to be locked for as long as the command takes; folders lock themselves."""
    inputs = list(_inputs(name, values))
    seen: list[Path] = []
    files: list[Path] = []
    for option in OUTPUTS:
        said = values.get(option)
        if said is None:
            continue
        path = Path(said)
        if any(path.absolute() == other.absolute() for other in seen):
            raise DrgpayError(
                Kind.USAGE, zh="两个输出是同一个文件", en="two outputs are the same file", value=path.name,
                fix_zh="换一个名称", fix_en="choose another name",
            )  # fmt: skip
        seen.append(path)
        if name in CONTAINERS:
            check_target(said, file=False)
        elif name in BELOW:
            check_target(said, file=False)
            for part in BELOW[name]:
                check_target(path / part, inputs, file=False, replace=replace)
        else:
            file = not _folder(name, path, values)
            check_target(said, inputs, file=file, replace=replace)
            files += [path] if file and path.parent.is_dir() else []
    return files


def _folder(name: str, path: Path, values: Mapping[str, Any]) -> bool:
    if name == "check":
        return values.get("region") is not None and not values.get("template")
    return name in FOLDERS or (name in EITHER and not path.suffix)


def _inputs(name: str, values: Mapping[str, Any]) -> Iterator[Path]:
    """Every path that is read: those typed as paths, and words that may be the name of a file."""
    for option, value in values.items():
        if option in OUTPUTS or (name == "demo"):
            continue
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(one, Path):
                yield one
            elif isinstance(one, str) and one and _is_file(one, folders=option in ("against", "path")):
                yield Path(one)


def _is_file(word: str, *, folders: bool) -> bool:
    try:
        return Path(word).is_file() or (folders and Path(word).is_dir())
    except (OSError, ValueError):
        return False
