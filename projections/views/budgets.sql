create table {budget_scopes} (
  scope text primary key,
  seq bigint not null unique,
  kind text not null,
  state text not null,
  policy text not null,
  cap bigint not null,
  warn_at bigint not null,
  reserved bigint not null,
  settled bigint not null,
  calls bigint not null,
  opened_at bigint not null,
  updated_at bigint not null
);
create index {budget_scopes_by_kind} on {budget_scopes} (kind, seq);
create table {budget_ledger} (
  entry bigint primary key,
  seq bigint not null unique,
  scope text not null,
  kind text not null,
  model_call text not null,
  owner text not null,
  amount bigint not null,
  reserved bigint not null,
  settled bigint not null,
  cap bigint not null,
  note text not null,
  at bigint not null
);
create index {budget_ledger_by_scope} on {budget_ledger} (scope, seq);
create index {budget_ledger_by_call} on {budget_ledger} (model_call, seq);
