#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/document.hpp"
#include "base/result.hpp"

namespace millrace {

/// What bounds a node's memory and what is used of it, as its console says (/v1/memory).
struct NodeMemory {
  struct Budget {
    std::string name;
    std::string unit;         ///< "bytes", or what is counted.
    std::uint64_t limit = 0;  ///< Of each holder.
    std::uint64_t holders = 0;
    std::uint64_t used = 0;     ///< By all holders.
    std::uint64_t fullest = 0;  ///< By the one that uses most.
  };
  std::optional<std::uint64_t> resident_bytes;
  std::vector<Budget> budgets;
  std::string problem;  ///< Why there is nothing.
};

/// Asks the console that a node's record names. Never fails, and takes at most a second.
[[nodiscard]] NodeMemory read_node_memory(std::string_view http_listener, const std::string& token);

/// Errors: malformed.
[[nodiscard]] Result<NodeMemory> parse_memory_page(const std::string& page);

[[nodiscard]] Document document_of(const NodeMemory& memory);

/// A node by name.
struct NamedMemory {
  std::string host;
  NodeMemory memory;
};

/// One line for each budget, one column for each node. Of budgets with many holders it shows the
/// fullest one, because that is who meets the limit. Nothing when no node said anything.
[[nodiscard]] std::string memory_table(const std::vector<NamedMemory>& nodes);

}  // namespace millrace
