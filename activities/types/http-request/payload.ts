import { z } from 'zod';
import { jsonValue } from '../../../src/contract/json.ts';
import { secretReference } from '../../../src/contract/secret.ts';
import { portOf } from '../../net/port.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Headers that control the connection itself. Set by hand, they could smuggle requests or break them. */
const forbiddenHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

// RFC 9110: a token; and visible Latin-1 characters, spaces and tabs.
const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

const status = z.int().min(100).max(599);

const headerContent = z.union([z.string(), secretReference], {
  error: 'Must be text, or a reference to a secret: {"secret": NAME}',
});

/** Maximum number of references to secrets in a payload: the worker looks each up when the task is due. */
const maxReferences = 16;

const headers = z.record(z.string(), headerContent).superRefine((headers, context) => {
  const references = Object.values(headers).filter((value) => typeof value !== 'string');
  if (references.length > maxReferences) {
    context.addIssue({ code: 'custom', message: `At most ${maxReferences} headers can be secrets` });
  }
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const message = headerFault(name, typeof value === 'string' ? value : (value.prefix ?? ''), seen);
    if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
    seen.add(name.toLowerCase());
  }
});

/** @param value the part of it that the payload has */
function headerFault(name: string, value: string, seen: ReadonlySet<string>): string | undefined {
  const lower = name.toLowerCase();
  if (!headerName.test(name)) return 'Not a valid header name';
  if (forbiddenHeaders.has(lower) || lower.startsWith('proxy-')) return 'This header may not be set';
  if (seen.has(lower)) return 'This header is given twice';
  if (!headerValue.test(value)) {
    return "A header's value must not have line breaks, control characters or anything beyond Latin-1";
  }
  return undefined;
}

/** @param isAllowedHost returns whether a host:port may be called although it is blocked by default */
export function payloadSchema(isAllowedHost: (url: URL) => boolean) {
  const url = z
    .string()
    .max(8192)
    .superRefine((text, context) => {
      const message = urlFault(text, isAllowedHost);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
  const fields = z.strictObject({
    url: url.describe('An http or https URL of a public address, on port 80 or 443'),
    method: z.enum(methods).default('GET'),
    headers: headers
      .default({})
      .describe('A value is text or, in JSON, a reference to a secret: {"secret": "NAME"}'),
    body: jsonValue.optional().describe('A string is sent unchanged, anything else as JSON'),
    expected_status: z
      .union([status, z.array(status).min(1)])
      .optional()
      .describe('The status or statuses that count as success; 200 to 299 by default'),
  });
  // The worker would refuse it, but not before the task is due.
  return fields.superRefine(({ url, headers }, context) => {
    if (!URL.canParse(url) || new URL(url).protocol !== 'http:' || isAllowedHost(new URL(url))) return;
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === 'string') continue;
      context.addIssue({
        code: 'custom',
        path: ['headers', name],
        message: 'A secret is sent over https only',
      });
    }
  });
}

export type HttpRequestPayload = z.output<ReturnType<typeof payloadSchema>>;

function urlFault(text: string, isAllowedHost: (url: URL) => boolean): string | undefined {
  if (!URL.canParse(text)) return 'Not a valid URL';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'Only http and https URLs can be called';
  if (url.username !== '' || url.password !== '') return 'Credentials do not belong in a URL; use a header';
  const port = portOf(url);
  if (port !== '80' && port !== '443' && !isAllowedHost(url)) return `Port ${port} is not allowed`;
  return undefined;
}
