#pragma once
#include <variant>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/projection.hpp"
#include "protocol/table_options.hpp"

namespace millrace::protocol {

/// What a server asks of a batch before it stores it in a table of some format and schema: that
/// every reader will find its rows. Neither checksum nor values are looked at.
class BatchCheck {
 public:
  BatchCheck(LogFormat format, const Schema& schema);

  /// Checks the one batch in `batch`. Errors: malformed.
  [[nodiscard]] Status check(const Buffer& batch) const;

 private:
  struct Rows {
    RowFormat format;
    DataType type;
  };
  std::variant<BatchLayout, Rows> shape_;
};

}  // namespace millrace::protocol
