#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "protocol/cell.hpp"

// ARRAY and MAP as both row formats hold them: a slot per element, and behind the slots what does
// not fit one. Source: Fluss BinaryArray and BinaryMap.

namespace millrace::protocol {

/// Writes `cell` into its slot, which lies at `slot` in `out` and is zero, and appends what does
/// not fit a slot of 8 bytes. Offsets in slots count from `start`. Requires a cell that fits `type`
/// and is not null, and that out.size() - start is a multiple of 8, which it stays.
void put_in_slot(const DataType& type, const Cell& cell, std::size_t start, std::size_t slot,
                 std::vector<std::byte>& out);

/// Appends an array. Requires cells that fit `element`.
void append_array(const DataType& element, std::span<const Cell> cells,
                  std::vector<std::byte>& out);

/// An array that somebody else wrote. Borrows type and bytes.
class ArrayView {
 public:
  /// Errors: malformed (shorter than its slots).
  [[nodiscard]] static Result<ArrayView> open(const DataType& element, Bytes bytes);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Requires index < size(). Errors: malformed (it lies outside of the array).
  [[nodiscard]] Result<Cell> at(std::size_t index) const;

 private:
  ArrayView(const DataType& element, Bytes bytes, std::size_t size)
      : element_(&element), bytes_(bytes), size_(size) {}

  const DataType* element_;
  Bytes bytes_;
  std::size_t size_;
};

/// The keys and the values of a map: two arrays of one size.
struct MapParts {
  Bytes keys;
  Bytes values;
};
void append_map(const MapParts& parts, std::vector<std::byte>& out);
/// Errors: malformed. The arrays are not looked into.
[[nodiscard]] Result<MapParts> split_map(Bytes bytes);

}  // namespace millrace::protocol
