#include "state/meta/catalog/cluster_view.hpp"

#include <algorithm>

namespace millrace {

const NodeEndpoint* endpoint_of(const MemberInfo& member, std::string_view name) {
  if (member.listeners.empty()) return &member.client;
  const auto found =
      std::find_if(member.listeners.begin(), member.listeners.end(),
                   [&](const ClientListener& listener) { return listener.name == name; });
  return found == member.listeners.end() ? nullptr : &found->at;
}

}  // namespace millrace
