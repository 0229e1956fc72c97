#pragma once
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "state/meta/catalog/catalog.hpp"

namespace millrace {

/// One delta as the metadata store keeps it: a Cap'n Proto message (schemas/catalog.capnp) behind a
/// CRC-32C. See docs/formats/metadata.md.
[[nodiscard]] Buffer encode_delta(const CatalogDelta& delta);
/// Errors: corrupt (checksum), malformed (an unknown kind: written by a newer release).
[[nodiscard]] Result<CatalogDelta> decode_delta(const Buffer& bytes);

[[nodiscard]] Buffer encode_catalog(const Catalog& catalog);
[[nodiscard]] Result<Catalog> decode_catalog(const Buffer& bytes);

}  // namespace millrace
