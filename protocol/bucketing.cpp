#include "protocol/bucketing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.hpp"
#include "base/endian.hpp"
#include "protocol/table_options.hpp"

namespace millrace::protocol {
namespace {

constexpr std::size_t word_size = sizeof(std::uint32_t);
constexpr std::uint32_t fluss_seed = 42;
constexpr std::uint32_t sign_bit = 1U << 31;

// The pieces of Murmur3 for 32 bits (Austin Appleby, public domain).
std::uint32_t mix_key(std::uint32_t key) { return std::rotl(key * 0xcc9e2d51U, 15) * 0x1b873593U; }

std::uint32_t mix_hash(std::uint32_t hash, std::uint32_t key) {
  return std::rotl(hash ^ key, 13) * 5 + 0xe6546b64U;
}

std::uint32_t finish(std::uint32_t hash) {
  hash = (hash ^ hash >> 16) * 0x85ebca6bU;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35U;
  return hash ^ hash >> 16;
}

std::uint32_t hash_words(Bytes key, std::uint32_t seed) {
  std::uint32_t hash = seed;
  for (std::size_t at = 0; at + word_size <= key.size(); at += word_size)
    hash = mix_hash(hash, mix_key(load_le<std::uint32_t>(key, at)));
  return hash;
}

Bytes behind_words(Bytes key) { return key.subspan(key.size() / word_size * word_size); }

/// Standard Murmur3, seed 0.
std::uint32_t iceberg_hash(Bytes key) {
  std::uint32_t hash = hash_words(key, 0);
  std::uint32_t tail = 0;
  const Bytes rest = behind_words(key);
  for (std::size_t i = 0; i < rest.size(); ++i)
    tail |= std::to_integer<std::uint32_t>(rest[i]) << (8 * i);
  if (!rest.empty()) hash ^= mix_key(tail);
  return finish(hash ^ static_cast<std::uint32_t>(key.size()));
}

/// The hash is hashed again, so that neighbours spread.
std::int32_t spread(std::int32_t hash) {
  const std::uint32_t mixed = mix_hash(0, mix_key(static_cast<std::uint32_t>(hash)));
  return static_cast<std::int32_t>(finish(mixed ^ std::uint32_t{word_size}));
}

/// Without a sign; the number that has no positive counterpart becomes zero.
std::int32_t magnitude(std::int32_t value) {
  if (value == std::numeric_limits<std::int32_t>::min()) return 0;
  return value < 0 ? -value : value;
}

std::int32_t without_sign(std::uint32_t hash) {
  return static_cast<std::int32_t>(hash & ~sign_bit);
}

KeyEncoding encoding_of(const TableDescriptor& table) {
  const auto lake = lake_format_of(table);
  if (lake == LakeFormat::paimon) return KeyEncoding::paimon;
  if (lake == LakeFormat::iceberg) return KeyEncoding::iceberg;
  if (lake == LakeFormat::hudi) return KeyEncoding::hudi;
  return KeyEncoding::compacted;
}

}  // namespace

std::int32_t fluss_hash(Bytes key) {
  std::uint32_t hash = hash_words(key, fluss_seed);
  for (const std::byte byte : behind_words(key)) {
    // With its sign, as Java widens a byte.
    const auto wide = (std::to_integer<std::int32_t>(byte) ^ 0x80) - 0x80;
    hash = mix_hash(hash, mix_key(static_cast<std::uint32_t>(wide)));
  }
  return static_cast<std::int32_t>(finish(hash ^ static_cast<std::uint32_t>(key.size())));
}

BucketIndex bucket_of(KeyEncoding encoding, Bytes key, std::int32_t buckets_count) {
  CHECK(buckets_count > 0);
  switch (encoding) {
    case KeyEncoding::compacted:
      return BucketIndex{magnitude(spread(fluss_hash(key))) % buckets_count};
    case KeyEncoding::paimon:
      return BucketIndex{magnitude(fluss_hash(key) % buckets_count)};
    case KeyEncoding::iceberg:
      return BucketIndex{without_sign(iceberg_hash(key)) % buckets_count};
    case KeyEncoding::hudi:
      return BucketIndex{without_sign(load_be<std::uint32_t>(key, 0)) % buckets_count};
  }
  CHECK(false);
}

Result<std::optional<RowPlacement>> RowPlacement::make(const TableDescriptor& table,
                                                       std::int32_t buckets_count) {
  if (!table.bucket_keys || table.bucket_keys->empty()) return std::nullopt;
  RowPlacement placement(encoding_of(table), buckets_count);
  for (const std::string& name : *table.bucket_keys) {
    const auto column = std::ranges::find(table.schema.columns, name, &Column::name);
    if (column == table.schema.columns.end())
      return fail(Errc::malformed, "bucket key has an unknown column: " + name);
    placement.columns_.push_back(static_cast<std::size_t>(column - table.schema.columns.begin()));
    // A null is for the encoding to judge, whatever the column says.
    placement.types_.push_back(column->type);
    placement.types_.back().nullable = true;
  }
  if (auto fits = check_key_types(placement.encoding_, placement.types_); !fits)
    return tl::unexpected(fits.error());
  return std::optional<RowPlacement>(std::move(placement));
}

Result<BucketIndex> RowPlacement::bucket_of(std::span<const Cell> cells) {
  key_.clear();
  if (auto encoded = append_key(encoding_, types_, cells, key_); !encoded)
    return tl::unexpected(encoded.error());
  return protocol::bucket_of(encoding_, key_, buckets_count_);
}

}  // namespace millrace::protocol
