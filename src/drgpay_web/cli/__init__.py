"""The command ``drgpay-web``."""
