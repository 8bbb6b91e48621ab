"""Files that are taken with a reason, as a person takes them."""

from __future__ import annotations

from typing import Any

REASON = "月度例会"


def taken(client: Any, address: str, **form: Any) -> tuple[Any, Any]:
    """What the newest download of a person holds, and its row."""
    from drgpay_web.papers.models import Download

    answer = client.post(address, {"reason": REASON, **form})
    assert answer.status_code == 302, answer.content.decode()[-500:]
    assert answer["Location"] == "/downloads"
    row = Download.objects.latest("pk")
    return client.get(f"/downloads/{row.pk}"), row


def content(client: Any, address: str, **form: Any) -> bytes:
    """The bytes of the file."""
    return b"".join(taken(client, address, **form)[0].streaming_content)
