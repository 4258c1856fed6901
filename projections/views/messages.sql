create table {messages} (
  entry bigint primary key,
  seq bigint not null unique,
  message text not null,
  run text not null,
  session text not null,
  owner text not null,
  turn text not null,
  role text not null,
  text text not null,
  tool_calls text not null,
  status text not null,
  archived bigint not null,
  at bigint not null,
  edited_at bigint not null
);
create index {messages_by_owner} on {messages} (owner, seq);
create index {messages_by_session} on {messages} (session, seq);
create index {messages_by_run} on {messages} (run, seq);
