#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "state/disk/port/disk.hpp"
#include "state/log/port/leader_epochs.hpp"

namespace millrace {

[[nodiscard]] std::string epochs_path(const std::string& folder);

/// A log's runs of leader epochs on disk: a file that runs are appended to. Its end may be torn by
/// a loss of power, as the log's may.
class EpochFile {
 public:
  /// A bad record and what is behind it is cut. A log that never had a leader's epoch has no such
  /// file: it is made for the first one. Errors: malformed (written by a newer format), overloaded,
  /// unavailable.
  [[nodiscard]] static Result<EpochFile> open(Disk& disk, std::string path);

  [[nodiscard]] const LeaderEpochs& runs() const { return runs_; }

  /// Not durable before sync(). All or nothing. Requires that it follows. Errors: overloaded,
  /// unavailable (the file may have a torn end).
  [[nodiscard]] Status begin(const EpochRun& run);
  /// Writes other runs in the place of those there are, durably. Errors: the same.
  [[nodiscard]] Status replace(LeaderEpochs runs);
  /// Makes it durable, if anything was written since. Errors: unavailable.
  [[nodiscard]] Status sync();

 private:
  EpochFile(Disk& disk, std::string path) : disk_(&disk), path_(std::move(path)) {}
  [[nodiscard]] Status reopen();

  Disk* disk_;
  std::string path_;
  std::unique_ptr<File> file_;  // Null: there is none.
  LeaderEpochs runs_;
  bool dirty_ = false;  // Something may have been appended since the last sync.
};

/// What the bytes of such a file say, and how many of them are sound. Errors: malformed (written by
/// a newer format).
struct ParsedEpochs {
  LeaderEpochs runs;
  std::size_t sound_bytes = 0;
};
[[nodiscard]] Result<ParsedEpochs> parse_epochs(Bytes bytes);
[[nodiscard]] std::vector<std::byte> encode(const LeaderEpochs& runs);

}  // namespace millrace
