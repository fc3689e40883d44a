// The states of a signing key are its times: published, signing from, retired. A rotation makes one key at most, and one
// secret at most rotates them: two would replace each other's key, and retire what they don't know of.
import type { Migration } from './migration.ts'

export const signingKeyRotation: Migration = {
  name: '0015-signing-key-rotation',
  async up({ sql }) {
    await sql(`
      alter table signing_keys
        add column published_at timestamptz,
        add column signs_from timestamptz,
        add column rotation_id uuid unique references secret_rotations (id) on delete set null;
      update signing_keys set published_at = created_at, signs_from = created_at;
      alter table signing_keys add check (signs_from is null or published_at is not null);
      create unique index rotation_policies_signing_key on rotation_policies (rotator) where rotator = 'jwt-signing-key';
    `)
  },
}
