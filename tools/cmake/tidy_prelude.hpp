// For clang-tidy only: Cap'n Proto 0.9 compares a char pointer with a StringPtr by the reversed
// operator, which clang since version 16 does not try for a type that also declares operator!=
// (P2468). g++ 12 does.
#include <kj/string.h>

namespace kj {
inline bool operator==(const char* left, const StringPtr& right) {
  return right == StringPtr(left);
}
}  // namespace kj
