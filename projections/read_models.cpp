#include "projections/read_models.hpp"

#include "projections/projector.hpp"
#include "projections/verify.hpp"

namespace ash::projections {

std::string_view to_string(activity what) noexcept {
  switch (what) {
  case activity::connecting:
    return "connecting";
  case activity::following:
    return "following";
  case activity::rebuilding:
    return "rebuilding";
  case activity::away:
    return "away";
  case activity::stopped:
    return "stopped";
  }
  return "stopped";
}

json::object to_json(const view_status& of) {
  json::object out{{"view", of.view}, {"position", of.position}, {"rows_written", of.rows}};
  if (of.stopped_at != 0)
    out["stopped"] =
        json::object{{"position", of.stopped_at}, {"code", of.code}, {"message", of.message}};
  return out;
}

json::object to_json(const projection_status& of) {
  json::array views;
  for (const auto& each : of.views)
    views.push_back(to_json(each));
  return {{"store", of.store},
          {"state", to_string(of.doing)},
          {"problem", of.problem},
          {"generation", of.generation},
          {"current", of.is_current},
          {"head", of.head},
          {"position", of.position},
          {"lag_facts", of.lag_facts},
          {"lag_seconds", of.lag_seconds},
          {"reconnects", of.reconnects},
          {"views", std::move(views)}};
}

result<void> check_current(const projection_status& now) {
  if (now.doing != activity::rebuilding || now.is_current)
    return success();
  return refuse(errc::store_unavailable,
                "the read models are being made for this log, up to position " +
                    std::to_string(now.position) + " of " + std::to_string(now.head) +
                    ": ask again");
}

class read_models::parts {
public:
  parts(std::unique_ptr<store> to, log::event_log& from, std::string data_dir)
      : facts{from}, directory{std::move(data_dir)}, kept{std::move(to)}, asked{*kept},
        writes{from, *kept} {}

  const log::event_log& facts;
  std::string directory;
  std::unique_ptr<store> kept;
  class queries asked;
  projector writes;
};

result<std::unique_ptr<read_models>> read_models::open(log::event_log& from, options how) {
  TRY(auto to, make_store(how.data_dir, how.database_url));
  return std::unique_ptr<read_models>{
      new read_models{std::make_unique<parts>(std::move(to), from, std::move(how.data_dir))}};
}

read_models::read_models(std::unique_ptr<parts> with) : parts_{std::move(with)} {}
read_models::~read_models() = default;

const class queries& read_models::queries() const noexcept {
  return parts_->asked;
}

projection_status read_models::status() const {
  return parts_->writes.status();
}

result<void> read_models::wait_for(std::uint64_t position,
                                   std::chrono::milliseconds timeout) const {
  return parts_->writes.wait_for(position, timeout);
}

void read_models::rebuild() {
  parts_->writes.rebuild();
}

result<verification> read_models::verify(const progress& tell, const std::stop_token& stop) const {
  const auto scratch = parts_->directory + "/verify-" + to_string(random_uuid()) + ".sqlite";
  return projections::verify(parts_->facts, *parts_->kept, scratch, tell, stop);
}

void read_models::stop() {
  parts_->writes.stop();
}

} // namespace ash::projections
