#include "apps/assembly/node_assembly.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "actors/console/console_actor.hpp"
#include "actors/coordinator/coordinator_actor.hpp"
#include "actors/tablet/tablet_actor.hpp"
#include "base/check.hpp"
#include "base/log_event.hpp"
#include "protocol/alteration.hpp"
#include "protocol/table_options.hpp"
#include "runtime/actor_names.hpp"
#include "runtime/link/links_actor.hpp"
#include "runtime/transport_inbox.hpp"
#include "schemas/link.capnp.h"

namespace millrace {
namespace {

constexpr auto links_name = "links";
constexpr auto metadata_name = "metadata";
constexpr auto console_name = "console";

using Member = GroupActor::Member;

Member group(std::string name, GroupActor::Plan plan, NodeContext& context) {
  return {{std::move(name)},
          [&context, plan = std::move(plan)](const std::string& own, const std::string& parent) {
            return context.spawn<GroupActor>(own, parent, Placement::detached, plan);
          }};
}

}  // namespace

NodeAssembly::NodeAssembly(NodeContext& context, NodePorts ports, NodeSettings settings)
    : context_(context),
      ports_(std::move(ports)),
      settings_(std::move(settings)),
      budgets_{settings_.in_flight_bytes_max, settings_.in_flight_bytes_max, ports_.devices.size(),
               [this](BucketId bucket) { return device_of(bucket); }},
      requests_account_(context_.budgets(), {"requests", "bytes", budgets_.requests->bytes_max()},
                        [this] { return budgets_.requests->held(); }),
      answers_account_(context_.budgets(), {"answers", "bytes", budgets_.answers.bytes_max()},
                       [this] { return budgets_.answers.held(); }) {
  CHECK(!ports_.devices.empty());
  for (std::size_t i = 0; i < budgets_.appends.count(); ++i) {
    const ByteBudget& share = budgets_.appends.at(i);
    appends_accounts_.emplace_back(context_.budgets(),
                                   Budget{"appends_of_device", "bytes", share.bytes_max()},
                                   [&share] { return share.held(); });
  }
}

Result<std::unique_ptr<NodeAssembly>> NodeAssembly::start(
    NodeContext& context, NodePorts ports, NodeSettings settings,
    std::function<void(const std::string&)> unwell, std::function<void()> serving) {
  std::unique_ptr<NodeAssembly> node(
      new NodeAssembly(context, std::move(ports), std::move(settings)));
  if (auto listening = node->listen(); !listening) {
    return tl::unexpected<Error>(listening.error());
  }
  node->spawn(std::move(unwell), std::move(serving));
  return node;
}

Status NodeAssembly::listen() {
  if (auto clients = listen_to_clients(); !clients) return clients;
  auto link =
      ports_.transport.listen(settings_.link, accept_to(context_, ports_.transport, links_name));
  if (!link) return wrap(link.error(), "link listener");
  endpoints_.link = *link;
  if (!settings_.console) return {};
  auto console = ports_.transport.listen(*settings_.console,
                                         accept_to(context_, ports_.transport, console_name));
  if (!console) return wrap(console.error(), "console listener");
  endpoints_.console = *console;
  return {};
}

Status NodeAssembly::listen_to_clients() {
  std::vector<NodeSettings::FurtherListener> all{{settings_.client, settings_.advertised}};
  all.insert(all.end(), settings_.further_clients.begin(), settings_.further_clients.end());
  const auto& named = settings_.gateway_options.security->listeners;
  CHECK(named.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto bound = ports_.transport.listen(
        all[i].at,
        accept_to(context_, ports_.transport, gateway_name, static_cast<std::uint32_t>(i)));
    if (!bound) return wrap(bound.error(), "client listener " + named[i].name);
    Endpoint told = all[i].advertised.value_or(*bound);
    if (told.port == 0) told.port = bound->port;
    endpoints_.listeners.push_back({named[i].name, {told.host, told.port}});
    if (i == 0) endpoints_.client = told;
  }
  return {};
}

void NodeAssembly::spawn(std::function<void(const std::string&)> unwell,
                         std::function<void()> serving) {
  GroupActor::Plan plan;
  plan.intensity = {3, 10s};
  plan.escalated = std::move(unwell);
  plan.started = std::move(serving);
  plan.members.push_back(links());
  if (ports_.open_metadata) plan.members.push_back(control());
  plan.members.push_back(storage());
  plan.members.push_back(gateway());
  if (settings_.console) plan.members.push_back(console());
  (void)context_.spawn<GroupActor>(root_name, "", Placement::detached, std::move(plan));
}

Member NodeAssembly::links() {
  return {{links_name}, [this](const std::string& name, const std::string& parent) {
            LinkOptions options = settings_.link_options;
            options.watchers = {tablet_name};
            if (ports_.open_metadata) options.watchers.emplace_back(coordinator_name);
            auto links = context_.spawn<LinksActor>(name, parent, Placement::detached,
                                                    ports_.transport, std::move(options));
            send_members();
            return links;
          }};
}

Member NodeAssembly::control() {
  GroupActor::Plan plan;
  plan.strategy = RestartStrategy::rest_for_one;
  plan.members.push_back(
      {{metadata_name}, [this](const std::string& name, const std::string& parent) {
         return context_.spawn<metadata::MetadataActor>(name, parent, Placement::detached,
                                                        ports_.open_metadata);
       }});
  plan.members.push_back(
      {{coordinator_name}, [this](const std::string& name, const std::string& parent) {
         coordinator::OfficeMachine::Options options = settings_.office_options;
         options.coordinator = settings_.coordinator_options;
         options.candidates = office_candidates();
         return context_.spawn<coordinator::CoordinatorActor>(
             name, parent, Placement::detached, std::move(options), metadata_name, view_);
       }});
  return group("control", std::move(plan), context_);
}

std::set<NodeId> NodeAssembly::office_candidates() const {
  if (!settings_.office_candidates.empty()) return settings_.office_candidates;
  return {settings_.coordinator};
}

Member NodeAssembly::storage() {
  GroupActor::Plan plan;
  // A device that starts again has lost what was open: everything that used it starts after it.
  plan.strategy = RestartStrategy::rest_for_one;
  for (std::size_t i = 0; i < ports_.devices.size(); ++i) {
    device::DeviceOptions options = settings_.device_options;
    options.failed_syncs_before = ports_.devices[i]->failed_syncs();  // Once in a process.
    plan.members.push_back({{fmt::format("device/{}", i)},
                            [this, i, options](const std::string& name, const std::string& parent) {
                              return context_.spawn<device::DeviceActor>(
                                  name, parent, Placement::detached, *ports_.devices[i], options);
                            }});
  }
  plan.members.push_back(tablet());
  return group("storage", std::move(plan), context_);
}

Member NodeAssembly::tablet() {
  return {{tablet_name}, [this](const std::string& name, const std::string& parent) {
            tablet::TabletOptions options;
            options.self = {context_.node(),
                            context_.identity().incarnation,
                            {endpoints_.client.host, endpoints_.client.port},
                            {endpoints_.console.host, endpoints_.console.port},
                            settings_.rack,
                            true,
                            endpoints_.listeners};
            options.coordinator = settings_.coordinator;
            options.candidates = office_candidates();
            options.starts = settings_.starts;
            // Listed anew at each start: tables come and go while a tablet is away.
            if (auto found = ports_.devices.front()->list()) {
              options.on_disk = {found->begin(), found->end()};
            } else {
              log_event(EventLevel::error, "logs_not_listed",
                        {{"node", context_.node().value()}, {"error", found.error().message}});
            }
            options.device_of = [this](BucketId bucket) { return device_name(bucket); };
            options.spawn_replica = [this](BucketId bucket, const std::string& tablet) {
              return context_.spawn<replica::ReplicaActor>(
                  replica_name(bucket), tablet, Placement::scheduled, bucket, device_name(bucket),
                  replica_options(bucket));
            };
            return context_.spawn<tablet::TabletActor>(name, parent, Placement::detached,
                                                       std::move(options), view_);
          }};
}

Member NodeAssembly::gateway() {
  return {{gateway_name}, [this](const std::string& name, const std::string& parent) {
            return context_.spawn<gateway::GatewayActor>(name, parent, Placement::scheduled,
                                                         ports_.transport, view_, budgets_,
                                                         settings_.gateway_options);
          }};
}

Member NodeAssembly::console() {
  return {{console_name}, [this](const std::string& name, const std::string& parent) {
            ConsoleSettings settings;
            settings.version = settings_.version;
            settings.token = settings_.console_token;
            settings.batches_left_out = [this] { return budgets_.batches_left_out.load(); };
            settings.resident_bytes = settings_.resident_bytes;
            settings.required_actors = {links_name, tablet_name, gateway_name};
            if (ports_.open_metadata) {
              settings.required_actors.emplace_back(coordinator_name);
            }
            // Its port is bound already: a console that starts again keeps it.
            return context_.spawn<ConsoleActor>(
                name, parent, Placement::scheduled, ports_.transport, endpoints_.console, view_,
                [](const Endpoint&) {}, std::move(settings));
          }};
}

replica::ReplicaOptions NodeAssembly::replica_options(BucketId bucket) const {
  replica::ReplicaOptions options = settings_.replica_options;
  options.time_to_live = [this, bucket]() -> std::optional<Duration> {
    const auto table = view_.get()->catalog.find_table(bucket.table);
    return table ? protocol::log_ttl_of(table->descriptor) : std::nullopt;
  };
  options.assigned = [this, bucket]() -> std::optional<replica::Assigned> {
    const auto view = view_.get();
    const BucketInfo* info = view->catalog.find_bucket(bucket);
    if (info == nullptr) return std::nullopt;
    return replica::Assigned{info->leader,
                             info->epoch,
                             info->version,
                             info->replicas,
                             {info->in_sync.begin(), info->in_sync.end()}};
  };
  options.coordinator = [this] { return ActorAddress{view_.get()->coordinator, coordinator_name}; };
  options.durability = [this, bucket] {
    const auto table = view_.get()->catalog.find_table(bucket.table);
    const auto own = table ? protocol::durability_of(table->descriptor) : std::nullopt;
    return own ? *own : settings_.replica_options.durability();
  };
  options.roll_active_segment = [this] {
    const auto view = view_.get();
    const auto& overrides = view->catalog.cluster_configs();
    const auto found = overrides.find(protocol::roll_active_segment_key);
    if (found == overrides.end()) return settings_.replica_options.roll_active_segment();
    return protocol::parse_bool(found->second).value_or(false);
  };
  return options;
}

std::string NodeAssembly::device_name(BucketId bucket) const {
  return fmt::format("device/{}", device_of(bucket));
}

std::size_t NodeAssembly::device_of(BucketId bucket) const {
  const auto spread =
      static_cast<std::uint64_t>(bucket.table.value()) +
      static_cast<std::uint64_t>(bucket.bucket.value()) +
      static_cast<std::uint64_t>(bucket.partition == no_partition ? 0 : bucket.partition.value());
  return spread % ports_.devices.size();
}

void NodeAssembly::set_members(const std::vector<LinkMember>& members) {
  {
    const std::lock_guard lock(members_mutex_);
    members_ = seal<schemas::LinkOrder>([&](schemas::LinkOrder::Builder order) {
      auto list = order.initMembers(static_cast<unsigned>(members.size()));
      for (unsigned i = 0; i < list.size(); ++i) {
        list[i].setNodeId(members[i].node.value());
        list[i].setLinkHost(members[i].link.host);
        list[i].setLinkPort(members[i].link.port);
        list[i].setIncarnation(members[i].incarnation.value());
      }
    });
  }
  send_members();
}

void NodeAssembly::send_members() {
  const std::lock_guard lock(members_mutex_);
  if (members_.words) context_.post(links_name, root_name, members_);
}

}  // namespace millrace
