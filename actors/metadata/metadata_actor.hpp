#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "actors/metadata/metadata_codec.hpp"
#include "runtime/actor.hpp"
#include "state/meta/port/metadata_store.hpp"

namespace millrace::metadata {

/// Opens the cluster's metadata store. Called again after the store failed.
using OpenMetadataStore = std::function<Result<std::unique_ptr<MetadataStore>>()>;

/// The only actor that calls the metadata store: on a thread of its own, since the store may block.
/// After an order of unknown outcome it closes the store, and the next order opens it anew.
/// Conversation: schemas/metadata_store.capnp.
class MetadataActor final : public Actor {
 public:
  MetadataActor(caf::actor_config& config, ActorSetup setup, OpenMetadataStore open_store);

 protected:
  void on_envelope(const Envelope& envelope) override;

 private:
  [[nodiscard]] Result<Envelope> perform(const Order& order);
  [[nodiscard]] Result<Envelope> perform(const Load& order);
  [[nodiscard]] Result<Envelope> perform(const Commit& order);
  [[nodiscard]] Result<Envelope> perform(const PutSnapshot& order);
  [[nodiscard]] Result<Envelope> perform(const ReadAfter& order);
  [[nodiscard]] Result<Envelope> perform(const Close& order);
  void close();

  const OpenMetadataStore open_store_;
  std::unique_ptr<MetadataStore> store_;  // Empty while it is closed.
  std::optional<BudgetAccount> account_;  // As long as it is open.
};

}  // namespace millrace::metadata
