#include "client/acls.hpp"

#include <utility>

#include "client/parsed_answer.hpp"
#include "protocol/acl_wire.hpp"

namespace millrace::client {

namespace wire = protocol::wire;
using protocol::ApiKey;

void create_acls(Client& client, const std::vector<protocol::AclEntry>& entries,
                 Callback<std::vector<AclOutcome>> done) {
  wire::CreateAclsRequest request;
  for (const protocol::AclEntry& entry : entries) protocol::write_acl(*request.add_acl(), entry);
  auto heard = parsed<wire::CreateAclsResponse>(
      [done = std::move(done)](Outcome<wire::CreateAclsResponse> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        std::vector<AclOutcome> outcomes;
        for (const auto& result : answer->acl_res()) {
          outcomes.push_back({protocol::read_acl(result.acl()), error_in_entry(result)});
        }
        done(std::move(outcomes));
      });
  // Safe to repeat: a permission that is there already is no error.
  client.cluster()->ask(Where::coordinator, Repeat::safe, ApiKey::create_acls,
                        protocol::serialize(request), std::move(heard));
}

void list_acls(Client& client, const protocol::AclFilter& filter,
               Callback<std::vector<protocol::AclEntry>> done) {
  wire::ListAclsRequest request;
  protocol::write_filter(*request.mutable_acl_filter(), filter);
  auto heard = parsed<wire::ListAclsResponse>(
      [done = std::move(done)](Outcome<wire::ListAclsResponse> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        std::vector<protocol::AclEntry> entries;
        for (const auto& acl : answer->acl()) entries.push_back(protocol::read_acl(acl));
        done(std::move(entries));
      });
  client.cluster()->ask(Where::coordinator, Repeat::safe, ApiKey::list_acls,
                        protocol::serialize(request), std::move(heard));
}

void drop_acls(Client& client, const protocol::AclFilter& filter,
               Callback<std::vector<AclOutcome>> done) {
  wire::DropAclsRequest request;
  protocol::write_filter(*request.add_acl_filter(), filter);
  auto heard = parsed<wire::DropAclsResponse>(
      [done = std::move(done)](Outcome<wire::DropAclsResponse> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        std::vector<AclOutcome> outcomes;
        for (const auto& result : answer->filter_results()) {
          if (auto error = error_in_entry(result)) return done(tl::unexpected(*std::move(error)));
          for (const auto& match : result.matching_acls()) {
            outcomes.push_back({protocol::read_acl(match.acl()), error_in_entry(match)});
          }
        }
        done(std::move(outcomes));
      });
  client.cluster()->ask(Where::coordinator, Repeat::never, ApiKey::drop_acls,
                        protocol::serialize(request), std::move(heard));
}

}  // namespace millrace::client
