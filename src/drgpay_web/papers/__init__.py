"""Papers that leave the house: tables as workbooks and statements as PDF, each with whose it is, a serial and an end."""
