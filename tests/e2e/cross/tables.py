"""The tables of a run: one for each sample, format and client that writes it, made when first asked for."""

import os
import time

from clients import Refused

# Fluss answers before a table has a leader, and 0.9.1 overlooks a new table now and then: it never gets one.
CREATIONS_MAX = 3
LEADER_SECONDS_MAX = 5


class Tables:
    def __init__(self, clients, whose):
        self._clients = clients
        self._command_line = clients["millrace"]
        self._whose = whose
        self._database = f"cross_{os.getpid()}"
        self._outcomes = {}

    def __enter__(self):
        self._command_line.call("db", "create", self._database)
        return self

    def __exit__(self, *_):
        self._command_line.call("db", "drop", self._database, "--cascade")

    def written(self, writer, sample, log_format):
        """The table with the rows of the sample, written in two turns. Raises Refused, as often as asked."""
        key = (writer, sample.name, log_format)
        if key not in self._outcomes:
            table = f"{self._database}.{'_'.join(key)}"
            try:
                self._create(table, sample.columns, log_format)
                for rows in (sample.rows[:1], sample.rows[1:]):
                    self._clients[writer].write(table, sample.columns, rows)
                self._outcomes[key] = table
            except Refused as refused:
                self._outcomes[key] = refused
        if isinstance(self._outcomes[key], Refused):
            raise self._outcomes[key]
        return self._outcomes[key]

    def _create(self, table, columns, log_format):
        self._command_line.create(table, columns, log_format)
        if self._whose == "millrace":
            return
        for _ in range(CREATIONS_MAX - 1):
            if self._is_led(table):
                return
            self._command_line.call("table", "drop", table)
            time.sleep(1)  # Fluss 0.9.1 now and then takes the new one for the old.
            self._command_line.create(table, columns, log_format)
        assert self._is_led(table), "this Fluss server elects no leaders any more"

    def _is_led(self, table):
        end = time.monotonic() + LEADER_SECONDS_MAX
        while time.monotonic() < end:
            try:
                self._command_line.call("table", "scan", table, "--json", "--timeout", "1s")
                return True
            except Refused:
                time.sleep(0.05)
        return False
