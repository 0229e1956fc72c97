#include "scenarios/checkers/office_checker.hpp"

#include <fmt/format.h>

#include <variant>

#include "state/meta/catalog/catalog_codec.hpp"

namespace millrace::scenarios {

void OfficeChecker::saw(NodeId node, Incarnation incarnation, const ClusterView& view) {
  Revision& newest = seen_[{node, incarnation}];
  if (view.revision < newest) {
    violations_.push_back(fmt::format("the catalog went back: node {} knew revision {}, now {}",
                                      node.value(), newest.value(), view.revision.value()));
  }
  newest = view.revision;
  const auto& office = view.catalog.office();
  if (!office) return;
  const auto [known, is_new] = holders_.emplace(office->epoch, *office);
  if (known->second == *office) return;
  violations_.push_back(fmt::format("two holders of epoch {}: node {} and node {}",
                                    office->epoch.value(), known->second.node.value(),
                                    office->node.value()));
}

Violations OfficeChecker::check(MetadataStore& store, const ClusterView& view) {
  Violations found = violations_;
  const auto deltas = store.read_after(Revision{}, std::size_t{1} << 20);
  if (!deltas) return {"the metadata cannot be read: " + deltas.error().message};
  Catalog catalog;
  std::uint64_t epochs = 0;
  for (const MetadataDelta& one : *deltas) {
    const auto delta = decode_delta(one.bytes);
    if (!delta) return {"the metadata cannot be read: " + delta.error().message};
    if (const auto* taken = std::get_if<OfficeTaken>(&*delta)) {
      if (taken->epoch.value() != ++epochs) {
        found.push_back(fmt::format("two holders of an epoch, or none: {} is written after {}",
                                    taken->epoch.value(), epochs - 1));
      }
    }
    if (one.revision <= view.revision) catalog.apply(*delta);
  }
  if (!(catalog == view.catalog)) {
    found.push_back(fmt::format("a fact is lost: what a node knows at revision {} is not written",
                                view.revision.value()));
  }
  return found;
}

}  // namespace millrace::scenarios
