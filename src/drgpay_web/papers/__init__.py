"""Papers that leave the house: tables as workbooks, statements as PDF; each says whose it is and has a serial."""
