#include "state/disk/identity/data_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "base/crc32c.hpp"

namespace millrace {
namespace {

const std::string identity_file = "millrace.identity";
constexpr std::size_t identity_bytes_max = 4096;
constexpr std::size_t id_length_max = 200;

bool is_storable(std::string_view id) {
  return !id.empty() && id.size() <= id_length_max &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// Takes the line "key=value" off the front of `rest`; nothing if that is not what comes next.
std::optional<std::string_view> take_line(std::string_view& rest, std::string_view key) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return {};
  std::string_view line = rest.substr(0, end);
  if (!line.starts_with(key) || line.substr(key.size(), 1) != "=") return {};
  rest.remove_prefix(end + 1);
  return line.substr(key.size() + 1);
}

template <class Number>
std::optional<Number> number_in(std::optional<std::string_view> text) {
  Number value = 0;
  if (!text) return {};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (text->empty() || error != std::errc() || end != text->data() + text->size()) return {};
  return value;
}

std::string body_of(const DataDirectoryIdentity& identity) {
  return fmt::format("format={}\ncluster_id={}\nnode_id={}\ndisk_id={}\nboot_id={}\n",
                     identity.format, identity.cluster_id, identity.node.value(), identity.disk_id,
                     identity.boot_id);
}

tl::unexpected<Error> damaged(std::string_view why) {
  return fail(Errc::corrupt, fmt::format("{} is damaged: {}", identity_file, why));
}

Status check_owner(const DataDirectoryOwner& owner) {
  for (const std::string* id : {&owner.cluster_id, &owner.boot_id, &owner.new_disk_id}) {
    if (!is_storable(*id)) return fail(Errc::malformed, "id cannot be stored: '" + *id + "'");
  }
  return {};
}

/// Whether a directory without identity may be taken: nothing in it but what a file system puts
/// there or an interrupted first start left.
Status check_unused(Disk& disk) {
  auto names = disk.list("");
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (name == "lost+found" || name == identity_file + ".new") continue;
    return fail(
        Errc::malformed,
        fmt::format("not a Millrace data directory: it holds '{}' but no {}", name, identity_file));
  }
  return {};
}

Status store(Disk& disk, const DataDirectoryIdentity& identity) {
  return replace_file(disk, identity_file, bytes_of(encode(identity)));
}

Result<DataDirectory> make_new(Disk& disk, const DataDirectoryOwner& owner) {
  if (auto unused = check_unused(disk); !unused) return tl::unexpected(unused.error());
  DataDirectory made{.identity = {.format = DataDirectory::format,
                                  .cluster_id = owner.cluster_id,
                                  .node = owner.node,
                                  .disk_id = owner.new_disk_id,
                                  .boot_id = owner.boot_id},
                     .is_new = true};
  if (auto stored = store(disk, made.identity); !stored) return tl::unexpected(stored.error());
  return made;
}

}  // namespace

std::string encode(const DataDirectoryIdentity& identity) {
  const std::string body = body_of(identity);
  return fmt::format("{}crc32c={:08x}\n", body, crc32c_of(bytes_of(body)));
}

Result<DataDirectoryIdentity> parse_identity(std::string_view text) {
  std::string_view rest = text;
  DataDirectoryIdentity identity;
  const auto format = number_in<std::uint32_t>(take_line(rest, "format"));
  if (!format || *format == 0) return damaged("no format");
  // Before all else: a newer format may have other lines.
  if (*format > DataDirectory::format) {
    return fail(Errc::malformed,
                fmt::format("data directory has format {}, this build reads up to {}", *format,
                            DataDirectory::format));
  }
  identity.format = *format;
  const auto cluster = take_line(rest, "cluster_id");
  const auto node = number_in<std::int32_t>(take_line(rest, "node_id"));
  const auto disk = take_line(rest, "disk_id");
  const auto boot = take_line(rest, "boot_id");
  if (!cluster || !node || !disk || !boot) return damaged("a line is missing");
  identity.cluster_id = *cluster;
  identity.node = NodeId(*node);
  identity.disk_id = *disk;
  identity.boot_id = *boot;
  // The checksum is right if and only if this is what we would have written.
  if (encode(identity) != text) return damaged("checksum differs");
  return identity;
}

Result<DataDirectory> open_data_directory(Disk& disk, const DataDirectoryOwner& owner) {
  if (auto checked = check_owner(owner); !checked) return tl::unexpected(checked.error());
  if (auto made = disk.make_folders(""); !made) return tl::unexpected(made.error());
  if (!disk.exists(identity_file)) return make_new(disk, owner);
  auto text = read_file(disk, identity_file, identity_bytes_max);
  if (!text && text.error().code == Errc::overloaded) return damaged("it is too long");
  if (!text) return tl::unexpected(text.error());
  auto identity = parse_identity(text->text());
  if (!identity) return tl::unexpected(identity.error());
  if (identity->cluster_id != owner.cluster_id) {
    return fail(Errc::malformed, fmt::format("data directory belongs to cluster {}, not to {}",
                                             identity->cluster_id, owner.cluster_id));
  }
  if (identity->node != owner.node) {
    return fail(Errc::malformed, fmt::format("data directory belongs to node {}, not to node {}",
                                             identity->node.value(), owner.node.value()));
  }
  DataDirectory found{.identity = *identity, .same_boot = identity->boot_id == owner.boot_id};
  if (found.same_boot) return found;
  found.identity.boot_id = owner.boot_id;
  if (auto stored = store(disk, found.identity); !stored) return tl::unexpected(stored.error());
  return found;
}

}  // namespace millrace
