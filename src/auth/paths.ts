import { join } from 'node:path';

// Files of an installation's accounts, under TASKBELL_HOME.

export const usersFilePath = (home: string): string => join(home, 'users.json');
export const keysFilePath = (home: string): string => join(home, 'keys.json');
export const auditFilePath = (home: string): string => join(home, 'audit.jsonl');
export const firstUserFilePath = (home: string): string => join(home, 'first-user');
export const endedSessionsFilePath = (home: string): string => join(home, 'ended-sessions.json');
export const endedTokensFilePath = (home: string): string => join(home, 'ended-tokens.json');
