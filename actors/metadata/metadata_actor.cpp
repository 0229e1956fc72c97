#include "actors/metadata/metadata_actor.hpp"

#include <utility>

namespace millrace::metadata {
namespace {

constexpr std::size_t deltas_per_read = 1000;

}  // namespace

MetadataActor::MetadataActor(caf::actor_config& config, ActorSetup setup,
                             OpenMetadataStore open_store)
    : Actor(config, std::move(setup)), open_store_(std::move(open_store)) {}

void MetadataActor::on_envelope(const Envelope& envelope) {
  auto order = decode_order(envelope);
  if (!order) return drop(order.error());
  auto answer = perform(*order);
  if (!answer) {
    note_error(answer.error().message);
    if (answer.error().code == Errc::unavailable) close();
  }
  if (account_) account_->set(store_->memory().used_bytes);
  reply(envelope, answer ? std::move(*answer) : encode_failed(answer.error()));
}

void MetadataActor::close() {
  account_.reset();
  store_.reset();
}

Result<Envelope> MetadataActor::perform(const Order& order) {
  if (!store_ && !std::holds_alternative<Close>(order)) {
    auto opened = open_store_();
    if (!opened) return wrap(opened.error(), "open the metadata store");
    store_ = std::move(*opened);
    const MetadataMemory memory = store_->memory();
    if (memory.limit_bytes > 0) {
      account_.emplace(context().budgets(), Budget{"metadata_store", "bytes", memory.limit_bytes});
    }
  }
  return std::visit([this](const auto& one) { return perform(one); }, order);
}

Result<Envelope> MetadataActor::perform(const Load& /*order*/) {
  auto snapshot = store_->snapshot();
  if (!snapshot) return tl::unexpected<Error>(snapshot.error());
  LoadedImage image;
  if (*snapshot) {
    image.has_snapshot = true;
    image.revision = (*snapshot)->revision;
    image.parts.push_back((*snapshot)->bytes);
  }
  for (;;) {
    auto deltas = store_->read_after(image.revision, deltas_per_read);
    if (!deltas) return tl::unexpected<Error>(deltas.error());
    if (deltas->empty()) return encode_loaded(std::move(image));
    for (MetadataDelta& delta : *deltas) image.parts.push_back(std::move(delta.bytes));
    image.revision = deltas->back().revision;
  }
}

Result<Envelope> MetadataActor::perform(const ReadAfter& order) {
  auto newest = store_->newest();
  if (!newest) return tl::unexpected<Error>(newest.error());
  if (order.revision > *newest) return perform(Load{});  // It is of another store.
  NewerDeltas newer{order.revision, order.revision, {}};
  while (newer.revision < *newest) {
    auto deltas = store_->read_after(newer.revision, deltas_per_read);
    if (!deltas && deltas.error().code == Errc::stale_epoch) return perform(Load{});
    if (!deltas) return tl::unexpected<Error>(deltas.error());
    if (deltas->empty()) break;
    for (MetadataDelta& delta : *deltas) newer.deltas.push_back(std::move(delta.bytes));
    newer.revision = deltas->back().revision;
  }
  return encode_newer(std::move(newer));
}

Result<Envelope> MetadataActor::perform(const Close& /*order*/) {
  close();
  return encode_stored();
}

Result<Envelope> MetadataActor::perform(const Commit& order) {
  auto revision = store_->commit(order.expected, order.delta);
  if (!revision) return tl::unexpected<Error>(revision.error());
  return encode_committed(*revision);
}

Result<Envelope> MetadataActor::perform(const PutSnapshot& order) {
  const Status stored = store_->put_snapshot(order.snapshot);
  if (!stored) return tl::unexpected<Error>(stored.error());
  return encode_stored();
}

}  // namespace millrace::metadata
