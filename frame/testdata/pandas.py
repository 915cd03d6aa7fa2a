"""Applies expressions of pandas to tables and prints what they make of them.

Standard input: [{"columns": [{"name", "dtype", "values"}], "expression"}], standard output the
lists of the columns' values in the same order, missing ones as null.
"""

import json
import sys

import numpy as np
import pandas as pd


def series(column):
    values, dtype = column["values"], column["dtype"]
    if dtype == "int64":
        return pd.Series(values, dtype="Int64")
    if dtype == "float64":
        return pd.Series([np.nan if v is None else v for v in values], dtype="float64")
    if dtype == "bool":
        return pd.Series(values, dtype="boolean")
    if dtype == "date32" or dtype.startswith("timestamp"):
        return pd.to_datetime(pd.Series(values, dtype="object"))
    return pd.Series(values, dtype="object")


def plain(value):
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    return value


out = []
for case in json.load(sys.stdin):
    df = pd.DataFrame({c["name"]: series(c) for c in case["columns"]})
    df = eval(case["expression"], {"df": df, "pd": pd, "np": np})
    out.append([[plain(v) for v in df[c["name"]]] for c in case["columns"]])
json.dump(out, sys.stdout)
