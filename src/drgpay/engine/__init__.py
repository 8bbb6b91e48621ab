"""Engines: the verbs scan, map, sum, map_by and write over Parquet. The kernels do the work."""

from drgpay.engine.buckets import key_hash
from drgpay.engine.columns import (
    coded,
    codes_in,
    for_people,
    frame,
    integers,
    months_of,
    square_sum,
    squares,
    years_of,
)
from drgpay.engine.contract import (
    Dataset,
    Engine,
    GroupKernel,
    Kernel,
    Part,
    PartKernel,
    Progress,
    Source,
    open_parquet,
)
from drgpay.engine.files import (
    ROW_GROUP,
    WRITE_OPTIONS,
    dataset,
    read_table,
    table_path,
    write_table,
)
from drgpay.engine.folders import read_manifest, whole_manifest
from drgpay.engine.landing import Landed, Outside, land
from drgpay.engine.local import LocalEngine
from drgpay.engine.rows import one_batch, plain, read_part, write_part
from drgpay.engine.spark import SparkEngine, spark_missing
from drgpay.engine.telling import listening, tell
from drgpay.places import MANIFEST, drafted, new_folder, writing

__all__ = [
    "MANIFEST",
    "ROW_GROUP",
    "WRITE_OPTIONS",
    "Dataset",
    "Engine",
    "GroupKernel",
    "Kernel",
    "Landed",
    "LocalEngine",
    "Outside",
    "Part",
    "PartKernel",
    "Progress",
    "Source",
    "SparkEngine",
    "coded",
    "codes_in",
    "dataset",
    "drafted",
    "for_people",
    "frame",
    "integers",
    "key_hash",
    "land",
    "listening",
    "months_of",
    "new_folder",
    "one_batch",
    "open_parquet",
    "plain",
    "read_manifest",
    "read_part",
    "read_table",
    "spark_missing",
    "square_sum",
    "squares",
    "table_path",
    "tell",
    "whole_manifest",
    "write_part",
    "write_table",
    "writing",
    "years_of",
]
