#!/usr/bin/env python3
"""check_code.py and check_dead.py against planted violations."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import check_code
import check_dead

LONG_BODY = "\n".join(f"  use({n});" for n in range(70))

# (file, text, what the finding must say)
PLANTED = [
    ("base/x.cpp", f"namespace a {{\nvoid f(int b) {{\n{LONG_BODY}\n}}\n}}\n", "f has 72 lines"),
    ("base/x.cpp", f"struct A {{\n  A(int b) : c(b) {{\n{LONG_BODY}\n  }}\n}};\n", "A has 72 lines"),
    ("tests/x_test.cpp", f"TEST(A, B) {{\n{LONG_BODY}\n}}\n", "TEST has 72 lines"),
    ("base/x.cpp", "int a;\n" * 601, "601 lines"),
    ("actors/a/x.cpp", "auto t = clock.now();", "gets the time as an argument"),
    ("actors/a/x.cpp", "auto t = std::chrono::steady_clock::now ();", "gets the time as an argument"),
    ("actors/a/x.hpp", "std::unordered_map<int, int> m;", "fixed order"),
    ("actors/a/x.hpp", "std::mutex m;", "no locks"),
    ("actors/a/x.hpp", "std::atomic<int> m;", "no atomics"),
    ("actors/a/x.hpp", "std::shared_ptr<Table> m;", "shared ownership"),
    ("actors/a/x.cpp", "auto t = std::make_shared<Table>();", "shared ownership"),
    ("actors/a/x.cpp", 'std::cerr << "no";', "neither streams nor logs"),
    ("actors/a/x.cpp", 'spdlog::info("no");', "neither streams nor logs"),
    ("actors/a/x.cpp", 'log_event(EventLevel::info, "no");', "neither streams nor logs"),
    ("actors/a/x.cpp", "#include <thread>\n", "must not include <thread>"),
    ("actors/a/x.cpp", "std::random_device r;", "randomness"),
    ("actors/a/x_codec.cpp", "caf::actor a;", "caf:: belongs"),
    ("apps/node/main.cpp", "caf::actor a;", "caf:: belongs"),
    ("base/x.hpp", "Status open(int a);", "[[nodiscard]]"),
    ("base/x.hpp", "class A {\n public:\n  virtual Result<std::map<int, int>> open(int a) = 0;\n};", "[[nodiscard]]"),
    ("base/x.hpp", "template <class T>\nResult<T> open(T a) {\n  return a;\n}", "[[nodiscard]]"),
    ("base/x.hpp", "struct A {\n  static Result<A> parse(int a);\n};", "[[nodiscard]]"),
]

SOUND = [
    ("base/x.cpp", f"void f() {{\n{LONG_BODY[:LONG_BODY.rindex(chr(10))].rsplit(chr(10), 1)[0]}\n}}\n"),
    ("base/x.cpp", f"constexpr auto a = std::to_array<B>({{\n{LONG_BODY}\n}});\n"),
    ("base/x.cpp", f"namespace a {{\n{LONG_BODY}\n}}\n"),
    ("actors/a/x.hpp", "void step(Instant now, const Event& event);  // unordered_map, std::mutex, now()"),
    ("actors/a/x.hpp", "std::shared_ptr<arrow::RecordBatch> b; std::shared_ptr<const arrow::Schema> s;"),
    ("actors/a/x.cpp", "auto separated = 1'000'000; auto c = '\"'; auto s = \"std::mutex\";"),
    ("actors/a/x_actor.cpp", "caf::actor a; auto t = clock().now(); std::shared_ptr<int> p;"),
    ("base/x.hpp", "[[nodiscard]] Status open(int a);\nusing Sink = std::function<Status(int)>;\nstruct A {\n  Status last;\n};"),
    ("base/x.hpp", "class A {\n public:\n  [[nodiscard]] virtual Result<std::unique_ptr<int>> open(int a) = 0;\n private:\n  Result<int> kept_;\n};"),
    ("base/x.hpp", "inline void f() {\n  Status s(open());\n  Result<int> r(g());\n}"),
]


def written(folder, files):
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


class CheckCode(unittest.TestCase):
    def findings(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            found, _ = check_code.check(written(folder, {path: text}))
            return [finding.message for finding in found]

    def test_each_planted_violation_is_found(self):
        for path, text, message in PLANTED:
            with self.subTest(path=path, text=text[:60]):
                findings = self.findings(path, text)
                self.assertEqual(len(findings), 1, findings)
                self.assertIn(message, findings[0])

    def test_what_is_sound_passes(self):
        for path, text in SOUND:
            with self.subTest(path=path, text=text[:60]):
                self.assertEqual(self.findings(path, text), [])

    def test_a_path_out_of_the_repository_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q", folder], check=True)
            written(folder, {"docs/a.md": "fine\nsee ../" + "shared/spec\n", "b.sh": "cd /" + "home/me/x\n", "c.md": "a/" + "work/b"})
            found, _ = check_code.check(folder)
            self.assertEqual([(finding.path, finding.line) for finding in found], [("b.sh", 1), ("docs/a.md", 2)])


class CheckDead(unittest.TestCase):
    def test_files_that_nothing_leads_to_are_found(self):
        files = {
            "CMakeLists.txt": "",
            "tools/cmake/Suites.cmake": "tests/e2e/pyfluss\nsound_test.py\npch_base.hpp\n",
            "tools/cmake/pch_base.hpp": "",
            "base/live.cpp": '#include "base/live.hpp"\n#include "schemas/live.capnp.h"\n',
            "base/live.hpp": "",
            "base/dead.cpp": "",
            "base/dead.hpp": "",
            "tests/dead_test.cpp": "TEST_F(Suite, ThisCaseIsThere) {",
            "docs/limits.md": "`Suite.ThisCaseIsThere`\n`Suite.ThisCaseIsNot`",
            "schemas/live.capnp": 'using Base = import "base.capnp";',
            "schemas/base.capnp": "",
            "schemas/dead.capnp": "",
            "tools/sound_test.py": "",
            "tools/forgotten_test.py": "",
            "tests/e2e/pyfluss/test_a.py": "",
            "tests/e2e/other/test_b.py": "",
        }
        with tempfile.TemporaryDirectory() as folder:
            root = Path(written(folder, files)).resolve()
            build = root / "build"
            build.mkdir()
            entry = {"directory": str(root), "file": str(root / "base/live.cpp"), "command": ""}
            (build / "compile_commands.json").write_text(json.dumps([entry]), encoding="utf-8")
            found, _ = check_dead.check(root, build)
            self.assertEqual(sorted(finding.path for finding in found),
                             ["base/dead.cpp", "base/dead.hpp", "docs/limits.md", "schemas/dead.capnp", "tests/dead_test.cpp",
                              "tests/e2e/other/test_b.py", "tools/forgotten_test.py"])


if __name__ == "__main__":
    unittest.main()
