// Enough rows of several users that the planner sees tables which have grown, made by the server itself within seconds.
import type { Db } from '../../db/database.ts'
import type { EmbeddingModelRow } from '../../db/documents/embedding-models.ts'

/** Of the vectors. */
export const dimensions = 8

export interface FilledIds {
  readonly userId: string
  readonly collectionId: string
  readonly documentId: string
  readonly chatId: string
  /** Queued, with a branch of some fifty messages. */
  readonly turnId: string
  /** With some hundred reads on record. */
  readonly secretId: string
  /** Of a few dozen runs, some of the user’s. */
  readonly toolId: string
  /** Of the audit log. */
  readonly eventId: string
  /** In the middle of every list. */
  readonly after: string
  readonly model: EmbeddingModelRow
}

/** SQL: an id whose first part says the kind, and whose order is that of `number`. */
const idOf = (kind: string, number: string): string =>
  `(lpad(to_hex(${number}), 8, '0') || '-${kind}-7000-8000-000000000000')::uuid`

/** SQL: a second for each number, up to now. */
const eventTime = (number: string): string => `date_trunc('minute', now()) - make_interval(secs => 50000 - ${number})`
/** SQL: a UUIDv7 of that time. */
const eventIdOf = (number: string): string =>
  `regexp_replace(lpad(to_hex((extract(epoch from ${eventTime(number)}) * 1000)::bigint), 12, '0'),
     '(.{8})(.{4})', '\\1-\\2-7000-8000-000000000000')::uuid`

/** 500 users with 20 collections, 200 chats, 60 documents and 200 notifications each; one in a hundred rows is unfinished. */
const statements = (model: EmbeddingModelRow): readonly string[] => [
  `insert into users (id, email, display_name, password_hash, pepper_id)
   select ${idOf('0001', 'n')}, n || '@example.org', 'U', 'x', '1' from generate_series(1, 500) n`,
  `insert into roles (id, name, description) values (gen_random_uuid(), 'user', 'U')`,
  `insert into user_roles select u.id, r.id from users u, roles r`,
  `insert into totp_factors (user_id, sealed_secret, platform_key_id, confirmed_at)
   select id, decode(repeat('00', 60), 'hex'), 'k', now() from users`,
  `insert into password_links (id, user_id, purpose, token_hash, platform_key_id, created_at, expires_at, mailed_at)
   select ${idOf('0010', 'n')}, ${idOf('0001', 'n % 500 + 1')}, 'reset', decode(md5(n::text), 'hex'), 'k',
     now() - make_interval(mins => n), now() + make_interval(mins => 4000 - n), case when n % 50 <> 0 then now() end
   from generate_series(1, 20000) n`,
  `insert into collections (id, name, owner_id)
   select ${idOf('0002', 'n')}, 'C', ${idOf('0001', 'n % 500 + 1')} from generate_series(1, 10000) n`,
  `insert into collection_members select id, owner_id, 'owner' from collections`,
  `insert into documents (id, collection_id, owner_id, title, filename, media_type, size_bytes, sha256, status, chunk_count)
   select ${idOf('0003', 'n')}, ${idOf('0002', 'n % 10000 + 1')}, ${idOf('0001', 'n % 500 + 1')}, 'T', 't', 'text/plain', 1, n::text,
     case when n % 100 = 0 then 'queued' when n % 100 = 1 then 'failed' else 'indexed' end, 1 from generate_series(1, 30000) n`,
  `insert into chunks (id, document_id, collection_id, ordinal, text, token_count, spans, tsv)
   select ${idOf('0004', 'n')}, ${idOf('0003', 'n')}, ${idOf('0002', 'n % 10000 + 1')}, 0, 'x', 1, '[]',
     to_tsvector('english', 'word' || n % 1000 || ' word' || n % 777) from generate_series(1, 30000) n`,
  `insert into lexeme_statistics select 'word' || n, 60 from generate_series(0, 99999) n`,
  `insert into ${model.tableName} (chunk_id, document_id, collection_id, embedding)
   select id, document_id, collection_id, array_fill(random(), array[${dimensions}])::vector from chunks`,
  `insert into chats (id, owner_id) select ${idOf('0005', 'n')}, ${idOf('0001', 'n % 500 + 1')} from generate_series(1, 100000) n`,
  `insert into turns (id, chat_id, user_message_id, model, status, started_at, step_started_at)
   select ${idOf('0006', 'n')}, ${idOf('0005', 'n % 1000 + 1')}, ${idOf('0007', 'n')}, 'offline/extractive',
     case when n % 100 = 0 then 'queued' when n % 100 = 1 then 'running' else 'completed' end, now(), now() from generate_series(1, 50000) n`,
  `insert into messages (id, chat_id, turn_id, role, content, parent_message_id)
   select ${idOf('0007', 'n')}, ${idOf('0005', 'n % 1000 + 1')}, ${idOf('0006', 'n')}, 'user', 'x', ${idOf('0007', 'n - 1000')}
   from generate_series(1001, 50000) n`,
  `insert into notification_sequences (user_id, last) select id, 200 from users`,
  `insert into notifications (id, user_id, sequence, kind, title, body, dedupe_key, created_at, read_at)
   select ${idOf('0008', 'n')}, ${idOf('0001', 'n % 500 + 1')}, (n - 1) / 500 + 1, 'document.indexed', 'T', 'B', n::text,
     now() - make_interval(hours => n / 10), case when n % 20 <> 0 then now() - make_interval(hours => n / 40) end
   from generate_series(1, 100000) n`,
  `insert into sessions (id, user_id, expires_at, revoked_at)
   select ${idOf('0010', 'n')}, ${idOf('0001', 'n % 500 + 1')}, now() + interval '1 day' - make_interval(hours => n / 100),
     case when n % 3 = 0 then now() - make_interval(hours => n / 100) end from generate_series(1, 50000) n`,
  `insert into refresh_tokens (token_hash, session_id)
   select sha256(n::text::bytea), ${idOf('0010', 'n % 50000 + 1')} from generate_series(1, 100000) n`,
  `insert into api_keys (id, user_id, name, secret_hash, scopes, revoked_at)
   select ${idOf('0011', 'n')}, ${idOf('0001', 'n % 500 + 1')}, 'K', '', '{chat:read}',
     case when n % 3 = 0 then now() end from generate_series(1, 25000) n`,
  `insert into vault_keys (id, kcv, current) values ('k', '0', true)`,
  `insert into secrets (id, path, tags, max_versions, deleted_at)
   select ${idOf('0008', 'n')}, 'team/' || n % 200 || '/' || n, array['tag' || n % 300], 10,
     case when n % 50 = 0 then now() - make_interval(days => n % 40) end from generate_series(1, 20000) n`,
  `insert into secret_versions (secret_id, version, id, ciphertext, wrapped_dek, kek_id)
   select ${idOf('0008', 'n')}, v, gen_random_uuid(), '', '', 'k' from generate_series(1, 20000) n, generate_series(1, 2) v`,
  `insert into secret_labels (secret_id, version, label)
   select ${idOf('0008', 'n')}, v, case v when 1 then 'PREVIOUS' else 'CURRENT' end
   from generate_series(1, 20000) n, generate_series(1, 2) v`,
  `insert into rotation_policies (secret_id, rotator, config, every_seconds, grace_seconds)
   select ${idOf('0008', 'n')}, 'random', '{}', 60, 0 from generate_series(1, 20000) n`,
  `insert into secret_rotations (id, secret_id, rotator, config, grace_seconds, trigger, state, ended_at)
   select ${idOf('000a', 'n')}, ${idOf('0008', 'n % 10000 + 1')}, 'random', '{}', 0, 'schedule',
     case when n % 500 = 0 then 'preflight' else 'completed' end, case when n % 500 <> 0 then now() end
   from generate_series(1, 40000) n where n % 500 <> 0 or n <= 10000`,
  `insert into secret_access_log (id, secret_id, version, actor_type, purpose)
   select ${idOf('0009', 'n')}, ${idOf('0008', 'n % 300 + 1')}, 1, 'user', 'secret.read' from generate_series(1, 50000) n`,
  `insert into approval_policies (id, match, approver_roles, quorum, timeout_seconds)
   select ${idOf('000b', 'n')}, '{x}', '{approver}', 1, 60 from generate_series(1, 2000) n`,
  `insert into tools (id, name, kind, deleted_at)
   select ${idOf('000c', 'n')}, 'tool_' || n, 'http', case when n % 10 = 0 then now() end from generate_series(1, 20000) n`,
  `insert into tool_versions (id, tool_id, version, description, input_schema, config, requires_approval, cache_ttl_seconds, side_effects)
   select ${idOf('000d', 'n')}, ${idOf('000c', 'n')}, 1, 'D', '{}', '{}', true, 0, true from generate_series(1, 20000) n`,
  `insert into tool_executions (id, tool_id, tool_version_id, requester_id, turn_id, call_id, arguments, status, created_at,
     updated_at, started_at, ended_at)
   select ${idOf('000e', 'n')}, ${idOf('000c', 'n % 20000 + 1')}, ${idOf('000d', 'n % 20000 + 1')}, ${idOf('0001', 'n % 500 + 1')},
     case when n % 2 = 0 then ${idOf('0006', 'n')} end, case when n % 2 = 0 then 'c' end, '{}',
     case when n % 300 = 0 then 'queued' when n % 300 = 1 then 'running' when n % 300 = 2 then 'pending_approval'
       when n % 7 = 0 then 'failed' else 'succeeded' end,
     now() - make_interval(mins => 20000 - n), now() - make_interval(mins => 20000 - n), now(),
     case when n % 300 > 2 then now() end from generate_series(1, 20000) n`,
  `insert into approvals (id, execution_id, requester_id, tool_name, policy_version, approver_roles, quorum, escalation,
     allow_edit, arguments, arguments_hash, preview, status, decided_at, expires_at)
   select ${idOf('000f', 'n')}, e.id, e.requester_id, 'T', 0, '{approver}', 1, '[]', false, '{}', '', '{}',
     case when e.ended_at is null then 'pending' else 'approved' end, e.ended_at, now()
   from generate_series(1, 5000) n join tool_executions e on e.id = ${idOf('000e', 'n')}`,
  `insert into approval_decisions (id, approval_id, revision, user_id, decision, arguments_hash, token_id)
   select gen_random_uuid(), id, 1, requester_id, 'approve', '', gen_random_uuid() from approvals`,
  `insert into approval_delegations (approval_id, from_user_id, to_user_id, token_id)
   select id, requester_id, requester_id, gen_random_uuid() from approvals`,
  `update tool_executions e set approval_id = a.id from approvals a where a.execution_id = e.id`,
  `insert into tool_results (key, tool_version_id, result, expires_at)
   select n::text, ${idOf('000d', 'n % 20000 + 1')}, '{}', now() + make_interval(mins => n - 1000) from generate_series(1, 20000) n`,
  `insert into audit_events (id, at, leaf, action, outcome, actor_id, resource_type, resource_id)
   select ${eventIdOf('n')}, ${eventTime('n')}, '{"n":' || n || '}', case when n % 50 = 0 then 'turn.cancel' else 'chat.create' end,
     case when n % 100 = 1 then 'denied' else 'success' end, ${idOf('0001', 'n % 500 + 1')}, 'chat', ${idOf('0005', 'n % 1000 + 1')}
   from generate_series(1, 50000) n`,
  `insert into audit_leaves (leaf_index, event_id, at, leaf_hash, xid)
   select row_number() over (order by id) - 1, id, at, sha256(convert_to(leaf, 'UTF8')), xid from audit_events`,
  `insert into audit_checkpoints (id, origin, size, root, note)
   select ${eventIdOf('n')}, 'o', n, '', '' from generate_series(1, 20000) n`,
  `insert into idempotency_keys (principal, route, key, fingerprint, resource_id, created_at)
   select 'p', 'r', n::text, '', gen_random_uuid(), now() - make_interval(mins => n / 20) from generate_series(1, 28000) n`,
]

/** `db` is a migrated, empty database, as its owner. */
export async function fillDatabase(db: Db, model: EmbeddingModelRow): Promise<FilledIds> {
  for (const statement of statements(model)) await db.sequelize.query(statement)
  await db.sequelize.query('analyze')
  const [event] = await db.query<{ id: string }>(`select ${eventIdOf('25000')} as id`)
  const id = (kind: string, number: number): string =>
    `${number.toString(16).padStart(8, '0')}-${kind}-7000-8000-000000000000`
  return {
    userId: id('0001', 2),
    collectionId: id('0002', 501),
    documentId: id('0003', 501),
    chatId: id('0005', 501),
    turnId: id('0006', 49_000),
    secretId: id('0008', 201),
    toolId: id('000c', 2),
    eventId: event?.id ?? '',
    after: id('0003', 300),
    model,
  }
}
