"""``python -m drgpay_web.cli``: the same command, for processes that the server starts."""

from drgpay_web.cli import main

main()
