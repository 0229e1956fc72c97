#include "apps/agent/run_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <map>

#include "apps/config/document.hpp"
#include "apps/config/value_text.hpp"
#include "apps/config/yaml_file.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view node_file = "run/node.json";
constexpr std::string_view agent_file = "run/agent.json";
constexpr std::string_view launcher_file = "run/launcher.json";
constexpr std::string_view incarnation_file = "run/incarnation";

tl::unexpected<Error> file_failed(std::string_view doing, const fs::path& path) {
  return fail(Errc::unavailable,
              fmt::format("{}: {}: {}", doing, std::strerror(errno), path.string()));
}

Document process_document(const ProcessRecord& process) {
  return Document::object()
      .set("pid", process.process_id)
      .set("start_ticks", process.start_ticks)
      .set("boot_id", process.boot_id)
      .set("mark", process.mark);
}

/// The members of a record file by dotted name. Names what it misses.
class RecordReader {
 public:
  static Result<RecordReader> open(const fs::path& path) {
    // JSON is YAML, and the reader of settings is already careful with what it is given.
    auto settings = read_server_yaml(path);
    if (!settings) {
      const bool missing = settings.error().code == Errc::unavailable;
      return fail(missing ? Errc::unavailable : Errc::corrupt, settings.error().message);
    }
    RecordReader reader;
    for (Setting& setting : *settings) reader.values_[setting.name] = std::move(setting.value);
    return reader;
  }

  std::string text(const std::string& name) {
    const auto found = values_.find(name);
    if (found != values_.end()) return found->second;
    missing_ = name;
    return {};
  }

  std::int64_t number(const std::string& name, std::int64_t least, std::int64_t most) {
    const auto value = parse_integer(text(name));
    if (value && *value >= least && *value <= most) return *value;
    missing_ = name;
    return least;
  }

  ProcessRecord process() {
    ProcessRecord record;
    record.process_id = static_cast<int>(number("process.pid", 1, id_max));
    record.start_ticks = static_cast<std::uint64_t>(number("process.start_ticks", 0, number_max));
    record.boot_id = text("process.boot_id");
    record.mark = text("process.mark");
    return record;
  }

  NodeId node() { return NodeId(static_cast<std::int32_t>(number("node_id", 0, id_max))); }

  // The record, unless something of it was missing.
  template <class Record>
  Result<Record> done(Record record) const {
    if (missing_.empty()) return record;
    return fail(Errc::corrupt, fmt::format("record without a usable member: {}", missing_));
  }

  static constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t id_max = std::numeric_limits<std::int32_t>::max();

 private:
  std::map<std::string, std::string> values_;
  std::string missing_;
};

NodeState state_named(std::string_view name) {
  for (const NodeState state : {NodeState::starting, NodeState::ready, NodeState::drained}) {
    if (name_of(state) == name) return state;
  }
  return NodeState::exited;
}

Status write_whole(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return fail(Errc::unavailable, std::strerror(errno));
    }
  }
  return {};
}

}  // namespace

std::string_view name_of(NodeState state) {
  switch (state) {
    case NodeState::starting:
      return "starting";
    case NodeState::ready:
      return "ready";
    case NodeState::exited:
      return "exited";
    case NodeState::drained:
      return "drained";
  }
  return "exited";
}

Status write_atomically(const fs::path& path, std::string_view text) {
  const fs::path fresh = path.string() + ".new";
  FileDescriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.is_open()) return file_failed("create", fresh);
  if (auto written = write_whole(file.get(), text); !written) {
    return wrap(written.error(), "write " + fresh.string());
  }
  if (::fsync(file.get()) != 0) return file_failed("sync", fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return file_failed("rename", fresh);
  // The rename itself must survive a crash too.
  const FileDescriptor folder(::open(path.parent_path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return file_failed("sync", path);
  return {};
}

Status write_record(const fs::path& host, const NodeRecord& record) {
  const Member& member = record.member;
  const Document document = Document::object()
                                .set("process", process_document(record.process))
                                .set("node_id", std::int64_t{member.node.value()})
                                .set("host", member.host)
                                .set("incarnation", member.incarnation.value())
                                .set("state", name_of(record.state))
                                .set("restarts", record.restart_count)
                                .set("started_at_ms", record.started_at)
                                .set("client_listeners", member.client_listeners)
                                .set("link_listener", member.link_listener)
                                .set("http_listener", member.http_listener);
  return write_atomically(host / node_file, document.json());
}

Status write_record(const fs::path& host, const AgentRecord& record) {
  const Document document = Document::object()
                                .set("process", process_document(record.process))
                                .set("node_id", std::int64_t{record.node.value()})
                                .set("host", record.host)
                                .set("started_at_ms", record.started_at);
  return write_atomically(host / agent_file, document.json());
}

Status write_record(const fs::path& cluster, const LauncherRecord& record) {
  const Document document = Document::object()
                                .set("process", process_document(record.process))
                                .set("hosts", record.host_count)
                                .set("started_at_ms", record.started_at);
  return write_atomically(cluster / launcher_file, document.json());
}

Result<NodeRecord> read_node_record(const fs::path& host) {
  auto reader = RecordReader::open(host / node_file);
  if (!reader) return tl::unexpected(reader.error());
  NodeRecord record;
  record.process = reader->process();
  record.member.node = reader->node();
  record.member.host = reader->text("host");
  record.member.incarnation = Incarnation(
      static_cast<std::uint64_t>(reader->number("incarnation", 1, RecordReader::number_max)));
  record.member.client_listeners = reader->text("client_listeners");
  record.member.link_listener = reader->text("link_listener");
  record.member.http_listener = reader->text("http_listener");
  record.state = state_named(reader->text("state"));
  record.restart_count = reader->number("restarts", 0, RecordReader::number_max);
  record.started_at = reader->number("started_at_ms", 0, RecordReader::number_max);
  return reader->done(std::move(record));
}

Result<AgentRecord> read_agent_record(const fs::path& host) {
  auto reader = RecordReader::open(host / agent_file);
  if (!reader) return tl::unexpected(reader.error());
  AgentRecord record;
  record.process = reader->process();
  record.node = reader->node();
  record.host = reader->text("host");
  record.started_at = reader->number("started_at_ms", 0, RecordReader::number_max);
  return reader->done(std::move(record));
}

Result<LauncherRecord> read_launcher_record(const fs::path& cluster) {
  auto reader = RecordReader::open(cluster / launcher_file);
  if (!reader) return tl::unexpected(reader.error());
  LauncherRecord record;
  record.process = reader->process();
  record.host_count = reader->number("hosts", 1, RecordReader::id_max);
  record.started_at = reader->number("started_at_ms", 0, RecordReader::number_max);
  return reader->done(std::move(record));
}

void remove_agent_record(const fs::path& host) {
  std::error_code missing_is_fine;
  fs::remove(host / agent_file, missing_is_fine);
}

void remove_launcher_record(const fs::path& cluster) {
  std::error_code missing_is_fine;
  fs::remove(cluster / launcher_file, missing_is_fine);
}

Result<Incarnation> take_next_incarnation(const fs::path& host) {
  const fs::path path = host / incarnation_file;
  std::uint64_t last = 0;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.is_open()) {
    char text[32];
    const ssize_t size = ::read(file.get(), text, sizeof(text));
    const auto [end, error] = std::from_chars(text, text + std::max<ssize_t>(size, 0), last);
    if (error != std::errc{} || last == 0 || last == std::numeric_limits<std::uint64_t>::max()) {
      return fail(Errc::corrupt, fmt::format("counter cannot be read: {}", path.string()));
    }
  } else if (errno != ENOENT) {
    return file_failed("open", path);
  }
  const Incarnation next(last + 1);
  if (auto written = write_atomically(path, to_string(next) + "\n"); !written) {
    return tl::unexpected(written.error());
  }
  return next;
}

Status make_directories(const fs::path& directory) {
  for (const char* name : {"run", "log"}) {
    std::error_code error;
    fs::create_directories(directory / name, error);
    if (error) {
      return fail(Errc::unavailable,
                  fmt::format("create directory: {}: {}", error.message(), directory.string()));
    }
  }
  return {};
}

Result<FileDescriptor> lock_directory(const fs::path& directory, std::string_view name) {
  const fs::path path = directory / "run" / name;
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file.is_open()) return file_failed("create", path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Errc::unavailable,
                fmt::format("directory is held by another process: {}", directory.string()));
  }
  return file;
}

fs::path host_directory(const fs::path& cluster, int index) { return cluster / host_name(index); }

std::string host_name(int index) { return fmt::format("host-{}", index); }

}  // namespace millrace
