#include "state/meta/embedded/embedded_metadata_store.hpp"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <filesystem>

#include "base/check.hpp"
#include "base/endian.hpp"

// Keys: "delta/" + revision as 8 big-endian bytes, so that they sort by revision; "snapshot", whose
// value is the revision in the same form and then the bytes; "format", the layout's number as text;
// "cluster", the id of the cluster whose metadata it is.

namespace millrace {
namespace {

constexpr std::string_view format_key = "format";
constexpr std::string_view cluster_key = "cluster";
constexpr std::string_view snapshot_key = "snapshot";
constexpr std::string_view delta_prefix = "delta/";
constexpr int format = 1;
constexpr std::size_t revision_bytes = 8;

rocksdb::Slice slice_of(std::string_view text) { return {text.data(), text.size()}; }
rocksdb::Slice slice_of(Bytes bytes) { return slice_of(text_of(bytes)); }
std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

std::string revision_text(Revision revision) {
  std::string text(revision_bytes, '\0');
  store_be(reinterpret_cast<std::byte*>(text.data()), revision.value());
  return text;
}

std::string delta_key(Revision revision) {
  return std::string(delta_prefix) + revision_text(revision);
}

/// The revision of a delta's key; nothing for any other key.
std::optional<Revision> revision_of(const rocksdb::Slice& key) {
  const std::string_view text = view_of(key);
  if (!text.starts_with(delta_prefix) || text.size() != delta_prefix.size() + revision_bytes) {
    return {};
  }
  return Revision(load_be<std::uint64_t>(bytes_of(text.substr(delta_prefix.size())), 0));
}

tl::unexpected<Error> fail_store(const rocksdb::Status& status, std::string_view doing) {
  Errc code = Errc::unavailable;
  if (status.IsCorruption()) code = Errc::corrupt;
  if (status.IsNoSpace()) code = Errc::overloaded;
  return fail(code, fmt::format("metadata store: {}: {}", doing, status.ToString()));
}

rocksdb::Options store_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  // A torn end is what a crash leaves; anything else bad in the log is damage and must be said.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  options.write_buffer_size = 8 << 20;
  options.max_total_wal_size = 32 << 20;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

}  // namespace

EmbeddedMetadataStore::EmbeddedMetadataStore(const EmbeddedMetadataOptions& options,
                                             std::unique_ptr<rocksdb::DB> store)
    : options_(options), store_(std::move(store)) {}

EmbeddedMetadataStore::~EmbeddedMetadataStore() = default;

Result<std::unique_ptr<EmbeddedMetadataStore>> EmbeddedMetadataStore::open(
    const EmbeddedMetadataOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) {
    return fail(Errc::unavailable,
                "metadata store: make " + options.folder + ": " + error.message());
  }
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(store_options(), options.folder, &opened);
  if (!status.ok()) return fail_store(status, "open " + options.folder);
  std::unique_ptr<EmbeddedMetadataStore> store(
      new EmbeddedMetadataStore(options, std::unique_ptr<rocksdb::DB>(opened)));
  if (auto checked = store->check_format(); !checked) return tl::unexpected(checked.error());
  if (auto found = store->find_newest(); !found) return tl::unexpected(found.error());
  return store;
}

Status EmbeddedMetadataStore::check_cluster() {
  if (options_.cluster_id.empty()) return {};
  std::string found;
  const rocksdb::Status status = store_->Get({}, slice_of(cluster_key), &found);
  if (status.IsNotFound()) {
    const auto written = store_->Put(synced(), slice_of(cluster_key), options_.cluster_id);
    if (!written.ok()) return fail_store(written, "write the cluster id");
    return {};
  }
  if (!status.ok()) return fail_store(status, "read the cluster id");
  if (found == options_.cluster_id) return {};
  return fail(Errc::malformed, fmt::format("metadata store: of another cluster: {}, not {}", found,
                                           options_.cluster_id));
}

Status EmbeddedMetadataStore::check_format() {
  std::string found;
  const rocksdb::Status status = store_->Get({}, slice_of(format_key), &found);
  if (status.ok()) {
    if (found == std::to_string(format)) return check_cluster();
    return fail(Errc::malformed, fmt::format("metadata store: format {} is not the {} that this "
                                             "build reads",
                                             found, format));
  }
  if (!status.IsNotFound()) return fail_store(status, "read the format");
  const std::unique_ptr<rocksdb::Iterator> any(store_->NewIterator({}));
  any->SeekToFirst();
  if (!any->status().ok()) return fail_store(any->status(), "read the format");
  if (any->Valid()) return fail(Errc::malformed, "metadata store: not one of ours: no format");
  const auto written = store_->Put(synced(), slice_of(format_key), std::to_string(format));
  if (!written.ok()) return fail_store(written, "write the format");
  return check_cluster();
}

Status EmbeddedMetadataStore::find_newest() {
  auto stored = snapshot();
  if (!stored) return tl::unexpected(stored.error());
  if (*stored) trimmed_ = (*stored)->revision;
  newest_ = trimmed_;
  const std::unique_ptr<rocksdb::Iterator> next(store_->NewIterator({}));
  for (next->Seek(slice_of(delta_prefix)); next->Valid(); next->Next()) {
    const auto revision = revision_of(next->key());
    if (!revision) break;
    if (revision->value() != newest_.value() + 1) {
      return fail(Errc::corrupt, fmt::format("metadata store: revision {} follows {}",
                                             revision->value(), newest_.value()));
    }
    newest_ = *revision;
  }
  if (!next->status().ok()) return fail_store(next->status(), "read the deltas");
  return {};
}

Status EmbeddedMetadataStore::admit() const {
  if (!failed_) return {};
  return fail(Errc::unavailable, "metadata store: a write failed, open it again");
}

Status EmbeddedMetadataStore::admit_write(std::size_t bytes) const {
  if (auto admitted = admit(); !admitted) return admitted;
  std::uint64_t free_bytes = 0;
  const auto status = store_->GetEnv()->GetFreeSpace(options_.folder, &free_bytes);
  if (!status.ok()) return fail_store(status, "measure free space");
  if (free_bytes < options_.free_bytes_min || free_bytes - options_.free_bytes_min < bytes) {
    return fail(Errc::overloaded,
                fmt::format("disk full: metadata store: {} bytes free, {} reserved", free_bytes,
                            options_.free_bytes_min));
  }
  return {};
}

tl::unexpected<Error> EmbeddedMetadataStore::outcome_unknown(const rocksdb::Status& status) {
  // What reads show now need not be what the next opening finds.
  failed_ = true;
  return fail(Errc::unavailable, "metadata store: outcome unknown: " + status.ToString());
}

Result<Revision> EmbeddedMetadataStore::newest() {
  if (auto admitted = admit(); !admitted) return tl::unexpected(admitted.error());
  return newest_;
}

Result<Revision> EmbeddedMetadataStore::commit(Revision expected, const Buffer& delta) {
  if (auto admitted = admit(); !admitted) return tl::unexpected(admitted.error());
  if (expected != newest_) {
    return fail(Errc::stale_epoch, fmt::format("metadata moved on: expected revision {}, newest {}",
                                               expected.value(), newest_.value()));
  }
  if (auto admitted = admit_write(delta.size()); !admitted) {
    return tl::unexpected(admitted.error());
  }
  const Revision next(newest_.value() + 1);
  const auto written = store_->Put(synced(), delta_key(next), slice_of(delta.bytes()));
  if (!written.ok()) return outcome_unknown(written);
  newest_ = next;
  return next;
}

Result<std::vector<MetadataDelta>> EmbeddedMetadataStore::read_after(Revision revision,
                                                                     std::size_t count_max) {
  if (auto admitted = admit(); !admitted) return tl::unexpected(admitted.error());
  if (revision < trimmed_) {
    return fail(Errc::stale_epoch,
                fmt::format("metadata deltas up to {} are trimmed, asked after {}",
                            trimmed_.value(), revision.value()));
  }
  std::vector<MetadataDelta> deltas;
  if (revision >= newest_) return deltas;
  const std::unique_ptr<rocksdb::Iterator> next(store_->NewIterator({}));
  Revision expected(revision.value() + 1);
  for (next->Seek(delta_key(expected)); deltas.size() < count_max; next->Next()) {
    if (!next->status().ok()) return fail_store(next->status(), "read the deltas");
    if (expected > newest_) break;
    if (!next->Valid() || revision_of(next->key()) != expected) {
      return fail(Errc::corrupt,
                  fmt::format("metadata store: revision {} is missing", expected.value()));
    }
    deltas.push_back({expected, Buffer::from(std::string(view_of(next->value())))});
    expected = Revision(expected.value() + 1);
  }
  return deltas;
}

Result<std::optional<MetadataSnapshot>> EmbeddedMetadataStore::snapshot() {
  if (auto admitted = admit(); !admitted) return tl::unexpected(admitted.error());
  std::string value;
  const rocksdb::Status status = store_->Get({}, slice_of(snapshot_key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return fail_store(status, "read the snapshot");
  if (value.size() < revision_bytes) return fail(Errc::corrupt, "metadata store: short snapshot");
  const Buffer whole = Buffer::from(std::move(value));
  return MetadataSnapshot{Revision(load_be<std::uint64_t>(whole.bytes(), 0)),
                          whole.slice(revision_bytes, whole.size() - revision_bytes)};
}

Status EmbeddedMetadataStore::put_snapshot(const MetadataSnapshot& snapshot) {
  if (auto admitted = admit(); !admitted) return admitted;
  if (snapshot.revision > newest_) {
    return fail(Errc::malformed, fmt::format("snapshot of revision {}, newest is {}",
                                             snapshot.revision.value(), newest_.value()));
  }
  if (snapshot.revision < trimmed_) {
    return fail(Errc::stale_epoch, fmt::format("snapshot of revision {}, there is one of {}",
                                               snapshot.revision.value(), trimmed_.value()));
  }
  if (auto admitted = admit_write(snapshot.bytes.size()); !admitted) return admitted;
  rocksdb::WriteBatch batch;
  std::string value = revision_text(snapshot.revision);
  value += snapshot.bytes.text();
  auto status = batch.Put(slice_of(snapshot_key), value);
  if (status.ok()) {
    status = batch.DeleteRange(delta_key(Revision(0)),
                               delta_key(Revision(snapshot.revision.value() + 1)));
  }
  CHECK(status.ok());  // Both only fill a buffer.
  const auto written = store_->Write(synced(), &batch);
  if (!written.ok()) return outcome_unknown(written);
  trimmed_ = snapshot.revision;
  return {};
}

MetadataMemory EmbeddedMetadataStore::memory() const {
  const auto value_of = [this](const std::string& property) {
    std::uint64_t value = 0;
    return store_->GetIntProperty(property, &value) ? value : 0;
  };
  const rocksdb::Options options = store_->GetOptions();
  return {.used_bytes = value_of(rocksdb::DB::Properties::kBlockCacheUsage) +
                        value_of(rocksdb::DB::Properties::kCurSizeAllMemTables),
          .limit_bytes = value_of(rocksdb::DB::Properties::kBlockCacheCapacity) +
                         options.write_buffer_size *
                             static_cast<std::uint64_t>(options.max_write_buffer_number)};
}

}  // namespace millrace
