// Permissions are `resource:action`; a route names exactly one of them, or says that it is public or only needs a signed-in user.
// Roles are seeded from here and may be changed in the database afterwards.

export const permissionCatalog = {
  'chat:read': 'Read one’s own chats',
  'chat:write': 'Create, change and delete one’s own chats, and start turns',
  'document:read': 'Read and search documents in collections that one may read',
  'document:write': 'Upload, change and delete documents in collections that one may edit',
  'collection:read': 'List collections that one is a member of',
  'collection:write': 'Create collections and manage those that one owns',
  'tool:execute': 'Run tools',
  'tool:read': 'See registered tools',
  'tool:write': 'Register and change tools',
  'approval:decide': 'Decide on tool calls of others',
  'approval:write': 'Change who must approve which tool calls',
  'notification:read': 'Read one’s own notifications',
  'notification:write': 'Change one’s own notifications and preferences',
  'secret:read': 'Read secrets',
  'secret:write': 'Create, change and rotate secrets',
  'secret:use': 'Refer to secrets from tools',
  'model:read': 'See models and providers',
  'model:write': 'Change models and providers',
  'audit:read': 'Read the audit log and its proofs',
  'report:read': 'Read compliance reports',
  'ops:read': 'See metrics and workflows',
  'ops:write': 'Change how the platform runs',
  'user:read': 'List users, roles and permissions',
  'user:write': 'Change users, roles and permissions',
} as const

export type Permission = keyof typeof permissionCatalog

export const permissions = Object.keys(permissionCatalog) as Permission[]

const own: Permission[] = [
  'chat:read',
  'chat:write',
  'document:read',
  'document:write',
  'collection:read',
  'collection:write',
  'tool:execute',
  'tool:read',
  'model:read',
  'notification:read',
  'notification:write',
]

export interface RoleSeed {
  readonly name: string
  readonly description: string
  readonly permissions: readonly Permission[]
}

/** The built-in roles. `admin` holds every permission, also those added later. */
export const roleSeeds: readonly RoleSeed[] = [
  { name: 'admin', description: 'May do everything', permissions },
  { name: 'user', description: 'Own chats, documents and collections', permissions: own },
  { name: 'approver', description: 'Decides on tool calls', permissions: [...own, 'approval:decide'] },
  { name: 'auditor', description: 'Reads the audit log and reports', permissions: ['audit:read', 'report:read'] },
  {
    name: 'operator',
    description: 'Runs the platform',
    permissions: [
      'tool:execute',
      'tool:read',
      'tool:write',
      'secret:read',
      'secret:write',
      'secret:use',
      'model:read',
      'model:write',
      'ops:read',
      'ops:write',
      'notification:read',
      'notification:write',
    ],
  },
  { name: 'service', description: 'What its key’s scopes name', permissions: [] },
]
