-- The registry that replicas of callpath share. The first replica makes it by itself; run this file only where replicas have a
-- role that may not make schemas. It is one transaction and does nothing where the schema is.
--
-- A row of "module" says which version of a name is the current one, and which transaction made it so: replicas look for rows
-- whose xid is not below that of any transaction that ran when they looked last. A counter would not do, since transactions
-- do not commit in the order in which they take numbers.
BEGIN;
SELECT pg_advisory_xact_lock(4850237163);
CREATE SCHEMA IF NOT EXISTS callpath;
SET LOCAL search_path TO callpath, pg_catalog;
SET LOCAL client_min_messages TO warning;

CREATE TABLE IF NOT EXISTS meta (
    id integer PRIMARY KEY CHECK (id = 1),
    schema integer NOT NULL,
    instance text NOT NULL,
    -- No name that was forgotten ever had a version beyond it.
    floor bigint NOT NULL DEFAULT 0,
    -- Deletions by transactions below it may be forgotten.
    swept xid8 NOT NULL DEFAULT '0'
);
INSERT INTO meta (id, schema, instance) VALUES (1, 1, replace(gen_random_uuid()::text, '-', '')) ON CONFLICT DO NOTHING;
CREATE SEQUENCE IF NOT EXISTS hook_id MINVALUE 0 START 0;

-- The tensors of more than 64 KiB, and those that are there as a whole.
CREATE TABLE IF NOT EXISTS blob_done (
    sha bytea PRIMARY KEY,
    size bigint NOT NULL,
    -- Since when no part names it.
    unnamed timestamptz
);
CREATE TABLE IF NOT EXISTS blob (
    sha bytea NOT NULL,
    n integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (sha, n)
);
ALTER TABLE blob ALTER bytes SET STORAGE EXTERNAL;

CREATE TABLE IF NOT EXISTS module (
    name text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    deleted boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    xid xid8 NOT NULL
);
CREATE INDEX IF NOT EXISTS module_xid ON module (xid);

-- The versions that are kept, with what their parts come to.
CREATE TABLE IF NOT EXISTS record (
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    header bytea NOT NULL,
    digest bytea NOT NULL,
    content bit(256) NOT NULL,
    xid xid8 NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE TABLE IF NOT EXISTS part (
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    -- The versions from which and until which it holds.
    since bigint NOT NULL,
    until bigint,
    size bigint NOT NULL,
    hash bytea NOT NULL,
    -- Either the bytes or the blob.
    bytes bytea,
    blob bytea REFERENCES blob_done (sha),
    identity bit(256) NOT NULL,
    PRIMARY KEY (name, key, since)
);
CREATE INDEX IF NOT EXISTS part_past ON part (name) WHERE until IS NOT NULL;
CREATE INDEX IF NOT EXISTS part_blob ON part (blob) WHERE blob IS NOT NULL;

-- Who refers to whom, of current versions.
CREATE TABLE IF NOT EXISTS reference (
    target text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (target, name)
);
CREATE INDEX IF NOT EXISTS reference_name ON reference (name);

-- What became of changes: the transaction that made them, or null for those that were given up.
CREATE TABLE IF NOT EXISTS request (
    id bytea PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    result bigint
);
CREATE INDEX IF NOT EXISTS request_at ON request (at);

-- Makes changes, all or none, if what they were made of still is so; raises CP001 if somebody else was faster. Returns the
-- transaction that made them. Each statement is for all changes at once: what one of them takes is more than what it does.
--
-- held ...: names, in order, with the versions that they have to be at (null: not there; -1: any), those that they get
--   (null: none), the names of all that refer to them (null: any), and whether they are only referred to.
-- touched ...: names that get another current version, those that go, and those of which only old versions change (-1), with
--   all that they refer to (null: what they referred to before).
-- step ...: what is written: 1 begins a version (size 1: with no part of the one before), 2 adds a part, 3 ends one, 4 ends a
--   version, 5 writes another header, 6 drops a version, 7 drops the parts that no version has any more. A name has one
--   version in a round, and later ones are made of those of earlier rounds; 5, 6 and 7 come after all rounds.
--
-- Plans are made once, while the tables may be empty, so they must not count on that.
CREATE OR REPLACE FUNCTION apply(
    request_id bytea,
    held text[], held_version bigint[], held_next bigint[], held_users text[], held_shared boolean[],
    touched text[], touched_version bigint[], touched_deleted boolean[], touched_references text[],
    step bigint[], step_name text[], step_version bigint[], step_key text[], step_bytes bytea[], step_hash bytea[],
    step_size bigint[], step_identity text[], step_round bigint[]
) RETURNS bigint LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    this xid8 := pg_current_xact_id();
    lowest bigint;
    faster text;
    last_round bigint;
    i integer;
BEGIN
    INSERT INTO request (id, result) VALUES (request_id, this::text::bigint);
    SELECT floor INTO lowest FROM meta WHERE id = 1;
    IF array_position(held_version, NULL) IS NOT NULL THEN
        -- Whoever comes second waits here, and then sees that it is too late.
        INSERT INTO module (name, version, deleted, xid)
            SELECT h.name, lowest, true, this FROM unnest(held, held_version, held_shared) h(name, version, is_shared)
            WHERE h.version IS NULL AND NOT h.is_shared ORDER BY h.name ON CONFLICT DO NOTHING;
    END IF;
    IF true = ANY (held_shared) THEN
        FOR i IN 1 .. array_length(held, 1) LOOP
            IF held_shared[i] THEN
                PERFORM FROM module m WHERE m.name = held[i] FOR SHARE;
            ELSE
                PERFORM FROM module m WHERE m.name = held[i] FOR UPDATE;
            END IF;
        END LOOP;
    ELSE
        PERFORM FROM module m WHERE m.name = ANY (held) ORDER BY m.name FOR UPDATE;
    END IF;
    SELECT h.name INTO faster
        FROM unnest(held, held_version, held_next, held_users) h(name, version, next, users)
        LEFT JOIN module m ON m.name = h.name
        WHERE h.version IS DISTINCT FROM -1
            AND h.version IS DISTINCT FROM (CASE WHEN NOT m.deleted THEN m.version END)
            OR h.next <= coalesce(m.version, lowest)
            OR h.users <> (
                SELECT coalesce(string_agg(r.name, ',' ORDER BY r.name), '') FROM reference r WHERE r.target = h.name
            )
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'somebody else has changed %, or what refers to it', faster USING ERRCODE = 'CP001';
    END IF;

    SELECT max(s.round) INTO last_round FROM unnest(step, step_round) s(kind, round) WHERE s.kind = 1;
    FOR i IN 1 .. coalesce(last_round, 0) LOOP
        WITH s AS MATERIALIZED (
            SELECT * FROM unnest(
                step, step_name, step_version, step_key, step_bytes, step_hash, step_size, step_identity, step_round
            ) s(kind, name, version, key, bytes, hash, size, identity, round)
            WHERE s.round = i AND s.kind <= 4
        ), replaced AS (
            UPDATE part p SET until = s.version FROM s
            WHERE s.kind = 1 AND s.size = 1 AND p.name = s.name AND p.until IS NULL
        ), ended AS (
            UPDATE part p SET until = s.version FROM s
            WHERE s.kind = 3 AND p.name = s.name AND p.key = s.key AND p.until IS NULL RETURNING p.name, p.identity
        ), added AS (
            INSERT INTO part (name, key, since, size, hash, bytes, blob, identity)
            SELECT s.name, s.key, s.version, s.size, s.hash, s.bytes, CASE WHEN s.bytes IS NULL THEN s.hash END,
                s.identity::bit(256)
            FROM s WHERE s.kind = 2 RETURNING part.name, part.identity
        ), difference AS (
            SELECT d.name, bit_xor(d.identity) AS content
            FROM (SELECT * FROM ended UNION ALL SELECT * FROM added) d GROUP BY d.name
        )
        -- Without a version to begin with there is no content, which the table refuses.
        INSERT INTO record (name, version, header, digest, content, xid)
        SELECT s.name, s.version, s.bytes, s.hash,
            CASE WHEN first.size = 1 THEN 0::bit(256) ELSE (
                SELECT r.content FROM record r WHERE r.name = s.name ORDER BY r.version DESC LIMIT 1
            ) END # coalesce(difference.content, 0::bit(256)), this
        FROM s JOIN s first ON first.kind = 1 AND first.name = s.name LEFT JOIN difference ON difference.name = s.name
        WHERE s.kind = 4;
    END LOOP;
    IF 5 = ANY (step) THEN
        UPDATE record r SET header = s.bytes, digest = s.hash
        FROM (
            SELECT DISTINCT ON (s.name, s.version) s.name, s.version, s.bytes, s.hash
            FROM unnest(step, step_name, step_version, step_bytes, step_hash) WITH ORDINALITY
                s(kind, name, version, bytes, hash, place)
            WHERE s.kind = 5 ORDER BY s.name, s.version, s.place DESC
        ) s WHERE r.name = s.name AND r.version = s.version;
    END IF;
    IF 6 = ANY (step) THEN
        DELETE FROM record r USING unnest(step, step_name, step_version) s(kind, name, version)
        WHERE s.kind = 6 AND r.name = s.name AND r.version = s.version;
    END IF;
    IF 7 = ANY (step) THEN
        DELETE FROM part p USING unnest(step, step_name) s(kind, name)
        WHERE s.kind = 7 AND p.name = s.name
            AND (p.until IS NOT NULL OR NOT EXISTS (SELECT FROM record r WHERE r.name = s.name))
            AND NOT EXISTS (
                SELECT FROM record r
                WHERE r.name = p.name AND r.version >= p.since AND (p.until IS NULL OR r.version < p.until)
            );
    END IF;

    UPDATE module m SET xid = this,
        version = CASE WHEN t.version = -1 THEN m.version ELSE t.version END,
        deleted = CASE WHEN t.version = -1 THEN m.deleted ELSE t.is_deleted END,
        at = CASE WHEN t.version = -1 THEN m.at ELSE now() END
        FROM unnest(touched, touched_version, touched_deleted) t(name, version, is_deleted) WHERE m.name = t.name;
    FOR i IN 1 .. coalesce(array_length(touched, 1), 0) LOOP
        CONTINUE WHEN touched_references[i] IS NULL;
        DELETE FROM reference r
        WHERE r.name = touched[i] AND NOT r.target = ANY (string_to_array(touched_references[i], ','));
        INSERT INTO reference (target, name)
            SELECT target, touched[i] FROM unnest(string_to_array(touched_references[i], ',')) target
            ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN this::text::bigint;
END $$;

-- What a replica sees at one moment, in one answer: the statement has one snapshot, and all in it is of that.
--
-- known_first: the transaction below which the replica has seen all (null: it has seen nothing); known_origin, known_instance: of
-- which cluster and registry that was. A replica that has to see everything, and may not, gets row 0 alone.
-- Rows by kind: 0 the moment (name: the instance, key: the transactions that run, note: the cluster and its timeline, more: what
-- becomes of commits, version: the floor, since: the first that runs, size: the next one, xid: below it deletions may be forgotten,
-- flag: whether the rest is everything), 1 names, 2 their versions, 3 the parts of those that are new.
CREATE OR REPLACE FUNCTION look(known_first bigint, known_origin text, known_instance text, may_be_full boolean)
RETURNS TABLE (
    kind integer, name text, version bigint, flag boolean, xid xid8, key text, since bigint, size bigint, bytes bytea,
    hash bytea, content bit(256), note text, more text
) LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    snapshot pg_snapshot := pg_current_snapshot();
    origin text := (SELECT s.system_identifier FROM pg_control_system() s)::text || ' '
        || CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END;
    durability text := CASE WHEN current_setting('fsync') = 'off' THEN 'none'
        WHEN current_setting('synchronous_standby_names') <> ''
            AND current_setting('synchronous_commit') IN ('on', 'remote_apply') THEN 'replicated'
        ELSE 'local' END;
    registry meta;
    is_full boolean;
    first xid8;
    changed text[];
    live text[];
BEGIN
    SELECT * INTO STRICT registry FROM meta;
    is_full := known_first IS NULL OR known_origin IS DISTINCT FROM origin
        OR known_instance IS DISTINCT FROM registry.instance OR known_first::text::xid8 < registry.swept;
    RETURN QUERY SELECT 0, registry.instance, registry.floor, is_full, registry.swept,
        array_to_string(ARRAY(SELECT pg_snapshot_xip(snapshot)), ','), pg_snapshot_xmin(snapshot)::text::bigint,
        pg_snapshot_xmax(snapshot)::text::bigint, NULL::bytea, NULL::bytea, NULL::bit(256), origin, durability;
    IF is_full AND NOT may_be_full THEN RETURN; END IF;
    first := CASE WHEN is_full THEN '0' ELSE known_first::text::xid8 END;
    changed := ARRAY(SELECT m.name FROM module m WHERE m.xid >= first);
    IF changed = '{}' THEN RETURN; END IF;
    RETURN QUERY SELECT 1, m.name, m.version, m.deleted, m.xid, NULL, NULL::bigint, NULL::bigint, NULL::bytea, NULL::bytea,
        NULL::bit(256), NULL, NULL FROM module m WHERE m.name = ANY (changed);
    live := ARRAY(SELECT m.name FROM module m WHERE m.name = ANY (changed) AND NOT m.deleted);
    RETURN QUERY SELECT 2, r.name, r.version, NULL::boolean, r.xid, NULL, NULL::bigint, NULL::bigint, r.header, r.digest,
        r.content, NULL, NULL FROM record r WHERE r.name = ANY (live) ORDER BY r.name, r.version;
    RETURN QUERY SELECT 3, p.name, r.version, NULL::boolean, NULL::xid8, p.key, p.since, p.size, p.bytes, p.hash,
        NULL::bit(256), NULL, NULL
        FROM record r JOIN part p ON p.name = r.name AND p.since <= r.version AND (p.until IS NULL OR p.until > r.version)
        WHERE r.name = ANY (live) AND r.xid >= first;
END $$;

-- Forgets what nobody asks for any more. Returns how many blobs went.
CREATE OR REPLACE FUNCTION sweep() RETURNS bigint LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    gone bytea[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(4850237164) THEN RETURN 0; END IF;
    DELETE FROM request WHERE at < now() - interval '1 hour';
    WITH old AS (
        DELETE FROM module WHERE deleted AND at < now() - interval '1 day' RETURNING version, xid
    ), most AS (SELECT max(version) AS version, max(xid) AS xid FROM old)
    UPDATE meta SET floor = greatest(floor, most.version), swept = greatest(swept, most.xid)
    FROM most WHERE most.version IS NOT NULL;
    UPDATE blob_done b SET unnamed = NULL
    WHERE unnamed IS NOT NULL AND EXISTS (SELECT FROM part WHERE part.blob = b.sha);
    WITH old AS (
        DELETE FROM blob_done b WHERE unnamed < now() - interval '1 hour' RETURNING sha
    ) SELECT array_agg(sha) INTO gone FROM old;
    DELETE FROM blob WHERE sha = ANY (gone);
    UPDATE blob_done b SET unnamed = now()
    WHERE unnamed IS NULL AND NOT EXISTS (SELECT FROM part WHERE part.blob = b.sha);
    RETURN coalesce(array_length(gone, 1), 0);
END $$;

-- Makes another registry of this one: after it was restored with no replica running, or into another cluster, whose
-- transactions count anew.
CREATE OR REPLACE FUNCTION renew() RETURNS text LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    this xid8 := pg_current_xact_id();
    drawn text := replace(gen_random_uuid()::text, '-', '');
BEGIN
    UPDATE module SET xid = this;
    UPDATE record SET xid = this;
    UPDATE meta SET instance = drawn, swept = this;
    RETURN drawn;
END $$;
COMMIT;
