"""The pyfluss side of clients.Exchange.   pyfluss_exchange.py BOOTSTRAP"""

import asyncio
import json
import os
import sys
from pathlib import Path

import fluss
from arrow_rows import from_table, to_batch

READ_SECONDS_MAX = 20


async def read_all(table):
    scanner = await table.new_scan().create_record_batch_log_scanner()
    scanner.subscribe(0, fluss.EARLIEST_OFFSET)
    return await scanner.to_arrow()


async def read(table, count):
    found = await read_all(table)
    assert found.num_rows == count, f"{found.num_rows} rows where {count} were written"
    return from_table(found)


async def write(table, rows):
    # The columns in Arrow as this client has them.
    columns = (await read_all(table)).schema
    writer = table.new_append().create_writer()
    await writer.write_arrow_batch(to_batch(rows, columns)).wait()


async def obey(connection, verb, name, *arguments):
    table = await connection.get_table(fluss.TablePath(*name.split(".")))
    file = Path(arguments[-1])
    if verb == "write":
        await write(table, [json.loads(line) for line in file.read_text().split("\n") if line])
    else:
        rows = await read(table, int(arguments[0]))
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))


async def main(bootstrap):
    connection = await fluss.FlussConnection.create(fluss.Config({"bootstrap.servers": bootstrap}))
    for order in sys.stdin:
        try:
            await asyncio.wait_for(obey(connection, *order.split()), READ_SECONDS_MAX)
            print("ok", flush=True)
        except Exception as error:
            print("failed:", repr(error).replace("\n", " "), flush=True)


asyncio.run(main(sys.argv[1]))
# pyfluss 1.0.0 aborts now and then while Python exits, after all is done: leave before that.
os._exit(0)
