"""Examples of what operations take in their address and answer, put into the OpenAPI document."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from drgpay_web.ui.parts import parsed

PREFIX = "/api/v1"


@cache
def _known() -> dict[str, Any]:
    """``parameters`` by name, ``answers`` by method and path."""
    said: dict[str, Any] = parsed(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return said


def put_into(document: dict[str, Any]) -> None:
    """Give every parameter and every answer that went well its example. Raises KeyError where one is lacking."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answer = _known()["answers"][f"{method} {path.removeprefix(PREFIX)}"]
            for one in operation.get("parameters", ()):
                one["example"] = _known()["parameters"][one["name"]]
            for status, said in operation["responses"].items():
                if int(status) < 300:
                    said["content"]["application/json"]["example"] = answer
