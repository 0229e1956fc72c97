"""Canonical rows to Arrow and back, for the clients that speak Arrow."""

import decimal
import struct

import pyarrow as pa

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
decimal.getcontext().prec = 40


def to_batch(rows, schema):
    columns = [[to_arrow(value, field.type) for value in column] for column, field in zip(zip(*rows), schema)]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema)]
    return pa.record_batch(arrays, schema=schema)


def from_table(table):
    """Rows of an Arrow table or batch."""
    return [list(row) for row in zip(*([from_arrow(value) for value in column] for column in table.columns))]


def to_arrow(value, kind):
    """What pyarrow makes a value of type `kind` of."""
    if value is None:
        return None
    if pa.types.is_float32(kind):
        return struct.unpack(">f", bytes.fromhex(value))[0]
    if pa.types.is_float64(kind):
        return struct.unpack(">d", bytes.fromhex(value))[0]
    if pa.types.is_decimal(kind):
        return decimal.Decimal(value).scaleb(-kind.scale)
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return bytes.fromhex(value)
    if pa.types.is_time(kind):
        return value * PER_SECOND[kind.unit] // 1000
    if pa.types.is_timestamp(kind):
        return (value[0] * 1_000_000 + value[1]) * PER_SECOND[kind.unit] // 1_000_000_000
    if pa.types.is_map(kind):
        return [(to_arrow(key, kind.key_type), to_arrow(item, kind.item_type)) for key, item in value]
    if pa.types.is_list(kind):
        return [to_arrow(element, kind.value_type) for element in value]
    if pa.types.is_struct(kind):
        return {field.name: to_arrow(one, field.type) for field, one in zip(kind, value)}
    return value


def from_arrow(scalar):
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if pa.types.is_floating(kind):
        return struct.pack(">f" if pa.types.is_float32(kind) else ">d", scalar.as_py()).hex()
    if pa.types.is_decimal(kind):
        return str(int(scalar.as_py().scaleb(kind.scale)))
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return scalar.as_py().hex()
    if pa.types.is_date(kind):
        return scalar.value
    if pa.types.is_time(kind):
        return scalar.value * 1000 // PER_SECOND[kind.unit]
    if pa.types.is_timestamp(kind):
        return list(divmod(scalar.value * (1_000_000_000 // PER_SECOND[kind.unit]), 1_000_000))
    if pa.types.is_map(kind):
        return [[from_arrow(key), from_arrow(item)] for key, item in zip(*scalar.values.flatten())]
    if pa.types.is_list(kind):
        return [from_arrow(element) for element in scalar.values]
    if pa.types.is_struct(kind):
        return [from_arrow(scalar[field.name]) for field in kind]
    return scalar.as_py()
