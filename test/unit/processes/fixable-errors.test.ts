import { expect, test } from 'vitest';
import { UserError } from '../../../src/auth/users.ts';
import { ConfigError } from '../../../src/config.ts';
import { SetupError } from '../../../src/lib/setup-error.ts';
import { isAdministrationError, isSetupError } from '../../../src/processes/fixable-errors.ts';

test.each([
  ['a wrong variable', new ConfigError('PORT'), true, true],
  ['a missing Temporal server', new SetupError('no server'), true, true],
  ['a name that is taken', new UserError('taken'), false, true],
  ['a system error', Object.assign(new Error('EACCES'), { syscall: 'open' }), false, true],
  ['a defect', new TypeError('undefined is not a function'), false, false],
  ['a thrown text', 'text', false, false],
])(
  'after %s (%s), another setup helps: %s; an administrator of the home folder can help: %s',
  (_what, error, isSetup, isAdmin) => {
    expect(isSetupError(error)).toBe(isSetup);
    expect(isAdministrationError(error)).toBe(isAdmin);
  },
);
