#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "apps/assembly/node_assembly.hpp"
#include "runtime/production_environment.hpp"
#include "runtime/transport/asio/asio_transport.hpp"
#include "state/disk/faulty/faulty_disk.hpp"
#include "state/disk/posix/posix_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "state/meta/memory/memory_metadata_store.hpp"

namespace millrace {

/// A folder of its own that is gone when the test is over.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A whole node on real sockets, threads and files, as its program wires it, alone in its cluster.
/// Its metadata is in memory, and its disks can be made full and slow.
class LiveNode {
 public:
  struct Shape {
    int disks = 1;  ///< One or two.
    std::size_t in_flight_bytes_max = NodeSettings{}.in_flight_bytes_max;
  };
  explicit LiveNode(const gateway::GatewayOptions& options = {}) : LiveNode(options, Shape{}) {}
  LiveNode(const gateway::GatewayOptions& options, const Shape& shape) {
    NodeSettings settings;
    settings.in_flight_bytes_max = shape.in_flight_bytes_max;
    settings.coordinator = context_.node();
    settings.client = settings.link = {"127.0.0.1", 0};
    settings.gateway_options = options;
    NodePorts ports{transport_, {&logs_}, []() -> Result<std::unique_ptr<MetadataStore>> {
                      return std::make_unique<MemoryMetadataStore>();
                    }};
    if (shape.disks == 2) ports.devices.push_back(&other_logs_);
    loop_.start();
    const auto serving = std::make_shared<std::promise<void>>();
    auto node = NodeAssembly::start(
        context_, std::move(ports), std::move(settings),
        [](const std::string& reason) { ADD_FAILURE() << "supervision gave up: " << reason; },
        [serving] { serving->set_value(); });
    EXPECT_TRUE(node.has_value()) << node.error().message;
    serving->get_future().wait();
    node_ = std::move(*node);
  }

  ~LiveNode() {
    context_.stop(root_name);
    environment_.await_actors();
    loop_.stop();
  }
  LiveNode(const LiveNode&) = delete;
  LiveNode& operator=(const LiveNode&) = delete;

  [[nodiscard]] Endpoint client() const { return node_->endpoints().client; }
  [[nodiscard]] FaultyDisk& disk() { return disk_; }
  [[nodiscard]] FaultyDisk& other_disk() { return other_disk_; }
  [[nodiscard]] NodeContext& context() { return context_; }

 private:
  TestFolder folder_;
  PosixDisk files_{folder_.path().string()};
  FaultyDisk disk_{files_};
  SegmentedLogStore logs_{disk_, {}};
  FaultyDisk other_disk_{files_};
  SegmentedLogStore other_logs_{other_disk_, {}};
  AsioEventLoop loop_;
  AsioTransport transport_{loop_};
  ProductionEnvironment environment_{2};
  NodeContext context_{environment_, {"cluster", NodeId{0}, Incarnation{1}}, Random(7)};
  std::unique_ptr<NodeAssembly> node_;
};

}  // namespace millrace
