"""Year runs kept warm for questions: what a simulation read of a run is there for the next one about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from types import TracebackType

from drgpay.engine import Engine, read_manifest
from drgpay.runs.compare import Comparison
from drgpay.runs.manifest import root_of
from drgpay.runs.whatif import Simulation


class WarmRuns:
    """Answers :func:`~drgpay.runs.what_if` about runs, one question after the other, and keeps the last ``most`` runs
    ready: their own year is settled once, and sums over the stays that a question asks again are known.

    May be shared by threads. ``schemes``: a folder of grouping schemes besides those shipped. A run that is made
    again in the same folder is read again. Use it in a ``with``, or :meth:`close` it.
    """

    def __init__(self, engine: Engine, schemes: Path | None = None, most: int = 2) -> None:
        self._engine, self._schemes, self._most = engine, schemes, most
        self._ready: dict[tuple[Path, str], Simulation] = {}
        self._lock = Lock()

    def what_if(
        self, run: Path, changes: Mapping[str, object] | None = None, policy: str | Path | None = None
    ) -> Comparison:
        """See :func:`~drgpay.runs.what_if`."""
        with self._lock:
            simulation = self._of(run)
            return simulation.compare(simulation.alternative(changes or {}, policy))

    def close(self) -> None:
        """Let go of what is kept."""
        with self._lock:
            while self._ready:
                self._drop()

    def _of(self, run: Path) -> Simulation:
        key = (run.absolute(), root_of(read_manifest(run)))
        simulation = self._ready.pop(key, None)
        if simulation is None:
            while len(self._ready) >= self._most:
                self._drop()
            simulation = Simulation(run, self._engine, self._schemes).__enter__()
        self._ready[key] = simulation
        return simulation

    def _drop(self) -> None:
        """Let go of the run that was not asked about for longest."""
        self._ready.pop(next(iter(self._ready))).__exit__(None, None, None)

    def __enter__(self) -> WarmRuns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
