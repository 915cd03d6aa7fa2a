"""Does with pandas what the lines of its input name, one JSON text each.

It works with the table that the last load has read. It answers with the seconds that pandas took and
the number of rows of the result. The first line of its output has the version of pandas.
"""

import json
import sys
import time

import pandas

table = pandas.DataFrame()


def load(path):
    global table
    table = pandas.read_csv(path)
    return table


WORK = {
    "load": load,
    "filter": lambda path: table[table["c0"] >= 500000],
    "sort": lambda path: table.sort_values(["c2", "c1"], ascending=[True, False], kind="stable"),
    "duplicatesOfTwo": lambda path: table.drop_duplicates(["c2", "c4"]),
    "duplicates": lambda path: table.drop_duplicates(),
    "describe": lambda path: table.describe(include="all"),
    "fill": lambda path: table.fillna({"c6": table["c6"].median()}),
    "csv": lambda path: table.to_csv(path, index=False),
}

print(json.dumps({"version": pandas.__version__}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    begin = time.perf_counter()
    result = WORK[asked["work"]](asked.get("path"))
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "height": 0 if result is None else len(result)}), flush=True)
