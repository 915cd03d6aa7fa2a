"""Writes a workbook with openpyxl: workbook.py write file < content, or prints what one has:
workbook.py read file. See programs_test.go for the content."""

import datetime
import json
import sys

import openpyxl


def cell(v):
    if not isinstance(v, dict):
        return v
    if "date" in v:
        return datetime.date.fromisoformat(v["date"])
    if "datetime" in v:
        return datetime.datetime.fromisoformat(v["datetime"])
    if "time" in v:
        return datetime.time.fromisoformat(v["time"])
    if "error" in v:
        return v["error"]
    return v["value"]


def plain(v):
    return v.isoformat() if hasattr(v, "isoformat") else v


content = json.load(sys.stdin)
if sys.argv[1] == "write":
    book = openpyxl.Workbook()
    book.remove(book.active)
    for s in content:
        sheet = book.create_sheet(s["name"])
        for r, row in enumerate(s["rows"]):
            for c, v in enumerate(row):
                if v is not None:
                    sheet.cell(r + 1, c + 1, cell(v))
        for block in s.get("merges") or []:
            sheet.merge_cells(block)
    book.save(sys.argv[2])
    print("null")
else:
    sheet = openpyxl.load_workbook(sys.argv[2]).active
    json.dump([[plain(v) for v in row] for row in sheet.iter_rows(values_only=True)], sys.stdout)
