#include "actors/console/page_json.hpp"

namespace millrace {

std::string text_of(const Json& page) {
  return page.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

double seconds_of(Duration span) { return std::chrono::duration<double>(span).count(); }

}  // namespace millrace
