"""``python -m drgpay``: the same as the command ``drgpay``."""

from drgpay.cli import main

if __name__ == "__main__":
    main()
