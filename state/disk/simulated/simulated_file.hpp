#pragma once
#include <memory>
#include <string>

#include "state/disk/simulated/simulated_disk.hpp"

namespace millrace {

/// A file opened on a simulated disk, dead after the disk's next crash.
class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedDisk& disk, SimulatedNames::Content content, std::string path);

  [[nodiscard]] Result<std::uint64_t> append(std::span<const Bytes> pieces) override;
  [[nodiscard]] Result<Buffer> read(std::uint64_t position, std::size_t size) override;
  [[nodiscard]] Status truncate(std::uint64_t size) override;
  [[nodiscard]] Status prepare(std::uint64_t bytes) override;
  [[nodiscard]] Status sync() override;
  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  /// How many bytes more the device holds when the file ends at `end`.
  [[nodiscard]] std::uint64_t growth_to(std::uint64_t end) const;
  [[nodiscard]] Status admit(std::optional<FaultLength> SimulatedDisk::*fault);

  SimulatedDisk& disk_;
  SimulatedNames::Content content_;
  std::uint64_t generation_;
  std::uint64_t size_;  // The room behind it is contents for everybody else.
  std::string path_;
};

}  // namespace millrace
