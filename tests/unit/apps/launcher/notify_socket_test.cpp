#include "apps/launcher/notify_socket.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/un.h>

#include <cstdlib>

#include "tests/unit/apps/launcher/notify_listener.hpp"

namespace millrace {
namespace {

TEST(NotifySocket, EachWordIsOneDatagram) {
  const NotifyListener manager;
  const auto notify = NotifySocket::open(manager.address());
  ASSERT_TRUE(notify) << notify.error().message;
  EXPECT_EQ(manager.next(), "nothing");
  EXPECT_TRUE(notify->tell_ready("hosts 1"));
  EXPECT_TRUE(notify->tell_stopping());
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=hosts 1");
  EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=draining");
  EXPECT_EQ(manager.next(), "nothing");
}

TEST(NotifySocket, WithoutAManagerNothingIsSaidAndNothingIsWrong) {
  ::unsetenv("NOTIFY_SOCKET");
  const auto notify = NotifySocket::take_from_environment();
  ASSERT_TRUE(notify);
  EXPECT_TRUE(notify->tell_ready("hosts 1"));
  EXPECT_TRUE(notify->tell_stopping());
}

TEST(NotifySocket, IsTakenOutOfTheEnvironment) {
  const NotifyListener manager;
  ASSERT_EQ(::setenv("NOTIFY_SOCKET", manager.address().c_str(), 1), 0);
  const auto notify = NotifySocket::take_from_environment();
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  ASSERT_TRUE(notify);
  EXPECT_TRUE(notify->tell_stopping());
  EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=draining");
}

TEST(NotifySocket, AnAddressThatIsNoLocalSocketIsRefused) {
  const std::string too_long(sizeof(sockaddr_un::sun_path), 'a');
  for (const std::string& address :
       {std::string(), std::string("/"), std::string("@"), std::string("run/notify"),
        std::string("vsock:2:1234"), "/" + too_long, "@" + too_long}) {
    const auto notify = NotifySocket::open(address);
    ASSERT_FALSE(notify) << address;
    EXPECT_EQ(notify.error().code, Errc::malformed) << address;
  }
}

TEST(NotifySocket, AManagerThatIsGoneIsAnError) {
  const auto notify = NotifySocket::open("@millrace-notify-nobody");
  ASSERT_TRUE(notify);
  const Status told = notify->tell_ready("hosts 1");
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace millrace
