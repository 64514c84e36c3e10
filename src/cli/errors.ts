/** How the commands of `taskbell` report the errors that their user can fix. */
import type { ErrorReport } from '../lib/command.ts';
import { isAdministrationError, isSetupError } from '../processes/fixable-errors.ts';
import { hasParent, notifyFatal } from '../processes/parent.ts';

/** Reports of commands that run the service: `taskbell up` prints the messages of the roles that it has started. */
export const serviceErrors: ErrorReport = {
  isFixable: isSetupError,
  report(message, { stderr }) {
    if (hasParent()) notifyFatal(message);
    else stderr.write(`${message}\n`);
  },
};

/** Reports of commands that administer the files in TASKBELL_HOME. */
export const administrationErrors: ErrorReport = {
  isFixable: isAdministrationError,
  report: (message, { stderr }) => void stderr.write(`error: ${message}\n`),
};
