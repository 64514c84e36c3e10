/** Columns of a run, by their names in visibility queries. Instants are in ISO 8601, which sorts as text. */
export type VisibilityRow = Readonly<Record<string, string | number>>;

/** Returns whether a row meets a query of comparisons, IN, IS NULL, AND, OR and parentheses. Throws at anything else. */
export function meetsQuery(query: string, row: VisibilityRow): boolean {
  const tokens = query.match(/[(),]|'[^']*'|[^\s(),']+/g) ?? [];
  let at = 0;
  const next = (): string => tokens[at++] ?? '';

  function either(): boolean {
    let met = both();
    for (; tokens[at] === 'OR'; met = both() || met) at += 1;
    return met;
  }

  function both(): boolean {
    let met = one();
    for (; tokens[at] === 'AND'; met = one() && met) at += 1;
    return met;
  }

  function one(): boolean {
    if (tokens[at] !== '(') return condition(next());
    at += 1;
    const met = either();
    if (next() !== ')') throw new Error(`Not a query that can be read here: ${query}`);
    return met;
  }

  function condition(column: string): boolean {
    const operator = next();
    if (operator === 'IS') {
      const isNull = next() === 'NULL';
      if (!isNull) throw new Error(`Not a query that can be read here: ${query}`);
      return row[column] === undefined;
    }
    if (operator !== 'IN') return compare(row[column], operator, next());
    let met = false;
    do {
      at += 1;
      met = compare(row[column], '=', next()) || met;
    } while (tokens[at] === ',');
    if (next() !== ')') throw new Error(`Not a query that can be read here: ${query}`);
    return met;
  }

  const met = either();
  if (at !== tokens.length) throw new Error(`Not a query that can be read here: ${query}`);
  return met;
}

function compare(value: string | number | undefined, operator: string, literal: string): boolean {
  if (value === undefined) throw new Error(`A column that the row lacks: ${operator} ${literal}`);
  const other = literal.startsWith("'") ? literal.slice(1, -1) : Number(literal);
  switch (operator) {
    case '=':
      return value === other;
    case '<':
      return value < other;
    case '<=':
      return value <= other;
    case '>':
      return value > other;
    default:
      throw new Error(`Not an operator that can be read here: ${operator}`);
  }
}
