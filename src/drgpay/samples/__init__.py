"""Synthetic regions (模拟统筹区) from a seed: whole, plausible, and the same bytes every time.

For tests, demonstrations and benchmarks. No person, doctor or institution in them exists.
"""

from drgpay.samples.care import EXTRAS
from drgpay.samples.region import RegionSummary, default_institutions, make_region

__all__ = ["EXTRAS", "RegionSummary", "default_institutions", "make_region"]
