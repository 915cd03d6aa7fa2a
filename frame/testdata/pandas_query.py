"""Compares the answers to queries with what expressions of pandas make of the same tables.

Standard input: [{"columns": [{"name", "dtype", "values"}], "expression", "got": [columns]}], standard output
the first difference of each, empty if there is none. A case without columns is about the table before.
"""

import base64
import decimal
import json
import math
import sys

import numpy as np
import pandas as pd


def duration(text):
    if text is None:
        return pd.NaT
    return pd.Timedelta(int(decimal.Decimal(text[2:-1]) * 1_000_000_000), "ns")


def series(column):
    values, dtype = column["values"], column["dtype"]
    if dtype == "uint64":
        return pd.Series(values, dtype="UInt64")
    if "int" in dtype and not dtype.startswith("dictionary"):
        return pd.Series(values, dtype="Int64")
    if dtype in ("float16", "float32"):
        return pd.Series([np.nan if v is None else float(np.float32(v)) for v in values], dtype="float64")
    if dtype == "float64":
        return pd.Series([np.nan if v is None else v for v in values], dtype="float64")
    if dtype == "bool":
        return pd.Series(values, dtype="boolean")
    if dtype.startswith("date") or dtype.startswith("timestamp"):
        return pd.to_datetime(pd.Series(values, dtype="object"), utc="tz=" in dtype)
    if dtype.startswith("duration"):
        return pd.Series([duration(v) for v in values], dtype="timedelta64[ns]")
    if dtype.startswith("decimal"):
        return pd.Series([None if v is None else decimal.Decimal(v) for v in values], dtype="object")
    if "binary" in dtype:
        return pd.Series([None if v is None else base64.b64decode(v) for v in values], dtype="object")
    return pd.Series(values, dtype="object")


def aggregate(s, fn):
    """An aggregate of one group by the method of Series that has its name."""
    present = s.dropna()
    if fn == "count":
        return len(present)
    if fn == "count_distinct":
        return present.nunique()
    if fn == "sum":
        return present.sum()
    if len(present) == 0:
        return None
    if fn == "first":
        return present.iloc[0]
    if fn == "last":
        return present.iloc[-1]
    if fn in ("mean", "median") and isinstance(present.iloc[0], (pd.Timestamp, pd.Timedelta)):
        # pandas goes by way of floats, which are not exact to the nanosecond.
        ticks = sorted(v.value for v in present)
        middle = ticks if fn == "mean" else ticks[(len(ticks) - 1) // 2 : len(ticks) // 2 + 1]
        exact = sum(middle) // len(middle)
        near = getattr(present, fn)()
        assert abs(near.value - exact) < 1000, (near, exact)
        return pd.Timestamp(exact, tz=near.tz) if isinstance(near, pd.Timestamp) else pd.Timedelta(exact)
    if present.map(type).eq(decimal.Decimal).all() and fn in ("mean", "std", "median"):
        present = present.astype("float64")
    return getattr(present, fn)()


def group(df, by, *aggregates):
    """by and then each aggregate, given as "column fn", of each group."""
    rows = []
    names = [by] if isinstance(by, str) else list(by)
    for _, part in df.groupby(names if len(names) > 1 else names[0], dropna=False, sort=True):
        row = [part[name].iloc[0] for name in names]
        for a in aggregates:
            column, fn = a.rsplit(" ", 1)
            row.append(len(part) if column == "*" else aggregate(part[column], fn))
        rows.append(row)
    return pd.DataFrame(rows, dtype="object")


def bins(values, n):
    """numpy.histogram of the values that are not missing, whose number follows the counts."""
    counts, bounds = np.histogram(pd.to_numeric(values.dropna()).astype("float64").to_numpy(), bins=n)
    return pd.DataFrame({"counts": list(counts) + [values.isna().sum()], "bounds": list(bounds)}, dtype="object")


def times(values, n):
    """bins of times, in whole nanoseconds."""
    ticks = [int(v.value) for v in values.dropna()]
    low, width = min(ticks), max(ticks) - min(ticks)
    counts = [0] * n
    for tick in ticks:
        counts[min((tick - low) * n // width, n - 1)] += 1
    bounds = [pd.Timestamp((low * n + i * width) // n) for i in range(n + 1)]
    return pd.DataFrame({"counts": counts + [values.isna().sum()], "bounds": bounds}, dtype="object")


def counts(values):
    """Series.value_counts, equally frequent values in their order."""
    found = values.dropna().value_counts().rename_axis("value").reset_index(name="count")
    return found.sort_values(["count", "value"], ascending=[False, True])


def nullable(s):
    """A column as one of the types of pandas that know missing values and the logic of three values."""
    if s.dtype == "float64" or s.map(type).eq(decimal.Decimal).any():
        return s.astype("float64").astype("Float64")
    if s.dtype == "UInt64":
        return s.astype("Int64")
    if s.dtype == "object":
        return s.astype("string")
    return s


def N(name):
    return nullable(df[name])


def out(s):
    """A column as the answer: JSON has no infinities."""
    return pd.DataFrame({"out": [None if isinstance(v, float) and math.isinf(v) else v for v in s]}, dtype="object")


def not0(s):
    """Whole numbers without 0, by which nothing can be divided."""
    return s.mask(s == 0) if s.dtype == "Int64" else s


def common(a, b):
    """Numbers of one type."""
    if getattr(b, "dtype", None) == "Float64" and a.dtype == "Int64":
        return a.astype("Float64"), b
    return a, b.astype("Float64") if a.dtype == "Float64" and b is not None else b


def coalesce(a, b):
    a, b = common(a, b)
    return a.fillna(b)


def if_else(c, a, b):
    c = c.astype("boolean")
    a, b = common(a, b)
    return a.where(c.fillna(False), b).mask(c.isna())


def least(a, b, sign=1):
    a, b = common(a, b)
    return a.mask((b < a if sign > 0 else b > a).fillna(False) | a.isna(), b)


def plain(value):
    if value is None or value is pd.NA or value is pd.NaT or isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, np.generic):
        return value.item()
    return value


def same(a, b, dtype):
    if isinstance(a, (pd.Timestamp, pd.Timedelta)) and b is not None:
        return a.floor(dtype[dtype.index("[") + 1 :].split(",")[0].rstrip("]") if "[" in dtype else "D") == b
    numbers = (int, float)
    if isinstance(a, numbers) and isinstance(b, numbers) and (isinstance(a, float) or isinstance(b, float)):
        return a == b or abs(a - b) <= 1e-11 * max(abs(a), abs(b))
    return a == b


def difference(case):
    global df
    if "columns" in case:
        df = pd.DataFrame({c["name"]: series(c) for c in case["columns"]})
    want = eval(case["expression"], {"df": df, "pd": pd, "np": np, "group": group, "bins": bins, "times": times, "counts": counts,
        "N": N, "out": out, "not0": not0, "if_else": if_else, "coalesce": coalesce, "least": least})
    got = case["got"]
    if want.shape[1] != len(got):
        return f"{len(got)} columns, pandas has {want.shape[1]}"
    for i, column in enumerate(got):
        ours = series(column)
        if len(ours) != len(want):
            return f"{len(ours)} rows, pandas has {len(want)}"
        for row, (a, b) in enumerate(zip(want.iloc[:, i], ours)):
            if not same(plain(a), plain(b), column["dtype"]):
                return f"column {column['name']}, row {row} is {b!r}, pandas has {a!r}"
    return ""


print(json.dumps([difference(case) for case in json.load(sys.stdin)]))
