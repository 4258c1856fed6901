#include "events/feed/read_ahead.hpp"

#include <utility>

namespace ash::feed {
namespace {

constexpr long most_pages = 64;

} // namespace

// -- one page -------------------------------------------------------------------------------------

page_ahead::page_ahead(page_source from,
                       const type_filter& types,
                       std::uint64_t after,
                       std::shared_ptr<const void> counted)
    : from_{std::move(from)}, types_{types}, after_{after}, counted_{std::move(counted)} {}

bool page_ahead::begin() {
  const std::lock_guard guard{lock_};
  if (state_ != state::waiting)
    return false;
  state_ = state::begun;
  return true;
}

void page_ahead::make() {
  if (!begin())
    return;
  auto page = from_.read(after_);
  const auto events = page ? page.value().events : std::vector<event_ptr>{};
  {
    const std::lock_guard guard{lock_};
    page_ = std::move(page);
    state_ = state::made;
  }
  made_.notify_one();
  // From the end: who takes the page begins with its first events, and they meet in between.
  for (auto each = events.rbegin(); each != events.rend() && !(*each)->is_encoded(); ++each)
    if (types_.passes((*each)->type()))
      static_cast<void>((*each)->text()); // who gives the event meets its fault
}

result<log_page> page_ahead::take(page_source& left) {
  if (begin())
    return left.read(after_);
  std::unique_lock guard{lock_};
  made_.wait(guard, [this] { return state_ == state::made; });
  left = std::move(from_);
  return std::move(page_);
}

// -- the thread -----------------------------------------------------------------------------------

read_ahead::read_ahead() : counted_{std::make_shared<const char>()}, thread_{[this] { run(); }} {}

read_ahead::~read_ahead() {
  stop();
}

std::shared_ptr<page_ahead>
read_ahead::begin(const page_source& from, const type_filter& types, std::uint64_t after) {
  std::shared_ptr<page_ahead> page;
  {
    const std::lock_guard guard{lock_};
    if (is_ending_ || counted_.use_count() > most_pages)
      return nullptr;
    page = std::make_shared<page_ahead>(from, types, after, counted_);
    waiting_.push_back(page);
  }
  filled_.notify_one();
  return page;
}

void read_ahead::stop() {
  {
    const std::lock_guard guard{lock_};
    is_ending_ = true;
  }
  filled_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

std::uint64_t read_ahead::pages() const {
  const std::lock_guard guard{lock_};
  return static_cast<std::uint64_t>(counted_.use_count() - 1);
}

void read_ahead::run() {
  std::unique_lock guard{lock_};
  for (;;) {
    filled_.wait(guard, [this] { return is_ending_ || !waiting_.empty(); });
    if (is_ending_)
      return;
    const auto page = waiting_.front().lock(); // none: nobody wants it any more
    waiting_.pop_front();
    guard.unlock();
    if (page)
      page->make();
    guard.lock();
  }
}

} // namespace ash::feed
