#pragma once
#include <cstddef>

#include "base/time.hpp"

namespace millrace::replica {

/// What is configured of a bucket's replicas.
struct ReplicaRules {
  std::size_t in_sync_min = 2;            ///< log.replica.min-in-sync-replicas-number
  Duration lag_max = 30s;                 ///< log.replica.max-lag-time
  Duration writer_expiration = 7 * 24h;   ///< server.writer-id.expiration-time
  Duration fetch_wait_max = 10s;          ///< A follower's request is answered within this time.
  std::size_t fetch_bytes_max = 1 << 20;  ///< Of rows in one answer to a follower.
};

}  // namespace millrace::replica
