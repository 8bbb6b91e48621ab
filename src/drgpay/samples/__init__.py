"""Synthetic regions (模拟统筹区) from a seed: whole, plausible, and the same bytes every time.

For tests, demonstrations and benchmarks. No person, doctor or institution in them exists.
"""

from drgpay.samples.care import EXTRAS
from drgpay.samples.evaluated import EVALUATION
from drgpay.samples.hospital import HospitalSummary, make_hospital
from drgpay.samples.modes import MODES
from drgpay.samples.office import OfficeSample, make_office_sample
from drgpay.samples.region import HIDDEN_FILE, TRUTH_FILE, RegionSummary, default_institutions, make_region

__all__ = [
    "EVALUATION",
    "EXTRAS",
    "HIDDEN_FILE",
    "MODES",
    "TRUTH_FILE",
    "HospitalSummary",
    "OfficeSample",
    "RegionSummary",
    "default_institutions",
    "make_hospital",
    "make_office_sample",
    "make_region",
]
