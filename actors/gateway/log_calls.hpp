#pragma once
#include <memory>

#include "actors/gateway/call.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// Source: Fluss PRODUCE_LOG v0.
[[nodiscard]] std::unique_ptr<Call> make_produce_call(const protocol::RequestFrame& request);
/// Source: Fluss FETCH_LOG v0.
[[nodiscard]] std::unique_ptr<Call> make_fetch_call(const protocol::RequestFrame& request);
/// Source: Fluss LIST_OFFSETS v0.
[[nodiscard]] std::unique_ptr<Call> make_offsets_call(const protocol::RequestFrame& request);
/// Source: Fluss LIMIT_SCAN v0, of log tables.
[[nodiscard]] std::unique_ptr<Call> make_limit_scan_call(const protocol::RequestFrame& request);
/// Source: Fluss GET_TABLE_STATS v0, of log tables.
[[nodiscard]] std::unique_ptr<Call> make_table_stats_call(const protocol::RequestFrame& request);

}  // namespace millrace::gateway
