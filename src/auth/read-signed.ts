import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { invalidToken, type TokenKind } from './rejections.ts';

export const issuer = 'taskbell';
/** Maximum length of a token. Ours have about 500 characters; longer ones aren't worth parsing. */
const maxLength = 2_048;

export interface SignedKind<T> {
  readonly key: Uint8Array;
  readonly audience: string;
  readonly schema: z.ZodType<T>;
  /** Kind of token that the error names if it is rejected. */
  readonly rejectedAs: TokenKind;
  readonly requiredClaims?: string[];
  readonly now: () => number;
}

/** Returns the claims of a token that we signed ourselves (HS256). @throws AppError token_not_valid */
export async function readSigned<T>(text: string, kind: SignedKind<T>): Promise<T> {
  const { key, audience, schema, rejectedAs, requiredClaims = [], now } = kind;
  if (text.length > maxLength) throw invalidToken(rejectedAs, 'too long');
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
