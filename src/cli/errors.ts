/** How the commands of `taskbell` report the errors that their user can fix. */
import type { ErrorReport } from '../lib/command.ts';
import { isAdministrationError, isServiceError, isSetupError } from '../processes/fixable-errors.ts';
import { hasParent, notifyFatal } from '../processes/parent.ts';

/** Reports of commands that run the service: `taskbell up` prints the messages of the roles that it has started. */
export const serviceErrors: ErrorReport = {
  isFixable: isServiceError,
  report(error, { stderr }) {
    // Nothing is final about an unreachable server: `taskbell up` starts the role again.
    if (hasParent() && isSetupError(error)) notifyFatal(error.message);
    else stderr.write(`${error.message}\n`);
  },
};

/** Reports of commands that administer the files in TASKBELL_HOME. */
export const administrationErrors: ErrorReport = {
  isFixable: isAdministrationError,
  report: ({ message }, { stderr }) => void stderr.write(`error: ${message}\n`),
};
