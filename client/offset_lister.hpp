#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client.hpp"

namespace millrace::client {

/// One list_offsets() call: rounds of one LIST_OFFSETS per leader, until every bucket has answered
/// with an offset or with an error that another round cannot mend.
class OffsetLister : public std::enable_shared_from_this<OffsetLister> {
 public:
  static void start(std::shared_ptr<Cluster> cluster, const TablePath& path,
                    std::optional<std::string> partition, OffsetQuery query,
                    Callback<std::vector<BucketOffset>> done);

 private:
  OffsetLister(std::shared_ptr<Cluster> cluster, TablePath path,
               std::optional<std::string> partition, OffsetQuery query,
               Callback<std::vector<BucketOffset>> done);

  void next_round();
  void ask_leaders(const TableInfo& table);
  void ask_leader(const TableInfo& table, NodeId leader, const std::vector<BucketIndex>& buckets);
  void heard(const std::vector<BucketIndex>& asked, const Outcome<Answer>& answer);
  void end_round();

  std::shared_ptr<Cluster> cluster_;
  const TablePath path_;
  const std::optional<std::string> partition_;
  const OffsetQuery query_;
  Callback<std::vector<BucketOffset>> done_;
  std::map<BucketIndex, Outcome<Offset>> offsets_;
  std::size_t answers_missing_ = 0;
  int rounds_ = 0;
};

}  // namespace millrace::client
