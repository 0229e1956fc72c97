#pragma once
#include <vector>

#include "tests/golden/all_types.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace::fuzz {

/// The schemas that batches are read with: few columns, as the golden vectors have them, and every
/// type. The first two are those of "log_v0_*" and "proj_*".
inline const std::vector<protocol::Schema>& schemas() {
  using protocol::schema_of;
  static const std::vector<protocol::Schema> made = {
      schema_of({{"a", "INT"}, {"b", "STRING"}}),
      schema_of({{"a", "INT"}, {"b", "STRING"}, {"c", "BIGINT"}, {"d", "ARRAY<INT>"}}),
      schema_of(protocol::all_types),
      schema_of({{"m", "MAP<INT, MAP<STRING, DATE>>"},
                 {"r", "ROW<a INT NOT NULL, b ROW<c CHAR(5), d ARRAY<ROW<e TINYINT, f DOUBLE>>>>"},
                 {"n", "ARRAY<DECIMAL(25, 5)> NOT NULL"}})};
  return made;
}

}  // namespace millrace::fuzz
