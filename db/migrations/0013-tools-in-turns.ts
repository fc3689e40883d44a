// Tools in turns: a step of a turn has one answer, and one message for each call that it made; a turn's time is counted by
// its steps, because it may wait for days in between.
import type { Migration } from './migration.ts'

export const toolsInTurns: Migration = {
  name: '0013-tools-in-turns',
  async up({ sql }) {
    await sql(`
      alter table messages add column call_id text, drop constraint messages_turn_id_step_role_key;
      alter table messages add constraint messages_said unique nulls not distinct (turn_id, step, role, call_id);
      alter table turns add column step_started_at timestamptz, add column work_ms integer not null default 0;
      update turns set step_started_at = started_at where status = 'running';
      drop index turns_running;
      create index turns_working on turns (step_started_at) where status in ('running', 'waiting_approval');
    `)
  },
}
