#include "scenarios/workloads/catalog_churn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {
constexpr std::uint64_t names = 6;
constexpr std::int32_t buckets_max = 4;
constexpr Duration pause_max = 50ms;
}  // namespace

CatalogChurn::CatalogChurn(SimulatedClient& client, std::string database, Random random)
    : client_(client), database_(std::move(database)), random_(random) {}

void CatalogChurn::step_on() {
  if (stopping_) return;
  CatalogStep& step = steps_.emplace_back();
  constexpr CatalogStep::Kind kinds[] = {CatalogStep::Kind::create, CatalogStep::Kind::drop,
                                         CatalogStep::Kind::alter};
  step.kind = kinds[random_.below(std::size(kinds))];
  step.table = fmt::format("t{}", random_.below(names));
  under_way_ = true;
  const auto done = [this](const client::Outcome<void>& outcome) { answered(outcome); };
  if (step.kind == CatalogStep::Kind::drop)
    return client_.api().drop_table({database_, step.table}, false, done);
  if (step.kind == CatalogStep::Kind::alter) {
    const std::string value = std::to_string(steps_.size());
    return client_.api().alter_table(
        {database_, step.table, false, {{"churn.step", value, protocol::config_set}}, {}, {}},
        done);
  }
  const auto buckets = static_cast<std::int32_t>(random_.between(1, buckets_max));
  client_.api().create_table({database_, step.table}, value_table(buckets, "NONE"), false, done);
}

void CatalogChurn::answered(const client::Outcome<void>& outcome) {
  under_way_ = false;
  steps_.back().outcome = outcome ? protocol::ErrorCode::none : outcome.error().code;
  (void)client_.loop().after(Duration(random_.between(0, pause_max.count())),
                             [this] { step_on(); });
}

std::size_t CatalogChurn::count_done() const {
  return static_cast<std::size_t>(std::count_if(
      steps_.begin(), steps_.end(),
      [](const CatalogStep& step) { return step.outcome == protocol::ErrorCode::none; }));
}

Violations check_listing(SimulatedCluster& cluster, const std::string& database,
                         const std::vector<CatalogStep>& steps) {
  using Names = std::vector<std::string>;
  client::Client& client = cluster.add_client().api();
  const auto listed = cluster.blocking().wait<Names>(
      [&](const client::Callback<Names>& done) { client.list_tables(database, done); });
  if (!listed) return {"list tables: " + listed.error().message};
  return check_catalog(steps, {listed->begin(), listed->end()});
}

}  // namespace millrace::scenarios
