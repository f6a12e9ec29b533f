-- Where events are sent. account_id: null for the operator's. events: the types that it takes, null for all.
-- failures: how many attempts have failed since one went through, and since when. resumes_at_ms: nothing is sent before.
CREATE TABLE webhook_endpoints (
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

CREATE INDEX webhook_endpoints_by_account ON webhook_endpoints (account_id, created_at_ms, id);

-- What deliveries are signed with, sealed under a version of the Worker's own key. ends_at_ms: null for the current one.
CREATE TABLE webhook_secrets (
  id TEXT PRIMARY KEY NOT NULL,
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
  sealed TEXT NOT NULL,
  key_version INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  ends_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_secrets_by_endpoint ON webhook_secrets (endpoint_id);
CREATE INDEX webhook_secrets_by_version ON webhook_secrets (key_version);
CREATE INDEX webhook_secrets_by_end ON webhook_secrets (ends_at_ms) WHERE ends_at_ms IS NOT NULL;

-- Which entry of the audit trail is which event. audience: whose endpoints hear of it beside the operator's.
CREATE TABLE event_types (
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
  ('cron.late', 'cron_late', 'operator');

-- How many events a key has had.
CREATE TABLE key_sequences (
  key_id TEXT PRIMARY KEY NOT NULL,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What endpoints are told: entries of the audit trail (id). sequence: which event of its key it is. key: what the key was
-- called when it happened.
CREATE TABLE events (
  id INTEGER PRIMARY KEY NOT NULL,
  type TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  account_id TEXT,
  key_id TEXT,
  sequence INTEGER,
  key TEXT CHECK (json_valid(key))
) STRICT;

CREATE INDEX events_by_account ON events (account_id) WHERE account_id IS NOT NULL;

-- One event for one endpoint. since_at_ms: when it was last asked for. next_attempt_at_ms: not before; while leased is 1
-- somebody has it in hand until then.
CREATE TABLE deliveries (
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

CREATE UNIQUE INDEX deliveries_by_event ON deliveries (event_id, endpoint_id);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_attempt_at_ms, id) WHERE status = 'pending';
CREATE INDEX deliveries_in_hand ON deliveries (endpoint_id, next_attempt_at_ms) WHERE leased = 1;
CREATE INDEX deliveries_of_key ON deliveries (key_id, endpoint_id, id) WHERE status = 'pending' AND key_id IS NOT NULL;
CREATE INDEX deliveries_by_age ON deliveries (created_at_ms);

-- What was sent, and what came back. request, response: headers and the beginning of the body.
CREATE TABLE delivery_attempts (
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
CREATE TRIGGER audit_tells AFTER INSERT ON audit
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

-- An erasure takes out of the trail where events were sent.
DROP TRIGGER audit_refuses_update;
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
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

CREATE TRIGGER keys_forget_sequence AFTER DELETE ON keys
BEGIN
  DELETE FROM key_sequences WHERE key_id = OLD.id;
END;

-- By which the cron finds what expires, and whose grace ends.
CREATE INDEX keys_by_expiry ON keys (expires_at_ms, id) WHERE expires_at_ms IS NOT NULL;
CREATE INDEX secrets_by_grace ON secrets (grace_ends_at_ms, id) WHERE grace_ends_at_ms IS NOT NULL;

-- How far a job of the cron has come through times of keys.
CREATE TABLE schedule_progress (
  job TEXT PRIMARY KEY NOT NULL,
  at_ms INTEGER NOT NULL,
  id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
