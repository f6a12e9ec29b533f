-- The registry: the whole schema, as all migrations together give it. Applying it again changes nothing; a database
-- of an older version is brought up by its migrations.
-- Times are integer milliseconds since 1970 and end in _at_ms. JSON is kept as text.
-- Tables whose key is a text are WITHOUT ROWID: one tree, and one row written, less for each.

-- budget_micro: micro-credits in a billing month. billing_anchor_ms: where these begin; none: at its creation.
CREATE TABLE IF NOT EXISTS accounts (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  plan TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
  created_at_ms INTEGER NOT NULL,
  budget_micro INTEGER,
  billing_anchor_ms INTEGER,
  external_id TEXT,
  closed_at_ms INTEGER,
  erased_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS accounts_by_creation ON accounts (created_at_ms, id);
CREATE INDEX IF NOT EXISTS accounts_by_plan ON accounts (plan, created_at_ms, id);
CREATE INDEX IF NOT EXISTS accounts_by_status ON accounts (status, created_at_ms, id);
CREATE UNIQUE INDEX IF NOT EXISTS accounts_by_external_id ON accounts (external_id) WHERE external_id IS NOT NULL;

-- Who may act for an account. user_id: as the issuer of sessions knows the person; it and the e-mail address are gone
-- once the member was erased. A removed member stays, so that signing in again does not bring it back.
-- joined_by: how it came in last. role_issued_at_ms: when the newest token was issued whose claim has said the role.
CREATE TABLE IF NOT EXISTS members (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  user_id TEXT,
  email TEXT,
  role TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'removed')),
  joined_by TEXT NOT NULL CHECK (joined_by IN ('sign_in', 'invitation', 'admin')),
  joined_at_ms INTEGER NOT NULL,
  role_issued_at_ms INTEGER NOT NULL DEFAULT 0,
  removed_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS members_by_user ON members (user_id, account_id) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS members_by_account ON members (account_id, joined_at_ms, id);

-- E-mail addresses, in lower case, that join an account when they sign in.
CREATE TABLE IF NOT EXISTS invitations (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS invitations_by_email ON invitations (email, account_id);
CREATE INDEX IF NOT EXISTS invitations_by_account ON invitations (account_id, created_at_ms, id);

-- Sessions that were signed out before their token ends; the name is a digest.
CREATE TABLE IF NOT EXISTS ended_sessions (
  token TEXT PRIMARY KEY NOT NULL,
  ends_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS ended_sessions_by_end ON ended_sessions (ends_at_ms);

-- Who made which keys of late, by members.user_id: over all accounts of a user, and a purged key counts too.
CREATE TABLE IF NOT EXISTS key_creations (
  user_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  PRIMARY KEY (user_id, at_ms, key_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS key_creations_by_age ON key_creations (at_ms);

-- Answers to POSTs with an Idempotency-Key, without secrets. name, request: digests. status: null until it is done.
CREATE TABLE IF NOT EXISTS idempotency (
  name TEXT PRIMARY KEY NOT NULL,
  request TEXT NOT NULL,
  salt TEXT NOT NULL,
  status INTEGER,
  body TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (created_at_ms);

-- Every change of a key raises its generation; a change of an account, but of its name, raises that of all its keys.
-- user_id: the member who made it (members.id). prefix: the visible part of its current secret.
-- quotas: {"total", "daily", "weekly", "monthly"} in requests, and under "credits" the same in micro-credits.
CREATE TABLE IF NOT EXISTS keys (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  user_id TEXT,
  label TEXT,
  category TEXT,
  environment TEXT NOT NULL,
  role TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'revoked')),
  generation INTEGER NOT NULL CHECK (generation > 0),
  expires_at_ms INTEGER,
  rate_per_minute INTEGER,
  quotas TEXT NOT NULL CHECK (json_valid(quotas)),
  addresses TEXT CHECK (json_valid(addresses)),
  prefix TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER,
  rate_per_second INTEGER,
  metadata TEXT CHECK (json_valid(metadata))
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS keys_by_creation ON keys (created_at_ms, id);
CREATE INDEX IF NOT EXISTS keys_by_account ON keys (account_id, created_at_ms, id);
-- Holds all that lists of an account's keys filter by, and what its caps count.
CREATE INDEX IF NOT EXISTS keys_standing ON keys
  (account_id, created_at_ms, id, status, expires_at_ms, environment, category, user_id) WHERE status <> 'revoked';
CREATE INDEX IF NOT EXISTS keys_by_member ON keys (user_id, created_at_ms, id) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS keys_by_prefix ON keys (prefix);
CREATE INDEX IF NOT EXISTS keys_by_label ON keys (label, account_id, status) WHERE label IS NOT NULL;
CREATE INDEX IF NOT EXISTS keys_by_end ON keys (environment, expires_at_ms) WHERE expires_at_ms IS NOT NULL;

CREATE TRIGGER IF NOT EXISTS keys_raise_generation BEFORE UPDATE ON keys
WHEN NEW.generation <= OLD.generation
BEGIN
  SELECT RAISE(ABORT, 'every change of a key raises its generation');
END;

CREATE TRIGGER IF NOT EXISTS keys_stay_revoked BEFORE UPDATE ON keys
WHEN OLD.status = 'revoked' AND NEW.status <> 'revoked'
BEGIN
  SELECT RAISE(ABORT, 'a revoked key stays revoked');
END;

-- A key has several secrets over its life. replaced_at_ms, grace_ends_at_ms: when another one took its place, and when
-- it stops working.
CREATE TABLE IF NOT EXISTS secrets (
  id TEXT PRIMARY KEY NOT NULL,
  key_id TEXT NOT NULL REFERENCES keys (id),
  prefix TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  grace_ends_at_ms INTEGER,
  replaced_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS secrets_by_key ON secrets (key_id, replaced_at_ms);

-- One row for each pepper that a secret was digested under; no secret is stored anywhere.
CREATE TABLE IF NOT EXISTS secret_digests (
  digest TEXT PRIMARY KEY NOT NULL,
  secret_id TEXT NOT NULL REFERENCES secrets (id),
  pepper_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS secret_digests_by_secret ON secret_digests (secret_id);

-- Who did what, and what it altered. Rows are added and never touched again, but for what an erasure takes out: the
-- address, and names, labels, metadata and address lists that were altered. once: names what must stand here one time
-- only.
CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  account_id TEXT,
  key_id TEXT,
  address TEXT,
  request_id TEXT,
  before TEXT CHECK (json_valid(before)),
  after TEXT CHECK (json_valid(after)),
  once TEXT
) STRICT;

CREATE INDEX IF NOT EXISTS audit_by_account ON audit (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS audit_by_key ON audit (key_id, id) WHERE key_id IS NOT NULL;

CREATE UNIQUE INDEX IF NOT EXISTS audit_once ON audit (once) WHERE once IS NOT NULL;

CREATE TRIGGER IF NOT EXISTS audit_refuses_update BEFORE UPDATE ON audit
WHEN NEW.address IS NOT NULL
  OR (NEW.id, NEW.at_ms, NEW.actor, NEW.action, NEW.account_id, NEW.key_id, NEW.request_id, NEW.once)
    IS NOT (OLD.id, OLD.at_ms, OLD.actor, OLD.action, OLD.account_id, OLD.key_id, OLD.request_id, OLD.once)
  OR (NEW.before IS NOT OLD.before AND NEW.before IS NOT json_remove(OLD.before, '$.name', '$.label', '$.metadata', '$.addresses'))
  OR (NEW.after IS NOT OLD.after AND NEW.after IS NOT json_remove(OLD.after, '$.name', '$.label', '$.metadata', '$.addresses'))
BEGIN
  SELECT RAISE(ABORT, 'audit rows are never changed');
END;

CREATE TRIGGER IF NOT EXISTS audit_refuses_delete BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'audit rows are never deleted');
END;

-- REPLACE deletes without running the trigger above.
CREATE TRIGGER IF NOT EXISTS audit_refuses_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'audit rows are never replaced');
END;

-- What is committed and not yet known to be in force everywhere.
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  account_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  generation INTEGER NOT NULL,
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  created_at_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS outbox_by_key ON outbox (key_id, generation);
CREATE INDEX IF NOT EXISTS outbox_by_attempt ON outbox (next_attempt_at_ms);

-- Chunks of imports that were answered. body: a digest of what was sent. counts: how many lines came to what, by status;
-- results: what each came to. Neither holds a secret or a hash of one.
CREATE TABLE IF NOT EXISTS import_chunks (
  import_id TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  counts TEXT NOT NULL CHECK (json_valid(counts)),
  results TEXT NOT NULL CHECK (json_valid(results)),
  PRIMARY KEY (import_id, chunk)
) STRICT;

CREATE INDEX IF NOT EXISTS import_chunks_by_age ON import_chunks (at_ms);
