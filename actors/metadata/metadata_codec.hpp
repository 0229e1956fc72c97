#pragma once
#include <variant>
#include <vector>

#include "runtime/envelope.hpp"
#include "state/meta/port/metadata_store.hpp"

namespace millrace::metadata {

// What the coordinator orders.
struct Load {};
struct Commit {
  Revision expected;
  Buffer delta;
};
struct PutSnapshot {
  MetadataSnapshot snapshot;
};
struct ReadAfter {
  Revision revision;
};
/// Others may want to open the store.
struct Close {};
using Order = std::variant<Load, Commit, PutSnapshot, ReadAfter, Close>;

/// Everything the store holds: the snapshot first, if there is one, then the deltas after it.
struct LoadedImage {
  Revision revision;
  bool has_snapshot = false;
  std::vector<Buffer> parts;
};

/// The deltas after `base`.
struct NewerDeltas {
  Revision base;
  Revision revision;
  std::vector<Buffer> deltas;
};

/// schemas/metadata_store.capnp: orders in, outcomes out.
[[nodiscard]] Result<Order> decode_order(const Envelope& envelope);
[[nodiscard]] Envelope encode_loaded(LoadedImage image);
[[nodiscard]] Envelope encode_newer(NewerDeltas newer);
[[nodiscard]] Envelope encode_committed(Revision revision);
[[nodiscard]] Envelope encode_stored();
[[nodiscard]] Envelope encode_failed(const Error& error);

}  // namespace millrace::metadata
