"""Every data type: its name in SQL, its type in Arrow, and values of it, the awkward ones first.

A value is what json.dumps() takes, in the form that README.md calls canonical. draw() never gives null.
"""

import dataclasses
import struct
from collections.abc import Callable
from random import Random
from typing import Any

import pyarrow as pa

EDGES_SHARE = 0.6
NULLS_SHARE = 0.15
MILLIS_OF_DAY = 86_400_000
YEAR_0001_MILLIS = -62_135_596_800_000
YEAR_9999_END_MILLIS = 253_402_300_799_999
# Arrow counts TIMESTAMP(7) to (9) in nanoseconds, in 64 bits: the years 1677 to 2262.
NANOS_MIN_MILLIS = -9_223_372_036_854
NANOS_MAX_MILLIS = 9_223_372_036_853


@dataclasses.dataclass(frozen=True)
class Kind:
    sql: str
    arrow: pa.DataType
    draw: Callable[[Random], Any]


def kind_of(sql, arrow, edges, other):
    """Values are one of `edges` or what `other` makes of a random generator."""
    return Kind(sql, arrow, lambda random: random.choice(edges) if random.random() < EDGES_SHARE else other(random))


def maybe_null(kind, random):
    return None if random.random() < NULLS_SHARE else kind.draw(random)


# ---- Numbers ---------------------------------------------------------------------------------------


def integer(sql, arrow):
    least, most = -(2 ** (arrow.bit_width - 1)), 2 ** (arrow.bit_width - 1) - 1
    return kind_of(sql, arrow, [least, -1, 0, 1, most], lambda random: random.randint(least, most))


def floating(sql, arrow, code):
    """As the digits of its bits: nothing else tells every value from every other."""
    infinity, nan = float("inf"), float("nan")
    smallest, largest = (2.0**-149, (2 - 2.0**-23) * 2.0**127) if code == ">f" else (5e-324, 1.7976931348623157e308)
    edges = [0.0, -0.0, 1.5, -0.1, infinity, -infinity, nan, smallest, -smallest, largest, -largest]
    return kind_of(
        sql,
        arrow,
        [struct.pack(code, value).hex() for value in edges],
        lambda random: struct.pack(code, random.uniform(-1e9, 1e9)).hex(),
    )


def decimal(precision, scale):
    """As the digits without the point, which the type knows."""
    most = 10**precision - 1
    return kind_of(
        f"DECIMAL({precision}, {scale})",
        pa.decimal128(precision, scale),
        [str(value) for value in (-most, -1, 0, 1, most)],
        lambda random: str(random.randint(-most, most)),
    )


# ---- Texts and bytes -------------------------------------------------------------------------------

# Around the seven bytes that a row keeps in its fixed part, and the eight that a word has.
TEXTS = ["", "a", "sevenby", "eightbyt", "ninebytes", "Zürich 上海 🚀", "e\u0301\u00e9", "\0\t\n\"\\", "\U0010ffff"]
SHORT_TEXTS = ["", "a", "exactlytwelv", "上海🚀é", "a b  ", "     "]


def letters(random, length_max):
    return "".join(chr(random.randint(0x20, 0x24F)) for _ in range(random.randint(0, length_max)))


def char(length, edges):
    return kind_of(f"CHAR({length})", pa.string(), edges, lambda random: letters(random, length // 2))


def byte_string(random, length):
    return random.randbytes(length).hex()


STRING = kind_of("STRING", pa.string(), [*TEXTS, "long " * 700], lambda random: letters(random, 20))
BYTES = kind_of(
    "BYTES",
    pa.binary(),
    ["", "00", "00" * 7, "ff" * 8, "c328", "ab" * 3000],
    lambda random: byte_string(random, random.randint(0, 20)),
)


def binary(length):
    return kind_of(
        f"BINARY({length})",
        pa.binary(length),
        ["00" * (length - 1) + "01", "ff" * length],
        # No zero at the end, which Java takes for padding: `samples.py` has that apart.
        lambda random: byte_string(random, length - 1) + "7f",
    )


# ---- Dates and times -------------------------------------------------------------------------------

DATE = kind_of(
    "DATE", pa.date32(), [-719_162, -1, 0, 15_706, 2_932_896], lambda random: random.randint(-719_162, 2_932_896)
)


def unit_of(precision):
    return "s" if precision == 0 else "ms" if precision <= 3 else "us" if precision <= 6 else "ns"


def time(precision):
    """As milliseconds of the day: Fluss keeps no more of any TIME."""
    step = 10 ** max(0, 3 - precision)
    unit = unit_of(precision)
    return kind_of(
        f"TIME({precision})",
        pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit),
        [0, step, 43_200_000, MILLIS_OF_DAY - step],
        lambda random: random.randrange(0, MILLIS_OF_DAY, step),
    )


def timestamp(precision, local=False):
    """As milliseconds since 1970 and nanoseconds of the millisecond, which are never negative."""
    unit = unit_of(precision)
    least, most = (NANOS_MIN_MILLIS, NANOS_MAX_MILLIS) if unit == "ns" else (YEAR_0001_MILLIS, YEAR_9999_END_MILLIS)
    millis_step = 10 ** max(0, 3 - precision)
    nanos_step = 10 ** (9 - max(3, precision))

    def at(millis, nanos):
        # Java reads no part of a millisecond before 1970: `samples.py` has that apart.
        return [millis // millis_step * millis_step, nanos // nanos_step * nanos_step if millis >= 0 else 0]

    return kind_of(
        f"TIMESTAMP{'_LTZ' if local else ''}({precision})",
        pa.timestamp(unit, "UTC" if local else None),
        [at(least + 1000, 0), at(-1, 0), at(0, 0), at(0, 1_000), at(1_357_017_300_123, 456_789), at(most, 0)],
        lambda random: at(random.randint(least + 1000, most), random.randrange(1_000_000)),
    )


# ---- Nested ----------------------------------------------------------------------------------------


def array(element):
    return Kind(
        f"ARRAY<{element.sql}>",
        pa.list_(element.arrow),
        lambda random: [maybe_null(element, random) for _ in range(random.randint(0, 3))],
    )


def mapping(key, value):
    """As the list of its entries, whose order every client keeps."""

    def draw(random):
        keys = sorted({key.draw(random) for _ in range(random.randint(0, 3))})
        return [[one, maybe_null(value, random)] for one in keys]

    return Kind(f"MAP<{key.sql}, {value.sql}>", pa.map_(key.arrow, value.arrow), draw)


def row(**fields):
    """As the list of its fields."""
    return Kind(
        f"ROW<{', '.join(f'{name} {kind.sql}' for name, kind in fields.items())}>",
        pa.struct([(name, kind.arrow) for name, kind in fields.items()]),
        lambda random: [maybe_null(kind, random) for kind in fields.values()],
    )


INT = integer("INT", pa.int32())
BIGINT = integer("BIGINT", pa.int64())
DOUBLE = floating("DOUBLE", pa.float64(), ">d")

EVERY_KIND = {
    "boolean": kind_of("BOOLEAN", pa.bool_(), [True, False], lambda random: random.random() < 0.5),
    "tinyint": integer("TINYINT", pa.int8()),
    "smallint": integer("SMALLINT", pa.int16()),
    "int": INT,
    "bigint": BIGINT,
    "float": floating("FLOAT", pa.float32(), ">f"),
    "double": DOUBLE,
    "char": char(12, SHORT_TEXTS),
    "string": STRING,
    "binary": binary(4),
    "binary_long": binary(20),
    "bytes": BYTES,
    **{f"decimal_{p}_{s}": decimal(p, s) for p, s in ((1, 0), (9, 2), (18, 18), (19, 0), (38, 10), (38, 38))},
    "date": DATE,
    **{f"time_{p}": time(p) for p in range(10)},
    **{f"timestamp_{p}": timestamp(p) for p in range(10)},
    **{f"local_{p}": timestamp(p, local=True) for p in range(10)},
    "ints": array(INT),
    "texts": array(STRING),
    "lists": array(array(decimal(25, 5))),
    "counts": mapping(STRING, BIGINT),
    "moments": mapping(INT, array(timestamp(6))),
    "point": row(x=DOUBLE, tags=array(STRING), inner=row(price=decimal(9, 2), day=DATE)),
    "rows": array(row(flag=integer("TINYINT", pa.int8()), raw=BYTES, at=time(3))),
}
