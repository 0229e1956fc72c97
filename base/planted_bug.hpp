#pragma once

namespace millrace {

/// Mistakes that we could have made, planted to see that the simulation would have found them: what
/// catches nothing proves nothing (docs/planted-bugs.md). They exist in the build of the preset
/// `planted` alone, where the environment variable MILLRACE_PLANTED_BUG names the one that is made.
/// Each is a line or two where the right thing is done; tests/planted/run.py tries them all.
enum class PlantedBug {
  /// An append is acknowledged when it is ordered, not when the device has written it.
  acknowledge_before_write,
  /// An append with durability `disk` is acknowledged without the sync of its group.
  acknowledge_before_sync,
  /// A batch is taken although one of its writer is missing before it.
  accept_sequence_gap,
  /// A device syncs in time once, and never again.
  sync_once,
  /// A log that is opened knows its writers' batches up to the last note, not those behind it.
  forget_batches_since_note,
  /// What lies above the recovery point is taken for whole without looking at its checksums.
  trust_tail_without_checksum,
  /// What lies above the recovery point is cut off, whole or not.
  cut_above_recovery_point,
  /// How far a log is durable is noted before the sync that makes it so.
  save_recovery_point_before_sync,
  /// A sync that failed is tried again, and believed when it succeeds.
  believe_retried_sync,
  /// A refused append is cut off without a sync.
  roll_back_without_sync,
  /// The name of a new segment is not made durable before rows in it are acknowledged.
  forget_folder_sync_after_roll,
  /// A file that replaces another is synced, its name is not.
  forget_folder_sync_after_replace,
  /// Deletion takes the first segment that must stay as well.
  expire_one_segment_too_many,
  /// A command is answered before its fact is durable.
  answer_before_commit,
  /// A commit whose outcome is unknown is always said to have failed.
  deny_commit_of_unknown_outcome,
  /// A coordinator that starts again grants writer ids from the first one on.
  grant_writer_ids_again,
  /// The id of a partition that was dropped is given to the next one.
  reuse_partition_ids,
  /// An append is acknowledged when its leader has it, whatever the followers have.
  acknowledge_before_followers,
  /// A node does what a deposed coordinator tells it.
  obey_deposed_coordinator,
  /// A coordinator takes office without writing it down.
  take_office_without_commit,
};

// Even pure logic asks this: it is a constant of the process, so that a function of the same
// arguments stays one within a run, and in every other build it is `false` at compile time.
#ifdef MILLRACE_PLANTED_BUGS
[[nodiscard]] bool is_planted(PlantedBug bug);
#else
[[nodiscard]] constexpr bool is_planted(PlantedBug /*bug*/) { return false; }
#endif

}  // namespace millrace
