import type { FindSecret, SecretAnswer } from '../find-secret.ts';
import { SecretMask } from '../secret-mask.ts';
import type { PoolLogger } from './output.ts';

export interface AttemptSecretsOptions {
  /** Name of the account that owns the task. */
  readonly owner: string;
  readonly findSecret: FindSecret;
  readonly logger: PoolLogger;
  /** Returns what each line of the log says of the process. */
  readonly facts: () => object;
}

/** Maximum number of secrets of which the log says that they were refused: a handler can ask for any, endlessly. */
const maxRefused = 16;

/** The secrets of one attempt, as its worker sees them. */
export class AttemptSecrets {
  /** Those that the handler was given. */
  readonly mask = new SecretMask();
  readonly #options: AttemptSecretsOptions;
  readonly #refused = new Set<string>();

  constructor(options: AttemptSecretsOptions) {
    this.#options = options;
  }

  /** Never rejects: that would end the worker. */
  async find(name: string, url: string): Promise<SecretAnswer> {
    const { owner, findSecret, logger, facts } = this.#options;
    try {
      const answer = await findSecret({ name, url, owner });
      if (answer.kind === 'refused') this.#report(name, answer.reason);
      return answer;
    } catch (error) {
      logger.error({ ...facts(), err: error }, `secret ${name} cannot be read`);
      return { kind: 'unreadable' };
    }
  }

  /** Logs once for each secret why it was refused. */
  #report(name: string, reason: string): void {
    const { owner, logger, facts } = this.#options;
    if (this.#refused.has(name) || this.#refused.size >= maxRefused) return;
    this.#refused.add(name);
    logger.warn({ ...facts(), secret: name, owner, reason }, `secret ${name} refused to ${owner}`);
  }
}
