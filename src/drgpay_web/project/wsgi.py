"""The door of the server."""

from __future__ import annotations

import gc
import os
import threading
import time

from django.core.wsgi import get_wsgi_application

from drgpay_web.project.receiving import Receiving

SERVER = "DRGPAY_SERVER"
"""environment: number of the process that ``serve`` is; what it starts ends with it, however it ends"""
YOUNG = 20_000
"""new objects between two looks for garbage among them"""
LOOK = 0.2
"""seconds between two looks at it"""


def _end_with(server: int) -> None:
    """Answer no longer than the server is there: the next one takes the port, and two would answer beside each
    other."""
    while os.getppid() == server:
        time.sleep(LOOK)
    os._exit(3)


def _warm() -> None:
    """What the first page would wait for. What is there then stays, and is no longer looked through for garbage: a
    look at all of it holds every page up for an eighth of a second."""
    from django.db import connection

    from drgpay_web import store

    try:
        store.warm()
    finally:
        connection.close()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drgpay_web.project.settings")
if SERVER in os.environ:
    threading.Thread(target=_end_with, args=(int(os.environ[SERVER]),), daemon=True).start()
application = Receiving(get_wsgi_application())
if SERVER in os.environ:
    threading.Thread(target=_warm, daemon=True).start()
