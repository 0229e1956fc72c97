#pragma once
#include <optional>

#include "protocol/alteration.hpp"
#include "runtime/envelope.hpp"

namespace millrace::coordinator {

/// The alteration in a request to the coordinator; nothing if it asks for something else.
[[nodiscard]] Result<std::optional<protocol::Alteration>> decode_alteration(
    const Envelope& envelope);

}  // namespace millrace::coordinator
