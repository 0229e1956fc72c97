#pragma once
#include <string>

#include <caf/all.hpp>

#include "runtime/envelope.hpp"

namespace millrace {

/// The one timer message: what it means is its id, which the actor chose.
using timer_atom = caf::atom_constant<caf::atom("timer")>;

// CAF wants to be able to serialise every message type. Envelopes leave a process through our own
// links only, so CAF never gets to do it.
inline caf::error inspect(caf::serializer&, Envelope&) { return caf::sec::unsupported_sys_key; }
inline caf::error inspect(caf::deserializer&, Envelope&) { return caf::sec::unsupported_sys_key; }
inline std::string to_string(const Envelope& envelope) {
  return "envelope " + std::to_string(envelope.schema);
}

/// Adds our message type to a configuration; without it a send fails at run time.
inline void register_message_types(caf::actor_system_config& config) {
  config.add_message_type<Envelope>("envelope");
}

}  // namespace millrace
