"""A scheme of a few rows, written as CSV tables: the tests break it one cell at a time."""

from __future__ import annotations

from pathlib import Path

TABLES = {
    "mdc": """mdc,name,order,condition
A,先期分组,1,true
Z,多发创伤,2,pdx & sites>=2
M,男性,3,pdx & sex==male
B,神经,4,
""",
    "mdc_dx": """mdc,code,site
B,G40.000,
B,G41.000,
M,N40.000,
Z,S06.000,head
Z,S12.910,head
Z,S12.910,trunk
Z,S22.000,trunk
""",
    "adrg": """adrg,mdc,name,order,kind,rule
AA1,A,移植,1,surgical,pproc
BB1,B,开颅,1,surgical,pdx & (proc1 | pproc2)
BR1,B,癫痫,2,medical,pdx
BS1,B,其他,3,medical,odx
MR1,M,前列腺,1,medical,pdx
ZB1,Z,创伤手术,1,surgical,pop
ZZ1,Z,创伤,2,medical,!op
""",
    "adrg_code": """adrg,list,code
AA1,pproc,37.5100
BB1,pdx,G41.000
BB1,proc1,01.2400
BB1,pproc2,01.3900
BR1,pdx,G40.000
BR1,pdx,G41.000
BS1,odx,I10.x00
MR1,pdx,N40.000
""",
    "drg": """drg,adrg,name,split
AA19,AA1,移植,always
BB11,BB1,开颅伴MCC,mcc
BB13,BB1,开颅伴CC,cc
BB15,BB1,开颅,none
BR10,BR1,癫痫儿童,age<17
BR13,BR1,癫痫伴并发症,age>=17 & mcc_or_cc
BR15,BR1,癫痫,age>=17 & none
BS19,BS1,其他,always
MR19,MR1,前列腺,always
ZB19,ZB1,创伤手术,always
ZZ11,ZZ1,创伤伴MCC,mcc
ZZ15,ZZ1,创伤,no_mcc
""",
    "mcc": """code,exclusion
J96.000,1
R57.000,
""",
    "cc": """code,exclusion
E11.900,2
""",
    "exclusion": """exclusion,code
1,G40.000
2,G41.000
""",
    "operation": """code
01.2400
01.3900
37.5100
45.1300
""",
    "alternative": """switch,table,key,rule,effect
any_bs1,adrg,BS1,adx,the diagnosis may be the principal one
mdcz_any,mdc,Z,sites>=2,two sites among all diagnoses
""",
    "scheme.toml": """id = "small-1"
title = "a small scheme"
icd_edition = "test"
document_date = "2024-01"

[counts]
mdc = 4
adrg = 7
drg = 12

[rows]
mdc_dx = 7
""",
}


def write(folder: Path, **changes: tuple[str, str]) -> Path:
    """Write the tables; ``table=(old, new)`` replaces a text of that table, which must be there exactly once."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in TABLES.items():
        old, new = changes.get(name.replace(".", "_"), ("", ""))
        assert not old or text.count(old) == 1, f"{name}: {old!r} is there {text.count(old)} times"
        path = folder / (name if "." in name else f"{name}.csv")
        path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    return folder
