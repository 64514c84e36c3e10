import { join } from 'node:path';

// Where an installation keeps what concerns its accounts, under TASKBELL_HOME.

export const usersFilePath = (home: string): string => join(home, 'users.json');
export const keysFilePath = (home: string): string => join(home, 'keys.json');
export const endedSessionsFilePath = (home: string): string => join(home, 'ended-sessions.json');
