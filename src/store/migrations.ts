// The schema of the store, as numbered steps. A step that has landed is never changed: a new one is added below.
// Times are whole milliseconds since 1970 UTC. What customers keep secret is stored sealed (seal.ts).

const CREATE_STORE = `
  -- One row: a sealed word that only the right key opens.
  CREATE TABLE key_check (sealed BLOB NOT NULL) STRICT;

  CREATE TABLE account (
    email TEXT PRIMARY KEY,
    endpoint TEXT,
    region TEXT,
    force_path_style INTEGER NOT NULL CHECK (force_path_style IN (0, 1)),
    certificate_authority TEXT,
    expected_bucket_owner TEXT,
    existing TEXT NOT NULL CHECK (existing IN ('replace', 'refuse')),
    max_object_bytes INTEGER NOT NULL CHECK (max_object_bytes > 0),
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE account_key (
    email TEXT NOT NULL REFERENCES account (email) ON DELETE CASCADE,
    access_key_id TEXT NOT NULL,
    sealed_secret BLOB NOT NULL,
    sealed_session_token BLOB,
    signs INTEGER NOT NULL CHECK (signs IN (0, 1)),
    loads INTEGER NOT NULL CHECK (loads IN (0, 1)),
    UNIQUE (email, access_key_id)
  ) STRICT;

  -- Every job ID that was ever given out: none is given out twice, whatever happens to its job.
  CREATE TABLE used_job_id (job_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

  -- account_email is no reference: a finished job outlives its account.
  CREATE TABLE job (
    job_id TEXT PRIMARY KEY REFERENCES used_job_id (job_id),
    account_email TEXT NOT NULL,
    sealed_manifest BLOB NOT NULL,
    signing_key_id TEXT NOT NULL,
    loading_key_id TEXT NOT NULL,
    bucket TEXT NOT NULL,
    bucket_region TEXT NOT NULL,
    log_bucket TEXT NOT NULL,
    log_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    job_status TEXT NOT NULL,
    device_status TEXT NOT NULL,
    hold_code TEXT,
    hold_details TEXT,
    held_at INTEGER,
    CHECK ((hold_code IS NULL) = (hold_details IS NULL) AND (hold_code IS NULL) = (held_at IS NULL))
  ) STRICT;
  CREATE INDEX job_by_account ON job (account_email, created_at);
  CREATE INDEX job_by_age ON job (created_at);

  CREATE TABLE job_change (
    change_number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL REFERENCES job (job_id),
    changed_at INTEGER NOT NULL,
    job_status TEXT NOT NULL,
    device_status TEXT NOT NULL,
    cause TEXT NOT NULL,
    details TEXT NOT NULL
  ) STRICT;
  CREATE INDEX job_change_by_job ON job_change (job_id, change_number);

  CREATE TABLE load (
    job_id TEXT PRIMARY KEY REFERENCES job (job_id),
    started_at INTEGER NOT NULL,
    drive_fingerprint TEXT NOT NULL,
    drive_name TEXT NOT NULL,
    hash_key BLOB NOT NULL CHECK (length(hash_key) = 16),
    phase TEXT NOT NULL CHECK (phase IN ('loading', 'publishing', 'done')),
    finished_at INTEGER,
    summary TEXT
  ) STRICT;

  CREATE TABLE attachment (
    attachment_id TEXT PRIMARY KEY,
    bay TEXT NOT NULL,
    drive_fingerprint TEXT,
    drive_name TEXT NOT NULL,
    job_id TEXT REFERENCES job (job_id),
    outcome TEXT CHECK (outcome IN ('done', 'already-loaded', 'interrupted')),
    attached_at INTEGER NOT NULL,
    detached_at INTEGER
  ) STRICT;
  CREATE INDEX attachment_open ON attachment (attached_at) WHERE detached_at IS NULL;
`;

const CREATE_OUTBOX = `
  -- job_id is no reference: mail can be about a drive in a bay alone, and outlives what it is about.
  CREATE TABLE outbox (
    mail_number INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    occasion TEXT NOT NULL,
    job_id TEXT,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    queued_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'given-up')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_at INTEGER NOT NULL,
    refused_since INTEGER,
    answer TEXT,
    ended_at INTEGER,
    UNIQUE (occasion, recipient),
    CHECK ((state = 'queued') = (ended_at IS NULL))
  ) STRICT;
  CREATE INDEX outbox_queued ON outbox (next_at) WHERE state = 'queued';
  CREATE INDEX outbox_by_job ON outbox (job_id, mail_number);
`;

const ADD_RELEASE = 'ALTER TABLE attachment ADD COLUMN released_at INTEGER;';

// JSON: the event and its details.
const ADD_ENDING = 'ALTER TABLE load ADD COLUMN ending TEXT;';

// What a job that was updated was created with; `sealed_manifest` and `signing_key_id` are those of the update then.
const ADD_ORIGINAL = `
  ALTER TABLE job ADD COLUMN sealed_original BLOB;
  ALTER TABLE job ADD COLUMN original_signing_key_id TEXT;
`;

const ADD_LOADING_TIME = 'ALTER TABLE load ADD COLUMN loading_ms INTEGER;';

// What a scrape and the screen ask for again and again, without what is long over.
const ADD_COUNTS = `
  CREATE INDEX job_by_status ON job (job_status);
  CREATE INDEX job_held ON job (created_at) WHERE hold_code IS NOT NULL;
  CREATE INDEX outbox_not_sent ON outbox (queued_at) WHERE state <> 'sent';
`;

const ADD_TRUSTED_NETWORK = `
  ALTER TABLE account ADD COLUMN trusted_network INTEGER NOT NULL DEFAULT 0 CHECK (trusted_network IN (0, 1));
`;

// JSON: whether the drive is read a second time, and what that gave.
const ADD_REREAD = 'ALTER TABLE load ADD COLUMN reread TEXT;';

const ADD_SSE = "ALTER TABLE account ADD COLUMN sse TEXT NOT NULL DEFAULT 'none';";

/** The steps in order; a store whose `user_version` is N has had the first N. */
export const MIGRATIONS: readonly string[] = [
  CREATE_STORE,
  CREATE_OUTBOX,
  ADD_RELEASE,
  ADD_ENDING,
  ADD_ORIGINAL,
  ADD_LOADING_TIME,
  ADD_COUNTS,
  ADD_TRUSTED_NETWORK,
  ADD_REREAD,
  ADD_SSE,
];
