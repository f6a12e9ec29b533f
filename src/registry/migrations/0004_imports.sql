-- What became of imports of keys. Only an addition: code of the version before goes on working.

CREATE TABLE import_chunks (
  import_id TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  counts TEXT NOT NULL CHECK (json_valid(counts)),
  results TEXT NOT NULL CHECK (json_valid(results)),
  PRIMARY KEY (import_id, chunk)
) STRICT;
CREATE INDEX import_chunks_by_age ON import_chunks (at_ms);
