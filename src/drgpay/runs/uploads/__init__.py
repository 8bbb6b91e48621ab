"""Files that people hand over to a program: looked at, checked and grouped without anything being handed in.

Nothing here prints, ends the program or fails for a bad file: what is wrong stands in the result.
"""

from drgpay.runs.uploads.check import RuleCount, Upload, check_upload
from drgpay.runs.uploads.files import GroupedFiles, group_files
from drgpay.runs.uploads.group import GroupedUpload, group_upload

__all__ = ["GroupedFiles", "GroupedUpload", "RuleCount", "Upload", "check_upload", "group_files", "group_upload"]
