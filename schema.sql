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
-- address, and what people wrote in fields that were altered. once: names what must stand here one time
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
  OR (NEW.before IS NOT OLD.before
    AND NEW.before IS NOT json_remove(OLD.before, '$.name', '$.label', '$.metadata', '$.addresses',
      '$.description', iif(OLD.action LIKE 'webhook.%', '$.url', '$.name')))
  OR (NEW.after IS NOT OLD.after
    AND NEW.after IS NOT json_remove(OLD.after, '$.name', '$.label', '$.metadata', '$.addresses',
      '$.description', iif(OLD.action LIKE 'webhook.%', '$.url', '$.name')))
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

-- Where events are sent. account_id: null for the operator's. events: the types that it takes, null for all.
-- failures: how many attempts have failed since one went through, and since when. resumes_at_ms: nothing is sent before.
CREATE TABLE IF NOT EXISTS webhook_endpoints (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT REFERENCES accounts (id),
  url TEXT NOT NULL,
  description TEXT,
  events TEXT CHECK (json_valid(events)),
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  disabled_by TEXT CHECK (disabled_by IN ('owner', 'gone', 'failing')),
  created_at_ms INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  failing_since_at_ms INTEGER,
  resumes_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS webhook_endpoints_by_account ON webhook_endpoints (account_id, created_at_ms, id);

-- What deliveries are signed with, sealed under a version of the Worker's own key. ends_at_ms: null for the current one.
CREATE TABLE IF NOT EXISTS webhook_secrets (
  id TEXT PRIMARY KEY NOT NULL,
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
  sealed TEXT NOT NULL,
  key_version INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  ends_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS webhook_secrets_by_endpoint ON webhook_secrets (endpoint_id);
CREATE INDEX IF NOT EXISTS webhook_secrets_by_version ON webhook_secrets (key_version);
CREATE INDEX IF NOT EXISTS webhook_secrets_by_end ON webhook_secrets (ends_at_ms) WHERE ends_at_ms IS NOT NULL;

-- Which entry of the audit trail is which event. audience: whose endpoints hear of it beside the operator's.
CREATE TABLE IF NOT EXISTS event_types (
  action TEXT PRIMARY KEY NOT NULL,
  type TEXT NOT NULL,
  audience TEXT NOT NULL CHECK (audience IN ('account', 'operator'))
) STRICT, WITHOUT ROWID;

INSERT INTO event_types (action, type, audience) VALUES
  ('key.created', 'key_created', 'account'),
  ('key.imported', 'key_created', 'account'),
  ('key.adopted', 'key_created', 'account'),
  ('key.updated', 'key_updated', 'account'),
  ('key.limited', 'key_updated', 'account'),
  ('key.reconciled', 'key_updated', 'account'),
  ('key.deactivated', 'key_deactivated', 'account'),
  ('key.activated', 'key_activated', 'account'),
  ('key.rotated', 'key_rotated', 'account'),
  ('key.grace_ended', 'key_grace_ended', 'account'),
  ('key.revoked', 'key_revoked', 'account'),
  ('key.purged', 'key_purged', 'account'),
  ('key.expiring', 'key_expiring', 'account'),
  ('key.expired', 'key_expired', 'account'),
  ('key.old_secret_used', 'key_old_secret_used', 'account'),
  ('key.leaked', 'key_leaked', 'account'),
  ('secret.locked', 'key_locked', 'account'),
  ('quota.warning', 'quota_warning', 'account'),
  ('quota.reached', 'quota_reached', 'account'),
  ('credits.low', 'credits_low', 'account'),
  ('credits.exhausted', 'credits_exhausted', 'account'),
  ('member.removed', 'member_removed', 'account'),
  ('webhook.failed', 'endpoint_disabled', 'account'),
  ('webhook.tested', 'test', 'account'),
  ('address.locked', 'ip_locked', 'operator'),
  ('gate.unavailable', 'gate_unavailable', 'operator'),
  ('upstream.unhealthy', 'upstream_unhealthy', 'operator'),
  ('outbox.stuck', 'outbox_stuck', 'operator'),
  ('delivery.dead', 'dead_letter', 'operator'),
  ('cron.late', 'cron_late', 'operator')
  ON CONFLICT DO NOTHING;

-- How many events a key has had.
CREATE TABLE IF NOT EXISTS key_sequences (
  key_id TEXT PRIMARY KEY NOT NULL,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What endpoints are told: entries of the audit trail (id). sequence: which event of its key it is. key: what the key was
-- called when it happened.
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY NOT NULL,
  type TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  account_id TEXT,
  key_id TEXT,
  sequence INTEGER,
  key TEXT CHECK (json_valid(key))
) STRICT;

CREATE INDEX IF NOT EXISTS events_by_account ON events (account_id) WHERE account_id IS NOT NULL;

-- One event for one endpoint. since_at_ms: when it was last asked for. next_attempt_at_ms: not before; while leased is 1
-- somebody has it in hand until then.
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint_id TEXT NOT NULL,
  event_id INTEGER NOT NULL,
  key_id TEXT,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  since_at_ms INTEGER NOT NULL,
  next_attempt_at_ms INTEGER NOT NULL,
  leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1)),
  ended_at_ms INTEGER
) STRICT;

CREATE UNIQUE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event_id, endpoint_id);
CREATE INDEX IF NOT EXISTS deliveries_by_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (endpoint_id, next_attempt_at_ms, id) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_in_hand ON deliveries (endpoint_id, next_attempt_at_ms) WHERE leased = 1;
CREATE INDEX IF NOT EXISTS deliveries_of_key ON deliveries (key_id, endpoint_id, id) WHERE status = 'pending' AND key_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_by_age ON deliveries (created_at_ms);

-- What was sent, and what came back. request, response: headers and the beginning of the body.
CREATE TABLE IF NOT EXISTS delivery_attempts (
  delivery_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  status INTEGER,
  error TEXT,
  request TEXT NOT NULL CHECK (json_valid(request)),
  response TEXT CHECK (json_valid(response)),
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- An event becomes one in the transaction of what it tells of. A test goes to the one endpoint that it tests.
CREATE TRIGGER IF NOT EXISTS audit_tells AFTER INSERT ON audit
WHEN EXISTS (SELECT 1 FROM event_types WHERE action = NEW.action)
BEGIN
  INSERT INTO key_sequences (key_id, last) SELECT NEW.key_id, 1 WHERE NEW.key_id IS NOT NULL
    ON CONFLICT (key_id) DO UPDATE SET last = last + 1;
  INSERT INTO deliveries (endpoint_id, event_id, key_id, created_at_ms, since_at_ms, next_attempt_at_ms)
    SELECT w.id, NEW.id, NEW.key_id, NEW.at_ms, NEW.at_ms, NEW.at_ms
    FROM event_types AS t
    CROSS JOIN webhook_endpoints AS w ON w.account_id IS NULL OR (w.account_id = NEW.account_id AND t.audience = 'account')
    WHERE t.action = NEW.action AND w.status = 'active'
      AND CASE t.type
        WHEN 'test' THEN w.id = NEW.after ->> 'endpoint'
        WHEN 'key_locked' THEN NEW.key_id IS NOT NULL
        ELSE true END
      AND (w.events IS NULL OR t.type = 'test' OR EXISTS (SELECT 1 FROM json_each(w.events) WHERE value = t.type));
  INSERT INTO events (id, type, at_ms, account_id, key_id, sequence, key)
    SELECT NEW.id, t.type, NEW.at_ms, NEW.account_id, NEW.key_id,
      (SELECT last FROM key_sequences WHERE key_id = NEW.key_id),
      (SELECT json_object('prefix', prefix, 'label', label, 'environment', environment) FROM keys WHERE id = NEW.key_id)
    FROM event_types AS t
    WHERE t.action = NEW.action AND EXISTS (SELECT 1 FROM deliveries WHERE event_id = NEW.id);
END;

CREATE TRIGGER IF NOT EXISTS keys_forget_sequence AFTER DELETE ON keys
BEGIN
  DELETE FROM key_sequences WHERE key_id = OLD.id;
END;

-- By which the cron finds what expires, and whose grace ends.
CREATE INDEX IF NOT EXISTS keys_by_expiry ON keys (expires_at_ms, id) WHERE expires_at_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS secrets_by_grace ON secrets (grace_ends_at_ms, id) WHERE grace_ends_at_ms IS NOT NULL;

-- How far a job of the cron has come through times of keys.
CREATE TABLE IF NOT EXISTS schedule_progress (
  job TEXT PRIMARY KEY NOT NULL,
  at_ms INTEGER NOT NULL,
  id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
