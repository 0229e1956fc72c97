#pragma once
#include <istream>

#include "apps/demo/origin_totals.hpp"

namespace millrace::demo {

/// The totals of a CSV file with a header line, read character by character: on purpose it shares
/// no code with the way of the rows through the cluster, so that the two can be compared.
/// NA or nothing means null. Errors: malformed, with the line's number: quotes (nothing in the data
/// needs them), a missing column, another number of fields, a number that is none.
[[nodiscard]] Result<OriginTotals> totals_of_csv(std::istream& file);

}  // namespace millrace::demo
