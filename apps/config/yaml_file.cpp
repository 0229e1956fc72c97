#include "apps/config/yaml_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <set>

namespace millrace {
namespace {

constexpr std::size_t file_size_max = std::size_t{1024} * 1024;
constexpr int depth_max = 16;
// Counts visits, not lines: an alias that repeats a map would otherwise grow without bound.
constexpr int visit_count_max = 4096;

class Flattener {
 public:
  explicit Flattener(std::string_view path) : path_(path) {}

  Status add(const std::string& name, const YAML::Node& value, int line, int depth) {
    if (++visits_ > visit_count_max || depth > depth_max) {
      return refuse(line, "more values or levels than a configuration may have");
    }
    if (value.IsMap()) return add_map(name, value, depth);
    if (value.IsSequence()) return add_list(name, value, line);
    if (!value.IsScalar()) return refuse(line, fmt::format("key has no value: {}", name));
    return put(name, value.Scalar(), line);
  }

  Status add_map(const std::string& prefix, const YAML::Node& map, int depth) {
    for (const auto& entry : map) {
      const int line = entry.first.Mark().line + 1;
      if (!entry.first.IsScalar() || entry.first.Scalar().empty()) {
        return refuse(line, "a key must be a word");
      }
      const std::string name =
          prefix.empty() ? entry.first.Scalar() : prefix + "." + entry.first.Scalar();
      if (auto added = add(name, entry.second, line, depth + 1); !added) return added;
    }
    return {};
  }

  std::vector<Setting> take() { return std::move(settings_); }

 private:
  Status add_list(const std::string& name, const YAML::Node& list, int line) {
    std::string joined;
    for (const auto& part : list) {
      if (++visits_ > visit_count_max) return refuse(line, "list is too long");
      if (!part.IsScalar()) return refuse(line, fmt::format("list may hold words only: {}", name));
      if (!joined.empty()) joined += ',';
      joined += part.Scalar();
    }
    return put(name, std::move(joined), line);
  }

  Status put(const std::string& name, std::string value, int line) {
    if (!names_.insert(name).second) {
      return refuse(line, fmt::format("key comes twice: {}", name));
    }
    settings_.push_back(
        {name, std::move(value), {SourceKind::file, fmt::format("{}:{}", path_, line)}});
    return {};
  }

  Status refuse(int line, std::string_view why) const {
    return fail(Errc::malformed, fmt::format("{}:{}: {}", path_, line, why));
  }

  std::string_view path_;
  int visits_ = 0;
  std::set<std::string> names_;
  std::vector<Setting> settings_;
};

}  // namespace

Result<std::vector<Setting>> parse_server_yaml(const std::string& text, std::string_view path) {
  if (text.size() > file_size_max) {
    return fail(Errc::malformed, fmt::format("{}: file is larger than 1 MiB", path));
  }
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsDefined() || root.IsNull()) return std::vector<Setting>{};
    if (!root.IsMap()) {
      return fail(Errc::malformed, fmt::format("{}:1: expected `key: value` lines", path));
    }
    Flattener flattener(path);
    if (auto added = flattener.add_map("", root, 0); !added) {
      return tl::unexpected(added.error());
    }
    return flattener.take();
  } catch (const YAML::Exception& error) {
    return fail(Errc::malformed, fmt::format("{}:{}: not YAML: {}", path, error.mark.line + 1,
                                             error.msg.substr(0, 200)));
  } catch (const std::exception& error) {
    return fail(Errc::malformed, fmt::format("{}: not YAML: {}", path, error.what()));
  }
}

Result<std::vector<Setting>> read_server_yaml(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return fail(Errc::unavailable, fmt::format("file cannot be read: {}", path.string()));
  }
  std::string text(file_size_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_server_yaml(text, path.string());
}

}  // namespace millrace
