"""drgpay: the DRG points payment (DRG点数法付费), from the first hospital record to the last fen."""

__version__ = "0.1.0"
