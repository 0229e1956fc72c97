#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "apps/agent/run_files.hpp"
#include "base/check.hpp"
#include "state/disk/identity/data_directory.hpp"
#include "state/disk/identity/start_note.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// The small files that processes leave for each other: run records, the start counter, and the
// identity and the starts of a data directory.

namespace millrace::fuzz {
namespace {

namespace fs = std::filesystem;

/// A folder of this process, removed when it ends.
const fs::path& host() {
  static const struct Folder {
    Folder() : path(fs::temp_directory_path() / ("millrace-fuzz-" + std::to_string(::getpid()))) {
      CHECK(make_directories(path).has_value());
      fs::create_directories(path / "run");
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
  } folder;
  return folder.path;
}

Buffer written(const char* name) {
  std::ifstream file(host() / "run" / name, std::ios::binary);
  return Buffer::from(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  static constexpr const char* names[] = {"node.json", "agent.json", "launcher.json",
                                          "incarnation"};
  const std::size_t kind = reader.below(6);
  const Buffer text = reader.rest();
  if (kind == 4) {
    const auto identity = parse_identity(text.text());
    if (identity) CHECK(parse_identity(encode(*identity)) == identity);
    return;
  }
  if (kind == 5) {
    const auto starts = parse_starts(text.text());
    if (starts) CHECK(encode(*starts) == text.text());
    return;
  }
  std::ofstream(host() / "run" / names[kind], std::ios::binary) << text.text();
  if (kind == 0) {
    if (const auto record = read_node_record(host()))
      CHECK(write_record(host(), *record).has_value());
  } else if (kind == 1) {
    (void)read_agent_record(host());
  } else if (kind == 2) {
    (void)read_launcher_record(host());
  } else {
    (void)take_next_incarnation(host());
  }
}

std::vector<Buffer> seeds() {
  const ProcessRecord process{4711, 99, "boot", "mark"};
  CHECK(write_record(host(), NodeRecord{process,
                                        {NodeId{1}, "host-1", Incarnation{7},
                                         "FLUSS://127.0.0.1:41001", "127.0.0.1:41002", "", true},
                                        NodeState::ready,
                                        2,
                                        1000})
            .has_value());
  CHECK(write_record(host(), AgentRecord{process, NodeId{1}, "host-1", 1000}).has_value());
  CHECK(write_record(host(), LauncherRecord{process, 3, 1000}).has_value());
  const auto seed = [](std::size_t kind, std::string_view text) {
    return InputWriter().byte(kind).rest(text).done();
  };
  StartHistory starts;
  for (const std::uint64_t start : {1, 2, 9}) starts.add(StartId{start});
  return {seed(0, written("node.json").text()),
          seed(1, written("agent.json").text()),
          seed(2, written("launcher.json").text()),
          seed(3, "41\n"),
          seed(4, encode(DataDirectoryIdentity{1, "c-1", NodeId{2}, "disk", "boot"})),
          seed(5, encode(starts))};
}

}  // namespace millrace::fuzz
