#pragma once
#include "actors/device/device_order.hpp"
#include "runtime/envelope.hpp"

namespace millrace::device {

struct BucketOrder {
  BucketId bucket;
  Order order;
};

/// schemas/device.capnp: orders in, outcomes out.
[[nodiscard]] Result<BucketOrder> decode_order(const Envelope& envelope);
[[nodiscard]] Envelope encode_outcome(BucketId bucket, const Outcome& outcome);

}  // namespace millrace::device
