#pragma once
#include <span>
#include <string_view>

namespace millrace {

/// The candidate that takes the fewest single-letter edits to become `name`, or an empty text when
/// none is near enough to be what somebody meant (a third of the letters). The first of equals.
[[nodiscard]] std::string_view nearest_name(std::string_view name,
                                            std::span<const std::string_view> candidates);

}  // namespace millrace
