#pragma once
#include <string>

#include "actors/console/console_source.hpp"
#include "actors/console/http_message.hpp"

namespace millrace {

/// Who may read.
struct ConsoleAccess {
  std::string bound_host;  ///< Where the console listens.
  std::string token;       ///< `Authorization: Bearer <token>` is needed unless this is empty.
};

/// Answers one request. Reading is all that is offered: any method but GET and HEAD gets 405, a
/// foreign Host 403, an unknown path 404, a query that cannot be used 400. The three health pages
/// need no token: what asks them seldom can hold one.
[[nodiscard]] HttpResponse answer(const HttpRequest& request, const ConsoleAccess& access,
                                  const ConsoleSource& source);

}  // namespace millrace
