#pragma once
#include "actors/replica/writer_table.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "state/log/port/leader_epochs.hpp"

namespace millrace::replica {

/// What a replica knows of its log, whoever leads.
struct LogState {
  Offset start = 0;
  Offset end = 0;             ///< Next offset of what the device has written.
  Offset high_watermark = 0;  ///< As far as this replica has heard.
  EpochMillis max_timestamp = -1;
  WriterTable writers;  ///< Of everything written.
  LeaderEpochs epochs;
};

}  // namespace millrace::replica
