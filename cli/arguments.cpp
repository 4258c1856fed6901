#include "cli/arguments.hpp"

#include "cli/commands/audit.hpp"
#include "cli/commands/money.hpp"
#include "cli/commands/pricing.hpp"
#include "cli/help.hpp"
#include "cli/language.hpp"
#include "cli/option_values.hpp"
#include "events/base/text.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

namespace ash::cli {
namespace {

constexpr const char* footer = msg(
    "Exit codes: 0 done · 1 the run failed, or an internal error · 2 invalid input · 3 not found · "
    "4 conflict · 5 a person has to decide or mend something · 6 a budget or limit was reached · "
    "7 try again later · 8 the run was aborted · 130/143 stopped by SIGINT/SIGTERM (resume it)\n"
    "Language: ACTOR_SHELL_LANG=en or ko (default: the locale's)");

constexpr std::int64_t most_rows = 1'000'000; ///< that one answer lists

/// Everything that the line can set; lives until the command has run.
struct line {
  settings with;
  bool json = false;
  run_options run;
  runs_list_options list;
  std::string id;
  std::string path;
  std::string reason = "aborted from the command line";
  resume_options resume;
  output_format format = output_format::text;
  attach_options attach;
  decide_options decide;
  budget_set_options budget_set;
  permissions_show_options permissions_show;
  permissions_test_options permissions_test;
  std::string by = "model";
  std::string provider = "openrouter";
  events_options events;
  replay_options replay;
  serve_options serve;
  projections_options projections;
  login_options login;
  init_options init;
  consent_options consent;
  doctor_options doctor;
  std::string directory;
  std::string schema;
  std::vector<std::string> files;
  std::function<int()> chosen;
};

void add_run(CLI::App& app, line& l) {
  auto* run = app.add_subcommand("run", "Run a workflow over a git repository");
  run->add_option("WORKFLOW", l.run.workflow, "name@version, name, or a YAML file")->required();
  run->add_option("--repo", l.run.repo, "the git repository (default: here)")
      ->envname("ACTOR_SHELL_REPO");
  run->add_option("--base", l.run.base, "the branch to begin from")
      ->envname("ACTOR_SHELL_BASE")
      ->capture_default_str();
  run->add_option(
      "--requirements", l.run.requirements, "what is wanted: a text, or @FILE in the repository");
  run->add_option("--model", l.run.model, "provider:model, instead of every persona's own")
      ->envname("ACTOR_SHELL_MODEL");
  run->add_option("--bind", l.run.bindings, "ROLE=PERSONA, as often as needed");
  run->add_option("--budget", l.run.budget, "the run's cap in dollars")
      ->envname("ACTOR_SHELL_BUDGET");
  run->add_option("--permission-mode",
                  l.run.permission_mode,
                  "default, accept-edits, plan, dont-ask or bypass")
      ->envname("ACTOR_SHELL_PERMISSION_MODE");
  run->add_flag("--unattended", l.run.unattended, "nobody can be asked: whatever asks is refused");
  run->add_flag(
      "--yes", l.run.yes, "start without asking, and consent to the backends it sends content to");
  run->add_flag("--preview", l.run.preview, "tell what it would cost, and start nothing");
  run->add_flag("--no-preview", l.run.no_preview, "start without telling what it may cost");
  run->add_flag("--explain", l.run.explain, "tell who would do what, and why; start nothing");
  add_format(*run, l.run.format);
  run->callback([&l] { l.chosen = [&l] { return run_workflow(l.with, l.run); }; });
}

void add_runs(CLI::App& app, line& l) {
  auto* runs = app.add_subcommand("runs", "List, show, resume or abort runs");
  runs->require_subcommand(1);
  auto* list = runs->add_subcommand("list", "Runs, newest first");
  list->add_option("--state", l.list.state, "only those in this state");
  list->add_option("--limit", l.list.limit, "at most so many")
      ->capture_default_str()
      ->check(whole_number(1, most_rows));
  list->callback([&l] { l.chosen = [&l] { return runs_list(l.with, l.list); }; });
  auto* show = runs->add_subcommand("show", "One run: phases, calls, tools, money");
  show->add_option("RUN", l.id, "its id, or 6 or more characters of it")->required();
  show->callback([&l] { l.chosen = [&l] { return runs_show(l.with, l.id); }; });
  auto* resume = runs->add_subcommand("resume", "Go on with an interrupted run");
  resume->add_option("RUN", l.resume.id, "its id, or 6 or more characters of it")->required();
  resume->add_option("--budget", l.resume.budget, "the run's cap in dollars from now on");
  add_format(*resume, l.resume.format);
  resume->callback([&l] { l.chosen = [&l] { return runs_resume(l.with, l.resume); }; });
  auto* abort = runs->add_subcommand("abort", "End a run for good");
  abort->add_option("RUN", l.id, "its id, or 6 or more characters of it")->required();
  abort->add_option("--reason", l.reason, "why")->capture_default_str();
  abort->callback([&l] { l.chosen = [&l] { return runs_abort(l.with, l.id, l.reason); }; });
}

void add_gates(CLI::App& app, line& l) {
  auto* attach =
      app.add_subcommand("attach", "Follow a run under a server, and answer what it asks");
  attach->add_option("RUN", l.attach.id, "its id, or 6 or more characters of it")->required();
  add_format(*attach, l.attach.format);
  attach->callback([&l] { l.chosen = [&l] { return ash::cli::attach(l.with, l.attach); }; });
  auto* approvals = app.add_subcommand("approvals", "What people are asked, and the answers");
  approvals->require_subcommand(1);
  auto* list = approvals->add_subcommand("list", "What is still to be decided");
  list->add_option("--run", l.id, "only of this run");
  list->callback([&l] { l.chosen = [&l] { return approvals_list(l.with, l.id); }; });
  auto* show = approvals->add_subcommand("show", "One of them: what is asked, and the answer");
  show->add_option("APPROVAL", l.id, "its id, or 6 or more characters of it")->required();
  show->callback([&l] { l.chosen = [&l] { return approvals_show(l.with, l.id); }; });
  auto* decide = approvals->add_subcommand("decide", "Decide");
  decide->add_option("APPROVAL", l.decide.id, "its id, or 6 or more characters of it")->required();
  decide->add_option("DECISION", l.decide.decision, "approve, reject, request-changes or abort")
      ->required();
  decide->add_option("--comment", l.decide.comment, "why, or what to change");
  add_format(*decide, l.decide.format);
  decide->callback([&l] { l.chosen = [&l] { return approvals_decide(l.with, l.decide); }; });
}

void add_money(CLI::App& app, line& l) {
  auto* budget = app.add_subcommand("budget", "What may be spent, and what is");
  budget->require_subcommand(1);
  auto* show = budget->add_subcommand("show", "Budget scopes: cap, settled, reserved, left");
  show->add_option("SCOPE", l.id, "only this one: run:ID, session:ID, persona:NAME:DATE, day:DATE");
  show->callback([&l] { l.chosen = [&l] { return budget_show(l.with, l.id); }; });
  auto* set = budget->add_subcommand("set", "Give a scope another cap");
  set->add_option("SCOPE", l.budget_set.scope, "its name, or a run's id")->required();
  set->add_option("--cap", l.budget_set.cap, "dollars")->required();
  set->add_option(
      "--warn-at", l.budget_set.warn_at, "dollars (default: the same share of the cap as before)");
  set->add_flag(
      "--resume", l.budget_set.resume, "go on with the run or session that the scope is of");
  add_format(*set, l.budget_set.format);
  set->callback([&l] { l.chosen = [&l] { return budget_set(l.with, l.budget_set); }; });
  auto* costs = app.add_subcommand("costs", "What a run's calls cost, by phase and call");
  costs->add_option("RUN", l.id, "its id, or 6 or more characters of it")->required();
  costs->callback([&l] { l.chosen = [&l] { return ash::cli::costs(l.with, l.id); }; });
  auto* stats = app.add_subcommand("stats", "Sums of calls, tokens and costs");
  stats
      ->add_option("--by", l.by, "model, provider, persona, purpose, day, workflow, run or session")
      ->capture_default_str();
  stats->callback([&l] { l.chosen = [&l] { return ash::cli::stats(l.with, l.by); }; });
}

void add_pricing(CLI::App& app, line& l) {
  auto* pricing = app.add_subcommand("pricing", "What tokens cost");
  pricing->require_subcommand(1);
  pricing->add_subcommand("list", "All known prices, and where they are from")->callback([&l] {
    l.chosen = [&l] { return pricing_list(l.with); };
  });
  auto* fetch = pricing->add_subcommand("fetch", "Ask a provider for its prices, and keep them");
  fetch->add_option("--provider", l.provider, "which")->capture_default_str();
  fetch->callback([&l] { l.chosen = [&l] { return pricing_fetch(l.with, l.provider); }; });
}

void add_permissions(CLI::App& app, line& l) {
  auto* permissions = app.add_subcommand("permissions", "What tools may do, and may write");
  permissions->require_subcommand(1);
  auto* show = permissions->add_subcommand("show", "The mode, the rules and the writable paths");
  show->add_option("RUN", l.permissions_show.run, "of this run (default: of the configuration)");
  show->add_option("--persona", l.permissions_show.persona, "of this persona");
  show->callback(
      [&l] { l.chosen = [&l] { return ash::cli::permissions_show(l.with, l.permissions_show); }; });
  auto* test = permissions->add_subcommand(
      "test", "Which tool calls of a run would be judged otherwise; exit code 1 where any would");
  test->add_option("RUN", l.permissions_test.run, "its id, or 6 or more characters of it")
      ->required();
  test->add_option(
      "--rules", l.permissions_test.rules, "a YAML file, instead of the configuration's rules");
  test->add_option("--mode",
                   l.permissions_test.mode,
                   "default, accept-edits, plan, dont-ask or bypass, instead of its mode");
  test->callback(
      [&l] { l.chosen = [&l] { return ash::cli::permissions_test(l.with, l.permissions_test); }; });
  auto* grant = permissions->add_subcommand("grant", "Let a path be written from now on");
  auto* revoke = permissions->add_subcommand("revoke", "Let it be written no more");
  for (auto* each : {grant, revoke}) {
    each->add_option("RUN", l.id, "its id, or 6 or more characters of it")->required();
    each->add_option("PATH", l.path, "a glob relative to the worktree, such as 'docs/**'")
        ->required();
  }
  grant->callback([&l] { l.chosen = [&l] { return permissions_grant(l.with, l.id, l.path); }; });
  revoke->callback([&l] { l.chosen = [&l] { return permissions_revoke(l.with, l.id, l.path); }; });
}

void add_reading(CLI::App& app, line& l) {
  auto* events = app.add_subcommand("events", "What happened, in order");
  events->add_option("FEED", l.events.feed, "a run's id or prefix, a stream (kind/id), or all")
      ->required();
  events->add_option("--after", l.events.after, "only what comes after this position")
      ->check(whole_number(0));
  events->add_flag("--follow", l.events.follow, "go on with what happens next");
  events->add_option("--type", l.events.type, "only types that match, for example 'llm.call.*'");
  events->callback([&l] { l.chosen = [&l] { return show_events(l.with, l.events); }; });
  auto* replayed =
      app.add_subcommand("replay", "The state of a stream, folded from its events, as JSON");
  replayed->add_option("FEED", l.replay.feed, "a run's id or prefix, or a stream (kind/id)")
      ->required();
  replayed->add_option("--at", l.replay.at, "up to this position of the log")
      ->check(whole_number(0));
  replayed->callback([&l] { l.chosen = [&l] { return replay(l.with, l.replay); }; });
}

void add_log(CLI::App& app, line& l) {
  auto* log = app.add_subcommand("log", "Care for the log");
  log->require_subcommand(1);
  log->add_subcommand("verify", "Check every record, index and document")->callback([&l] {
    l.chosen = [&l] { return log_verify(l.with); };
  });
  log->add_subcommand("stats", "How large it is")->callback([&l] {
    l.chosen = [&l] { return log_stats(l.with); };
  });
  auto* backup = log->add_subcommand("backup", "Copy it to a new directory");
  backup->add_option("DIR", l.directory, "that does not exist yet")->required();
  backup->callback([&l] { l.chosen = [&l] { return log_backup(l.with, l.directory); }; });
  auto* restore =
      log->add_subcommand("restore", "Make a backup the log of an empty data directory");
  restore->add_option("DIR", l.directory, "the backup")->required();
  restore->callback([&l] { l.chosen = [&l] { return log_restore(l.with, l.directory); }; });
  auto* blob =
      log->add_subcommand("blob", "The text of a document that events name by its SHA-256");
  blob->add_option("SHA256", l.id, "64 hexadecimal characters")->required();
  blob->callback([&l] { l.chosen = [&l] { return show_blob(l.with, l.id); }; });
}

void add_serve(CLI::App& app, line& l) {
  auto* served = app.add_subcommand("serve", "Serve the page, the API, live feeds and metrics");
  served->add_option("--listen", l.serve.listen, "ADDRESS:PORT; port 0 takes any free one")
      ->envname("ACTOR_SHELL_LISTEN")
      ->capture_default_str();
  served->add_option("--tls-cert", l.serve.tls_cert, "the certificate with its chain, a PEM file")
      ->envname("ACTOR_SHELL_TLS_CERT");
  served->add_option("--tls-key", l.serve.tls_key, "its private key, a PEM file")
      ->envname("ACTOR_SHELL_TLS_KEY");
  served
      ->add_option("--allow-host",
                   l.serve.allow_hosts,
                   "a name that clients call this server by, besides localhost; as often as needed")
      ->envname("ACTOR_SHELL_ALLOW_HOST");
  served->add_flag("--metrics-public", l.serve.metrics_public, "serve /metrics without the token")
      ->envname("ACTOR_SHELL_METRICS_PUBLIC");
  served
      ->add_option("--database-url",
                   l.serve.database_url,
                   "keep the read models in Postgres (postgresql://…), not in SQLite")
      ->envname("ACTOR_SHELL_DATABASE_URL");
  constexpr int longest_stall_s = 24 * 60 * 60;
  served
      ->add_option("--stall-time",
                   l.serve.stall_s,
                   "seconds in which a live client has to take something, or it is closed")
      ->envname("ACTOR_SHELL_STALL_TIME")
      ->capture_default_str()
      ->check(whole_number(1, longest_stall_s));
  served->callback([&l] { l.chosen = [&l] { return serve(l.with, l.serve); }; });
}

void add_projections(CLI::App& app, line& l) {
  auto* all = app.add_subcommand("projections", "Care for the read models");
  all->require_subcommand(1);
  all->add_option("--database-url",
                  l.projections.database_url,
                  "they are in Postgres (postgresql://…), not in SQLite")
      ->envname("ACTOR_SHELL_DATABASE_URL");
  const auto add = [&](const char* name, const char* what, auto* command) {
    auto* one = all->add_subcommand(name, what);
    one->fallthrough();
    one->callback(
        [&l, command] { l.chosen = [&l, command] { return command(l.with, l.projections); }; });
  };
  add("status", "How far each view is", projections_status);
  add("rebuild", "Make them anew from the log, and swap", projections_rebuild);
  add("verify", "Compare their rows with a fresh fold of the log", projections_verify);
}

void add_definitions(CLI::App& app, line& l) {
  const auto add = [&](const char* name, const char* what, auto* list, auto* show, auto* check) {
    auto* all = app.add_subcommand(name, what);
    all->require_subcommand(1);
    all->add_subcommand("list", "All that are known")->callback([&l, list] {
      l.chosen = [&l, list] { return list(l.with); };
    });
    auto* one = all->add_subcommand("show", "One of them");
    one->add_option("NAME", l.id, "name@version, or name for the newest")->required();
    one->callback([&l, show] { l.chosen = [&l, show] { return show(l.with, l.id); }; });
    auto* files = all->add_subcommand("validate", "Check files without running anything");
    files->add_option("FILE", l.files, "YAML files")->required();
    files->callback([&l, check] { l.chosen = [&l, check] { return check(l.with, l.files); }; });
  };
  add("workflows", "Workflow templates", workflows_list, workflows_show, workflows_validate);
  add("personas", "Who can do a phase", personas_list, personas_show, personas_validate);
  auto* artifacts = app.add_subcommand("artifacts", "What phases produce");
  artifacts->require_subcommand(1);
  auto* validate = artifacts->add_subcommand("validate", "Hold a file against an artifact schema");
  validate
      ->add_option("--schema", l.schema, "a JSON Schema file, or a known one such as dev/spec@1")
      ->required();
  validate->add_option("INSTANCE", l.id, "the file")->required();
  validate->callback(
      [&l] { l.chosen = [&l] { return artifacts_validate(l.with, l.schema, l.id); }; });
}

void add_keys(CLI::App& app, line& l) {
  auto* begun = app.add_subcommand("init", "Make configuration and data directory, and consent");
  begun->add_flag("--yes", l.init.yes, "consent without being asked");
  begun->add_option("--backend", l.init.backends, "to consent to (default: those with a key)");
  begun->callback([&l] { l.chosen = [&l] { return init(l.with, l.init); }; });
  auto* in = app.add_subcommand("login", "Keep a provider's key, read from the terminal or stdin");
  in->add_option("PROVIDER", l.login.provider, "for example openrouter")->required();
  in->add_flag("--file", l.login.file, "in a file that only you can read, not in the keyring");
  in->callback([&l] { l.chosen = [&l] { return login(l.with, l.login); }; });
  auto* out = app.add_subcommand("logout", "Forget a provider's key");
  out->add_option("PROVIDER", l.id, "for example openrouter")->required();
  out->callback([&l] { l.chosen = [&l] { return logout(l.with, l.id); }; });
  app.add_subcommand("keys", "Which provider has a key, and where")->callback([&l] {
    l.chosen = [&l] { return keys(l.with); };
  });
}

void add_consent(CLI::App& app, line& l) {
  auto* consent = app.add_subcommand("consent", "Where the content of repositories may be sent");
  consent->require_subcommand(1);
  consent->add_subcommand("list", "What stands")->callback([&l] {
    l.chosen = [&l] { return consent_list(l.with); };
  });
  const auto add = [&](const char* name, const char* what, bool revoke) {
    auto* one = consent->add_subcommand(name, what);
    one->add_option("KIND", l.consent.kind, "backend or persona")->required();
    one->add_option("NAME", l.consent.name, "for example openrouter")->required();
    one->callback([&l, revoke] {
      l.consent.revoke = revoke;
      l.chosen = [&l] { return consent_change_to(l.with, l.consent); };
    });
  };
  add("grant", "Consent", false);
  add("revoke", "Take it back", true);
}

void add_audit(CLI::App& app, line& l) {
  auto* audit = app.add_subcommand("audit", "What tools were called with, and what came of it");
  audit->require_subcommand(1);
  auto* list = audit->add_subcommand("list", "The calls, in order");
  list->add_option("--run", l.id, "only of this run");
  list->callback([&l] { l.chosen = [&l] { return audit_list(l.with, l.id); }; });
  audit->add_subcommand("verify", "Find a line that was removed or changed")->callback([&l] {
    l.chosen = [&l] { return audit_verify(l.with); };
  });
}

void add_rest(CLI::App& app, line& l) {
  auto* shown = app.add_subcommand("demo", "Run the shipped workflow with a scripted model");
  add_format(*shown, l.format);
  shown->callback([&l] { l.chosen = [&l] { return demo(l.with, l.format); }; });
  auto* checked = app.add_subcommand("doctor", "Check what actor-shell needs");
  checked->add_flag("--offline", l.doctor.offline, "ask no provider");
  checked->add_option("--database-url", l.doctor.database_url, "the Postgres of the read models")
      ->envname("ACTOR_SHELL_DATABASE_URL");
  checked->callback([&l] { l.chosen = [&l] { return doctor(l.with, l.doctor); }; });
  app.add_subcommand("fail-points", "Places where a test can kill the process")->callback([&l] {
    l.chosen = [&l] { return list_fail_points(l.with); };
  });
}

void add_settings(CLI::App& app, line& l) {
  l.with.data_dir = default_data_dir();
  l.with.config_file = default_config_file();
  app.add_option("--data-dir", l.with.data_dir, "where everything is kept")
      ->envname("ACTOR_SHELL_DATA_DIR")
      ->capture_default_str();
  app.add_option("--config", l.with.config_file, "the configuration")
      ->envname("ACTOR_SHELL_CONFIG")
      ->capture_default_str();
  app.add_option(
         "--definitions", l.with.definition_dirs, "more personas, workflows and artifact schemas")
      ->envname("ACTOR_SHELL_DEFINITIONS");
  app.add_option(
         "--server", l.with.server, "a server's URL (default: the one of the data directory)")
      ->envname("ACTOR_SHELL_SERVER");
  app.add_option(
         "--token-file", l.with.token_file, "the server's token (default: the data directory's)")
      ->envname("ACTOR_SHELL_TOKEN_FILE");
  app.add_option(
         "--server-ca", l.with.server_ca, "PEM of the authority that signed its certificate")
      ->envname("ACTOR_SHELL_SERVER_CA");
  app.add_flag("--json", l.json, "answer in JSON, errors too")->envname("ACTOR_SHELL_JSON");
  app.set_version_flag("--version", "actor-shell " ASH_VERSION);
}

/// Whoever wants an answer in JSON is a program: nothing is translated for it.
void answer_in(settings& with, answer_format format) {
  with.format = format;
  if (format == answer_format::json)
    speak(language::english);
}

} // namespace

parsed_line parse_arguments(int count, const char* const* words) {
  const auto l = std::make_shared<line>();
  CLI::App app{msg("A durable runtime for LLM agents: runs that survive every crash."),
               "actor-shell"};
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(footer);
  add_settings(app, *l);
  add_run(app, *l);
  add_runs(app, *l);
  add_gates(app, *l);
  add_money(app, *l);
  add_pricing(app, *l);
  add_permissions(app, *l);
  add_reading(app, *l);
  add_log(app, *l);
  add_serve(app, *l);
  add_projections(app, *l);
  add_definitions(app, *l);
  add_keys(app, *l);
  add_consent(app, *l);
  add_audit(app, *l);
  add_rest(app, *l);
  const auto wanted = wanted_language();
  speak(wanted ? wanted.value() : language::english);
  translate_help(app);
  try {
    app.parse(count, words);
  } catch (const CLI::Success& asked_for_text) {
    if (!wanted)
      return static_cast<int>(report(l->with, wanted.error()));
    return app.exit(asked_for_text);
  } catch (const CLI::ParseError& wrong) {
    answer_in(l->with, l->json ? answer_format::json : answer_format::text);
    const auto code = report(l->with, refuse(errc::argument_invalid, problem_of(app, wrong)));
    std::fprintf(stderr, tr("see: %s --help\n"), command_of(app).c_str());
    return static_cast<int>(code);
  }
  l->with.names_config = app.get_option("--config")->count() > 0; // or its variable
  if (l->json) {
    answer_in(l->with, answer_format::json);
    const auto to_json = [](output_format& f) {
      if (f == output_format::text)
        f = output_format::json;
    };
    to_json(l->format);
    to_json(l->run.format);
    to_json(l->resume.format);
    to_json(l->attach.format);
    to_json(l->decide.format);
    to_json(l->budget_set.format);
  }
  for (const auto format : {l->format,
                            l->run.format,
                            l->resume.format,
                            l->attach.format,
                            l->decide.format,
                            l->budget_set.format})
    if (format != output_format::text)
      answer_in(l->with, answer_format::json); // a refusal is answered in JSON too
  if (!wanted)
    return static_cast<int>(report(l->with, wanted.error()));
  if (const auto good = check_line(app, l->with); !good)
    return static_cast<int>(report(l->with, good.error()));
  return [l] { return l->chosen(); };
}

} // namespace ash::cli
