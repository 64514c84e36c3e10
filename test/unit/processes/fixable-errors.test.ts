import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/config.ts';
import { SetupError } from '../../../src/lib/setup-error.ts';
import { UserError } from '../../../src/lib/user-error.ts';
import {
  isAdministrationError,
  isServiceError,
  isSetupError,
} from '../../../src/processes/fixable-errors.ts';
import { TemporalUnreachable } from '../../../src/temporal/unreachable.ts';

test.each([
  ['a wrong variable', new ConfigError('PORT'), true, true, true],
  ['a missing Temporal server', new SetupError('no server'), true, true, true],
  ['an unreachable Temporal server', new TemporalUnreachable('refused'), false, false, true],
  ['a name that is taken', new UserError('taken'), false, true, false],
  ['a system error', Object.assign(new Error('EACCES'), { syscall: 'open' }), false, true, false],
  ['a defect', new TypeError('undefined is not a function'), false, false, false],
  ['a thrown text', 'text', false, false, false],
])(
  'after %s (%s), another setup helps: %s; an administrator of the home folder can help: %s; who runs the service: %s',
  (_what, error, isSetup, isAdmin, isService) => {
    expect(isSetupError(error)).toBe(isSetup);
    expect(isAdministrationError(error)).toBe(isAdmin);
    expect(isServiceError(error)).toBe(isService);
  },
);
