"""What the processes of a server count together, in files of the office's own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.cache.backends.filebased import FileBasedCache


class Counted(FileBasedCache):
    """Django's cache in files; on a full disk nothing is counted, and everybody is answered all the same."""

    def set(self, *args: Any, **named: Any) -> None:
        with suppress(OSError):
            super().set(*args, **named)
