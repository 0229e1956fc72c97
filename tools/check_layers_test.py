#!/usr/bin/env python3
"""check_layers.py against planted violations: each rule is seen to bite, and the same tree without it to pass."""

import tempfile
import unittest
from pathlib import Path

import check_layers

# A small tree in order: one file of nearly every zone.
SOUND = {
    "base/result.hpp": "#include <tl/expected.hpp>\n#include <string>\n",
    "base/crc32c.cpp": "#include <isa-l/crc.h>\n",
    "schemas/health.capnp": "",
    "protocol/fluss.proto": "",
    "protocol/rows.hpp": '#include <arrow/api.h>\n#include "base/result.hpp"\n#include "protocol/fluss.pb.h"\n',
    "runtime/transport/port/transport.hpp": '#include "base/result.hpp"\n',
    "runtime/envelope.hpp": '#include <caf/all.hpp>\n#include "schemas/health.capnp.h"\n',
    "client/connection.hpp": '#include "protocol/rows.hpp"\n#include "runtime/transport/port/transport.hpp"\n',
    "state/disk/port/disk.hpp": '#include "base/result.hpp"\n',
    "state/log/port/log.hpp": '#include <arrow/record_batch.h>\n#include "state/disk/port/disk.hpp"\n',
    "state/meta/port/store.hpp": '#include "base/result.hpp"\n',
    "state/meta/embedded/store.cpp": '#include <rocksdb/db.h>\n#include "state/meta/port/store.hpp"\n',
    "state/meta/catalog/catalog.hpp": '#include "protocol/rows.hpp"\n',
    "state/meta/catalog/catalog_codec.cpp": '#include "state/meta/catalog/catalog.hpp"\n#include "schemas/health.capnp.h"\n',
    "actors/health/table.hpp": '#include "state/log/port/log.hpp"\n#include "state/meta/catalog/catalog.hpp"\n',
    "actors/health/health_codec.cpp": '#include "actors/health/table.hpp"\n#include "schemas/health.capnp.h"\n',
    "actors/health/health_actor.hpp": '#include "actors/health/table.hpp"\n#include "runtime/envelope.hpp"\n',
    "actors/gateway/gateway_actor.cpp": "#include <boost/asio/ip/tcp.hpp>\n",
    "apps/config/value.hpp": '#include <yaml-cpp/yaml.h>\n#include "base/result.hpp"\n',
    "apps/node/main.cpp": '#include <rocksdb/db.h>\n#include "actors/health/health_actor.hpp"\n',
    "tests/unit/any_test.cpp": '#include <gtest/gtest.h>\n#include "runtime/envelope.hpp"\n',
}

# (file, its text, what the finding must say)
PLANTED = [
    ("base/x.hpp", '#include "protocol/rows.hpp"', "base must not include protocol/rows.hpp"),
    ("base/x.hpp", "#include <arrow/api.h>", "must not know arrow"),
    ("base/x.hpp", "  #  include <caf/all.hpp>", "must not know caf"),
    ("base/x.hpp", '#include "result.hpp"', "is not a path from the root"),
    ("base/x.hpp", "#include <leveldb/db.h>", "belongs to no library"),
    ("protocol/x.hpp", "#include <sys/socket.h>", "must not know posix"),
    ("protocol/x.hpp", "#include <boost/asio.hpp>", "must not know asio"),
    ("protocol/x.hpp", '#include "runtime/envelope.hpp"', "must not include runtime/"),
    ("client/x.hpp", '#include "runtime/envelope.hpp"', "client must not include runtime/envelope.hpp"),
    ("client/x.hpp", '#include "state/log/port/log.hpp"', "client must not include state/"),
    ("runtime/transport/port/x.hpp", '#include "protocol/rows.hpp"', "must not include protocol/"),
    ("state/log/port/x.hpp", "#include <rocksdb/db.h>", "port must not know rocksdb"),
    ("state/log/port/x.hpp", "#include <arrow/api.h>", "port must not know arrow"),
    ("state/log/port/x.hpp", '#include "state/meta/port/store.hpp"', "port must not include state/meta/"),
    ("state/meta/embedded/x.cpp", '#include "state/log/port/log.hpp"', "must not include state/log/"),
    ("state/meta/embedded/x.cpp", '#include "runtime/envelope.hpp"', "must not include runtime/"),
    ("state/meta/memory/x.cpp", "#include <rocksdb/db.h>", "must not know rocksdb"),
    ("state/meta/catalog/x.hpp", '#include "schemas/health.capnp.h"', "catalog must not include schemas/"),
    ("state/meta/catalog/x.hpp", '#include "state/meta/port/store.hpp"', "catalog must not include state/meta/port/"),
    ("runtime/x.hpp", '#include "protocol/rows.hpp"', "runtime must not include protocol/"),
    ("runtime/x.hpp", '#include "actors/health/table.hpp"', "runtime must not include actors/"),
    ("actors/health/x.hpp", "#include <caf/all.hpp>", "logic must not know caf"),
    ("actors/health/x.hpp", "#include <capnp/message.h>", "logic must not know capnp"),
    ("actors/health/x.hpp", '#include "schemas/health.capnp.h"', "logic must not include schemas/"),
    ("actors/health/x.hpp", '#include "runtime/envelope.hpp"', "logic must not include runtime/envelope.hpp"),
    ("actors/health/x.hpp", '#include "actors/health/health_actor.hpp"', "logic must not include actors/health/health_actor"),
    ("actors/health/x.hpp", '#include "state/meta/embedded/y.hpp"', "is not a path from the root"),
    ("actors/health/x_actor.cpp", '#include "schemas/health.capnp.h"', "shell must not include schemas/"),
    ("actors/health/x_actor.cpp", "#include <boost/beast/http.hpp>", "shell must not know beast"),
    ("actors/health/x_codec.hpp", '#include "schemas/health.capnp.h"', "header of a codec must not include schemas/"),
    ("actors/health/x_codec.cpp", "#include <caf/all.hpp>", "codec must not know caf"),
    ("actors/gateway/x_actor.cpp", '#include "actors/health/table.hpp"', "must not include actors/health/"),
    ("apps/config/x.cpp", '#include "runtime/envelope.hpp"', "small program must not reach caf"),
    ("apps/agent/x.cpp", '#include "protocol/rows.hpp"', "small program must not reach arrow"),
    ("surprise/x.cpp", "", "no zone"),
]


class CheckLayers(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            findings, _ = check_layers.check(folder)
            return [f"{finding.path}:{finding.line}: {finding.message}" for finding in findings]

    def test_a_tree_in_order_has_no_findings(self):
        self.assertEqual(self.check(SOUND), [])

    def test_each_planted_violation_is_found_once_and_alone(self):
        for path, text, message in PLANTED:
            with self.subTest(path=path, text=text):
                findings = self.check({**SOUND, path: f"// Planted.\n{text}\n"})
                self.assertEqual(len(findings), 1, findings)
                self.assertTrue(findings[0].startswith(f"{path}:"), findings)
                self.assertIn(message, findings[0])

    def test_an_include_in_a_comment_or_a_literal_is_none(self):
        text = '// #include <caf/all.hpp>\n/*\n#include <caf/all.hpp>\n*/\nauto s = R"(\n#include <caf/all.hpp>\n)";\n'
        self.assertEqual(self.check({**SOUND, "base/x.hpp": text}), [])

    def test_a_library_is_found_however_long_the_way(self):
        files = {"base/a.hpp": '#include "base/b.hpp"\n', "base/b.hpp": "#include <rocksdb/db.h>\n",
                 "apps/agent/x.cpp": '#include "base/a.hpp"\n'}
        findings = self.check({**SOUND, **files})
        self.assertTrue(any("base/a.hpp -> base/b.hpp -> <rocksdb/db.h>" in finding for finding in findings), findings)


if __name__ == "__main__":
    unittest.main()
