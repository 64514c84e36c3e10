/** A strict reader of Prometheus' text format: it throws at what a scraper would reject, or silently misread. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface ReadPage {
  readonly families: ReadonlyMap<string, Family>;
  /** Returns the samples of this name that have these labels, whatever others they have. */
  find(name: string, labels?: Readonly<Record<string, string>>): readonly Sample[];
  /** Returns the sum of these samples; 0 if there are none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

/** Reads the page at an address. */
export async function fetchMetrics(url: string, token?: string): Promise<ReadPage> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(url, { headers });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return readMetrics(await response.text());
}

const nameForm = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const commentForm = new RegExp(`^# (HELP|TYPE) (${nameForm}) (.*)$`);
const sampleForm = new RegExp(`^(${nameForm})(?:\\{(.*)\\})? (\\S+)$`);
const labelForm = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const suffixes = { counter: [''], gauge: [''], histogram: ['_bucket', '_sum', '_count'] } as const;

export function readMetrics(text: string): ReadPage {
  if (!text.endsWith('\n')) throw new Error('The page does not end with a line break');
  const families = new Map<string, Family & { samples: Sample[] }>();
  const help = new Map<string, string>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, keyword, name = '', rest = ''] = commentForm.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (help.has(name)) throw new Error(`${name} is described twice`);
      help.set(name, rest);
    } else if (keyword === 'TYPE') {
      if (families.has(name)) throw new Error(`${name} comes twice`);
      current = name;
      families.set(name, { type: typeOf(rest), help: help.get(name) ?? '', samples: [] });
    } else {
      const sample = readSample(line);
      const family = families.get(current);
      if (!family || !suffixes[family.type].some((suffix) => sample.name === `${current}${suffix}`))
        throw new Error(`A line outside of its family: ${line}`);
      const series = JSON.stringify([
        sample.name,
        Object.entries(sample.labels).toSorted(([a], [b]) => a.localeCompare(b)),
      ]);
      if (seen.has(series)) throw new Error(`A series that comes twice: ${line}`);
      seen.add(series);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkBuckets(name, family.samples);
  const all = [...families.values()].flatMap(({ samples }) => samples);
  const find: ReadPage['find'] = (name, labels = {}) =>
    all.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  return {
    families,
    find,
    sum: (...asked) => find(...asked).reduce((sum, { value }) => sum + value, 0),
  };
}

function typeOf(text: string): Family['type'] {
  if (text === 'counter' || text === 'gauge' || text === 'histogram') return text;
  throw new Error(`An unknown type of metric: ${text}`);
}

function readSample(line: string): Sample {
  const [, name = '', labels = '', value = ''] = sampleForm.exec(line) ?? [];
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  if (name === '' || value === '' || (Number.isNaN(number) && value !== 'NaN'))
    throw new Error(`Not a line of metrics: ${line}`);
  return { name, labels: readLabels(labels, line), value: number };
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let at = 0;
  while (at < text.length) {
    labelForm.lastIndex = at;
    const [whole = '', name = '', value = ''] = labelForm.exec(text) ?? [];
    if (whole === '' || name in labels) throw new Error(`Labels that cannot be read: ${line}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_escape, letter: string) => (letter === 'n' ? '\n' : letter));
    at += whole.length;
  }
  return labels;
}

/** Checks that each histogram's buckets only grow, and that the last is its count. */
function checkBuckets(name: string, samples: readonly Sample[]): void {
  const counts = samples.filter((sample) => sample.name === `${name}_count`);
  for (const { labels, value } of counts) {
    const own = samples.filter(
      (sample) =>
        sample.name === `${name}_bucket` &&
        Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
    );
    const bounds = own.map((bucket) =>
      Number(bucket.labels['le'] === '+Inf' ? Infinity : bucket.labels['le']),
    );
    const values = own.map((bucket) => bucket.value);
    const grows = (numbers: readonly number[]): boolean =>
      numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? 0));
    if (!grows(bounds) || !grows(values) || bounds.at(-1) !== Infinity || values.at(-1) !== value)
      throw new Error(`The buckets of ${name} contradict each other`);
  }
}
