#include "state/disk/port/path.hpp"

namespace millrace {

Status check_path(std::string_view path) {
  if (path.empty()) return {};
  if (path.find('\0') != std::string_view::npos) return fail(Errc::malformed, "path holds a NUL");
  std::string_view rest = path;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return fail(Errc::malformed, "path leaves its data directory: " + std::string(path));
    }
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

}  // namespace millrace
