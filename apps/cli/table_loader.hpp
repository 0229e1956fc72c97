#pragma once
#include <cstdint>
#include <functional>

#include "apps/cli/row_source.hpp"
#include "apps/cli/session.hpp"
#include "client/appender.hpp"

namespace millrace::cli {

struct LoadProgress {
  std::int64_t rows = 0;  ///< Confirmed by the cluster.
  double fraction = 0;    ///< Of the file handed out.
};

struct LoadSummary {
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  Duration took = {};
};

/// Appends every row of `source` to a table and waits until the cluster has confirmed them all.
/// `on_progress` is called after each batch. The first failure ends it; rows before it stay.
[[nodiscard]] Done<LoadSummary> load_rows(
    Session& session, const client::TablePath& table, RowSource& source,
    const std::function<void(const LoadProgress&)>& on_progress);

/// The columns that load_rows() needs from a source.
[[nodiscard]] Done<std::shared_ptr<arrow::Schema>> columns_of(Session& session,
                                                              const client::TablePath& table);

}  // namespace millrace::cli
