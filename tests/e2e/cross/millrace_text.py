"""Canonical values out of what `millrace table scan --json` prints."""

import datetime
import decimal
import json
import struct

import pyarrow as pa

EPOCH = datetime.datetime(1970, 1, 1)


def rows_of(output, columns):
    # Numbers stay text until their type is known: the DOUBLE -0 is no integer.
    lines = (json.loads(line, parse_int=str) for line in output.split("\n") if line)
    return [[from_json(line[column.name], column.kind.arrow) for column in columns] for line in lines]


def from_json(value, kind):
    if value is None:
        return None
    if pa.types.is_integer(kind):
        return int(value)
    if pa.types.is_floating(kind):
        return struct.pack(">f" if pa.types.is_float32(kind) else ">d", float(value)).hex()
    if pa.types.is_decimal(kind):
        return str(int(decimal.Decimal(value).scaleb(kind.scale)))
    if pa.types.is_date(kind):
        return (datetime.date.fromisoformat(value) - EPOCH.date()).days
    if pa.types.is_time(kind):
        millis, nanos = instant("1970-01-01T" + value)
        assert nanos == 0, value
        return millis
    if pa.types.is_timestamp(kind):
        return instant(value.removesuffix("Z"))
    if pa.types.is_map(kind):
        return [[from_json(one["key"], kind.key_type), from_json(one["value"], kind.item_type)] for one in value]
    if pa.types.is_list(kind):
        return [from_json(element, kind.value_type) for element in value]
    if pa.types.is_struct(kind):
        return [from_json(value[field.name], field.type) for field in kind]
    return value


def instant(text):
    """Milliseconds since 1970, and nanoseconds of the millisecond."""
    whole, _, fraction = text.partition(".")
    seconds = (datetime.datetime.fromisoformat(whole) - EPOCH) // datetime.timedelta(seconds=1)
    nanos = int(fraction.ljust(9, "0"))
    return [seconds * 1000 + nanos // 1_000_000, nanos % 1_000_000]
