#include "scenarios/checkers/log_checkers.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace millrace::scenarios {
namespace {

using Known = std::map<std::pair<BucketId, Offset>, Value>;

std::string place(BucketId bucket, Offset offset) {
  return fmt::format("bucket {} offset {}", millrace::to_string(bucket), offset);
}

/// Enters what was seen at a place; an earlier, different value is a violation.
void enter(Known& known, BucketId bucket, Offset offset, const Value& value, const std::string& who,
           Violations& violations) {
  const auto [entry, is_new] = known.try_emplace({bucket, offset}, value);
  if (is_new || entry->second == value) return;
  violations.push_back(fmt::format("two values at one offset: {} was {}, {} says {}",
                                   place(bucket, offset), to_string(entry->second), who,
                                   to_string(value)));
}

/// What was seen of the places that had not yet lost power (`before`), or of all others.
Known values_seen(const History& history, bool before, Violations& violations) {
  Known known;
  for (const Attempt& attempt : history.attempts) {
    if (attempt.fate != Fate::acknowledged || !attempt.offset) continue;
    if (history.lost_since(attempt.bucket, attempt.answered_at) != before) continue;
    enter(known, attempt.bucket, *attempt.offset, attempt.value, "the acknowledgement", violations);
  }
  for (const Read& read : history.reads) {
    if (history.lost_since(read.bucket, read.begun_at) != before) continue;
    for (const ReadRow& row : read.rows)
      enter(known, read.bucket, row.offset, row.value, read.reader, violations);
  }
  return known;
}

bool is_due(const History& history, const Attempt& attempt) {
  if (attempt.fate != Fate::acknowledged) return false;
  if (!history.lost_since(attempt.bucket, attempt.answered_at)) return true;
  return attempt.answered_at + history.crash->synced_within <= history.crash->at;
}

/// Whether a row that is not in `read` may have been deleted for its age.
bool may_be_deleted(const History& history, const Attempt& attempt, const Read& read) {
  if (!history.time_to_live || read.begun_at - attempt.asked_at <= *history.time_to_live)
    return false;
  return !attempt.offset || *attempt.offset < read.from;
}

void append(Violations& all, Violations some) {
  all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
}

}  // namespace

Violations check_nothing_lost(const History& history) {
  Violations violations;
  for (const Read& read : history.reads) {
    if (!read.is_final) continue;
    std::map<Value, Offset> found;
    for (const ReadRow& row : read.rows) found.emplace(row.value, row.offset);
    for (const Attempt& attempt : history.attempts) {
      if (attempt.bucket != read.bucket || !is_due(history, attempt)) continue;
      const auto row = found.find(attempt.value);
      if (row == found.end()) {
        if (may_be_deleted(history, attempt, read)) continue;
        violations.push_back(fmt::format(
            "acknowledged row lost: {} of bucket {} (offset {}) is not in {}",
            to_string(attempt.value), millrace::to_string(attempt.bucket),
            attempt.offset ? std::to_string(*attempt.offset) : "not told", read.reader));
      } else if (attempt.offset && *attempt.offset != row->second) {
        violations.push_back(fmt::format(
            "acknowledged row moved: {} was told {}, {} has it at {}", to_string(attempt.value),
            place(attempt.bucket, *attempt.offset), read.reader, row->second));
      }
    }
  }
  return violations;
}

Violations check_nothing_invented(const History& history) {
  Violations violations;
  std::map<Value, const Attempt*> attempts;
  for (const Attempt& attempt : history.attempts) attempts.emplace(attempt.value, &attempt);
  for (const Read& read : history.reads) {
    std::map<Value, Offset> seen;
    for (const ReadRow& row : read.rows) {
      const std::string where = place(read.bucket, row.offset) + " as " + read.reader + " sees it";
      const auto [first, is_new] = seen.try_emplace(row.value, row.offset);
      if (!is_new) {
        violations.push_back(fmt::format("duplicate: {} at {} and at offset {}",
                                         to_string(row.value), where, first->second));
      }
      const auto attempt = attempts.find(row.value);
      if (attempt == attempts.end() || attempt->second->bucket != read.bucket) {
        violations.push_back(fmt::format("phantom: {} at {}, where nobody appended it",
                                         to_string(row.value), where));
      } else if (attempt->second->fate == Fate::refused) {
        violations.push_back(
            fmt::format("refused row is visible: {} at {}", to_string(row.value), where));
      }
    }
  }
  return violations;
}

Violations check_order(const History& history) {
  Violations violations;
  for (const Read& read : history.reads) {
    std::map<std::int64_t, std::int64_t> last;
    for (const ReadRow& row : read.rows) {
      const auto [entry, is_new] = last.try_emplace(row.value.writer, row.value.sequence);
      if (is_new) continue;
      // An equal one is a duplicate, which another checker reports.
      if (row.value.sequence < entry->second) {
        violations.push_back(fmt::format("out of order: {} at {} follows on row {}, says {}",
                                         to_string(row.value), place(read.bucket, row.offset),
                                         entry->second, read.reader));
      }
      entry->second = row.value.sequence;
    }
  }
  return violations;
}

Violations check_dense(const History& history) {
  Violations violations;
  for (const Read& read : history.reads) {
    Offset expected = read.from;
    for (const ReadRow& row : read.rows) {
      if (row.offset != expected) {
        violations.push_back(fmt::format("offsets are not dense: {} read {} when {} was next",
                                         read.reader, place(read.bucket, row.offset), expected));
      }
      expected = row.offset + 1;
    }
  }
  return violations;
}

Violations check_start(const History& history) {
  Violations violations;
  for (const Read& earlier : history.reads) {
    for (const Read& later : history.reads) {
      if (later.bucket != earlier.bucket || later.start_asked_at < earlier.begun_at) continue;
      if (later.from >= earlier.from) continue;
      violations.push_back(fmt::format("the start went back: {} began at {}, after {} began at {}",
                                       later.reader, place(later.bucket, later.from),
                                       earlier.reader, earlier.from));
    }
  }
  return violations;
}

Violations check_single_valued(const History& history) {
  Violations violations;
  const Known after = values_seen(history, false, violations);
  const Known before = values_seen(history, true, violations);
  // Below the first offset that was given anew nothing may have changed, and above it all is new.
  std::map<BucketId, Offset> given_anew;
  std::map<BucketId, Offset> starts;
  for (const Read& read : history.reads) {
    if (read.is_final) starts[read.bucket] = read.from;
  }
  for (const auto& [where, value] : before) {
    const auto& [bucket, offset] = where;
    const auto now = after.find(where);
    if (now == after.end() && offset < starts[bucket]) continue;  // Deleted, whatever it was.
    const bool kept = now != after.end() && now->second == value;
    if (!kept) {
      given_anew.try_emplace(bucket, offset);
    } else if (const auto lost = given_anew.find(bucket); lost != given_anew.end()) {
      violations.push_back(
          fmt::format("what survived is no prefix: {} still has {}, but offset {} changed",
                      place(bucket, offset), to_string(value), lost->second));
    }
  }
  return violations;
}

Violations check_read_stays(const History& history) {
  Violations violations;
  std::map<BucketId, const Read*> finals;
  Known kept;
  for (const Read& read : history.reads) {
    if (!read.is_final) continue;
    finals[read.bucket] = &read;
    for (const ReadRow& row : read.rows) kept.try_emplace({read.bucket, row.offset}, row.value);
  }
  for (const Read& read : history.reads) {
    const auto last = finals.find(read.bucket);
    if (last == finals.end() || read.is_final) continue;
    const bool may_go = history.lost_since(read.bucket, read.begun_at) &&
                        history.crash->synced_within > Duration::zero();
    if (may_go) continue;
    for (const ReadRow& row : read.rows) {
      const bool is_deleted = row.offset < last->second->from;
      // Another row in its place is two values at one offset, which another checker reports.
      if (is_deleted || kept.contains({read.bucket, row.offset})) continue;
      violations.push_back(fmt::format("row that was read is lost: {}, which {} saw at {}",
                                       to_string(row.value), read.reader,
                                       place(read.bucket, row.offset)));
    }
  }
  return violations;
}

Violations check_log(const History& history) {
  Violations violations = history.findings;
  std::set<BucketId> read_whole;
  for (const Read& read : history.reads) {
    if (read.is_final) read_whole.insert(read.bucket);
  }
  for (const Attempt& attempt : history.attempts) {
    if (!read_whole.insert(attempt.bucket).second) continue;
    violations.push_back(fmt::format("bucket {} was never read whole, nothing is proved",
                                     millrace::to_string(attempt.bucket)));
  }
  append(violations, check_nothing_lost(history));
  append(violations, check_nothing_invented(history));
  append(violations, check_order(history));
  append(violations, check_dense(history));
  append(violations, check_start(history));
  append(violations, check_single_valued(history));
  append(violations, check_read_stays(history));
  return violations;
}

}  // namespace millrace::scenarios
