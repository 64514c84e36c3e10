import { expect, test } from 'vitest';
import { createTickets } from '../../../src/auth/tickets.ts';
import { createTokens } from '../../../src/auth/tokens.ts';
import {
  accountsInMemory,
  alice,
  credentialStatusOf,
  noneEnded,
  notValid,
  secret,
  signedIn,
} from './fixtures.ts';

const start = Date.UTC(2030, 0, 1);
const principal = signedIn(alice, start + 900_000);

function setUp(options: { maxRemembered?: number } = {}) {
  const clock = { ms: start };
  const store = accountsInMemory(alice);
  const { accounts } = store;
  const dependencies = {
    secret: secret,
    accounts,
    endedTokens: noneEnded,
    credentialStatus: credentialStatusOf(accounts),
    now: () => clock.ms,
  };
  return {
    tickets: createTickets({ ...dependencies, ...options }),
    otherProcess: createTickets(dependencies),
    tokens: createTokens(dependencies),
    clock,
    ...store,
  };
}

test('a ticket gives back its principal, with the expiry of the access token that requested it', async () => {
  const { tickets, clock } = setUp();
  const ticket = await tickets.issue(principal);
  expect(ticket).toBe(encodeURIComponent(ticket));
  clock.ms += 29_000;
  await expect(tickets.redeem(ticket)).resolves.toEqual(principal);
});

test('a ticket can be redeemed once per process, even by concurrent calls', async () => {
  const { tickets, otherProcess } = setUp();
  const ticket = await tickets.issue(principal);
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => tickets.redeem(ticket)));
  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  await expect(tickets.redeem(ticket)).rejects.toThrow('already used');
  await expect(otherProcess.redeem(ticket)).resolves.toEqual(principal);
});

test('a used ticket is remembered until it expires: when memory is full, new ones are rejected instead', async () => {
  const { tickets, clock } = setUp({ maxRemembered: 1 });
  const ticket = await tickets.issue(principal);
  await tickets.redeem(ticket);
  clock.ms += 29_999;
  await expect(tickets.redeem(ticket)).rejects.toMatchObject(notValid);
  const next = await tickets.issue(principal);
  await expect(tickets.redeem(next)).rejects.toMatchObject(notValid);
  clock.ms += 1;
  await expect(tickets.redeem(ticket)).rejects.toMatchObject(notValid);
  clock.ms += 1_000;
  await expect(tickets.redeem(next)).resolves.toEqual(principal);
});

test('a ticket is rejected after 30 seconds, and once its access token has expired', async () => {
  const { tickets, clock } = setUp();
  const late = await tickets.issue(principal);
  const outlived = await tickets.issue({ ...principal, expiresAt: start + 5_000 });
  clock.ms = start + 5_000;
  await expect(tickets.redeem(outlived)).rejects.toMatchObject(notValid);
  clock.ms = start + 30_000;
  await expect(tickets.redeem(late)).rejects.toMatchObject(notValid);
});

test('a ticket is not accepted as a token, nor a token as a ticket', async () => {
  const { tickets, tokens } = setUp();
  const { access } = await tokens.issue(alice);
  await expect(tickets.redeem(access)).rejects.toMatchObject(notValid);
  await expect(tokens.verifyAccess(await tickets.issue(principal))).rejects.toMatchObject(notValid);
});

test.each(['', 'x', '..', 'x'.repeat(5_000)])('the text %j is rejected as a ticket', async (text) => {
  await expect(setUp().tickets.redeem(text)).rejects.toMatchObject(notValid);
});

test('a ticket is rejected once the refresh token behind it has ended, and no other ticket is', async () => {
  const { accounts, clock } = setUp();
  const ended = new Set<string>();
  const credentialStatus = credentialStatusOf(accounts, {
    has: (account, token) => account === alice.id && ended.has(token?.id ?? ''),
  });
  const tickets = createTickets({ secret, credentialStatus, now: () => clock.ms });
  const issueFor = (id: string) =>
    tickets.issue({ ...principal, credential: { type: 'token', refresh: { id, started_at: start } } });
  const [one, two] = [
    'b4b4b0fc-1a57-4d0a-8d6e-6d5ad1a0a0f1',
    'b4b4b0fc-1a57-4d0a-8d6e-6d5ad1a0a0f2',
  ] as const;
  const [its, others] = [await issueFor(one), await issueFor(two)];
  ended.add(one);
  await expect(tickets.redeem(its)).rejects.toMatchObject(notValid);
  await expect(tickets.redeem(others)).resolves.toMatchObject({ id: alice.id });
});

test('a ticket is rejected after its account has changed its password or was removed', async () => {
  const { tickets, known } = setUp();
  const [one, other] = [await tickets.issue(principal), await tickets.issue(principal)];
  known.set(alice.id, { ...alice, generation: alice.generation + 1 });
  await expect(tickets.redeem(one)).rejects.toMatchObject(notValid);
  known.clear();
  await expect(tickets.redeem(other)).rejects.toMatchObject(notValid);
});
