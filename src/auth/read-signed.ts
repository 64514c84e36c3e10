import { createHash } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { Lru } from '../lib/lru.ts';
import { invalidToken, type TokenKind } from './rejections.ts';

export const issuer = 'taskbell';
/** Maximum length of a token. Ours have about 500 characters; longer ones aren't worth parsing. */
const maxLength = 2_048;
/** Maximum number of tokens of each kind whose claims are kept, of about a kilobyte each. */
const maxKept = 1_000;

export interface SignedKind<T> {
  readonly key: Uint8Array;
  readonly audience: string;
  readonly schema: z.ZodType<T>;
  /** Kind of token that the error names if it is rejected. */
  readonly rejectedAs: TokenKind;
  readonly requiredClaims?: string[];
  /** Whether a token is used once, so that what it says need not be kept. */
  readonly isForOneUse?: boolean;
  readonly now: () => number;
}

/** Returns the claims of a token that we signed ourselves (HS256). @throws AppError token_not_valid */
export type ReadSigned<T> = (text: string) => Promise<T>;

/**
 * Creates the reader of one kind of token. Unless it is for one use, a token comes with every request until it expires, and
 * what it says never changes, so its signature is checked once; its expiry is checked each time.
 */
export function createReadSigned<T extends { readonly exp: number }>(kind: SignedKind<T>): ReadSigned<T> {
  // By digest: the tokens themselves are credentials.
  const kept = new Lru<T>(maxKept);
  return async (text) => {
    if (text.length > maxLength) throw invalidToken(kind.rejectedAs, 'too long');
    const digest = createHash('sha256').update(text).digest('base64');
    const known = kept.get(digest);
    if (known !== undefined && known.exp * 1000 > kind.now()) return known;
    const claims = await verify(text, kind);
    if (kind.isForOneUse !== true) kept.set(digest, claims);
    return claims;
  };
}

async function verify<T>(
  text: string,
  { key, audience, schema, rejectedAs, requiredClaims = [], now }: SignedKind<T>,
): Promise<T> {
  try {
    const { payload } = await jwtVerify(text, key, {
      algorithms: ['HS256'],
      typ: 'JWT',
      issuer,
      audience,
      requiredClaims,
      currentDate: new Date(now()),
    });
    return schema.parse(payload);
  } catch (error) {
    if (!(error instanceof errors.JOSEError || error instanceof z.ZodError)) throw error;
    throw invalidToken(rejectedAs, error.message, { cause: error });
  }
}
