// Runs: listed, looked at, started, resumed and ended.
#include "actors/shells/run_explanation.hpp"
#include "actors/shells/run_preview.hpp"
#include "gateway/api/context.hpp"
#include "gateway/api/events_page.hpp"

#include <boost/json/array.hpp>

namespace ash::gateway::api {
namespace {

/// A name, or the absolute path of a file.
result<void> check_workflow(const std::string& workflow) {
  if (workflow.find('/') != std::string::npos || workflow.ends_with(".yaml"))
    return check_absolute("workflow", workflow);
  return success();
}

result<run_request> request_of(body_reader& body) {
  run_request out;
  out.workflow = body.text("workflow");
  out.repo = body.text("repository");
  out.base_branch = body.optional_text("base_branch").value_or("main");
  out.requirements = body.text("requirements");
  out.model = body.optional_text("model");
  out.overrides = body.optional_texts("bindings");
  out.run_cap = body.optional_usd("budget_usd");
  const auto mode = body.optional_text("permission_mode");
  const auto approvals = body.optional_text("approvals");
  TRY(body.done());
  if (mode) {
    out.permission_mode = definitions::permission_mode_named(*mode);
    if (!out.permission_mode)
      return refuse(errc::argument_invalid,
                    "'permission_mode' is default, accept-edits, plan, dont-ask or bypass")
          .with("field", "/permission_mode");
  }
  if (approvals && *approvals != "attended" && *approvals != "unattended")
    return refuse(errc::argument_invalid, "'approvals' is attended or unattended")
        .with("field", "/approvals");
  out.attended = !approvals || *approvals == "attended";
  TRY(check_absolute("repository", out.repo));
  TRY(check_workflow(out.workflow));
  return out;
}

result<response> start(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(auto body, body_reader::of(asked));
  TRY(auto wanted, request_of(body));
  TRY(const auto key, key_of(asked, in.log(), "start run", body.canonical()));
  const run_id run{key.made};
  wanted.id = run;
  TRY(const auto how,
      perform(in, key, stream_of(run), [&](const command_source& from) -> result<void> {
        TRY(in.work().start_run(wanted, from));
        return success();
      }));
  const auto id = to_string(run);
  return commanded(in, {{"run", id}}, how, 201, "/api/v1/runs/" + id);
}

result<response> preview(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(auto body, body_reader::of(asked));
  TRY(const auto wanted, request_of(body));
  TRY(const auto seen, in.work().preview_run(wanted));
  return json_answer(to_json(seen));
}

result<response> explain(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(auto body, body_reader::of(asked));
  run_request wanted;
  wanted.workflow = body.text("workflow");
  wanted.model = body.optional_text("model");
  wanted.overrides = body.optional_texts("bindings");
  TRY(body.done());
  TRY(check_workflow(wanted.workflow));
  TRY(const auto seen, in.work().explain_run(wanted));
  return json_answer(to_json(seen));
}

result<response> resume_run(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto run, run_in(in, asked));
  TRY(auto body, body_reader::of(asked));
  const auto cap = body.optional_usd("budget_usd");
  TRY(body.done());
  const auto target = "resume " + stream_of(run).text();
  TRY(const auto key, key_of(asked, in.log(), target, body.canonical()));
  TRY(const auto how, perform(in, key, stream_of(run), [&](const command_source& from) {
        return in.work().resume_run(run, from, cap);
      }));
  return commanded(in, {{"run", to_string(run)}}, how);
}

result<response> abort(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto run, run_in(in, asked));
  TRY(auto body, body_reader::of(asked));
  const auto reason = body.optional_text("reason").value_or("aborted over the API");
  TRY(body.done());
  const auto target = "abort " + stream_of(run).text();
  TRY(const auto key, key_of(asked, in.log(), target, body.canonical()));
  TRY(const auto how, perform(in, key, stream_of(run), [&](const command_source& from) {
        return in.work().abort_run(run, reason, from);
      }));
  return commanded(in, {{"run", to_string(run)}}, how);
}

enum class path_right : std::uint8_t { granted, revoked };

result<response> change_path(const context& in, const call& asked, path_right what) {
  TRY(query_reader{asked}.done());
  TRY(const auto run, run_in(in, asked));
  TRY(auto body, body_reader::of(asked));
  const auto path = body.text("path");
  TRY(body.done());
  const auto grants = what == path_right::granted;
  const auto target = std::string{grants ? "grant " : "revoke "} + stream_of(run).text();
  TRY(const auto key, key_of(asked, in.log(), target, body.canonical()));
  TRY(const auto how, perform(in, key, stream_of(run), [&](const command_source& from) {
        return grants ? in.work().grant_path(run, path, from)
                      : in.work().revoke_path(run, path, from);
      }));
  return commanded(in, {{"run", to_string(run)}}, how);
}

result<response> show(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto run, run_in(in, asked));
  TRY(const auto summary, inspect::summarise_run(in.log(), run));
  TRY(const auto history, inspect::show_run(in.log(), run));
  auto out = inspect::to_json(history);
  for (auto& [name, value] : inspect::to_json(summary))
    out[name == "phases" ? "phases_planned" : name] = value;
  TRY(out["approvals"], inspect::list_approvals(in.log(), run));
  return one(asked, out);
}

result<response> report(const context& in, const call& asked) {
  query_reader query{asked};
  const auto wanted = query.text("format");
  TRY(query.done());
  if (wanted && *wanted != "json" && *wanted != "markdown")
    return refuse(errc::argument_invalid, "'format' is json or markdown").with("field", "format");
  TRY(const auto run, run_in(in, asked));
  TRY(const auto history, inspect::show_run(in.log(), run));
  const auto markdown =
      wanted ? *wanted == "markdown"
             : asked.header("accept").find("text/markdown") != std::string_view::npos;
  return markdown ? one_text(asked, "text/markdown; charset=utf-8", inspect::to_markdown(history))
                  : one(asked, inspect::to_json(history));
}

} // namespace

void add_run_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/runs", [in](const call& c) { return rows(*in, c, "runs"); });
  to.add("POST", "/api/v1/runs", [in](const call& c) { return start(*in, c); });
  to.add("POST", "/api/v1/runs/preview", [in](const call& c) { return preview(*in, c); });
  to.add("POST", "/api/v1/runs/explanation", [in](const call& c) { return explain(*in, c); });
  to.add("GET", "/api/v1/runs/{run}", [in](const call& c) { return show(*in, c); });
  to.add("POST", "/api/v1/runs/{run}/resume", [in](const call& c) { return resume_run(*in, c); });
  to.add("POST", "/api/v1/runs/{run}/abort", [in](const call& c) { return abort(*in, c); });
  to.add("POST", "/api/v1/runs/{run}/permissions/grant", [in](const call& c) {
    return change_path(*in, c, path_right::granted);
  });
  to.add("POST", "/api/v1/runs/{run}/permissions/revoke", [in](const call& c) {
    return change_path(*in, c, path_right::revoked);
  });
  to.add("GET", "/api/v1/runs/{run}/report", [in](const call& c) { return report(*in, c); });
  to.add("GET", "/api/v1/runs/{run}/events", [in](const call& c) -> result<response> {
    TRY(const auto run, run_in(*in, c));
    return events_page(*in, c, stream_of(run).text());
  });
}

} // namespace ash::gateway::api
