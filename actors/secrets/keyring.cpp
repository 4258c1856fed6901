#include "actors/secrets/keyring.hpp"

#include "events/base/clock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <libsecret/secret.h>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace ash::secrets {
namespace {

const SecretSchema* schema() {
  static const SecretSchema out{"org.actor-shell.ProviderKey",
                                SECRET_SCHEMA_NONE,
                                {{"provider", SECRET_SCHEMA_ATTRIBUTE_STRING}, {nullptr, {}}},
                                0,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr};
  return &out;
}

/// Without a bus GLib would try to start one, which takes long and helps nobody.
bool has_session_bus() {
  if (const auto* address = std::getenv("DBUS_SESSION_BUS_ADDRESS"); address && *address != '\0')
    return true;
  const auto* runtime = std::getenv("XDG_RUNTIME_DIR");
  return runtime && *runtime == '/' && ::access((std::string{runtime} + "/bus").c_str(), R_OK) == 0;
}

/// Calls a request off once its time is over.
class time_limit {
public:
  time_limit()
      : cancellable_{g_cancellable_new()}, thread_{[this] {
          std::unique_lock lock{mutex_};
          if (!done_.wait_for(
                  lock, std::chrono::milliseconds{keyring_limit_ms}, [&] { return over_; }))
            g_cancellable_cancel(cancellable_);
        }} {}
  ~time_limit() {
    {
      const std::lock_guard lock{mutex_};
      over_ = true;
    }
    done_.notify_all();
    thread_.join();
    g_object_unref(cancellable_);
  }
  time_limit(const time_limit&) = delete;
  time_limit& operator=(const time_limit&) = delete;

  [[nodiscard]] GCancellable* get() const { return cancellable_; }

private:
  GCancellable* cancellable_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool over_ = false;
  std::thread thread_;
};

constexpr std::int64_t rest_us = 60 * us_per_s;
/// Until when (on the monotonic clock) a keyring that did not answer is left alone.
std::atomic<std::int64_t> silent_until_us{0};

constexpr std::string_view absent = "keyring_absent";

error no_keyring(std::string why) {
  return refuse(errc::store_unavailable, "there is no keyring here: " + std::move(why))
      .with(std::string{absent}, "true");
}

error no_answer() {
  return refuse(errc::store_unavailable,
                "the keyring did not answer within " + std::to_string(keyring_limit_ms) +
                    " ms: is it locked?");
}

error failure(GError* from) {
  const std::string said = from->message;
  const auto cancelled = g_error_matches(from, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  const auto missing = g_error_matches(from, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
  g_error_free(from);
  if (missing)
    return no_keyring("no service for it on this D-Bus session (" + said + ")");
  if (!cancelled)
    return refuse(errc::store_unavailable, "the keyring can't be used: " + said);
  silent_until_us = monotonic_us() + rest_us;
  return no_answer();
}

/// Makes one request: `ask(cancellable, &error)`.
template <class Ask> auto within_limit(Ask&& ask) -> result<decltype(ask(nullptr, nullptr))> {
  if (!has_session_bus())
    return no_keyring("no D-Bus session (DBUS_SESSION_BUS_ADDRESS is not set)");
  if (monotonic_us() < silent_until_us)
    return no_answer();
  const time_limit limit;
  GError* failed = nullptr;
  auto answer = ask(limit.get(), &failed);
  if (failed != nullptr)
    return failure(failed);
  return answer;
}

} // namespace

namespace {

/// A locked keyring answers as if it were empty; what it holds it tells without being unlocked.
result<void> check_unlocked(const std::string& provider) {
  TRY(auto* found, within_limit([&](GCancellable* limit, GError** failed) {
        return secret_password_search_sync(
            schema(), SECRET_SEARCH_NONE, limit, failed, "provider", provider.c_str(), nullptr);
      }));
  const auto is_there = found != nullptr;
  g_list_free_full(found, g_object_unref);
  if (is_there)
    return refuse(errc::store_unavailable,
                  "the keyring has a key of " + provider + ", and is locked: unlock it");
  return success();
}

} // namespace

bool is_absence_of_keyring(const error& why) {
  return std::any_of(why.details.begin(), why.details.end(), [](const auto& each) {
    return each.first == absent;
  });
}

result<std::optional<std::string>> find_in_keyring(const std::string& provider) {
  TRY(auto* found, within_limit([&](GCancellable* limit, GError** failed) {
        return secret_password_lookup_sync(
            schema(), limit, failed, "provider", provider.c_str(), nullptr);
      }));
  if (found == nullptr) {
    TRY(check_unlocked(provider));
    return std::optional<std::string>{};
  }
  std::optional<std::string> out{found};
  secret_password_free(found);
  return out;
}

result<void> keep_in_keyring(const std::string& provider, const std::string& key) {
  const auto label = "actor-shell: key of " + provider;
  TRY(const auto kept, within_limit([&](GCancellable* limit, GError** failed) {
        return secret_password_store_sync(schema(),
                                          SECRET_COLLECTION_DEFAULT,
                                          label.c_str(),
                                          key.c_str(),
                                          limit,
                                          failed,
                                          "provider",
                                          provider.c_str(),
                                          nullptr);
      }));
  if (kept == FALSE)
    return refuse(errc::store_unavailable, "the keyring did not keep it: was it unlocked?");
  return success();
}

result<bool> remove_from_keyring(const std::string& provider) {
  TRY(const auto removed, within_limit([&](GCancellable* limit, GError** failed) {
        return secret_password_clear_sync(
            schema(), limit, failed, "provider", provider.c_str(), nullptr);
      }));
  if (removed == FALSE) {
    TRY(check_unlocked(provider));
  }
  return removed != FALSE;
}

} // namespace ash::secrets
