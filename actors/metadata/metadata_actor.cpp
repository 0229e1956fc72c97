#include "actors/metadata/metadata_actor.hpp"

#include <utility>

#include "schemas/metadata_store.capnp.h"

namespace millrace::metadata {
namespace {

using Request = schemas::MetadataRequest;
using Reply = schemas::MetadataReply;

constexpr std::size_t deltas_per_read = 1000;

Envelope failure(const Error& error) {
  return seal<Reply>([&](Reply::Builder reply) {
    auto failed = reply.initFailed();
    failed.setErrc(static_cast<std::uint16_t>(error.code));
    failed.setMessage(error.message);
  });
}

}  // namespace

MetadataActor::MetadataActor(caf::actor_config& config, ActorSetup setup,
                             OpenMetadataStore open_store)
    : Actor(config, std::move(setup)), open_store_(std::move(open_store)) {}

void MetadataActor::on_envelope(const Envelope& envelope) {
  auto answer = perform(envelope);
  if (!answer) {
    note_error(answer.error().message);
    if (answer.error().code == Errc::unavailable) store_.reset();
  }
  reply(envelope, answer ? std::move(*answer) : failure(answer.error()));
}

Result<Envelope> MetadataActor::perform(const Envelope& envelope) {
  if (!store_) {
    auto opened = open_store_();
    if (!opened) return wrap(opened.error(), "open the metadata store");
    store_ = std::move(*opened);
  }
  return open<Request>(envelope, [&](Request::Reader request) -> Result<Envelope> {
    switch (request.which()) {
      case Request::LOAD:
        return load();
      case Request::COMMIT:
        return commit(Revision{request.getCommit()}, envelope);
      case Request::SNAPSHOT:
        return put_snapshot(Revision{request.getSnapshot()}, envelope);
      default:
        return fail(Errc::malformed, "unknown order to the metadata store");
    }
  });
}

Result<Envelope> MetadataActor::load() {
  auto snapshot = store_->snapshot();
  if (!snapshot) return tl::unexpected<Error>(snapshot.error());
  std::vector<Buffer> attachments;
  Revision revision;
  if (*snapshot) {
    revision = (*snapshot)->revision;
    attachments.push_back((*snapshot)->bytes);
  }
  for (;;) {
    auto deltas = store_->read_after(revision, deltas_per_read);
    if (!deltas) return tl::unexpected<Error>(deltas.error());
    if (deltas->empty()) break;
    for (MetadataDelta& delta : *deltas) attachments.push_back(std::move(delta.bytes));
    revision = deltas->back().revision;
  }
  return seal<Reply>(
      [&](Reply::Builder reply) {
        auto loaded = reply.initLoaded();
        loaded.setRevision(revision.value());
        loaded.setHasSnapshot(snapshot->has_value());
      },
      std::move(attachments));
}

Result<Envelope> MetadataActor::commit(Revision expected, const Envelope& envelope) {
  if (envelope.attachments.size() != 1) return fail(Errc::malformed, "commit without a delta");
  auto revision = store_->commit(expected, envelope.attachments.front());
  if (!revision) return tl::unexpected<Error>(revision.error());
  return seal<Reply>([&](Reply::Builder reply) { reply.setCommitted(revision->value()); });
}

Result<Envelope> MetadataActor::put_snapshot(Revision revision, const Envelope& envelope) {
  if (envelope.attachments.size() != 1) return fail(Errc::malformed, "snapshot without an image");
  const Status stored = store_->put_snapshot({revision, envelope.attachments.front()});
  if (!stored) return tl::unexpected<Error>(stored.error());
  return seal<Reply>([&](Reply::Builder reply) { reply.setStored(); });
}

}  // namespace millrace::metadata
