#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "state/meta/catalog/catalog.hpp"

namespace millrace {

struct NodeEndpoint {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const NodeEndpoint&, const NodeEndpoint&) = default;
};

/// Where one of a node's named listeners can be reached.
struct ClientListener {
  std::string name;
  NodeEndpoint at;
  friend bool operator==(const ClientListener&, const ClientListener&) = default;
};

/// A node of the cluster as the coordinator announces it.
struct MemberInfo {
  NodeId node;
  Incarnation incarnation;
  NodeEndpoint client;   ///< Where clients connect: its first listener.
  NodeEndpoint console;  ///< HTTP; port 0 if it has none.
  std::string rack;
  bool alive = false;
  std::vector<ClientListener> listeners = {};  ///< All of them; empty: only `client`, without name.
  /// It has applied what it was given to lead up to this revision.
  Revision acknowledged = {};
  friend bool operator==(const MemberInfo&, const MemberInfo&) = default;
};

/// What a node finds out about its disk when it hears what lies there.
enum class DiskVerdict : std::uint8_t {
  unchecked,  ///< Not heard yet, or it could not note that it has started.
  own,
  foreign,  ///< Another one, or an older copy: what is told to lie there is not served.
};

/// What it tells the coordinator of it.
struct DiskReport {
  DiskVerdict verdict = DiskVerdict::unchecked;
  StartId start;  ///< The present one, if the disk knows of it: later ones may be measured by it.
};

/// Where clients that came in on the listener `name` reach `member`; null: it has no such listener.
[[nodiscard]] const NodeEndpoint* endpoint_of(const MemberInfo& member, std::string_view name);

/// What one node knows of the cluster: an immutable value that its tablet publishes and its gateway
/// and console read.
struct ClusterView {
  Revision revision;
  Catalog catalog;
  std::map<NodeId, MemberInfo> members;
  NodeId coordinator;
  std::set<NodeId> candidates;  ///< Whose coordinators may hold office.
  bool serves = true;           ///< Whether this node's replicas run.
};

/// The slot in which a node's newest view stands. One writer, any readers, each reads a whole view.
class PublishedView {
 public:
  PublishedView() : view_(std::make_shared<const ClusterView>()) {}

  [[nodiscard]] std::shared_ptr<const ClusterView> get() const {
    const std::lock_guard lock(mutex_);
    return view_;
  }
  void set(ClusterView view) {
    auto next = std::make_shared<const ClusterView>(std::move(view));
    const std::lock_guard lock(mutex_);
    view_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ClusterView> view_;
};

}  // namespace millrace
