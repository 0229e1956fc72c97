#pragma once
#include <map>
#include <set>

#include "runtime/link/link_actor.hpp"
#include "runtime/supervision/supervising_actor.hpp"

namespace millrace {

/// Supervises one LinkActor per peer and receives the peers' connections: it waits for each one's
/// hello, checks it, and hands the connection to the link it belongs to.
class LinksActor final : public SupervisingActor {
 public:
  /// Connections whose hello has not come yet, at most; further ones are closed.
  static constexpr std::size_t greeting_max = 64;
  /// A hello that announces more is refused.
  static constexpr std::size_t hello_bytes_max = 4096;

  LinksActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
             LinkOptions options);

 protected:
  void on_envelope(const Envelope& envelope) override;
  void on_own_timer(std::uint64_t id) override;
  void on_stop() override;
  void on_failure(const caf::error& reason) override;

 private:
  void take_members(const Envelope& envelope);
  void take_bytes(ConnectionId connection, const Buffer& bytes);
  [[nodiscard]] Status adopt(ConnectionId connection, const LinkHello& hello);

  Transport& transport_;
  const LinkOptions options_;
  std::map<ConnectionId, LinkFrameReader> greeting_;
  std::set<NodeId> peers_;
  Envelope members_;  // The newest list; a link that starts again needs it.
};

}  // namespace millrace
