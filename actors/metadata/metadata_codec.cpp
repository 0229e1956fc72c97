#include "actors/metadata/metadata_codec.hpp"

#include <utility>

#include "schemas/metadata_store.capnp.h"

namespace millrace::metadata {
namespace {

using Request = schemas::MetadataRequest;
using Reply = schemas::MetadataReply;

}  // namespace

Result<Order> decode_order(const Envelope& envelope) {
  return open<Request>(envelope, [&](Request::Reader request) -> Result<Order> {
    const bool has_content = envelope.attachments.size() == 1;
    switch (request.which()) {
      case Request::LOAD:
        return Load{};
      case Request::COMMIT:
        if (!has_content) return fail(Errc::malformed, "commit without a delta");
        return Commit{Revision{request.getCommit()}, envelope.attachments.front()};
      case Request::SNAPSHOT:
        if (!has_content) return fail(Errc::malformed, "snapshot without an image");
        return PutSnapshot{{Revision{request.getSnapshot()}, envelope.attachments.front()}};
      case Request::READ_AFTER:
        return ReadAfter{Revision{request.getReadAfter()}};
      case Request::CLOSE:
        return Close{};
      default:
        return fail(Errc::malformed, "unknown order to the metadata store");
    }
  });
}

Envelope encode_loaded(LoadedImage image) {
  return seal<Reply>(
      [&](Reply::Builder reply) {
        auto loaded = reply.initLoaded();
        loaded.setRevision(image.revision.value());
        loaded.setHasSnapshot(image.has_snapshot);
      },
      std::move(image.parts));
}

Envelope encode_newer(NewerDeltas newer) {
  return seal<Reply>(
      [&](Reply::Builder reply) {
        auto out = reply.initNewer();
        out.setBase(newer.base.value());
        out.setRevision(newer.revision.value());
      },
      std::move(newer.deltas));
}

Envelope encode_committed(Revision revision) {
  return seal<Reply>([&](Reply::Builder reply) { reply.setCommitted(revision.value()); });
}

Envelope encode_stored() {
  return seal<Reply>([](Reply::Builder reply) { reply.setStored(); });
}

Envelope encode_failed(const Error& error) {
  return seal<Reply>([&](Reply::Builder reply) {
    auto failed = reply.initFailed();
    failed.setErrc(static_cast<std::uint16_t>(error.code));
    failed.setMessage(error.message);
  });
}

}  // namespace millrace::metadata
