import { z } from 'zod';
import { jsonValue } from '../../../src/contract/json.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Headers that the connection itself is governed by; set by hand, they smuggle requests or break them. */
const FORBIDDEN_HEADERS = new Set([
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
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const status = z.int().min(100).max(599);

const headers = z.record(z.string(), z.string()).superRefine((headers, context) => {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const message = headerFault(name, value, seen);
    if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
    seen.add(name.toLowerCase());
  }
});

function headerFault(name: string, value: string, seen: ReadonlySet<string>): string | undefined {
  const lower = name.toLowerCase();
  if (!HEADER_NAME.test(name)) return 'This is no name of a header';
  if (FORBIDDEN_HEADERS.has(lower) || lower.startsWith('proxy-')) return 'This header may not be set';
  if (seen.has(lower)) return 'This header is given twice';
  if (!HEADER_VALUE.test(value)) {
    return "A header's value has no line breaks, no control characters and nothing beyond Latin-1";
  }
  return undefined;
}

/** @param isAllowedHost whether a host:port may be called that otherwise may not */
export function payloadSchema(isAllowedHost: (url: URL) => boolean) {
  const url = z
    .string()
    .max(8192)
    .superRefine((text, context) => {
      const message = urlFault(text, isAllowedHost);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
  return z.strictObject({
    url: url.describe('http or https, port 80 or 443, of a public address'),
    method: z.enum(METHODS).default('GET'),
    headers: headers.default({}),
    body: jsonValue.optional().describe('A string is sent as it is, anything else as JSON'),
    expected_status: z
      .union([status, z.array(status).min(1)])
      .optional()
      .describe('The status, or statuses, that count as success; otherwise 200 to 299 do'),
  });
}

export type HttpRequestPayload = z.output<ReturnType<typeof payloadSchema>>;

function urlFault(text: string, isAllowedHost: (url: URL) => boolean): string | undefined {
  if (!URL.canParse(text)) return 'This is no URL';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'Only http and https URLs can be called';
  if (url.username !== '' || url.password !== '') return 'Credentials do not belong in a URL; use a header';
  const port = portOf(url);
  if (port !== '80' && port !== '443' && !isAllowedHost(url)) return `Port ${port} is not allowed`;
  return undefined;
}

/** URLs leave out the port that is their protocol's own. */
export function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}
