"""The clients, all with the same few calls: write(table, file), read(table, columns, count). See README.md."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
from arrow_rows import to_batch
from behaviours import built, java_program
from millrace_text import rows_of
from pyarrow import parquet

HERE = Path(__file__).parent
ANSWER_SECONDS_MAX = 60


class Refused(Exception):
    """The client said no; its words."""


class CommandLine:
    """The C++ client by its command line, which takes rows as Parquet and gives them as text."""

    def __init__(self, bootstrap, folder):
        self._bootstrap = bootstrap
        self._folder = folder

    def create(self, table, columns, log_format):
        sql = ", ".join(column.sql() for column in columns)
        options = ["--buckets", "1", "--columns", sql, "--property", f"table.log.format={log_format}"]
        self.call("table", "create", table, *options)

    def write(self, table, columns, rows):
        schema = pa.schema([pa.field(column.name, column.kind.arrow, column.nullable) for column in columns])
        file = self._folder / f"{table}.parquet"
        parquet.write_table(pa.Table.from_batches([to_batch(rows, schema)]), file)
        self.call("table", "load", table, str(file))

    def read(self, table, columns, _count):
        return rows_of(self.call("table", "scan", table, "--json"), columns)

    def call(self, *words):
        command = [Path(os.environ["MILLRACE_BIN"]) / "millrace", *words, "--bootstrap", self._bootstrap]
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS_MAX, check=False)
        if done.returncode != 0:
            raise Refused(done.stderr)
        return done.stdout

    def end(self):
        pass


class Exchange:
    """A program that takes one order a line and answers `ok` or `failed: WORDS`:

    write DATABASE.TABLE FILE         appends the rows of FILE, and waits until they are acknowledged
    read DATABASE.TABLE COUNT FILE    writes the first COUNT rows to FILE
    """

    def __init__(self, command, folder):
        self._folder = folder
        self._errors = open(folder / "errors.txt", "w+")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )

    def write(self, table, _columns, rows):
        file = self._folder / f"{table}.written"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        self._ask(f"write {table} {file}")

    def read(self, table, _columns, count):
        file = self._folder / f"{table}.read"
        self._ask(f"read {table} {count} {file}")
        return [json.loads(line) for line in file.read_text().split("\n") if line]

    def _ask(self, order):
        print(order, file=self._process.stdin, flush=True)
        # One that hangs is ended, which ends its answer as well.
        deadline = threading.Timer(ANSWER_SECONDS_MAX, self._process.kill)
        deadline.start()
        answer = self._process.stdout.readline().rstrip("\n")
        deadline.cancel()
        if answer != "ok":
            raise Refused(answer or f"ended: {(self._folder / 'errors.txt').read_text()[-3000:]}")

    def end(self):
        self._process.stdin.close()
        self._process.wait(ANSWER_SECONDS_MAX)
        self._errors.close()


def pyfluss(bootstrap, folder):
    return Exchange([sys.executable, HERE / "pyfluss_exchange.py", bootstrap], folder)


def java(release):
    def make(bootstrap, folder):
        return Exchange([*java_program(release, "conformance.Exchange", folder), bootstrap], folder)

    return make


def rust(bootstrap, folder):
    return Exchange([built("rust") / "debug/conformance", "exchange", bootstrap], folder)
