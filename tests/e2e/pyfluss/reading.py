"""Reading a table to a known end: a scanner never says that it is done, so the caller says how much it expects."""

import time

import fluss

READ_SECONDS_MAX = 30


async def create_log_table(connection, admin, database, schema, buckets=1, **options):
    """Creates and opens database.rows."""
    path = fluss.TablePath(database, "rows")
    await admin.create_table(path, fluss.TableDescriptor(fluss.Schema(schema), bucket_count=buckets, **options), False)
    return await connection.get_table(path)


async def read_records(table, count, from_offsets):
    """Polls until `count` records came. Returns bucket id -> records, each bucket in the order of arrival."""
    scanner = await table.new_scan().create_log_scanner()
    scanner.subscribe_buckets(from_offsets)
    return await poll_records(scanner, count)


async def poll_records(scanner, count):
    found = {}
    end = time.monotonic() + READ_SECONDS_MAX
    while (have := sum(map(len, found.values()))) < count:
        assert time.monotonic() < end, f"{have} of {count} records within {READ_SECONDS_MAX} s"
        records = await scanner.poll(200)
        for bucket in records.buckets():
            found.setdefault(bucket.bucket_id, []).extend(records.records(bucket))
    assert have == count, f"{have} records where {count} were written"
    return found


async def read_all(table, columns=None):
    """The whole table up to its end as one Arrow table, buckets one after the other."""
    scan = table.new_scan()
    if columns:
        scan = scan.project_by_name(columns)
    scanner = await scan.create_record_batch_log_scanner()
    buckets = range(table.get_table_info().num_buckets)
    scanner.subscribe_buckets({bucket: fluss.EARLIEST_OFFSET for bucket in buckets})
    return await scanner.to_arrow()
