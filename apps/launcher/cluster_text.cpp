#include "apps/launcher/cluster_text.hpp"

#include <fmt/format.h>

#include "apps/config/listener.hpp"

namespace millrace {

std::string first_address(std::string_view listeners) {
  const auto parsed = parse_listeners(listeners);
  return parsed && !parsed->empty() ? address_text(parsed->front()) : std::string();
}

std::string bootstrap_text(const ClusterMap& map) {
  std::string text;
  for (const Member& member : map.members) {
    const std::string address = first_address(member.client_listeners);
    if (!member.alive || address.empty()) continue;
    if (!text.empty()) text += ',';
    text += address;
  }
  return text;
}

std::string console_text(const ClusterMap& map) {
  for (const Member& member : map.members) {
    const std::string address = first_address(member.http_listener);
    if (member.alive && !address.empty()) return fmt::format("http://{}/", address);
  }
  return {};
}

std::string status_line(const ClusterMap& map) {
  const std::string console = console_text(map);
  return fmt::format("hosts {}, bootstrap {}{}{}", map.members.size(), bootstrap_text(map),
                     console.empty() ? "" : ", console ", console);
}

std::string cluster_text(const std::filesystem::path& directory, const std::string& cluster_id,
                         const ClusterMap& map, OutputFormat format) {
  if (format == OutputFormat::table) {
    return fmt::format("cluster    {} hosts in {}\nbootstrap  {}\nconsole    {}\n",
                       map.members.size(), directory.string(), bootstrap_text(map),
                       console_text(map));
  }
  Document hosts = Document::list();
  for (const Member& member : map.members) {
    hosts.add(Document::object()
                  .set("host", member.host)
                  .set("node_id", std::int64_t{member.node.value()})
                  .set("incarnation", member.incarnation.value())
                  .set("client_listeners", member.client_listeners)
                  .set("link_listener", member.link_listener)
                  .set("http_listener", member.http_listener));
  }
  const Document document = Document::object()
                                .set("directory", directory.string())
                                .set("cluster_id", cluster_id)
                                .set("bootstrap", bootstrap_text(map))
                                .set("console", console_text(map))
                                .set("hosts", std::move(hosts));
  return rendered(document, format);
}

}  // namespace millrace
