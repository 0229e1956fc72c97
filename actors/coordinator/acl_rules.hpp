#pragma once
#include "actors/coordinator/table_rules.hpp"

namespace millrace::coordinator {

/// Permissions that are kept at most; every node holds them all.
inline constexpr std::size_t acls_max = 10'000;

/// What is there already is left alone. Whether the asker may do this was decided where he asked.
[[nodiscard]] Decision decide(const Catalog& catalog, const CreateAcls& command);
/// What is not there is left alone.
[[nodiscard]] Decision decide(const Catalog& catalog, const DropAcls& command);

}  // namespace millrace::coordinator
