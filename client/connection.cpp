#include "client/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::client {

namespace wire = protocol::wire;

namespace {

constexpr std::int32_t handshake_id = 0;

/// Source: Fluss client, after a retriable refusal.
constexpr Duration first_authentication_pause = 100ms;
constexpr Duration authentication_pause_max = 5s;

/// What an ErrorResponse says. Unreadable ones are still errors.
ProtocolError error_in(const Buffer& body) {
  const auto message = protocol::parse_message<wire::ErrorResponse>(body.bytes());
  if (!message) return {ErrorCode::unknown_server_error, "unreadable error answer"};
  const ErrorCode code = protocol::error_code_of(message->error_code());
  if (message->error_message().empty()) return {code, std::string(default_message(code))};
  return {code, message->error_message()};
}

std::string seconds(Duration duration) {
  return fmt::format("{:.3g} s", std::chrono::duration<double>(duration).count());
}

std::string name_of_api(protocol::ApiKey api) {
  const auto found = protocol::find_api(static_cast<std::int16_t>(api));
  return found ? std::string(found->name) : std::to_string(static_cast<std::int16_t>(api));
}

}  // namespace

std::shared_ptr<Connection> Connection::open(Transport& transport, EventLoop& loop,
                                             const Endpoint& to, ConnectionOptions options) {
  std::shared_ptr<Connection> connection(new Connection(transport, loop, to, std::move(options)));
  connection->start();
  return connection;
}

Connection::Connection(Transport& transport, EventLoop& loop, Endpoint to,
                       ConnectionOptions options)
    : transport_(transport),
      loop_(loop),
      to_(std::move(to)),
      options_(std::move(options)),
      frames_(options_.answer_bytes_max),
      heard_at_(loop.now()) {}

Connection::~Connection() { close("the client is going away"); }

void Connection::start() {
  const std::weak_ptr<Connection> weak = weak_from_this();
  id_ = transport_.connect(to_, [weak](TransportEvent event) {
    if (const auto self = weak.lock()) self->on_event(std::move(event));
  });
  handshake_deadline_ = loop_.after(options_.handshake_time_max, [weak] {
    const auto self = weak.lock();
    if (self && !self->ready_)
      self->close("no handshake within " + seconds(self->options_.handshake_time_max));
  });
}

void Connection::ask(protocol::ApiKey api, std::vector<Buffer> body, Duration time_max,
                     Callback<Answer> done) {
  if (closed_) return answer_later(std::move(done), why_closed_);
  if (waiting_.size() >= options_.in_flight_max) {
    return answer_later(
        std::move(done),
        {ErrorCode::network_exception, fmt::format("too many requests to {} wait for an answer: {}",
                                                   to_string(to_), waiting_.size())});
  }
  const std::int32_t request_id = next_request_id_++;
  const TimerId deadline = loop_.after(time_max, [weak = weak_from_this(), request_id, time_max] {
    if (const auto self = weak.lock()) self->on_deadline(request_id, time_max);
  });
  const auto made = waiting_.emplace(
      request_id, Waiting{api, std::move(body), std::move(done), deadline, loop_.now()});
  if (ready_) send_waiting(request_id, made.first->second);
}

void Connection::close(const std::string& reason) { give_up(ErrorCode::network_exception, reason); }

void Connection::give_up(ErrorCode code, const std::string& reason) {
  if (closed_) return;
  closed_ = true;
  why_closed_ = {code, fmt::format("{}: {}", to_string(to_), reason)};
  loop_.cancel(handshake_deadline_);
  transport_.close(id_, true);
  for (auto& [request_id, waiting] : std::exchange(waiting_, {})) {
    loop_.cancel(waiting.deadline);
    answer_later(std::move(waiting.done), why_closed_);
  }
}

void Connection::on_event(TransportEvent event) {
  if (closed_) return;
  if (std::holds_alternative<Opened>(event)) {
    wire::ApiVersionsRequest hello;
    hello.set_client_software_name(options_.software_name);
    hello.set_client_software_version(options_.software_version);
    transport_.send(id_, protocol::encode_request(protocol::ApiKey::api_versions, 0, handshake_id,
                                                  {protocol::serialize(hello)}));
    transport_.receive(id_);
  } else if (auto* received = std::get_if<Received>(&event)) {
    on_received(std::move(received->bytes));
  } else if (const auto* gone = std::get_if<Closed>(&event)) {
    close(gone->reason);
  }
}

void Connection::on_received(Buffer bytes) {
  heard_at_ = loop_.now();
  frames_.push(std::move(bytes));
  while (!closed_) {
    const auto payload = frames_.next();
    if (!payload) return close("the server sent garbage: " + payload.error().message);
    if (!*payload) break;
    if (const auto status = on_frame(**payload); !status)
      return close("the server sent garbage: " + status.error().message);
  }
  if (!closed_) transport_.receive(id_);
}

Status Connection::on_frame(const Buffer& payload) {
  const auto frame = protocol::parse_response(payload);
  if (!frame) return tl::unexpected(frame.error());
  if (!ready_) return authentication_id_ == 0 ? on_handshake(*frame) : on_authentication(*frame);
  const auto found = waiting_.find(frame->request_id);
  // Not ours any more: the answer to a request whose deadline has passed.
  if (found == waiting_.end()) return {};
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  if (frame->is_error) {
    answer(waiting, tl::unexpected(error_in(frame->body)));
  } else {
    answer(waiting, Answer{frame->body, payload.size() + sizeof(std::int32_t)});
  }
  return {};
}

Status Connection::on_handshake(const protocol::ResponseFrame& frame) {
  if (frame.request_id != handshake_id)
    return fail(Errc::malformed,
                "answer before the handshake: request " + std::to_string(frame.request_id));
  if (frame.is_error) {
    const ProtocolError error = error_in(frame.body);
    close("handshake refused: " + error.message);
    return {};
  }
  const auto message = protocol::parse_message<wire::ApiVersionsResponse>(frame.body.bytes());
  if (!message) return tl::unexpected(message.error());
  for (const auto& api : message->api_versions()) {
    if (api.min_version() <= 0) served_.insert(static_cast<std::int16_t>(api.api_key()));
  }
  if (options_.login) {
    start_authentication();
  } else {
    become_ready();
  }
  return {};
}

void Connection::start_authentication() {
  if (closed_) return;
  if (!served_.contains(static_cast<std::int16_t>(protocol::ApiKey::authenticate))) {
    return give_up(ErrorCode::unsupported_version, "the server does not serve AUTHENTICATE");
  }
  ++authentications_;
  authentication_id_ = next_request_id_++;
  wire::AuthenticateRequest request;
  request.set_protocol("PLAIN");
  std::string token(1, '\0');  // Acting for nobody else. Source: RFC 4616.
  token += options_.login->username;
  token += '\0';
  token += options_.login->password;
  request.set_token(token);
  transport_.send(id_,
                  protocol::encode_request(protocol::ApiKey::authenticate, 0, authentication_id_,
                                           {protocol::serialize(request)}));
}

Status Connection::on_authentication(const protocol::ResponseFrame& frame) {
  if (frame.request_id != authentication_id_)
    return fail(Errc::malformed,
                "answer before authentication: request " + std::to_string(frame.request_id));
  if (!frame.is_error) {
    become_ready();
    return {};
  }
  const ProtocolError error = error_in(frame.body);
  if (error.code != ErrorCode::retriable_authenticate_exception) {
    give_up(error.code, "authentication refused: " + error.message);
    return {};
  }
  // Until the handshake's time is up.
  const Duration pause =
      std::min(first_authentication_pause * (1 << std::min(authentications_ - 1, 10)),
               authentication_pause_max);
  loop_.after(pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->start_authentication();
  });
  return {};
}

void Connection::become_ready() {
  ready_ = true;
  loop_.cancel(handshake_deadline_);
  // A callback can make new requests, but not from inside send_waiting(), so this map is stable.
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    const auto current = next++;
    send_waiting(current->first, current->second);
  }
}

void Connection::send_waiting(std::int32_t request_id, Waiting& waiting) {
  if (served_.contains(static_cast<std::int16_t>(waiting.api))) {
    transport_.send(
        id_, protocol::encode_request(waiting.api, 0, request_id, std::exchange(waiting.body, {})));
    waiting.asked_at = loop_.now();
    return;
  }
  loop_.cancel(waiting.deadline);
  answer_later(std::move(waiting.done), {ErrorCode::unsupported_version,
                                         fmt::format("{} does not serve {} version 0",
                                                     to_string(to_), name_of_api(waiting.api))});
  waiting_.erase(request_id);
}

void Connection::on_deadline(std::int32_t request_id, Duration time_max) {
  const auto found = waiting_.find(request_id);
  if (found == waiting_.end()) return;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  const bool silent = ready_ && heard_at_ <= waiting.asked_at;
  auto late = refuse(ErrorCode::request_time_out,
                     fmt::format("no answer from {} to {} within {}", to_string(to_),
                                 name_of_api(waiting.api), seconds(time_max)));
  answer(waiting, std::move(late));
  if (silent) close("nothing was heard for " + seconds(time_max));
}

void Connection::answer(const Waiting& waiting, Outcome<Answer> outcome) {
  loop_.cancel(waiting.deadline);
  waiting.done(std::move(outcome));
}

void Connection::answer_later(Callback<Answer> done, ProtocolError error) {
  loop_.post([done = std::move(done), error = std::move(error)] { done(tl::unexpected(error)); });
}

}  // namespace millrace::client
