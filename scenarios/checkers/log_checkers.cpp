#include "scenarios/checkers/log_checkers.hpp"

#include <fmt/format.h>

#include <algorithm>
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

/// How many losses of power a bucket still has before it when something is seen of it.
std::size_t losses_ahead(const History& history, BucketId bucket, Instant seen_at) {
  return history.last_epoch(bucket) - history.epoch_at(bucket, seen_at);
}

/// What was seen of all buckets with so many losses of power still ahead of them.
Known values_seen(const History& history, std::size_t ahead, Violations& violations) {
  Known known;
  for (const Attempt& attempt : history.attempts) {
    if (attempt.fate != Fate::acknowledged || !attempt.offset) continue;
    if (losses_ahead(history, attempt.bucket, attempt.answered_at) != ahead) continue;
    enter(known, attempt.bucket, *attempt.offset, attempt.value, "the acknowledgement", violations);
  }
  for (const Read& read : history.reads) {
    if (losses_ahead(history, read.bucket, read.begun_at) != ahead) continue;
    for (const ReadRow& row : read.rows)
      enter(known, read.bucket, row.offset, row.value, read.reader, violations);
  }
  return known;
}

bool is_due(const History& history, const Attempt& attempt) {
  if (attempt.fate != Fate::acknowledged) return false;
  return std::all_of(history.crashes.begin(), history.crashes.end(), [&](const HostCrash& crash) {
    if (!crash.buckets.contains(attempt.bucket)) return true;
    if (attempt.answered_at > std::max(crash.at, crash.back_at)) return true;  // Later.
    return attempt.answered_at + crash.synced_within <= crash.at;
  });
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
        // That the gap itself may be there is another checker's question.
        if (attempt.offset ? read.passed_over(*attempt.offset) : !read.gaps.empty()) continue;
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
      while (expected < row.offset && read.passed_over(expected)) ++expected;
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

namespace {

/// Below the first offset that was given anew nothing may have changed, and above it all is new.
void check_prefix(const History& history, const Known& before, const Known& after,
                  Violations& violations) {
  std::map<BucketId, Offset> given_anew;
  std::map<BucketId, const Read*> finals;
  for (const Read& read : history.reads) {
    if (read.is_final) finals[read.bucket] = &read;
  }
  for (const auto& [where, value] : before) {
    const auto& [bucket, offset] = where;
    const auto now = after.find(where);
    const auto final_read = finals.find(bucket);
    if (final_read == finals.end())
      continue;  // Nothing can be said; whether that may be is
                 // another checker's question.
    const Read& read = *final_read->second;
    // Deleted or damaged, whatever it was.
    if (now == after.end() && (offset < read.from || read.passed_over(offset))) continue;
    const bool kept = now != after.end() && now->second == value;
    if (!kept) {
      given_anew.try_emplace(bucket, offset);
    } else if (const auto lost = given_anew.find(bucket); lost != given_anew.end()) {
      violations.push_back(
          fmt::format("what survived is no prefix: {} still has {}, but offset {} changed",
                      place(bucket, offset), to_string(value), lost->second));
    }
  }
}

}  // namespace

Violations check_single_valued(const History& history) {
  Violations violations;
  const Known after = values_seen(history, 0, violations);
  for (std::size_t ahead = 1; ahead <= history.crashes.size(); ++ahead) {
    check_prefix(history, values_seen(history, ahead, violations), after, violations);
  }
  return violations;
}

Violations check_damage(const History& history) {
  Violations violations;
  const auto may_be_lost = [&](BucketId bucket, Offset offset) {
    return std::any_of(history.damage.begin(), history.damage.end(), [&](const Damage& one) {
      return one.bucket == bucket && one.rows.from <= offset && offset < one.rows.to;
    });
  };
  for (const Read& read : history.reads) {
    for (const OffsetRange& gap : read.gaps) {
      for (Offset offset = gap.from; offset < gap.to; ++offset) {
        if (may_be_lost(read.bucket, offset)) continue;
        violations.push_back(fmt::format("sound row refused: {} in [{}, {}), says {}",
                                         place(read.bucket, offset), gap.from, gap.to,
                                         read.reader));
        break;
      }
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
    const bool may_go =
        std::any_of(history.crashes.begin(), history.crashes.end(), [&](const HostCrash& crash) {
          return crash.buckets.contains(read.bucket) && crash.synced_within > Duration::zero() &&
                 read.begun_at <= std::max(crash.at, crash.back_at);
        });
    if (may_go) continue;
    for (const ReadRow& row : read.rows) {
      const bool is_deleted =
          row.offset < last->second->from || last->second->passed_over(row.offset);
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
    if (history.refusable.contains(attempt.bucket)) continue;
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
  append(violations, check_damage(history));
  return violations;
}

}  // namespace millrace::scenarios
