// Keys, consent, the first steps and what `doctor` says of them, as a person without and with a
// keyring has them.
#include "events/base/json.hpp"
#include "tests/e2e/bad_input.hpp"
#include "tests/e2e/terminal_process.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using strings = std::vector<std::string>;

const std::string key = "sk-or-v1-7hQ2mZx9LkTtW4Yb";

std::string text_at(const json::object& of, std::string_view name) {
  return json::value_to<std::string>(of.at(name));
}

class keys : public bad_input {
protected:
  [[nodiscard]] process_options line(const strings& words) const {
    process_options what;
    what.command = {ACTOR_SHELL_BINARY, "--definitions", E2E_FIXTURES "/definitions"};
    what.command.insert(what.command.end(), words.begin(), words.end());
    what.environment = clean_environment(home_.path());
    what.directory = home_.path();
    return what;
  }
  [[nodiscard]] ended_process ask(const strings& words) const { return run_process(line(words)); }

  /// With `input` on stdin.
  [[nodiscard]] ended_process
  tell(const std::string& input, const strings& words, const strings& around = {}) const {
    write_text(home_ / "typed", input);
    auto what = line(words);
    std::string command = "exec";
    for (const auto& word : what.command)
      command += " '" + word + "'";
    what.command = around;
    what.command.insert(what.command.end(),
                        {"/bin/sh", "-c", command + " < '" + (home_ / "typed") + "'"});
    return run_process(what);
  }

  [[nodiscard]] json::value json_of(const strings& words) const {
    strings all{"--json"};
    all.insert(all.end(), words.begin(), words.end());
    const auto ended = ask(all);
    auto parsed = parse_json(ended.out, "the answer");
    EXPECT_TRUE(parsed.has_value()) << ended.shown();
    return parsed ? std::move(parsed).value() : json::value{};
  }
  [[nodiscard]] json::object key_of(const std::string& provider) const {
    const auto rows = json_of({"keys"});
    for (const auto& each : rows.as_array())
      if (text_at(each.as_object(), "provider") == provider)
        return each.as_object();
    ADD_FAILURE() << "no row of " << provider;
    return {};
  }
  [[nodiscard]] fs::path key_file() const { return home_ / "keys/openrouter"; }
  [[nodiscard]] json::object check_of(const std::string& what) const {
    const auto told = json_of({"doctor", "--offline"});
    for (const auto& each : told.at("checks").as_array())
      if (text_at(each.as_object(), "check") == what)
        return each.as_object();
    ADD_FAILURE() << "no check of " << what;
    return {};
  }
};

// -- keys -----------------------------------------------------------------------------------------

TEST_F(keys, are_kept_in_a_file_that_nobody_else_can_read_and_are_shown_to_nobody) {
  const auto ended = tell(key + "\n", {"login", "openrouter", "--file"});
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_EQ(read_text(key_file()), key + "\n");
  EXPECT_EQ(fs::status(key_file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(key_file().parent_path()).permissions(), fs::perms::owner_all);
  const auto row = key_of("openrouter");
  EXPECT_EQ(text_at(row, "place"), key_file().string());
  EXPECT_EQ(text_at(row, "ending"), "W4Yb");
  EXPECT_TRUE(key_of("openai").at("place").is_null());
  const auto shown = ask({"keys"});
  const auto checked = ask({"doctor", "--offline"});
  for (const auto& each : {ended, shown, checked})
    EXPECT_THAT(each.out + each.err, Not(HasSubstr(key))) << each.shown();
  EXPECT_THAT(shown.out, AllOf(HasSubstr("W4Yb"), HasSubstr("actor-shell login openai")));
}

TEST_F(keys, of_the_environment_come_first_and_login_says_so) {
  auto what = line({"login", "openrouter", "--file"});
  what.environment["OPENROUTER_API_KEY"] = "sk-or-v1-of-the-environment";
  write_text(home_ / "typed", key + "\n");
  std::string command = "exec";
  for (const auto& word : what.command)
    command += " '" + word + "'";
  what.command = {"/bin/sh", "-c", command + " < '" + (home_ / "typed") + "'"};
  const auto ended = run_process(what);
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_THAT(ended.err, HasSubstr("the environment has a key too, which comes first"));
}

TEST_F(keys, are_forgotten_by_logout) {
  ASSERT_EQ(tell(key + "\n", {"login", "openrouter", "--file"}).exit_code, 0);
  const auto ended = ask({"logout", "openrouter"});
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_FALSE(fs::exists(key_file()));
  EXPECT_TRUE(key_of("openrouter").at("place").is_null());
  EXPECT_THAT(ask({"logout", "openrouter"}).out, HasSubstr("keeps no key"));
}

TEST_F(keys, without_a_keyring_are_refused_with_what_to_do_and_kept_nowhere) {
  const auto ended = tell(key + "\n", {"login", "openrouter"});
  EXPECT_EQ(ended.exit_code, 7) << ended.shown();
  EXPECT_THAT(ended.err, AllOf(HasSubstr("there is no keyring here"), HasSubstr("--file")));
  EXPECT_THAT(ended.out + ended.err, Not(HasSubstr(key)));
  EXPECT_FALSE(fs::exists(key_file()));
}

TEST_F(keys, that_are_none_and_providers_that_are_unknown_are_refused) {
  for (const auto* bad : {"", "\n", "two words\n", "tab\tin it\n"}) {
    const auto ended = tell(bad, {"login", "openrouter", "--file"});
    EXPECT_EQ(ended.exit_code, 2) << ended.shown();
  }
  for (const auto* nobody : {"nobody", "scripted", "../../etc/passwd"}) {
    const auto ended = tell(key + "\n", {"login", nobody, "--file"});
    EXPECT_EQ(ended.exit_code, 2) << ended.shown();
    EXPECT_THAT(ended.err, HasSubstr("unknown model provider"));
  }
  EXPECT_FALSE(fs::exists(home_ / "keys"));
}

TEST_F(keys, that_others_could_read_are_not_used) {
  ASSERT_EQ(tell(key + "\n", {"login", "openrouter", "--file"}).exit_code, 0);
  fs::permissions(key_file(), fs::perms::group_read, fs::perm_options::add);
  const auto row = key_of("openrouter");
  EXPECT_THAT(text_at(row, "problem"), HasSubstr("chmod 600"));
  EXPECT_TRUE(row.at("place").is_null());
  EXPECT_EQ(text_at(check_of("key of openrouter"), "verdict"), "fail");
  EXPECT_THAT(ask({"run", "note@1", "--model", "openrouter:a/b", "--explain"}).out,
              HasSubstr("chmod 600"));
  EXPECT_EQ(run({"--model", "openrouter:a/b", "--yes"}).exit_code, 5);
  expect_nothing_done();
}

TEST_F(keys, are_not_shown_where_they_are_typed) {
  terminal_process person{line({"login", "openrouter", "--file"})};
  ASSERT_TRUE(person.shows("it is not shown")) << person.screen();
  person.type(key + "\n");
  EXPECT_EQ(person.exit_code(), 0) << person.screen();
  EXPECT_THAT(person.screen(), Not(HasSubstr(key)));
  EXPECT_EQ(read_text(key_file()), key + "\n");
  terminal_process gone{line({"login", "openai", "--file"})};
  ASSERT_TRUE(gone.shows("it is not shown")) << gone.screen();
  gone.type("\x03");
  EXPECT_EQ(gone.exit_code(), -1) << gone.screen();
  EXPECT_FALSE(fs::exists(home_ / "keys/openai"));
}

TEST_F(keys, live_in_a_keyring_where_there_is_one) {
  fs::create_directories(home_ / "run");
  fs::permissions(home_ / "run", fs::perms::owner_all);
  write_text(home_ / "typed", key + "\n");
  const auto script = fill_in(R"(set -e
printf 'pass\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
{{binary}} login openrouter < typed
{{binary}} --json keys
{{binary}} logout openrouter
{{binary}} --json keys
# What is locked is neither empty nor gone.
{{binary}} login openrouter < typed
dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
  org.freedesktop.Secret.Service.Lock \
  array:objpath:/org/freedesktop/secrets/collection/login >/dev/null
if {{binary}} logout openrouter; then echo logged out; else echo still there; fi
)",
                              {{"binary", ACTOR_SHELL_BINARY}});
  write_text(home_ / "ring.sh", script);
  auto what = line({});
  what.command = {"dbus-run-session", "--", "/bin/sh", home_ / "ring.sh"};
  what.environment.erase("DBUS_SESSION_BUS_ADDRESS");
  what.environment["XDG_RUNTIME_DIR"] = home_ / "run";
  what.environment["DISPLAY"] = "";
  what.environment["WAYLAND_DISPLAY"] = "";
  const auto ended = run_process(what);
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto lines = lines_of(ended.out);
  ASSERT_THAT(lines, SizeIs(6)) << ended.shown();
  EXPECT_THAT(lines[0], HasSubstr("is in the keyring"));
  EXPECT_THAT(lines[1], AllOf(HasSubstr(R"("place":"keyring")"), HasSubstr("W4Yb")));
  EXPECT_THAT(lines[2], HasSubstr("removed from the keyring"));
  EXPECT_THAT(lines[3], Not(HasSubstr("W4Yb")));
  EXPECT_EQ(lines[5], "still there");
  EXPECT_THAT(ended.err, HasSubstr("is locked"));
  EXPECT_THAT(ended.out + ended.err, Not(HasSubstr(key)));
  EXPECT_FALSE(fs::exists(key_file()));
}

// -- consent and the first steps ------------------------------------------------------------------

TEST_F(keys, and_consent_decide_who_may_work) {
  ASSERT_EQ(tell(key + "\n", {"login", "openrouter", "--file"}).exit_code, 0);
  const strings look{"run", "note@1", "--model", "openrouter:a/b", "--explain"};
  const auto before = json_of(look).at("roles").at(0).as_object();
  EXPECT_TRUE(before.at("chosen").is_null());
  EXPECT_EQ(text_at(before.at("problem").as_object(), "code"), "no_eligible_persona");
  EXPECT_THAT(to_json_text(before.at("candidates")), HasSubstr("consent_missing"));
  EXPECT_EQ(ask(look).exit_code, 5);
  const auto refused = run({"--model", "openrouter:a/b"});
  EXPECT_EQ(refused.exit_code, 5) << refused.shown();
  EXPECT_THAT(refused.err, HasSubstr("consent_missing"));
  expect_nothing_done();
  const auto given = ask({"consent", "grant", "backend", "openrouter"});
  EXPECT_EQ(given.exit_code, 0) << given.shown();
  EXPECT_THAT(ask({"consent", "grant", "backend", "openrouter"}).out, HasSubstr("already"));
  const auto standing = json_of({"consent", "list"}).as_array();
  ASSERT_THAT(standing, SizeIs(1));
  EXPECT_EQ(text_at(standing[0].as_object(), "subject"), "backend openrouter");
  const auto after = json_of(look).at("roles").at(0).as_object();
  EXPECT_EQ(text_at(after, "chosen"), "note-writer@1");
  EXPECT_THAT(ask(look).out, AllOf(HasSubstr("role writer"), HasSubstr("chosen: ")));
  EXPECT_EQ(text_at(check_of("consent to openrouter"), "detail"), "given");
  EXPECT_EQ(ask({"consent", "revoke", "backend", "openrouter"}).exit_code, 0);
  EXPECT_TRUE(json_of(look).at("roles").at(0).at("chosen").is_null());
  EXPECT_THAT(json_of({"consent", "list"}).as_array(), IsEmpty());
  // To a persona it is given wherever that sends.
  EXPECT_EQ(ask({"consent", "grant", "persona", "note-writer"}).exit_code, 0);
  EXPECT_EQ(text_at(json_of(look).at("roles").at(0).as_object(), "chosen"), "note-writer@1");
  EXPECT_EQ(ask({"consent", "grant", "planet", "mars"}).exit_code, 2);
}

TEST_F(keys, and_a_consent_that_was_taken_back_holds_for_a_run_that_exists) {
  ASSERT_EQ(tell(key + "\n", {"login", "openrouter", "--file"}).exit_code, 0);
  ASSERT_EQ(ask({"consent", "grant", "backend", "openrouter"}).exit_code, 0);
  // Its first call is refused by its budget: nothing is sent.
  const auto blocked = run({"--model", "openrouter:a/b", "--budget", "0.0000001"});
  EXPECT_THAT(blocked.err, HasSubstr("budget")) << blocked.shown();
  const auto id = text_at(json_of({"runs", "list"}).at(0).as_object(), "run");
  ASSERT_EQ(ask({"consent", "revoke", "backend", "openrouter"}).exit_code, 0);
  const auto resumed = ask({"runs", "resume", id});
  EXPECT_NE(resumed.exit_code, 0);
  EXPECT_THAT(resumed.err, HasSubstr("consent_missing")) << resumed.shown();
}

TEST_F(keys, explain_starts_nothing_and_tells_why_an_override_will_not_do) {
  const auto ended = ask({"run",
                          "note@1",
                          "--explain",
                          "--bind",
                          "writer=scripted-spec-writer",
                          "--model",
                          "scripted:" E2E_FIXTURES "/note.yaml"});
  EXPECT_EQ(ended.exit_code, 2) << ended.shown();
  EXPECT_THAT(ended.out, HasSubstr("lacks the capability 'note_writing'"));
  EXPECT_EQ(ask({"run", "no-such-workflow", "--explain"}).exit_code, 2);
  expect_nothing_done();
}

TEST_F(keys, are_not_needed_to_begin_and_nobody_is_asked_without_a_terminal) {
  const auto begin = line({"init"});
  fs::remove(home_ / "config.yaml"); // which the environment has made
  const auto first = run_process(begin);
  EXPECT_EQ(first.exit_code, 0) << first.shown();
  EXPECT_THAT(first.out, AllOf(HasSubstr("(new)"), HasSubstr("keys           none yet")));
  const auto config = home_ / "config.yaml";
  EXPECT_EQ(fs::status(config).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  write_text(config, "budget: {daily_cap: 2}\n");
  EXPECT_THAT(ask({"init"}).out, Not(HasSubstr("(new)")));
  EXPECT_EQ(read_text(config), "budget: {daily_cap: 2}\n") << "what is there stays";
  ASSERT_EQ(tell(key + "\n", {"login", "openrouter", "--file"}).exit_code, 0);
  EXPECT_THAT(ask({"init"}).out, HasSubstr("not given to all"));
  EXPECT_THAT(json_of({"consent", "list"}).as_array(), IsEmpty());
  EXPECT_EQ(ask({"init", "--yes"}).exit_code, 0);
  ASSERT_THAT(json_of({"consent", "list"}).as_array(), SizeIs(1));
  EXPECT_EQ(ask({"init", "--backend", "nobody"}).exit_code, 2);
}

TEST_F(keys, missing_is_a_hint_of_doctor_and_not_a_fault) {
  const auto missing = check_of("key of openrouter");
  EXPECT_EQ(text_at(missing, "verdict"), "warn");
  EXPECT_THAT(text_at(missing, "advice"), HasSubstr("actor-shell login openrouter"));
  ASSERT_EQ(tell(key + "\n", {"login", "openrouter", "--file"}).exit_code, 0);
  EXPECT_EQ(text_at(check_of("key of openrouter"), "verdict"), "ok");
  EXPECT_EQ(text_at(check_of("consent to openrouter"), "verdict"), "warn");
}

} // namespace
} // namespace ash::e2e
