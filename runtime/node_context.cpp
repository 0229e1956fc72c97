#include "runtime/node_context.hpp"

#include <mutex>
#include <utility>

#include "runtime/caf_types.hpp"

namespace millrace {

NodeContext::NodeContext(Environment& environment, Identity identity, Random random)
    : environment_(environment), identity_(std::move(identity)), random_(random) {}

bool NodeContext::send(const ActorAddress& to, Envelope envelope) {
  if (crashed()) return false;
  envelope.sent_at = now();
  envelope.to = to;
  const bool here = to.node == node();
  const std::string& receiver = here ? to.actor : link_name(to.node);
  caf::actor handle;
  std::shared_ptr<ActorStats> stats;
  {
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(receiver);
    if (found != entries_.end()) {
      handle = found->second.handle;
      stats = found->second.stats;
    }
  }
  if (!handle) {
    undeliverable_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  stats->on_enqueue();
  caf::anon_send(handle, std::move(envelope));
  return true;
}

bool NodeContext::post(const std::string& to, const std::string& from, Envelope envelope) {
  envelope.from = address_of(from);
  envelope.incarnation = identity_.incarnation;
  return send(address_of(to), std::move(envelope));
}

void NodeContext::fire_timer(const std::string& name, std::uint64_t id) {
  caf::actor handle;
  {
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(name);
    if (found != entries_.end()) handle = found->second.handle;
  }
  if (handle) environment_.start_timer(handle, Duration::zero(), id);
}

void NodeContext::stop(const std::string& name) {
  send_exit(name, caf::exit_reason::user_shutdown);
}

void NodeContext::kill(const std::string& name) {
  send_exit(name, caf::exit_reason::unhandled_exception);
}

void NodeContext::send_exit(const std::string& name, caf::exit_reason reason) {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  if (found->second.handle) caf::anon_send_exit(found->second.handle, reason);
}

void NodeContext::crash() {
  crashed_.store(true, std::memory_order_relaxed);
  const std::shared_lock lock(mutex_);
  for (const auto& [name, entry] : entries_) {
    if (entry.handle) caf::anon_send_exit(entry.handle, caf::exit_reason::kill);
  }
}

std::vector<ActorView> NodeContext::actors() const {
  const std::shared_lock lock(mutex_);
  std::vector<ActorView> views;
  views.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) {
    views.push_back({name, entry.parent, entry.stats->view()});
  }
  return views;
}

std::vector<FlightRecord> NodeContext::flight_of(const std::string& name) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  return found->second.stats->flight();
}

void NodeContext::leave(const std::string& name, caf::actor_id id) {
  const std::unique_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.handle) return;
  if (found->second.handle.id() == id) found->second.handle = nullptr;
}

void NodeContext::forget(const std::string& name) {
  const std::unique_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  if (!found->second.handle) entries_.erase(found);
}

std::shared_ptr<ActorStats> NodeContext::stats_of(const std::string& name,
                                                  const std::string& parent) {
  const std::unique_lock lock(mutex_);
  Entry& entry = entries_[name];
  entry.parent = parent;
  if (!entry.stats) entry.stats = std::make_shared<ActorStats>();
  return entry.stats;
}

}  // namespace millrace
