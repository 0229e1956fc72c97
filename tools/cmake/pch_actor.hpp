// The actor layer's share: CAF and Cap'n Proto cost two seconds per file otherwise.
#include "tools/cmake/pch_base.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <caf/all.hpp>
