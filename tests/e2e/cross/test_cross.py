"""One client writes, another reads: every type, in every log format, has the same values on both sides."""

import itertools
import os

import pyarrow as pa
import pytest
from clients import Refused
from limits import ANY, JAVA, LIMITS, is_limited
from samples import SAMPLES

FORMATS = ("ARROW", "INDEXED", "COMPACTED")
ROW_FORMAT_TRIES = 3


def chosen(*names):
    """Whether this run is the one for a pair or a client: with Rust, or without."""
    return ("rust" in names) == bool(os.environ.get("MILLRACE_CROSS_RUST"))


def samples_of(writer, reader, log_format):
    """What both can do."""
    calls = ((writer, "write"), (reader, "read"))
    return [one for one in SAMPLES.values() if not any(is_limited(*call, log_format, one.name) for call in calls)]


CLIENTS = ("millrace", "pyfluss", *JAVA, "rust")
PAIRS = [
    (*pair, log_format)
    for *pair, log_format in itertools.product(CLIENTS, CLIENTS, FORMATS)
    if chosen(*pair) and samples_of(*pair, log_format)
]


def in_order(value, kind):
    """With the entries of every map in one order: Java gives them as they come."""
    if value is None:
        return None
    if pa.types.is_map(kind):
        return sorted(([key, in_order(item, kind.item_type)] for key, item in value), key=lambda entry: entry[0])
    if pa.types.is_list(kind):
        return [in_order(element, kind.value_type) for element in value]
    if pa.types.is_struct(kind):
        return [in_order(one, field.type) for one, field in zip(value, kind)]
    return value


def differences(sample, wanted, found):
    if len(wanted) != len(found):
        return [f"{sample.name}: {len(found)} rows, wanted {len(wanted)}"]
    return [
        f"{sample.name} row {i} {column.sql()}: {got}, wanted {right}"
        for i, (row, right_row) in enumerate(zip(found, wanted))
        for column, got, right in zip(sample.columns, row, right_row)
        if in_order(got, column.kind.arrow) != in_order(right, column.kind.arrow)
    ]


def read(client, table, sample, wanted, patience):
    """What is not as wanted. Java's rows of INDEXED and COMPACTED logs lie in network buffers that it has given back,
    so now and then they read as a piece of a later answer: `patience` is how often to look."""
    for _ in range(patience):
        try:
            wrong = differences(sample, wanted, client.read(table, sample.columns, len(sample.rows)))
        except Refused as refused:
            wrong = [f"{sample.name}: {refused}"]
        if not wrong:
            break
    return wrong


@pytest.mark.parametrize(("writer", "reader", "log_format"), PAIRS)
def test_a_reader_has_what_the_writer_wrote(clients, tables, writer, reader, log_format):
    patience = ROW_FORMAT_TRIES if reader in JAVA and log_format != "ARROW" else 1
    wrong = []
    for sample in samples_of(writer, reader, log_format):
        table = tables.written(writer, sample, log_format)
        wrong += read(clients[reader], table, sample, sample.rows, patience)
    assert not wrong, "\n".join(wrong[:20])


def name_of(limit):
    return "-".join((limit.client, limit.verb, limit.log_format, limit.sample))


@pytest.mark.parametrize("limit", [one for one in LIMITS if chosen(one.client)], ids=name_of)
def test_what_a_client_cannot_do_it_does_not(clients, tables, server, limit):
    if limit.on not in ("", server[1]):
        pytest.skip(f"so on {limit.on} only: {limit.reason}")
    sample = next(iter(SAMPLES.values())) if limit.sample == ANY else SAMPLES[limit.sample]
    client = clients[limit.client]
    if limit.verb == "write":
        with pytest.raises(Refused) as refused:
            tables.written(limit.client, sample, limit.log_format)
        assert limit.words in str(refused.value), limit.reason
        return
    table = tables.written("millrace", sample, limit.log_format)
    if limit.instead:
        assert not read(client, table, sample, limit.instead, ROW_FORMAT_TRIES), limit.reason
        return
    with pytest.raises(Refused) as refused:
        client.read(table, sample.columns, len(sample.rows))
    assert limit.words in str(refused.value), limit.reason
