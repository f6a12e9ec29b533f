-- Members, invitations and ended sessions; metadata of keys; what is needed to rotate, to close and erase accounts,
-- and to repeat answers. Only additions: code of the version before goes on working.

ALTER TABLE accounts ADD COLUMN external_id TEXT;
ALTER TABLE accounts ADD COLUMN closed_at_ms INTEGER;
ALTER TABLE accounts ADD COLUMN erased_at_ms INTEGER;
CREATE INDEX accounts_by_plan ON accounts (plan, created_at_ms, id);
CREATE INDEX accounts_by_status ON accounts (status, created_at_ms, id);
CREATE UNIQUE INDEX accounts_by_external_id ON accounts (external_id) WHERE external_id IS NOT NULL;

CREATE TABLE members (
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
CREATE UNIQUE INDEX members_by_user ON members (user_id, account_id) WHERE user_id IS NOT NULL;
CREATE INDEX members_by_account ON members (account_id, joined_at_ms, id);

CREATE TABLE invitations (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_by_email ON invitations (email, account_id);
CREATE INDEX invitations_by_account ON invitations (account_id, created_at_ms, id);

CREATE TABLE ended_sessions (
  token TEXT PRIMARY KEY NOT NULL,
  ends_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_sessions_by_end ON ended_sessions (ends_at_ms);

CREATE TABLE key_creations (
  user_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  PRIMARY KEY (user_id, at_ms, key_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_creations_by_age ON key_creations (at_ms);

CREATE TABLE idempotency (
  name TEXT PRIMARY KEY NOT NULL,
  request TEXT NOT NULL,
  salt TEXT NOT NULL,
  status INTEGER,
  body TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at_ms);

ALTER TABLE keys ADD COLUMN metadata TEXT CHECK (json_valid(metadata));
CREATE INDEX keys_by_member ON keys (user_id, created_at_ms, id) WHERE user_id IS NOT NULL;
CREATE INDEX keys_standing ON keys
  (account_id, created_at_ms, id, status, expires_at_ms, environment, category, user_id) WHERE status <> 'revoked';
DROP INDEX keys_by_label;
CREATE INDEX keys_by_label ON keys (label, account_id, status) WHERE label IS NOT NULL;

ALTER TABLE secrets ADD COLUMN replaced_at_ms INTEGER;
DROP INDEX secrets_by_key;
CREATE INDEX secrets_by_key ON secrets (key_id, replaced_at_ms);

ALTER TABLE audit ADD COLUMN once TEXT;
CREATE UNIQUE INDEX audit_once ON audit (once) WHERE once IS NOT NULL;

DROP TRIGGER audit_refuses_update;
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
WHEN NEW.address IS NOT NULL
  OR (NEW.id, NEW.at_ms, NEW.actor, NEW.action, NEW.account_id, NEW.key_id, NEW.request_id, NEW.once)
    IS NOT (OLD.id, OLD.at_ms, OLD.actor, OLD.action, OLD.account_id, OLD.key_id, OLD.request_id, OLD.once)
  OR (NEW.before IS NOT OLD.before AND NEW.before IS NOT json_remove(OLD.before, '$.name', '$.label', '$.metadata', '$.addresses'))
  OR (NEW.after IS NOT OLD.after AND NEW.after IS NOT json_remove(OLD.after, '$.name', '$.label', '$.metadata', '$.addresses'))
BEGIN
  SELECT RAISE(ABORT, 'audit rows are never changed');
END;
