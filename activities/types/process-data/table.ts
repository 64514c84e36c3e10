import { Column } from './column.ts';
import { invalidData } from './invalid-data.ts';
import type { RestoredTable, SavedTable } from './saved-table.ts';
import { ellipsis } from '../text.ts';
import { truncateCharacters } from '../../../src/contract/text.ts';

export const maxColumns = 1000;
const maxNameCodePoints = 200;
/** Maximum number of distinct values held per column, and in all: about 150 bytes each, so about 15 MB. */
const heldPerColumn = 5_000;
const heldInAll = 100_000;

/** The rows seen so far, as far as their summary needs them. Columns are in order of their first appearance. */
export class Table {
  // A Map, because a column may be called __proto__.
  readonly columns = new Map<string, Column>();
  rows = 0;
  /** Number of rows of a CSV that have fewer fields than its header. */
  shortRows = 0;

  /** Returns the column of that name, and creates it if needed. */
  column(name: string): Column {
    return this.columns.get(name) ?? this.#add(name);
  }

  /**
   * Adds a row from JSON. Columns that it doesn't have count as missing in it.
   *
   * @param namesOf returns its names in order. An object itself lists names that are integers first.
   */
  addObject(row: object, namesOf?: () => readonly string[]): void {
    this.rows++;
    try {
      for (const [name, value] of Object.entries(row)) {
        if (namesOf && !this.columns.has(name)) for (const each of namesOf()) this.column(each);
        this.column(name).addJson(value);
      }
    } catch (error) {
      // What is left of the stack limits how deep a value can be turned into text.
      if (error instanceof RangeError) throw invalidData(`Row ${this.rows} is nested too deeply`, error);
      throw error;
    }
  }

  /** @param shrinks number of times to halve the values held by approximate columns. */
  save(shrinks: number): SavedTable {
    return {
      rows: this.rows,
      shortRows: this.shortRows,
      columns: [...this.columns].map(([name, column]) => [name, column.save(shrinks)]),
    };
  }

  static restore({ rows, shortRows, columns }: RestoredTable): Table {
    const table = new Table();
    [table.rows, table.shortRows] = [rows, shortRows];
    for (const [name, column] of columns) table.columns.set(name, Column.restore(column, table.#capacity));
    return table;
  }

  readonly #capacity = () => Math.min(heldPerColumn, heldInAll / this.columns.size);

  #add(name: string): Column {
    if (this.columns.size >= maxColumns) {
      throw invalidData(`The data have more than ${maxColumns} columns, which is the maximum`);
    }
    if (truncateCharacters(name, maxNameCodePoints) !== name) {
      throw invalidData(
        `A column's name is longer than ${maxNameCodePoints} characters: ${ellipsis(name, maxNameCodePoints)}`,
      );
    }
    const column = new Column(this.#capacity);
    this.columns.set(name, column);
    return column;
  }
}
