#pragma once
#include "actors/coordinator/alteration_rules.hpp"

namespace millrace::coordinator {

/// Properties or columns, not both. Columns can be added: at the end, nullable, several at once.
[[nodiscard]] Decision decide(const Catalog& catalog, const protocol::AlterTable& alteration,
                              const AlterationContext& context);

/// `properties` with `changes` made one after the other. Errors: unknown_server_error for what is
/// neither SET nor DELETE.
[[nodiscard]] protocol::Outcome<protocol::Properties> changed(
    protocol::Properties properties, const std::vector<protocol::ConfigChange>& changes);

}  // namespace millrace::coordinator
