// The commands: each takes what was parsed and gives the process's exit code.
#pragma once

#include "cli/context.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ash::cli {

enum class output_format : std::uint8_t { text, json, stream_json };

struct run_options {
  std::string workflow;
  std::string repo = ".";
  std::string base = "main";
  std::string requirements; ///< a text, or `@FILE` within the repository
  std::string model;
  std::vector<std::string> bindings; ///< `ROLE=PERSONA`
  std::string budget;                ///< dollars
  std::string permission_mode;       ///< instead of the configuration's
  bool unattended = false;           ///< nobody can be asked: asking is a refusal
  bool yes = false;                  ///< consents to what lacks consent, and starts unasked
  bool preview = false;              ///< tells what it would cost, and starts nothing
  bool no_preview = false;           ///< starts without telling that
  bool explain = false;              ///< tells who would do what, and starts nothing
  output_format format = output_format::text;
};
int run_workflow(const settings& with, const run_options& asked);

struct runs_list_options {
  std::string state;
  std::int64_t limit = 50;
};
int runs_list(const settings& with, const runs_list_options& asked);
int runs_show(const settings& with, const std::string& id);
struct resume_options {
  std::string id;
  std::string budget; ///< dollars: the run's cap from now on
  output_format format = output_format::text;
};
int runs_resume(const settings& with, const resume_options& asked);
int runs_abort(const settings& with, const std::string& id, const std::string& reason);

struct attach_options {
  std::string id;
  output_format format = output_format::text;
};
int attach(const settings& with, const attach_options& asked);

/// `run`: only those of this one; empty: of all.
int approvals_list(const settings& with, const std::string& run);
int approvals_show(const settings& with, const std::string& id);
struct decide_options {
  std::string id;
  std::string decision;
  std::string comment;
  output_format format = output_format::text;
};
int approvals_decide(const settings& with, const decide_options& asked);

/// Lets a run write `path`, a glob relative to its worktree, from now on; or not any more.
int permissions_grant(const settings& with, const std::string& run, const std::string& path);
int permissions_revoke(const settings& with, const std::string& run, const std::string& path);
struct permissions_show_options {
  std::string run;     ///< empty: of the configuration
  std::string persona; ///< under the configuration; empty: none
};
/// The mode, the rules with where they come from, and the paths that may be written.
int permissions_show(const settings& with, const permissions_show_options& asked);
struct permissions_test_options {
  std::string run;
  std::string rules; ///< a YAML file; empty: the run's own
  std::string mode;  ///< empty: the file's, else the run's own
};
/// Which of a run's tool calls would be judged otherwise. Exit code 0 where none would, else 1.
int permissions_test(const settings& with, const permissions_test_options& asked);

struct events_options {
  std::string feed;
  std::uint64_t after = 0;
  bool follow = false;
  std::string type;
};
int show_events(const settings& with, const events_options& asked);

struct replay_options {
  std::string feed;
  std::optional<std::uint64_t> at; ///< a position of the log
};
int replay(const settings& with, const replay_options& asked);

int log_verify(const settings& with);
int log_stats(const settings& with);
int log_backup(const settings& with, const std::string& to);
int log_restore(const settings& with, const std::string& from);
int show_blob(const settings& with, const std::string& sha256);

struct serve_options {
  std::string listen = "127.0.0.1:7777";
  std::string tls_cert;
  std::string tls_key;
  std::vector<std::string> allow_hosts;
  bool metrics_public = false;
  std::string database_url;
  int stall_s = 60; ///< for which a live client may take nothing
};
int serve(const settings& with, const serve_options& asked);

struct projections_options {
  std::string database_url; ///< empty: SQLite in the data directory
};
int projections_status(const settings& with, const projections_options& asked);
int projections_rebuild(const settings& with, const projections_options& asked);
int projections_verify(const settings& with, const projections_options& asked);

int workflows_list(const settings& with);
int workflows_show(const settings& with, const std::string& name);
int workflows_validate(const settings& with, const std::vector<std::string>& files);
int personas_list(const settings& with);
int personas_show(const settings& with, const std::string& name);
int personas_validate(const settings& with, const std::vector<std::string>& files);
/// Exit code 0 for a valid instance, 1 with its findings, 2 where the schema is refused. `schema`:
/// a file, or the name of a known one.
int artifacts_validate(const settings& with,
                       const std::string& schema,
                       const std::string& instance);

struct login_options {
  std::string provider;
  bool file = false; ///< not in the keyring
};
int login(const settings& with, const login_options& asked);
int logout(const settings& with, const std::string& provider);
int keys(const settings& with);
struct init_options {
  bool yes = false;
  std::vector<std::string> backends; ///< empty: those that have a key
};
int init(const settings& with, const init_options& asked);

int consent_list(const settings& with);
struct consent_options {
  std::string kind; ///< `backend` or `persona`
  std::string name;
  bool revoke = false;
};
int consent_change_to(const settings& with, const consent_options& asked);

struct doctor_options {
  bool offline = false;
  std::string database_url; ///< empty: the read models are in SQLite
};
int doctor(const settings& with, const doctor_options& asked);
int demo(const settings& with, output_format format);
int list_fail_points(const settings& with);

} // namespace ash::cli
