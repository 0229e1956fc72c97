#include "apps/agent/agent_codec.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "schemas/agent.capnp.h"

namespace millrace {
namespace {

constexpr std::uint64_t span_millis_max = 24ULL * 3600 * 1000;

void write_member(schemas::Member::Builder out, const Member& member) {
  out.setNodeId(member.node.value());
  out.setHost(member.host.c_str());
  out.setIncarnation(member.incarnation.value());
  out.setClientListeners(member.client_listeners.c_str());
  out.setLinkListener(member.link_listener.c_str());
  out.setHttpListener(member.http_listener.c_str());
  out.setAlive(member.alive);
}

void write(schemas::AgentMessage::Builder out, const NodeSpawned& started) {
  auto body = out.initNodeStarted();
  body.setNodeId(started.node.value());
  body.setIncarnation(started.incarnation.value());
  body.setProcessId(started.process_id);
}

void write(schemas::AgentMessage::Builder out, const NodeReady& ready) {
  write_member(out.initNodeReady(), ready.member);
}

void write(schemas::AgentMessage::Builder out, const NodeExited& exited) {
  auto body = out.initNodeExited();
  body.setNodeId(exited.node.value());
  body.setIncarnation(exited.incarnation.value());
  body.setExitCode(exited.exit_code);
  body.setSignal(exited.signal);
  body.setIsDrained(exited.is_drained);
  body.setRestartInMillis(static_cast<std::uint64_t>(exited.restart_in.count()));
}

void write(schemas::AgentMessage::Builder out, const ClusterMap& map) {
  auto body = out.initClusterMap();
  body.setRevision(map.revision.value());
  auto members = body.initMembers(static_cast<unsigned>(map.members.size()));
  for (unsigned i = 0; i < members.size(); ++i) write_member(members[i], map.members[i]);
}

void write(schemas::AgentMessage::Builder out, const Drain& drain) {
  out.initDrain().setTimeoutMillis(static_cast<std::uint64_t>(drain.timeout.count()));
}

void write(schemas::AgentMessage::Builder out, const StopNow&) { out.setStopNow(); }

Result<std::string> read_text(capnp::Text::Reader text) {
  if (text.size() > agent_text_size_max) return fail(Errc::malformed, "text is too long");
  const auto is_control = [](char letter) { return letter >= 0 && letter < ' '; };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return fail(Errc::malformed, "text holds control characters");
  }
  return std::string(text.begin(), text.size());
}

Result<NodeId> read_node(std::int32_t id) {
  if (id < 0) return fail(Errc::malformed, "node id is negative");
  return NodeId(id);
}

Result<Incarnation> read_incarnation(std::uint64_t incarnation) {
  if (incarnation == 0) return fail(Errc::malformed, "incarnation is unset");
  return Incarnation(incarnation);
}

Result<std::chrono::milliseconds> read_span(std::uint64_t millis) {
  if (millis > span_millis_max) return fail(Errc::malformed, "time span is too long");
  return std::chrono::milliseconds(millis);
}

Result<Member> read_member(schemas::Member::Reader in) {
  const auto node = read_node(in.getNodeId());
  const auto incarnation = read_incarnation(in.getIncarnation());
  auto host = read_text(in.getHost());
  auto client = read_text(in.getClientListeners());
  auto link = read_text(in.getLinkListener());
  auto http = read_text(in.getHttpListener());
  if (!node || !incarnation) return fail(Errc::malformed, "member without id or incarnation");
  if (!host || !client || !link || !http) return fail(Errc::malformed, "text is too long");
  return Member{*node,
                *std::move(host),
                *incarnation,
                *std::move(client),
                *std::move(link),
                *std::move(http),
                in.getAlive()};
}

Result<AgentMessage> read_started(schemas::NodeStarted::Reader in) {
  const auto node = read_node(in.getNodeId());
  const auto incarnation = read_incarnation(in.getIncarnation());
  if (!node) return tl::unexpected(node.error());
  if (!incarnation) return tl::unexpected(incarnation.error());
  if (in.getProcessId() <= 0) return fail(Errc::malformed, "process id is not positive");
  return NodeSpawned{*node, *incarnation, in.getProcessId()};
}

Result<AgentMessage> read_exited(schemas::NodeExited::Reader in) {
  const auto node = read_node(in.getNodeId());
  const auto incarnation = read_incarnation(in.getIncarnation());
  const auto restart_in = read_span(in.getRestartInMillis());
  if (!node) return tl::unexpected(node.error());
  if (!incarnation) return tl::unexpected(incarnation.error());
  if (!restart_in) return tl::unexpected(restart_in.error());
  return NodeExited{*node,          *incarnation,      in.getExitCode(),
                    in.getSignal(), in.getIsDrained(), *restart_in};
}

Result<AgentMessage> read_map(schemas::ClusterMap::Reader in) {
  if (in.getRevision() == 0) return fail(Errc::malformed, "revision is unset");
  const auto members = in.getMembers();
  if (members.size() > agent_member_count_max) return fail(Errc::malformed, "too many members");
  ClusterMap map{Revision(in.getRevision()), {}};
  for (const auto each : members) {
    auto member = read_member(each);
    if (!member) return tl::unexpected(member.error());
    if (!map.members.empty() && map.members.back().node >= member->node) {
      return fail(Errc::malformed, "members are not ordered by id");
    }
    map.members.push_back(*std::move(member));
  }
  return map;
}

Result<AgentMessage> read(schemas::AgentMessage::Reader in) {
  switch (in.which()) {
    case schemas::AgentMessage::NODE_STARTED:
      return read_started(in.getNodeStarted());
    case schemas::AgentMessage::NODE_READY:
      return read_member(in.getNodeReady()).map([](Member member) {
        return AgentMessage(NodeReady{std::move(member)});
      });
    case schemas::AgentMessage::NODE_EXITED:
      return read_exited(in.getNodeExited());
    case schemas::AgentMessage::CLUSTER_MAP:
      return read_map(in.getClusterMap());
    case schemas::AgentMessage::DRAIN:
      return read_span(in.getDrain().getTimeoutMillis()).map([](auto timeout) {
        return AgentMessage(Drain{timeout});
      });
    case schemas::AgentMessage::STOP_NOW:
      return StopNow{};
    case schemas::AgentMessage::UNSET:
    default:
      return fail(Errc::malformed, "message of an unknown kind");
  }
}

bool is_within_bounds(const Member& member) {
  for (const std::string* text :
       {&member.host, &member.client_listeners, &member.link_listener, &member.http_listener}) {
    if (text->size() > agent_text_size_max) return false;
  }
  return true;
}

bool is_within_bounds(const AgentMessage& message) {
  if (const auto* ready = std::get_if<NodeReady>(&message)) return is_within_bounds(ready->member);
  const auto* map = std::get_if<ClusterMap>(&message);
  if (map == nullptr) return true;
  for (const Member& member : map->members) {
    if (!is_within_bounds(member)) return false;
  }
  return map->members.size() <= agent_member_count_max;
}

}  // namespace

Result<std::vector<std::byte>> encode_agent_message(const AgentMessage& message) {
  if (!is_within_bounds(message)) {
    return fail(Errc::overloaded, "agent message has too many members or too long a text");
  }
  capnp::MallocMessageBuilder builder;
  auto root = builder.initRoot<schemas::AgentMessage>();
  std::visit([&](const auto& body) { write(root, body); }, message);
  const auto words = capnp::messageToFlatArray(builder);
  const auto bytes = words.asBytes();
  if (bytes.size() > agent_message_size_max) {
    return fail(Errc::overloaded, fmt::format("agent message is too large: {}", bytes.size()));
  }
  std::vector<std::byte> payload(bytes.size());
  std::memcpy(payload.data(), bytes.begin(), bytes.size());
  return payload;
}

Result<AgentMessage> decode_agent_message(Bytes payload) {
  if (payload.size() > agent_message_size_max || payload.size() % sizeof(capnp::word) != 0) {
    return fail(Errc::malformed, fmt::format("agent message of a bad size: {}", payload.size()));
  }
  const std::size_t word_count = payload.size() / sizeof(capnp::word);
  auto words = kj::heapArray<capnp::word>(word_count);
  if (word_count > 0) std::memcpy(words.asBytes().begin(), payload.data(), payload.size());
  capnp::ReaderOptions bounds;
  bounds.traversalLimitInWords = 2 * word_count + 64;
  bounds.nestingLimit = 8;
  try {
    capnp::FlatArrayMessageReader reader(words, bounds);
    return read(reader.getRoot<schemas::AgentMessage>());
  } catch (const kj::Exception&) {
    return fail(Errc::malformed, "agent message cannot be read");
  } catch (const std::exception&) {
    return fail(Errc::malformed, "agent message cannot be read");
  }
}

}  // namespace millrace
